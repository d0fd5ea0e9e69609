"""Doing it: the loop that opens, holds and closes connections, and the system calls it needs."""
