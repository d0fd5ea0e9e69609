"""On which line of a TOML file a value stands.

The standard library's parser does not say. It does say, though, whether the first so many lines are TOML by
themselves: a value begins on the line after the longest such beginning of the file that lacks it. So the parser itself
is asked, a few times for each error, and no second one has to agree with it about strings, comments and arrays.
"""

import tomllib
from typing import Any

Path = tuple[str | int, ...]
"""Keys, and indices of arrays, from 0."""


class Lines:
    """The lines of ``text``, which is TOML."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._parsed: dict[int, Any] = {}

    def of(self, path: Path) -> int:
        """The line, from 1, on which what is at ``path`` begins; where there is none: that of what it would be in."""
        while path and not _has(self._beginning(len(self._lines)), path):
            path = path[:-1]
        low, high = 0, len(self._lines)
        while high - low > 1 and path:
            middle = (low + high) // 2
            low, high = (low, middle) if _has(self._beginning(middle), path) else (middle, high)
        return high if path else 1

    def _beginning(self, count: int) -> Any:
        """What the first ``count`` lines say, and those that what begins in them goes on in."""
        for end in range(count, len(self._lines) + 1):
            if end not in self._parsed:
                self._parsed[end] = _parse("\n".join(self._lines[:end]))
            if self._parsed[end] is not None:
                return self._parsed[end]
        return {}


def _parse(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _has(value: Any, path: Path) -> bool:
    for key in path:
        if isinstance(key, int):
            if not isinstance(value, list) or key >= len(value):
                return False
        elif not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return True


def spelled_path(path: Path) -> str:
    """``check[1].hold``."""
    whole = ""
    for key in path:
        whole += f"[{key}]" if isinstance(key, int) else f".{key}"
    return whole.removeprefix(".")
