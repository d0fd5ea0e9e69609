"""What the table adds up to: counts, levels, times, and how connections ended. Computed from the raw rows alone.

This module and those that it is made of are the only ones that need numpy; processes that merely dial never import it.
"""

import errno
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from tcpgoon.plan.assurance import Assurance
from tcpgoon.record.connection import State
from tcpgoon.record.counts import Counts
from tcpgoon.record.distribution import Distribution
from tcpgoon.record.ending import Ending, endings
from tcpgoon.record.knock import Knock
from tcpgoon.record.level import Breakdown, Level, breakdown, levels
from tcpgoon.record.newcomers import Newcomers, kept_out, newcomers, pushed_out
from tcpgoon.record.rows import Mask, Rows, Seconds
from tcpgoon.record.samples import known_s, response_s, samples
from tcpgoon.record.table import Table
from tcpgoon.record.unserved import Unserved

SLOW_S = 0.005
"""What user space may add to the kernel's time before it is called slow: a loop that is busy takes a few ms."""


class NotServed(msgspec.Struct, frozen=True, kw_only=True):
    """``count`` connections whose probe did not pass, for the same reason."""

    why: Unserved
    count: int
    held: int
    """How many of them were there to the end nevertheless."""
    orphaned: int = 0
    """How many of them were there until the process of ours that held them died."""

    @property
    def lost(self) -> int:
        """How many of them the peer or the path ended, or were phantoms."""
        return self.count - self.held - self.orphaned


class Retransmitted(NamedTuple):
    """``connections`` that needed the same number of repeated SYNs."""

    retransmits: int
    connections: int


