import errno
import math
import statistics
from fractions import Fraction

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.record.counts import Counts
from tcpgoon.record.metrics import Distribution, Ending, Metrics, measure, not_begun
from tcpgoon.record.outcome import FIN, ClosedBy, Phase, Side
from tcpgoon.record.table import Table


def establish(table: Table, row: int, start_s: float, established_s: float) -> None:
    table.dial(row, start_s)
    table.establish(row, established_s, rtt_us=100, retransmits=0)


def fail(table: Table, row: int, start_s: float, end_s: float, error: int, phase: Phase = Phase.HANDSHAKE) -> None:
    table.dial(row, start_s)
    table.fail(row, end_s, error, phase)


def test_nothing_happened() -> None:
    assert measure(Table(3)) == Metrics(
        counts=Counts(planned=3),
        peak=0,
        ramp_s=0.0,
        establishment=None,
        time_to_error=None,
        errors=(),
        losses=(),
        received_bytes=0,
    )


def test_a_run_with_everything_in_it() -> None:
    table = Table(12)  # row 11 stays planned
    establish(table, 0, 1.0, 1.25)
    table.received_bytes[0] = 10
    table.close(0, 9.0)
    establish(table, 1, 1.0, 1.5)
    table.close(1, 9.0)
    establish(table, 2, 1.5, 2.25)
    table.received_bytes[2] = 2**33
    table.lose(2, 4.25, FIN)
    establish(table, 3, 2.0, 3.0)
    table.lose(3, 3.5, FIN)
    establish(table, 4, 2.0, 2.25)
    table.lose(4, 8.25, errno.ETIMEDOUT)
    fail(table, 5, 2.5, 3.0, errno.ECONNREFUSED)
    fail(table, 6, 2.5, 2.75, errno.ECONNREFUSED)
    fail(table, 7, 2.5, 2.5, errno.EMFILE, Phase.SOCKET)
    table.dial(8, 2.5)
    table.time_out(8, 7.5, errno.ETIMEDOUT)
    establish(table, 9, 5.0, 5.25)  # still there
    table.dial(10, 0.5)  # undecided: no statistic has it
    table.abandon(10, 9.5)

    metrics = measure(table)

    assert metrics == Metrics(
        counts=Counts(planned=1, established=1, closed=2, lost=3, failed=4, abandoned=1),
        peak=5,
        ramp_s=6.5,
        establishment=Distribution(
            count=6,
            min_s=0.25,
            mean_s=0.5,
            max_s=1.0,
            deviation_s=statistics.pstdev([0.25, 0.5, 0.75, 1.0, 0.25, 0.25]),
            p50_s=0.25,
            p90_s=1.0,
            p99_s=1.0,
        ),
        time_to_error=Distribution(
            count=4,
            min_s=0.0,
            mean_s=1.4375,
            max_s=5.0,
            deviation_s=statistics.pstdev([0.5, 0.25, 0.0, 5.0]),
            p50_s=0.25,
            p90_s=5.0,
            p99_s=5.0,
        ),
        errors=(
            Ending(
                count=2,
                error=errno.ECONNREFUSED,
                phase=Phase.HANDSHAKE,
                closed_by=ClosedBy.NOBODY,
                earliest_s=0.25,
                latest_s=0.5,
            ),
            Ending(
                count=1,
                error=errno.EMFILE,
                phase=Phase.SOCKET,
                closed_by=ClosedBy.NOBODY,
                earliest_s=0.0,
                latest_s=0.0,
            ),
            Ending(
                count=1,
                error=errno.ETIMEDOUT,
                phase=Phase.HANDSHAKE,
                closed_by=ClosedBy.US,
                earliest_s=5.0,
                latest_s=5.0,
            ),
        ),
        losses=(
            Ending(count=2, error=FIN, phase=Phase.HELD, closed_by=ClosedBy.PEER, earliest_s=0.5, latest_s=2.0),
            Ending(
                count=1, error=errno.ETIMEDOUT, phase=Phase.HELD, closed_by=ClosedBy.PATH, earliest_s=6.0, latest_s=6.0
            ),
        ),
        received_bytes=2**33 + 10,
    )
    assert (metrics.established, metrics.lost) == (3, 3)


