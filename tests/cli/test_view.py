"""What is shown while a run goes on: by what is asked for, and by what standard output and stderr are."""

import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO

import pytest

from tcpgoon.cli.view import View
from tcpgoon.record.connection import State
from tcpgoon.record.counts import Counts, Snapshot
from tcpgoon.record.events import ConnectionEvent
from tcpgoon.report.live import LiveView
from tcpgoon.report.status import StatusLines, can_be_drawn_on
from tests.cli.asked import asked, run_nothing
from tests.terminal import Terminal

LINE = "Total: 1, Dialing: 0, Established: 0, Closed: 0, Error: 0, NotInitiated: 1\n"
EVENT = ConnectionEvent(1.0, 0, State.OPENING, "", 0)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
    monkeypatch.setenv("TERM", "xterm")
    with Terminal() as terminal, os.fdopen(os.dup(terminal.fd), "w") as stream:
        yield stream


@pytest.mark.parametrize(
    ("out", "err", "options", "expected"),
    [
        ("terminal", "terminal", {}, LiveView),
        ("terminal", "pipe", {}, LiveView),
        ("terminal", "pipe", {"verbose": True}, LiveView),
        ("terminal", "terminal", {"verbose": True}, StatusLines),
        ("terminal", "terminal", {"plain": True}, StatusLines),
        ("pipe", "terminal", {}, StatusLines),
        ("pipe", "pipe", {"plain": True, "verbose": True}, StatusLines),
        ("terminal", "terminal", {"quiet": True}, type(None)),
        ("terminal", "terminal", {"quiet": True, "plain": True}, type(None)),
        ("terminal", "terminal", {"quiet": True, "verbose": True}, StatusLines),
    ],
)
def test_who_watches(
    out: str,
    err: str,
    options: dict[str, bool],
    expected: type,
    terminal: TextIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    streams = {"terminal": terminal, "pipe": io.StringIO()}
    monkeypatch.setattr(sys, "stdout", streams[out])
    monkeypatch.setattr(sys, "stderr", streams[err])
    view = View(**options)
    assert type(view.monitor) is expected
    assert view.monitor is None or view.monitor.wants_events == options.get("verbose", False)
    view.leave()


@pytest.mark.parametrize("term", ["", "dumb", "unknown"])
def test_a_dumb_terminal_has_lines(term: str, terminal: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    assert can_be_drawn_on(terminal)
    monkeypatch.setenv("TERM", term)
    assert not can_be_drawn_on(terminal)


def test_nothing_is_drawn_where_nothing_is(terminal: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not can_be_drawn_on(None)
    monkeypatch.delenv("TERM")
    assert not can_be_drawn_on(terminal)


def test_aloud(capsys: pytest.CaptureFixture[str]) -> None:
    view = View()
    assert view.monitor
    view.monitor.snapshot(Snapshot(0.0, Counts(planned=1)))
    view.say_between("between", "verdict")
    view.say("report", "verdict")
    assert capsys.readouterr() == (f"{LINE}between\nreport\n", "")


def test_quietly(capsys: pytest.CaptureFixture[str]) -> None:
    view = View(quiet=True, verbose=True)
    assert view.monitor
    view.monitor.snapshot(Snapshot(0.0, Counts(planned=1)))
    view.monitor.events([EVENT])
    view.say_between("between", "verdict")
    view.say("report", "verdict")
    assert capsys.readouterr() == ("verdict\n", "1s: connection 0 is OPENING\n")


def test_silently(capsys: pytest.CaptureFixture[str]) -> None:
    view = View(silent=True)
    view.say_between("between", "verdict")
    view.say("report", "verdict")
    assert (view.monitor, capsys.readouterr()) == (None, ("", ""))


@pytest.mark.parametrize("flag", ["-q", "--quiet"])
def test_the_options_reach_it(flag: str, monkeypatch: pytest.MonkeyPatch, terminal: TextIO) -> None:
    run_nothing(monkeypatch)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert type(asked("host", "80").monitor) is LiveView
    assert type(asked("--plain", "host", "80").monitor) is StatusLines
    assert asked(flag, "host", "80").monitor is None