class AtEndpoint(msgspec.Struct, frozen=True):
    """How the connections to one of several endpoints fared."""

    dialled: int
    held: int
    """Those that are there to the end at the level asked for."""
    refused: int = 0
    """Dials that were refused (ECONNREFUSED)."""

    @property
    def is_shut(self) -> bool:
        """Whether all were refused, the first one too."""
        return 0 < self.dialled == self.refused


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """All numbers of a run."""

    counts: Counts
    asked: Assurance
    """The level that `established`, `peak` and `establishment` are about."""
    levels: tuple[Level, ...]
    """All levels, the lowest first."""
    by_endpoint: tuple[AtEndpoint, ...]
    """How the connections to each endpoint fared, in turn; at least one."""
    breakdown: Breakdown
    """What became of those that our kernel ever called established."""
    orphaned_dials: int = 0
    """Dials that ended with the process of ours that made them, when it died."""
    unknown: int
    """Connections there to the end of which nobody knows whether at the level asked for: in doubt, or never asked."""
    unproved: int
    """Those of them that are not in doubt: nobody asked them."""
    unserved: tuple[NotServed, ...]
    """Those whose probe did not pass, by why; the most frequent first."""
    answered: int
    """Connections that were ever answered as expected, in time or late."""
    ramp_s: float
    """From the first ``connect()`` to the last dial that was decided; 0 where none was."""
    response: Distribution | None
    """``connect()`` to writable, of all that were ever established; None where there was none."""
    slowest_dial_s: float
    """The longest that a dial that succeeded may have taken.

    That is the kernel's time where no SYN was repeated: it is right although we were late to see it. 0: there was none.
    """
    slowest_answer_s: float
    """The longest that a probe that passed may have taken, TLS handshake and all: as we saw it; 0 where none did."""
    establishment: Distribution | None
    """The same, of those that reached the level asked for."""
    establishment_known: Distribution | None = None
    """The least that those took: the kernel's time where no SYN was repeated, without what user space adds."""
    time_to_error: Distribution | None
    """``connect()`` to the error, of all that failed, and not since a process of ours died."""
    handshake_rtt: Distribution | None
    """From SYN to SYN-ACK, as the kernel saw it; None where it does not tell.

    Those that needed more than one SYN are left out where others did not: the kernel may count from the first one.
    """
    lateness: Distribution | None
    """What user space adds to that, where no SYN had to be repeated."""
    retransmitted: tuple[Retransmitted, ...]
    """The established ones that needed more than one SYN; the fewest retransmits first."""
    tls: Distribution | None
    """The TLS handshakes."""
    answers: Distribution | None
    """From the beginning of the probe to its answer, without the TLS handshake; None where that was all."""
    errors: tuple[Ending, ...]
    """The failed ones, by how; the most frequent first."""
    losses: tuple[Ending, ...]
    """Those lost while held, by how; the most frequent first."""
    phantom_endings: tuple[Ending, ...]
    """The phantoms, by what gave them away; the most frequent first."""
    pushed_out: int
    """Losses that a newcomer of ours may have caused."""
    kept_out: int
    """Phantoms, failed dials and early losses that a newcomer of ours may have caused by keeping its place."""
    newcomers: tuple[Newcomers, ...]
    """How newcomers fared, in the order of the run."""
    received_bytes: int
    """What all peers together sent."""

    @property
    def at_level(self) -> Level:
        """The level asked for."""
        return self.levels[self.asked - Assurance.HANDSHAKE]

    @property
    def established(self) -> int:
        """Connections at the level asked for and still there at the end of the hold."""
        return self.at_level.held

    @property
    def peak(self) -> int:
        """The most connections that were there at the same instant, at the level asked for."""
        return self.at_level.peak

    @property
    def decided(self) -> int:
        """Connections of which it is known whether the target took them: held, lost or failed."""
        return self.counts.held + self.counts.lost + self.failed

    @property
    def failed(self) -> int:
        """Dials that failed, and not since a process of ours died."""
        return self.counts.failed - self.orphaned_dials

    @property
    def lost(self) -> int:
        """Connections that the peer or the path ended before we did, and phantoms."""
        return self.counts.lost - self.breakdown.orphaned

    @property
    def orphaned(self) -> int:
        """Connections that were held or dialled by a process of ours, and gone with it when it died."""
        return self.breakdown.orphaned + self.orphaned_dials

    @property
    def kept(self) -> int:
        """Connections that nobody else ended: held to the end, or until the process of ours that held them died."""
        return self.counts.held + self.breakdown.orphaned

    @property
    def not_served(self) -> int:
        """Connections whose probe did not pass, whatever became of them."""
        return sum(entry.count for entry in self.unserved)

    @property
    def phantoms(self) -> int:
        """Connections that looked established and were not there."""
        return self.breakdown.phantoms

    @property
    def doubtful(self) -> int:
        """Connections there to the end that could not be found out to be there for the other end as well."""
        return self.breakdown.doubtful

    @property
    def are_whole(self) -> bool:
        """Whether a number of connections is one that a single endpoint had to carry, with none that we gave up."""
        return not self.orphaned and len(self.by_endpoint) == 1

    @property
    def client_is_slow(self) -> bool:
        """Whether what user space adds to the establishment is more than its loop and the path can explain."""
        if not (self.lateness and self.handshake_rtt):
            return False
        return self.lateness.p90_s > max(SLOW_S, self.handshake_rtt.p90_s)


def not_begun(connections: int, asked: Assurance) -> Metrics:
    """The metrics of a run of ``connections`` in which nothing was dialled."""
    return msgspec.structs.replace(measure(Table(0), asked), counts=Counts(planned=connections))