@pytest.mark.parametrize(
    ("error", "phase", "closed_by", "name", "side"),
    [
        (errno.ECONNREFUSED, Phase.HANDSHAKE, ClosedBy.NOBODY, "ECONNREFUSED", Side.TARGET_KERNEL),
        (errno.ETIMEDOUT, Phase.HANDSHAKE, ClosedBy.NOBODY, "ETIMEDOUT", Side.PATH),
        (errno.ETIMEDOUT, Phase.HANDSHAKE, ClosedBy.US, "dial timeout", Side.PATH),
        (errno.EMFILE, Phase.SOCKET, ClosedBy.NOBODY, "EMFILE", Side.CLIENT),
        (FIN, Phase.HELD, ClosedBy.PEER, "FIN", Side.TARGET_APPLICATION),
        (errno.ECONNRESET, Phase.HELD, ClosedBy.PEER, "ECONNRESET", Side.TARGET_APPLICATION),
        (errno.ETIMEDOUT, Phase.HELD, ClosedBy.PATH, "ETIMEDOUT", Side.PATH),
        (65_535, Phase.HELD, ClosedBy.PATH, "errno 65535", Side.CLIENT),
    ],
)
def test_the_name_and_the_side_of_an_ending(
    error: int, phase: Phase, closed_by: ClosedBy, name: str, side: Side
) -> None:
    ending = Ending(count=1, error=error, phase=phase, closed_by=closed_by, earliest_s=0, latest_s=0)

    assert (ending.name, ending.side) == (name, side)


def test_one_errno_in_two_phases_is_two_endings() -> None:
    """The phase tells a limit of ours from an answer of the target: it is never lost in a sum."""
    table = Table(5)
    for row in range(3):
        fail(table, row, 0.0, 1.0, errno.EADDRNOTAVAIL, Phase.CONNECT)
    for row in range(3, 5):
        fail(table, row, 0.0, 2.0, errno.EADDRNOTAVAIL, Phase.BIND)

    assert [(ending.count, ending.phase, ending.latest_s) for ending in measure(table).errors] == [
        (3, Phase.CONNECT, 1.0),
        (2, Phase.BIND, 2.0),
    ]


def test_the_greatest_errno_is_read_back() -> None:
    table = Table(1)
    fail(table, 0, 0.0, 1.0, 65_535, Phase.HANDSHAKE)

    assert measure(table).errors == (
        Ending(count=1, error=65_535, phase=Phase.HANDSHAKE, closed_by=ClosedBy.NOBODY, earliest_s=1.0, latest_s=1.0),
    )


def test_it_reads_a_table_in_memory_of_the_caller() -> None:
    memory = bytearray(1_000)
    table = Table(3, memory)
    establish(table, 1, 0.5, 1.0)

    metrics = measure(Table(3, memory))
    assert (metrics.peak, metrics.counts, metrics.ramp_s) == (1, Counts(planned=2, established=1), 0.5)


times = st.lists(st.integers(0, 10**15).map(lambda nanoseconds: nanoseconds / 1e9), min_size=1, max_size=60)


@given(times)
@example([0.1, 0.1, 0.1])
@example([0.0])
@example([float(k) for k in range(100)])
def test_a_distribution_is_that_of_the_standard_library(samples: list[float]) -> None:
    table = Table(len(samples))
    for row, sample in enumerate(samples):
        establish(table, row, 0.0, sample)
    times = measure(table).establishment
    assert times is not None
    ranked = sorted(samples)

    assert (times.count, times.min_s, times.max_s) == (len(samples), ranked[0], ranked[-1])
    assert times.mean_s == pytest.approx(statistics.fmean(samples), rel=1e-12)
    # The reference is exact; numpy subtracts a mean that was rounded.
    assert times.deviation_s == pytest.approx(statistics.pstdev(samples), rel=1e-9, abs=ranked[-1] * 1e-14)
    nearest = [ranked[math.ceil(Fraction(p * len(samples), 100)) - 1] for p in (50, 90, 99)]
    assert [times.p50_s, times.p90_s, times.p99_s] == nearest


