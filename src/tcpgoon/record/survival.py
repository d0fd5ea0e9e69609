"""How old connections became: the share that is alive by age (Kaplan and Meier, 1958), and who ended the others.

Whom we closed was alive until then, and nobody knows for how long he would have been: he counts among those that
reached his age, and not as a death. Of a death that was found only when somebody asked, the age is known to lie between
two: on the curve it is where it was found.
"""

from collections.abc import Iterator

import msgspec
import numpy as np

from tcpgoon.record.losses import YOUNG_S, ways
from tcpgoon.record.outcome import ClosedBy
from tcpgoon.record.rows import Mask, Rows, Seconds
from tcpgoon.record.series import OURS, PHANTOM
from tcpgoon.record.table import Table

MOST_STEPS = 60
"""Points of the curve beside its beginning."""

BAND_S, BAND_SHARE = 0.25, 0.05
"""How narrow a band of ages is: so wide, or that share of the age."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One point of the curve."""

    age_s: float
    reached: int
    """Connections that became so old."""
    share: float
    """Of how many that is known or to be expected: 1 is all."""


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """The narrow band of ages in which the most died."""

    low_s: float
    high_s: float
    count: int
    reached: int
    """Connections that became as old as `low_s`."""
    known_from_s: float
    """The least age that any of them may have had when it died: less than `low_s` where somebody had to ask."""
    first_at_s: float
    """When the first of them died, since the beginning of the run."""
    last_at_s: float


class Closed(msgspec.Struct, frozen=True):
    """``count`` connections that ended in one way."""

    way: str
    """A `Way`; or `PHANTOM`, gone or never there when they were asked; or `OURS`."""
    count: int


class Survival(msgspec.Struct, frozen=True, kw_only=True):
    """The ages of all that were ever established."""

    connections: int
    outlived: int
    """Those that lived until we closed them."""
    longest_s: float
    """How old the oldest became."""
    steps: tuple[Step, ...]
    closed: tuple[Closed, ...]
    """How the others ended, the most first."""
    young: int
    """Deaths before the age of `YOUNG_S`: whoever is closed for being one too many is."""
    deaths: int
    """All others that we are not to blame for."""
    unseen: int
    """Those of the deaths that were found only when somebody asked, and may have been long before."""
    unseen_from_s: float
    """The least age that any of those may have had."""
    unseen_to_s: float
    """The greatest."""
    band: Band | None
    """Of the deaths whose age is known; None where there is none."""
    lived_s: float
    """The time that all together have lived."""
    deaths_early: int
    """Those of the deaths that are known, in the first half of `longest_s`."""
    lived_early_s: float
    """The time that all together have lived in it."""


def survival(table: Table, asked_s: float | None = None, silent_s: float | None = None) -> Survival | None:
    """The ages of the connections of ``table``; None where none was ever established.

    ``asked_s``: how often each was asked for anything while it was held, so that a RST may be the answer to it. None:
    never. ``silent_s``: how long one may have been gone in silence before that is noticed; None: until it was asked at
    the end.
    """
    rows = Rows(table)
    established_s, those = rows.column("established_s"), rows.established
    if not those.any():
        return None
    age_s = np.maximum(rows.column("end_s") - established_s, 0.0)
    by_way = {str(way): mask for way, mask in ways(rows).items()}
    by_way[PHANTOM] = rows.phantom
    ours = (rows.lost_while_held & (rows.column("closed_by") == ClosedBy.US)) | (those & rows.orphaned)
    died = rows.lost_while_held & ~ours | rows.phantom
    from_s = _known_from(rows, age_s, asked_s, silent_s)
    old = died & (age_s >= YOUNG_S)
    bounded = old & ~rows.phantom & (np.isfinite(from_s))
    unseen = old & ~bounded
    longest_s = float(age_s[those].max())
    least_s = np.maximum(rows.column("served_s") - established_s, 0.0)
    return Survival(
        connections=_count(those),
        outlived=_count(those & ~died & ~ours),
        longest_s=longest_s,
        steps=tuple(_curve(age_s[those], age_s[died], longest_s)),
        closed=_closed({**by_way, OURS: ours}),
        young=_count(died & ~old),
        deaths=_count(old),
        unseen=_count(unseen),
        unseen_from_s=float(least_s[unseen].min(initial=np.inf)) if unseen.any() else 0.0,
        unseen_to_s=float(age_s[unseen].max(initial=0.0)),
        band=_band(age_s[bounded], from_s[bounded], rows.column("end_s")[bounded], age_s[those]),
        lived_s=float(age_s[those].sum()),
        deaths_early=_count(bounded & (age_s < longest_s / 2)),
        lived_early_s=float(np.minimum(age_s[those], longest_s / 2).sum()),
    )


def _known_from(rows: Rows, age_s: Seconds, asked_s: float | None, silent_s: float | None) -> Seconds:
    """The least age that each may have died at; minus infinity where nobody asked until the end."""
    groups = dict(zip(("fin", "rst", "silence"), ways(rows).values(), strict=True))
    from_s = age_s.copy()
    if asked_s is not None:
        reply = groups["rst"] & (age_s >= asked_s)
        from_s[reply] = np.maximum(age_s[reply] - asked_s, 0.0)
    silence = groups["silence"]
    from_s[silence] = -np.inf if silent_s is None else np.maximum(age_s[silence] - silent_s, 0.0)
    return from_s


def _curve(ages_s: Seconds, deaths_s: Seconds, longest_s: float) -> Iterator[Step]:
    ages_s = np.sort(ages_s)
    at_s, died = np.unique(deaths_s, return_counts=True)
    reached = len(ages_s) - np.searchsorted(ages_s, at_s, "left")
    shares = np.concatenate(([1.0], np.cumprod(1 - died / reached)))
    for age_s in _grid(longest_s):
        yield Step(
            age_s=float(age_s),
            reached=int(len(ages_s) - np.searchsorted(ages_s, age_s, "left")),
            share=float(shares[np.searchsorted(at_s, age_s, "right")]),
        )


def _grid(longest_s: float) -> Seconds:
    return np.linspace(0.0, longest_s, MOST_STEPS + 1) if longest_s else np.zeros(1)


def _closed(masks: dict[str, Mask]) -> tuple[Closed, ...]:
    found = (Closed(way, _count(mask)) for way, mask in masks.items())
    return tuple(sorted((one for one in found if one.count), key=lambda one: -one.count))


def _band(deaths_s: Seconds, from_s: Seconds, ends_s: Seconds, ages_s: Seconds) -> Band | None:
    if not len(deaths_s):
        return None
    order = np.argsort(deaths_s, kind="stable")
    deaths_s, from_s, ends_s = deaths_s[order], from_s[order], ends_s[order]
    beyond = np.searchsorted(deaths_s, deaths_s + np.maximum(BAND_S, BAND_SHARE * deaths_s), "right")
    first = int((beyond - np.arange(len(deaths_s))).argmax())
    those = slice(first, int(beyond[first]))
    low_s = float(deaths_s[first])
    return Band(
        low_s=low_s,
        high_s=float(deaths_s[those][-1]),
        count=len(deaths_s[those]),
        reached=_count(ages_s >= low_s),
        known_from_s=float(from_s[those].min()),
        first_at_s=float(ends_s[those].min()),
        last_at_s=float(ends_s[those].max()),
    )


def _count(mask: Mask) -> int:
    return int(np.count_nonzero(mask))
