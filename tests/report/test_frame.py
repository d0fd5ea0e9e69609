"""What a frame of the live view looks like, on wide and narrow terminals, with many lines and few."""

import errno
import io

import pytest
from rich.console import Console

from tcpgoon.record.counts import Counts, Snapshot
from tcpgoon.record.ending import Ending
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.live import Course, Live, Stage, Window
from tcpgoon.record.outcome import FIN, OWNER_DIED, ClosedBy, Phase
from tcpgoon.report.frame import IN_ASCII, frame, sparkline


def ending(count: int, error: int, phase: Phase, closed_by: ClosedBy) -> Ending:
    return Ending(count=count, error=error, phase=phase, closed_by=closed_by, earliest_s=0.5, latest_s=1.5)


DIALLING = Snapshot(
    2.5,
    Counts(planned=1_400, opening=3, established=3_590, lost=2, failed=5),
    Live(
        course=Course(
            stage=Stage.ESTABLISHMENT,
            since_s=0.5,
            lag_s=0.0021,
            knock=Knock(at_s=1.5, held=2_500, fared=Fared.WELCOME, time_s=0.0012345, gone_s=1.6),
        ),
        handshake=3_590,
        acknowledged=1_200,
        served=1_180,
        dials_per_s=1234.5,
        windows=(Window(10, 0.001, 0.002), Window(10, 0.002, 0.003), Window(10, 0.000_312, 0.012_345_6)),
        failed=(
            ending(4, errno.ETIMEDOUT, Phase.HANDSHAKE, ClosedBy.US),
            ending(1, errno.ECONNREFUSED, Phase.HANDSHAKE, ClosedBy.NOBODY),
        ),
        lost=(
            ending(1, FIN, Phase.HELD, ClosedBy.PEER),
            ending(1, errno.ECONNRESET, Phase.PHANTOM, ClosedBy.PEER),
        ),
    ),
)
HOLDING = Snapshot(
    14.5, Counts(established=100), Live(course=Course(stage=Stage.HOLD, since_s=2.5, until_s=32.5), handshake=100)
)


def drawn(snapshot: Snapshot, width: int, lines: int = 24) -> list[str]:
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    return [line.plain for line in frame(snapshot, console, width, lines)]


def test_on_a_wide_terminal() -> None:
    assert drawn(DIALLING, 79) == [
        "establishment ━━━━━━━━━━━━━━━━━━━━━━━━━━━━╸            2.0s",
        "connections   3,590 established · of 5,000 · 3 opening · 1,400 planned",
        "              5 failed · 2 lost",
        "failed        dial timeout × 4 · ECONNREFUSED × 1",
        "lost          FIN by the peer × 1 · phantom, RST × 1",
        "there now     3,590 handshake · 1,200 acknowledged · 1,180 served",
        "newcomer      welcome in 1.23ms · beside 2,500 · 1.0s ago",
        "establishing  p50 312µs · max 12.3ms · ▅█▂ · 1,234 dials/s",
        "client        loop lag 2.1ms at most",
    ]


def test_at_40_columns() -> None:
    assert drawn(DIALLING, 39) == [
        "establishment ━━━━━━━━━━━━━━       2.0s",
        "connections   3,590 established",
        "              of 5,000 · 3 opening",
        "              1,400 planned · 5 failed",
        "              2 lost",
        "failed        dial timeout × 4",
        "              ECONNREFUSED × 1",
        "lost          FIN by the peer × 1",
        "              phantom, RST × 1",
        "there now     3,590 handshake",
        "              1,200 acknowledged",
        "              1,180 served",
        "newcomer      welcome in 1.23ms",
        "              beside 2,500 · 1.0s ago",
        "establishing  p50 312µs · max 12.3ms",
        "              ▅█▂ · 1,234 dials/s",
        "client        loop lag 2.1ms at most",
    ]


def test_on_a_very_narrow_one() -> None:
    assert drawn(HOLDING, 20) == [
        "hold          12s, …",
        "connections",
        " 100 established",
        " of 100",
        "there now",
        " 100 handshake",
        " 0 acknowledged",
        " 0 served",
        "client",
        " loop lag 0s at most",
    ]