def measure(table: Table, asked: Assurance, knocks: Sequence[Knock] = ()) -> Metrics:
    """The metrics of ``table``, as it is now, about the level ``asked`` for; ``knocks`` are the newcomers."""
    rows = Rows(table)
    start_s, established_s, end_s = (rows.column(name) for name in ("start_s", "established_s", "end_s"))
    established, failed = rows.established, rows.all_of(State.FAILED) & ~rows.orphaned
    took, lived_s = samples(rows, asked), end_s - established_s
    unknown = rows.unknown(asked)
    first_s, last_s = _ramp(start_s, np.where(established, established_s, end_s), established | failed)
    return Metrics(
        counts=Counts.of(bytes(table.state)),
        asked=asked,
        levels=levels(rows),
        by_endpoint=_by_endpoint(rows, rows.there & rows.proved(asked)),
        breakdown=breakdown(rows),
        orphaned_dials=int(np.count_nonzero(rows.orphaned & ~established)),
        unknown=int(np.count_nonzero(unknown)),
        unproved=int(np.count_nonzero(unknown & ~rows.doubtful)),
        unserved=_unserved(rows),
        answered=int(np.count_nonzero(rows.ever_served | (rows.column("unserved") == Unserved.LATE))),
        ramp_s=last_s - first_s if last_s < np.inf else 0.0,
        response=Distribution.of(response_s(rows)[established]),
        slowest_dial_s=float(known_s(rows)[established].max(initial=0)),
        slowest_answer_s=_slowest_answer_s(rows),
        establishment=Distribution.of(took.establishment),
        establishment_known=Distribution.of(took.establishment_known),
        time_to_error=Distribution.of((end_s - start_s)[failed]),
        errors=endings(rows, failed, end_s - start_s),
        losses=endings(rows, rows.lost_while_held, lived_s),
        phantom_endings=endings(rows, rows.phantom, lived_s),
        pushed_out=pushed_out(rows, knocks, last_s),
        kept_out=kept_out(rows, knocks, last_s),
        newcomers=newcomers(knocks, last_s),
        received_bytes=int(rows.column("received_bytes").sum()),
        retransmitted=_retransmitted(rows),
        handshake_rtt=Distribution.of(took.handshake_rtt),
        lateness=Distribution.of(took.lateness),
        tls=Distribution.of(took.tls),
        answers=Distribution.of(took.answers),
    )


def _by_endpoint(rows: Rows, held: Mask) -> tuple[AtEndpoint, ...]:
    endpoint, dialled = rows.column("endpoint"), ~rows.all_of(State.PLANNED)
    refused = rows.all_of(State.FAILED) & (rows.column("error") == errno.ECONNREFUSED)
    at_least = int(endpoint.max(initial=0)) + 1
    counts = [np.bincount(endpoint[those], minlength=at_least) for those in (dialled, held, refused)]
    return tuple(AtEndpoint(*map(int, of_one)) for of_one in zip(*counts, strict=True))


def _ramp(start_s: Seconds, decided_s: Seconds, decided: Mask) -> tuple[float, float]:
    """When the first dial that was decided began, and when the last one was decided; never, where none was."""
    return (float(start_s[decided].min()), float(decided_s[decided].max())) if decided.any() else (0.0, np.inf)


def _slowest_answer_s(rows: Rows) -> float:
    asked_s, served_s = rows.column("asked_s"), rows.column("served_s")
    answered = rows.established & (asked_s > 0) & (served_s > 0)
    return float((served_s - asked_s)[answered].max(initial=0))


def _retransmitted(rows: Rows) -> tuple[Retransmitted, ...]:
    repeated = rows.column("retransmits")[rows.established]
    counts = np.unique(repeated[repeated > 0], return_counts=True)
    return tuple(Retransmitted(int(times), int(count)) for times, count in zip(*counts, strict=True))


def _unserved(rows: Rows) -> tuple[NotServed, ...]:
    why = rows.column("unserved")
    counts = np.bincount(why, minlength=len(Unserved))
    held = np.bincount(why[rows.there], minlength=len(Unserved))
    orphaned = np.bincount(why[rows.orphaned], minlength=len(Unserved))
    found = (
        NotServed(why=one, count=int(counts[one]), held=int(held[one]), orphaned=int(orphaned[one])) for one in Unserved
    )
    there = (entry for entry in found if entry.count and entry.why is not Unserved.NONE)
    return tuple(sorted(there, key=lambda entry: -entry.count))
