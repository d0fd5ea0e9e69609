"""What plots show: all series of a run, binned, so that a million rows take no more room than a thousand."""

from collections.abc import Sequence

import msgspec

from tcpgoon.plan.assurance import Assurance
from tcpgoon.record.course import Course, course
from tcpgoon.record.histogram import Histogram, histogram
from tcpgoon.record.knock import Knock
from tcpgoon.record.losses import ways
from tcpgoon.record.outcome import ClosedBy
from tcpgoon.record.rows import Rows
from tcpgoon.record.samples import samples
from tcpgoon.record.table import Table
from tcpgoon.record.timeline import Timeline, timeline
from tcpgoon.record.welcome import Welcome, welcomes

ESTABLISHMENT = "establishment time"
HANDSHAKE = "handshake RTT"
PHANTOM = "phantom"
OURS = "by this host"
"""The names of the groups of histograms, beside those of `Way`."""


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """The series of a run; None where there is nothing to show."""

    timeline: Timeline | None
    establishment: Histogram | None
    """Of those that reached the level asked for, as `Metrics.establishment` is."""
    handshake: Histogram | None
    """The kernel's time, as `Metrics.handshake_rtt` is."""
    establishment_course: Course | None
    """The same by when they were dialled."""
    handshake_course: Course | None
    newcomers: tuple[Welcome, ...]
    deaths: Histogram | None
    """The ages of those that were lost, since they were established: by `Way`, phantoms apart."""


def series(table: Table, asked: Assurance, knocks: Sequence[Knock] = ()) -> Series:
    """The series of ``table``, about the level ``asked`` for; ``knocks`` are the newcomers."""
    rows = Rows(table)
    times, start_s = samples(rows, asked), rows.column("start_s")
    return Series(
        timeline=timeline(rows),
        establishment=histogram({ESTABLISHMENT: times.establishment}),
        handshake=histogram({HANDSHAKE: times.handshake_rtt}),
        establishment_course=course(start_s[rows.reached(asked)], times.establishment),
        handshake_course=course(start_s[rows.timed_by_kernel], times.handshake_rtt),
        newcomers=welcomes(knocks),
        deaths=_deaths(rows),
    )


def _deaths(rows: Rows) -> Histogram | None:
    lived_s = rows.column("end_s") - rows.column("established_s")
    kinds = {str(way): those for way, those in ways(rows).items()}
    kinds[OURS] = rows.lost_while_held & (rows.column("closed_by") == ClosedBy.US)
    kinds[PHANTOM] = rows.phantom
    return histogram({name: lived_s[those] for name, those in kinds.items()})