@pytest.mark.parametrize("width", range(1, 140))
@pytest.mark.parametrize("snapshot", [DIALLING, HOLDING])
def test_no_line_is_wider_than_the_terminal(snapshot: Snapshot, width: int) -> None:
    assert all(len(line) <= width for line in drawn(snapshot, width))


@pytest.mark.parametrize("lines", [1, 2, 5])
def test_of_a_terminal_with_few_lines_what_matters_most_is_there(lines: int) -> None:
    assert drawn(DIALLING, 79, lines) == drawn(DIALLING, 79)[:lines]


def test_at_least_one_line_is_shown() -> None:
    assert len(drawn(DIALLING, 79, 0)) == 1


def test_the_hold_says_what_is_left() -> None:
    assert drawn(HOLDING, 79) == [
        "hold          ━━━━━━━━━━━━━━━━                         12s, 18s left",
        "connections   100 established · of 100",
        "there now     100 handshake · 0 acknowledged · 0 served",
        "client        loop lag 0s at most",
    ]


@pytest.mark.parametrize(
    ("course", "line"),
    [
        (Course(), "start         14s"),
        (Course(stage=Stage.ASKING, since_s=14.25), "asking        0.2s"),
        (Course(stage=Stage.PROOF, since_s=0.0), "proof         14s"),
        (Course(stage=Stage.TEAR_DOWN, since_s=14.0), "tear-down     ━━━━━━━━━━                               0.5s"),
        (Course(stage=Stage.STOPPING, since_s=0.0), "stopping      14s"),
    ],
)
def test_each_stage_has_its_line(course: Course, line: str) -> None:
    assert drawn(Snapshot(14.5, Counts(established=3, closed=1), Live(course=course)), 79)[0] == line


def test_a_newcomer_that_is_not_welcome() -> None:
    knock = Knock(at_s=14.0, held=100, fared=Fared.REFUSED, time_s=0.5, gone_s=14.1, error=errno.ECONNREFUSED)
    snapshot = Snapshot(14.5, Counts(established=100), Live(course=Course(stage=Stage.HOLD, knock=knock)))
    assert "newcomer      refused (ECONNREFUSED) · beside 100 · 0.5s ago" in drawn(snapshot, 79)


def test_a_worker_that_died_and_more_ways_to_fail_than_are_named() -> None:
    held = [ending(9 - number, error, Phase.HELD, ClosedBy.PATH) for number, error in enumerate((110, 113, 101, 112))]
    lost = (ending(10, OWNER_DIED, Phase.WORKER, ClosedBy.US), *held)
    shown = drawn(Snapshot(1.0, Counts(lost=40), Live(lost=lost)), 119)
    assert shown[2:4] == [
        "lost          worker died × 10 · ETIMEDOUT by the path × 9 · EHOSTUNREACH by the path × 8 · "
        "ENETUNREACH by the path × 7",
        "              …",
    ]


def test_a_snapshot_without_more_than_the_counts() -> None:
    assert drawn(Snapshot(1.0, Counts(planned=1)), 79)[1] == "connections   0 established · of 1 · 1 planned"


def test_what_failed_or_was_lost_is_red() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=79, color_system="standard")
    lines = frame(DIALLING, console, 79, 24)
    red = {line.plain[span.start : span.end] for line in lines for span in line.spans if span.style == "red"}
    assert red == {
        "5 failed", "2 lost", "dial timeout × 4", "ECONNREFUSED × 1", "FIN by the peer × 1", "phantom, RST × 1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "line"),
    [([], ""), ([0.0, 0.0], "▁▁"), ([1.0], "█"), ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"), ([0.1, 1000.0], "▁█")],
)
def test_a_sparkline(values: list[float], line: str) -> None:
    assert sparkline(values) == line


def test_a_terminal_without_unicode() -> None:
    assert "▁▂▃▄▅▆▇█ 3µs · 2 × 5 …".translate(IN_ASCII) == "_.,-=+*# 3us | 2 x 5 ~"
