"""tcpgoon: can one instance carry N TCP connections at the same time, and if not, whose limit is it?"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tcpgoon.discovery.resolution import Found, resolve

__all__ = ["Found", "resolve"]

_WHERE = {"Found": "tcpgoon.discovery.resolution", "resolve": "tcpgoon.discovery.resolution"}
"""Imported when they are used: the command has to be ready for signals before anything that takes a while."""


if not TYPE_CHECKING:  # whoever checks types is to see what is not there

    def __getattr__(name: str) -> Any:
        if name not in _WHERE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
