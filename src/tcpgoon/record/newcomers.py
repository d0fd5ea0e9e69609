"""How newcomers fared, summed up by when they knocked; and whom they may have pushed out."""

from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np

from tcpgoon.record.connection import State
from tcpgoon.record.distribution import Distribution
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.outcome import ClosedBy, Phase
from tcpgoon.record.rows import Rows
from tcpgoon.record.unserved import Unserved

GRACE_S = 0.1
"""So long after a newcomer has gone its doing may still be under way."""

MOST_PUSHED_OUT = 1 / 4
"""No more than this share is closed to make room for one: nginx closes an eighth, at most 32. More are a limit of
another kind, such as an idle timeout, that happened to come then."""

TURNED_OUT_S = 1.0
"""Who is over the limit is closed at an age less than this."""

_CAME_IN = (Fared.WELCOME, Fared.WAITING, Fared.TURNED_AWAY)
"""Whoever is refused or thrown out at once has pushed out nobody."""


class Newcomers(msgspec.Struct, frozen=True, kw_only=True):
    """The newcomers of one part of the run: before any was held, during the ramp, or once all were open."""

    beside_all: bool = False
    """Whether they knocked when all were open: when the last dial had been decided."""
    least_held: int
    most_held: int
    """How many connections there were beside them, at the least and at the most."""
    welcome: Distribution | None
    """The times of those that got what was asked for; None where nobody did."""
    others: tuple[tuple[str, int], ...]
    """How the rest fared, by name, the most frequent first."""


def newcomers(knocks: Sequence[Knock], all_open_s: float) -> tuple[Newcomers, ...]:
    """The summaries of ``knocks``, in the order of the run; ``all_open_s`` is when the last dial was decided."""
    parts: tuple[list[Knock], ...] = ([], [], [])
    for knock in knocks:
        parts[2 if knock.at_s >= all_open_s else int(knock.held > 0)].append(knock)
    return tuple(_summary(part, number == len(parts) - 1) for number, part in enumerate(parts) if part)


def _summary(knocks: list[Knock], beside_all: bool) -> Newcomers:
    times = [knock.time_s for knock in knocks if knock.fared is Fared.WELCOME]
    others = Counter(knock.name for knock in knocks if knock.fared is not Fared.WELCOME)
    return Newcomers(
        beside_all=beside_all,
        least_held=min(knock.held for knock in knocks),
        most_held=max(knock.held for knock in knocks),
        welcome=Distribution.of(np.array(times)),
        others=tuple(others.most_common()),
    )


def pushed_out(rows: Rows, knocks: Sequence[Knock], all_open_s: float) -> int:
    """How many connections the peer may have closed to make room for newcomers that came when all were open.

    Those that came before were one of N at the most. A connection that was asked or refused, and never served, is not
    among them either: it was no use before any newcomer came.
    """
    knocked = sorted((knock for knock in knocks if knock.at_s >= all_open_s and knock.fared in _CAME_IN), key=_at_s)
    if not knocked:
        return 0
    by_peer = rows.lost_while_held & (rows.column("closed_by") == ClosedBy.PEER)
    in_vain = (rows.column("asked_s") > 0) | (rows.column("unserved") != Unserved.NONE)
    lost_s = rows.column("end_s")[by_peer & (~in_vain | (rows.column("served_s") > 0))]
    came_s = np.array([knock.at_s for knock in knocked])
    over_s = np.maximum.accumulate([knock.gone_s + GRACE_S for knock in knocked])
    # The last that had come before the loss: if the time of any of those was not over, the greatest of them was not.
    last = np.searchsorted(came_s, lost_s, side="right") - 1
    near = (last >= 0) & (lost_s <= over_s[last])
    at_each = np.bincount(last[near], minlength=len(knocked))
    most = max(1, int(np.count_nonzero(rows.established) * MOST_PUSHED_OUT))
    return int(at_each[at_each <= most].sum())


def kept_out(rows: Rows, knocks: Sequence[Knock], all_open_s: float) -> int:
    """How many connections may have found no place since newcomers that had come before them kept theirs.

    They are phantoms, failed in the handshake, or were closed by the peer as soon as it had taken them.
    """
    places = sum(knock.kept_place and knock.at_s < all_open_s for knock in knocks)
    failed = rows.all_of(State.FAILED) & (rows.column("phase") == Phase.HANDSHAKE)
    young = rows.column("end_s") - rows.column("established_s") < TURNED_OUT_S
    turned_out = rows.lost_while_held & (rows.column("closed_by") == ClosedBy.PEER) & young
    return min(places, int(np.count_nonzero(failed | rows.phantom | turned_out)))


def beside_all(summaries: Sequence[Newcomers], knocks: Sequence[Knock]) -> list[Knock]:
    """Those of ``knocks`` that knocked when all were open, as their summaries say; in the order of time."""
    if not summaries or not summaries[-1].beside_all:
        return []
    last = summaries[-1]
    count = sum(number for _, number in last.others) + (last.welcome.count if last.welcome else 0)
    return sorted(knocks, key=_at_s)[-count:]


def _at_s(knock: Knock) -> float:
    return knock.at_s
