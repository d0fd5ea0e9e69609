import errno

from tcpgoon.plan.assurance import Assurance
from tcpgoon.record.course import Course
from tcpgoon.record.histogram import Group, Histogram
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.outcome import ClosedBy
from tcpgoon.record.series import Series, series
from tcpgoon.record.table import Table
from tcpgoon.record.welcome import Welcome


def test_nothing_was_dialled() -> None:
    assert series(Table(5), Assurance.HANDSHAKE) == Series(
        timeline=None,
        establishment=None,
        handshake=None,
        establishment_course=None,
        handshake_course=None,
        newcomers=(),
        deaths=None,
    )


def test_the_series_of_a_run() -> None:
    table = Table(6)
    for row in range(6):
        table.dial(row, 0.0)
        table.establish(row, 0.5, 1_000, 0)
    table.lose(0, 1.5, 0)
    table.lose(1, 1.5, errno.ECONNRESET)
    table.lose(2, 1.5, errno.ETIMEDOUT)
    table.lose(3, 1.5, errno.ENOMEM)
    table.vanish(4, 1.5, errno.ECONNRESET, ClosedBy.PEER)
    table.acknowledge(5)
    table.close(5, 2.5)
    knocks = [Knock(at_s=1.0, held=6, fared=Fared.WELCOME, time_s=0.25, gone_s=1.5)]
    found = series(table, Assurance.ACKNOWLEDGED, knocks)

    assert found.timeline is not None
    assert (found.timeline.step_s, found.timeline.established[-1], found.timeline.established[25]) == (0.05, 0, 6)
    assert found.establishment == Histogram(edges_s=(0.5, 0.53), groups=(Group("establishment time", (1,)),))
    assert found.handshake == Histogram(edges_s=(0.001, 0.00106), groups=(Group("handshake RTT", (6,)),))
    assert found.establishment_course == Course(step_s=1.0, counts=(1,), p50_s=(0.5,), p99_s=(0.5,), max_s=(0.5,))
    assert found.handshake_course == Course(step_s=1.0, counts=(6,), p50_s=(0.001,), p99_s=(0.001,), max_s=(0.001,))
    assert found.newcomers == (Welcome(least_held=6, most_held=6, welcome=1, others=0, p50_s=0.25, max_s=0.25),)
    assert found.deaths == Histogram(
        edges_s=(1.0, 1.06),
        groups=(
            Group("closed (FIN)", (1,)),
            Group("reset (RST)", (1,)),
            Group("silence", (1,)),
            Group("by this host", (1,)),
            Group("phantom", (1,)),
        ),
    )


def test_a_worker_that_died_is_no_death_of_the_target() -> None:
    table = Table(1)
    table.dial(0, 0.0)
    table.establish(0, 0.5, 0, 0)
    table.orphan(0, 1.5)

    assert series(table, Assurance.HANDSHAKE).deaths is None