@given(st.integers(1, 3_000))
@example(100)
@example(1_000)
def test_a_percentile_is_the_nearest_rank(count: int) -> None:
    table = Table(count)
    for row in range(count):
        fail(table, row, 0.0, row + 1.0, errno.ECONNREFUSED)
    times = measure(table).time_to_error

    assert times is not None
    assert [times.p50_s, times.p90_s, times.p99_s] == [-(-p * count // 100) for p in (50, 90, 99)]


intervals = st.lists(st.tuples(st.integers(0, 12), st.none() | st.integers(0, 12), st.booleans()), max_size=20)
"""When each was established, for how long it lived if it has ended, and whether the peer ended it."""


@given(intervals)
@example([(1, 2, False), (3, 2, False)])
@example([(1, 0, True)])
def test_the_peak_is_that_of_a_naive_count(lives: list[tuple[int, int | None, bool]]) -> None:
    table = Table(len(lives) + 1)
    fail(table, len(lives), 0.0, 5.0, errno.ECONNREFUSED)
    for row, (begin_s, life_s, lost) in enumerate(lives):
        establish(table, row, 0.0, begin_s)
        if life_s is not None and lost:
            table.lose(row, begin_s + life_s, FIN)
        elif life_s is not None:
            table.close(row, begin_s + life_s)

    up_at = [
        sum(begin_s <= instant and (life_s is None or instant < begin_s + life_s) for begin_s, life_s, _ in lives)
        for instant in range(30)
    ]
    assert measure(table).peak == max(up_at)


@given(st.lists(st.sampled_from(["planned", "opening", "held", "closed", "lost", "failed", "late", "abandoned"])))
def test_what_is_measured_adds_up_to_the_counts(fates: list[str]) -> None:
    table = Table(len(fates) + 1)
    for row, fate in enumerate(fates):
        if fate in ("held", "closed", "lost"):
            establish(table, row, row, row + 0.5)
        elif fate != "planned":
            table.dial(row, row)
        match fate:
            case "closed":
                table.close(row, 1_000.0)
            case "lost":
                table.lose(row, row + 1.0, (FIN, errno.ECONNRESET, errno.ETIMEDOUT)[row % 3])
            case "failed":
                table.fail(row, row + 1.0, (errno.ECONNREFUSED, errno.EMFILE)[row % 2], Phase(1 + row % 4))
            case "late":
                table.time_out(row, row + 5.0, errno.ETIMEDOUT)
            case "abandoned":
                table.abandon(row, 1_000.0)
    metrics = measure(table)

    assert metrics.counts.total == len(fates) + 1
    assert (sum(ending.count for ending in metrics.errors), sum(ending.count for ending in metrics.losses)) == (
        fates.count("failed") + fates.count("late"),
        fates.count("lost"),
    )
    assert (metrics.counts.failed, metrics.counts.lost) == (
        fates.count("failed") + fates.count("late"),
        fates.count("lost"),
    )
    assert (metrics.establishment.count if metrics.establishment else 0) == sum(
        fate in ("held", "closed", "lost") for fate in fates
    )
    assert (metrics.time_to_error.count if metrics.time_to_error else 0) == metrics.counts.failed
    assert metrics.established == fates.count("held") + fates.count("closed")
    assert all(one.count >= next_one.count for one, next_one in zip(metrics.errors, metrics.errors[1:], strict=False))


def test_decided_is_what_is_known_of_the_target() -> None:
    counts = Counts(planned=1, opening=2, established=4, closed=8, lost=16, failed=32, abandoned=64)
    seen = msgspec.structs.replace(measure(Table(1)), counts=counts)

    assert (seen.decided, seen.established, seen.lost) == (4 + 8 + 16 + 32, 4 + 8, 16)


def test_a_run_that_was_not_begun_needs_no_table_to_count() -> None:
    assert not_begun(100_000_000) == msgspec.structs.replace(measure(Table(3)), counts=Counts(planned=100_000_000))
