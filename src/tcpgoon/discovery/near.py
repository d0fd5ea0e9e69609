"""Did you mean …? The known names that come near to one that is not known."""

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

from tcpgoon.plan.escapes import printable

MOST_KNOWN = 5_000
"""So many names are compared, which takes a fraction of a second."""

MOST_NAMED = 3
LONGEST = 100
"""Characters of a name that are shown."""

_LIKENESS = 0.6


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``; did you mean CHECKOUT-SERVICE?``, to be put after a sentence; empty where no known name comes near."""
    near = [clipped(one) for one in near_names(name, known)]
    return f"; did you mean {' or '.join(near)}?" if near else ""


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """Those of ``known`` that are spelled alike, or of which one contains the other; the nearest first."""
    by_key: dict[str, str] = {}
    for one in islice(known, MOST_KNOWN):
        by_key.setdefault(one[:LONGEST].casefold(), one)
    key = name[:LONGEST].casefold()
    alike = get_close_matches(key, by_key, MOST_NAMED, _LIKENESS)
    within = [other for other in by_key if key and (key in other or (len(other) > 2 and other in key))]
    return [by_key[other] for other in list(dict.fromkeys([*alike, *within]))[:MOST_NAMED]]


def clipped(text: str, longest: int = LONGEST) -> str:
    """``text`` as a message may show it: on one line, of bounded length, and nothing that a terminal would obey."""
    return printable(text if len(text) <= longest else f"{text[: longest - 1]}…")
