"""A soak as a run: what it says beside, and what it does without."""

import threading

import pytest

from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.pacing import AllAtOnce
from tcpgoon.plan.plan import Plan
from tcpgoon.result import Result
from tcpgoon.runs.soak import NO_CHECKPOINTS, soak
from tcpgoon.server import Server, ServerConfig


def plan_for(server: Server) -> Plan:
    return Plan(
        target=Target("127.0.0.1", server.port), connections=5, pacing=AllAtOnce(), hold_s=1.0, canary=False, workers=1
    )


def test_what_came_so_far_is_a_result_that_says_what_it_is() -> None:
    kept: list[Result] = []
    with Server(ServerConfig()) as server:
        result = soak(plan_for(server), keep=kept.append, every_s=0.2)
    assert result.verdict is Verdict.PASS
    assert result.lifetimes
    assert NO_CHECKPOINTS not in result.environment.missing
    assert len(kept) >= 3
    assert {one.verdict for one in kept} == {Verdict.INTERRUPTED}
    assert kept[0].reason == "checkpoint at 0s of 1s: the run had not ended"
    assert kept[0].metrics.counts.closed == 5
    assert kept[0].table is not result.table


def test_a_thread_that_cannot_be_started_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "tcpgoon-checkpoints":
            raise RuntimeError("can't start new thread")
        begin(thread)

    with Server(ServerConfig()) as server:
        monkeypatch.setattr(threading.Thread, "start", refuse)
        result = soak(plan_for(server), keep=lambda _: None, every_s=0.2)
    assert (result.verdict, result.environment.missing[-1]) == (Verdict.PASS, NO_CHECKPOINTS)
