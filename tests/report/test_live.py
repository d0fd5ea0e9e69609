"""The live view on a terminal: drawn over itself, and gone when the run is over."""

import io
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import TextIO

import pytest

from tcpgoon.record.connection import State
from tcpgoon.record.counts import Counts, Snapshot
from tcpgoon.record.events import ConnectionEvent
from tcpgoon.record.live import Course, Live, Stage
from tcpgoon.report.live import LiveView
from tests.terminal import FRAMED, Terminal


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with Terminal(60, 12) as terminal:
        yield terminal


def out_of(terminal: Terminal, encoding: str = "utf-8") -> TextIO:
    return os.fdopen(os.dup(terminal.fd), "w", encoding=encoding, errors="replace")


def at(elapsed_s: float, **counts: int) -> Snapshot:
    course = Course(stage=Stage.HOLD, since_s=1.0, until_s=5.0, lag_s=0.001)
    return Snapshot(elapsed_s, Counts(**counts), Live(course=course, handshake=counts.get("established", 0)))


def frame_of(held: int, times: str, bar: str) -> list[str]:
    return [
        f"hold          {bar} {times}",
        f"connections   {held} established · of {held}",
        f"there now     {held} handshake · 0 acknowledged · 0 served",
        "client        loop lag 1ms at most",
    ]


FIRST = frame_of(7, "1.0s, 3.0s left", f"{'━' * 7}╺{'━' * 21}")
SECOND = frame_of(8, "2.0s, 2.0s left", f"{'━' * 14}╸{'━' * 14}")


def test_each_frame_is_drawn_over_the_last(terminal: Terminal) -> None:
    with out_of(terminal) as out:
        view = LiveView(out)
        out.write("$ tcpgoon\n")
        view.snapshot(at(2.0, established=7))
        terminal.comes_to_show(["$ tcpgoon", *FIRST], (1, 0))
        view.snapshot(at(3.0, established=8))
        terminal.comes_to_show(["$ tcpgoon", *SECOND], (1, 0))
        view.over()
        out.write("PASS\n")
        out.flush()
        terminal.comes_to_show(["$ tcpgoon", "PASS"], (2, 0))
        assert terminal.is_as_before


def test_a_frame_that_is_shorter_leaves_nothing_of_the_longer(terminal: Terminal) -> None:
    with out_of(terminal) as out:
        view = LiveView(out)
        view.snapshot(at(2.0, established=1_000_000, opening=123_456, planned=234_567, lost=5, failed=3))
        view.snapshot(at(2.0, established=7))
        terminal.comes_to_show(FIRST)


@pytest.mark.parametrize("columns", range(30, 62))
def test_nor_does_one_that_is_as_long_as_the_terminal_is_wide(columns: int) -> None:
    """What erases the rest of a line takes no room in it."""
    with Terminal(columns, 12) as terminal, out_of(terminal) as out:
        out.write("#" * columns * 8 + "\x1b[H")
        LiveView(out).snapshot(at(2.0, established=7))
        terminal.read_to(FRAMED)
        assert "#" not in "".join(terminal.lines)


def test_at_the_foot_of_the_screen_it_scrolls_once(terminal: Terminal) -> None:
    with out_of(terminal) as out:
        view = LiveView(out)
        out.write("".join(f"{number}\n" for number in range(11)))
        for elapsed_s in (2.0, 3.0):
            view.snapshot(at(elapsed_s, established=8))
        terminal.comes_to_show([*map(str, range(3, 11)), *SECOND])
        view.over()
        terminal.comes_to_show([*map(str, range(3, 11))], (8, 0))


@pytest.mark.parametrize("columns", [1, 2, 10, 20, 40])
def test_a_terminal_that_becomes_narrow_and_wide_again(terminal: Terminal, columns: int) -> None:
    with out_of(terminal) as out:
        view = LiveView(out)
        out.write("$\n")
        view.snapshot(at(2.0, established=7))
        terminal.read_to(FRAMED)
        for _ in range(3):
            terminal.written = b""
            terminal.resize(columns, 12)
            view.snapshot(at(2.0, established=7))
            terminal.read_to(FRAMED)
            assert terminal.cursor == (1, 0)
            terminal.resize(60, 12)
            view.snapshot(at(2.0, established=7))
            terminal.comes_to_show(["$", *FIRST], (1, 0))


