"""Did you mean …? The known names that come near to one that is not known."""

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches
from heapq import nlargest
from itertools import islice

from tcpgoon.plan.escapes import printable

MOST_KNOWN = 5_000
"""So many names are compared, which takes a fraction of a second."""

MOST_COMPARED = 50
"""Of these so many are compared letter by letter: names can be made so that this takes milliseconds for each."""

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
    alike = get_close_matches(key, _of_the_same_letters(key, by_key), MOST_NAMED, _LIKENESS)
    within = [other for other in by_key if key and (key in other or (len(other) > 2 and other in key))]
    return [by_key[other] for other in list(dict.fromkeys([*alike, *within]))[:MOST_NAMED]]


def _of_the_same_letters(key: str, known: Iterable[str]) -> list[str]:
    """Those of ``known`` that share the most letters with ``key``, in whatever order."""
    matcher = SequenceMatcher(b=key)
    shares: dict[str, float] = {}
    for other in known:
        matcher.set_seq1(other)
        if matcher.real_quick_ratio() >= _LIKENESS and (share := matcher.quick_ratio()) >= _LIKENESS:
            shares[other] = share
    return nlargest(MOST_COMPARED, shares, key=shares.__getitem__)


def clipped(text: str, longest: int = LONGEST) -> str:
    """``text`` as a message may show it: on one line, of bounded length, and nothing that a terminal would obey."""
    return printable(text if len(text) <= longest else f"{text[: longest - 1]}…")
