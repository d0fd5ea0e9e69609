"""A target on this machine, seen from within: its accept queue, and the processes that are to empty it."""