@pytest.mark.parametrize("lines", [1, 2, 3])
def test_a_terminal_with_few_lines(lines: int) -> None:
    with Terminal(60, lines) as terminal, out_of(terminal) as out:
        view = LiveView(out)
        for _ in range(2):
            view.snapshot(at(2.0, established=7))
            terminal.comes_to_show(FIRST[: max(1, lines - 1)])
        view.over()
        terminal.comes_to_show([""])


def test_a_terminal_that_does_not_tell_its_size(terminal: Terminal) -> None:
    terminal.resize(0, 0)
    with out_of(terminal) as out:
        LiveView(out).snapshot(at(2.0, established=7))
        terminal.resize(100, 12)
        terminal.read_to(FRAMED)
        assert [len(line) for line in terminal.lines] == [70, *map(len, FIRST[1:])]


def test_colours_are_for_those_who_want_them(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    with out_of(terminal) as out:
        LiveView(out).snapshot(at(2.0, established=7, lost=1))
        terminal.read_to(FRAMED)
        assert b"\x1b[31m1 lost\x1b[0m" in terminal.written
        monkeypatch.setenv("NO_COLOR", "1")
        terminal.written = b""
        LiveView(out).snapshot(at(2.0, established=7, lost=1))
        terminal.read_to(FRAMED)
        assert "1 lost" in "\n".join(terminal.lines)
        assert b"m" not in {sequence[-1:] for sequence in escapes(terminal.written)}


def escapes(written: bytes) -> list[bytes]:
    """The control sequences in ``written``, without what introduces them."""
    pieces = written.split(b"\x1b[")[1:]
    ends = (next(n for n, byte in enumerate(piece) if 0x40 <= byte <= 0x7E) for piece in pieces)
    return [piece[: end + 1] for piece, end in zip(pieces, ends, strict=True)]


def test_a_terminal_without_unicode(terminal: Terminal) -> None:
    with out_of(terminal, "ascii") as out:
        LiveView(out).snapshot(at(2.0, established=7))
        terminal.comes_to_show(
            [
                "hold          ------- --------------------- 1.0s, 3.0s left",
                "connections   7 established | of 7",
                "there now     7 handshake | 0 acknowledged | 0 served",
                "client        loop lag 1ms at most",
            ]
        )


def test_where_nothing_was_drawn_nothing_is_erased(terminal: Terminal) -> None:
    with out_of(terminal) as out:
        view = LiveView(out)
        view.over()
        view.leave()
        view.snapshot(at(2.0, established=7))
        view.over()
        view.over()
        view.leave()
        out.write("$")
        out.flush()
        terminal.read_to(b"$")
        assert terminal.written.count(b"\r\x1b[J") == 1
        assert terminal.lines == ["$"]


def test_it_can_be_left_from_a_signal_handler(terminal: Terminal) -> None:
    with out_of(terminal) as out:
        view = LiveView(out)
        view.snapshot(at(2.0, established=7))
        view.leave()
        terminal.comes_to_show([""], (0, 0))
        assert os.get_blocking(out.fileno())


def test_a_terminal_that_takes_nothing_keeps_nobody_who_leaves(terminal: Terminal) -> None:
    with out_of(terminal) as out:
        view = LiveView(out)
        view.snapshot(at(2.0, established=7))
        os.set_blocking(out.fileno(), False)
        with suppress(BlockingIOError):
            while True:
                os.write(out.fileno(), b"." * 1_000)
        os.set_blocking(out.fileno(), True)
        view.leave()
        assert os.get_blocking(out.fileno())


def test_a_terminal_that_has_gone_is_drawn_on_no_more(terminal: Terminal) -> None:
    out = out_of(terminal)
    view = LiveView(out)
    terminal.hang_up()
    for _ in range(3):
        view.snapshot(at(2.0, established=7))
        view.over()
        view.leave()
    with pytest.raises(OSError, match="Input/output error"):
        out.close()


def test_events_go_to_the_log(terminal: Terminal) -> None:
    log = io.StringIO()
    with out_of(terminal) as out:
        view = LiveView(out, log)
        assert (view.wants_events, view.wants_live) == (True, True)
        view.events([ConnectionEvent(1.0, 0, State.OPENING, "", 0)])
        assert not LiveView(out).wants_events
    assert log.getvalue() == "1s: connection 0 is OPENING\n"
