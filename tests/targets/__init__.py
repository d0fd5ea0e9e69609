"""Servers for tests, as processes of their own: scripts that need the standard library alone."""

from pathlib import Path

ECHO = Path(__file__).with_name("echo.py")

CLOSING = Path(__file__).with_name("closing.py")
"""A server that answers once, and closes."""
