"""Servers for tests, as processes of their own: scripts that need the standard library alone."""

from pathlib import Path

ECHO = Path(__file__).with_name("echo.py")

CLOSING = Path(__file__).with_name("closing.py")
"""A server that answers once, and closes."""

KEEPER = Path(__file__).with_name("keeper.py")
"""A server with places, which may leak, and be slow when many are taken."""

LIMITED = Path(__file__).with_name("limited.py")
"""A server with a pool of threads, or one that refuses above its limit."""
