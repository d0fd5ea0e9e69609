"""Our own sources: a module that asks for each kind of registry, and beside it one that reads the answers."""
