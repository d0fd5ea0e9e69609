"""For how long the loop did not look, and that nobody pays for it: on a clock that only the script moves."""

import errno
from collections.abc import Callable

import pytest

from tcpgoon.engine.gates import Gate
from tcpgoon.engine.kernel import Refusal
from tcpgoon.engine.tcp_info import Sign
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.pacing import ConstantRate
from tcpgoon.record.connection import State
from tcpgoon.record.counts import Counts
from tcpgoon.record.outcome import ClosedBy, Phase
from tcpgoon.testing import Peer
from tests.engine.script import CLOSED, GOOD, PING, Run, answering, near, plan, proof

SERVES = Peer(answers_after_s=0.05, ends_after_fin_s=0.01, replies=answering())


def stalling(run: Run, verb: str, stall_s: float, when: Callable[[], bool]) -> None:
    """The next call of that ``verb`` of the kernel takes so long, once it is ``when``; and once only."""
    original, done = getattr(run.kernel, verb), False

    def stalled(*args: object) -> object:
        nonlocal done
        answer = original(*args)
        if not done and when():
            done = True
            run.clock.pass_until(run.clock() + stall_s)
        return answer

    setattr(run.kernel, verb, stalled)


def test_a_loop_that_is_never_kept_waiting_has_no_lag() -> None:
    asked = proof(50, pacing=ConstantRate(0.01), hold_s=20.0, canary_every_s=5.0)
    run = Run(asked, lambda _: SERVES, newcomers=[SERVES]).run()
    assert (run.loop.lag.longest_s, run.loop.ramp_lag_s) == (near(0.0, by=1e-6), near(0.0, by=1e-6))
    assert run.loop.lag.since_s is None


def test_the_work_of_a_turn_is_time_without_a_look() -> None:
    """All fifty answers come at once, and to read one takes this kernel a millisecond."""
    run = Run(proof(50, probe=PING), lambda _: SERVES).run()
    assert run.loop.lag.longest_s == near(0.05)


@pytest.mark.parametrize("verb", ["dial", "inspect", "poll"])
def test_the_lag_is_the_longest_time_without_a_look(verb: str) -> None:
    """Stopped at its own work, or while it waited: there it looks ten times a second, and knows it to that."""
    run = Run(plan(100, pacing=ConstantRate(0.1)), lambda _: GOOD)
    stalling(run, verb, 0.2, lambda: run.now_s > 1.0)
    stalling(run, verb, 3.0, lambda: run.now_s > 5.0)
    run.run()
    assert run.loop.lag.longest_s == run.loop.ramp_lag_s == near(3.0, by=0.1)
    assert run.loop.lag.since_s == near(5.0, by=0.11)
    assert run.counts == Counts(closed=100)


def test_since_when_it_lagged_is_when_it_did_so_first() -> None:
    run = Run(plan(100, pacing=ConstantRate(0.1)), lambda _: GOOD)
    stalling(run, "poll", 0.4, lambda: run.now_s > 2.0)
    stalling(run, "poll", 3.0, lambda: run.now_s > 5.0)
    run.run()
    assert run.loop.lag.since_s == near(2.0, by=0.11)


def test_a_lag_after_the_dials_is_none_of_theirs() -> None:
    run = Run(proof(20, probe=PING, hold_s=1.0), lambda _: SERVES)
    stalling(run, "send", 2.0, lambda: True)
    run.run()
    assert (run.loop.lag.longest_s, run.loop.ramp_lag_s) == (near(2.0), near(0.0))


def test_who_oversleeps_the_end_of_the_hold_has_a_lag() -> None:
    run = Run(plan(3, hold_s=10.0), lambda _: GOOD)
    stalling(run, "poll", 4.0, lambda: run.now_s > 10.0)
    run.run()
    assert run.loop.lag.longest_s == near(4.0)


def test_when_all_are_open_and_asked_somebody_is_told() -> None:
    told: list[tuple[float, int]] = []

    def tell() -> None:
        told.append((round(run.now_s, 3), list(run.assurances).count(Assurance.SERVED)))

    run = Run(proof(20, probe=PING, hold_s=5.0), lambda _: SERVES, at={Gate.HOLD: tell})
    run.run()
    assert told == [(0.08, 20)]


def test_who_stands_still_among_dials_does_not_take_the_targets_time() -> None:
    """Ten are dialled in a turn, and we sleep after the third: all of them have their second when we go on."""
    asked = plan(20, max_dialing=10, dial_timeout_s=1.0, hold_s=0)
    run = Run(asked, lambda row: Peer(answers_after_s=5.5 if row < 10 else None))
    stalling(run, "dial", 5.0, lambda: len(run.kernel.dialled) == 3)
    run.run()
    assert run.counts == Counts(closed=3, failed=17)
    ends = [run.table.end_s[row] - run.table.start_s[row] for row in range(3, 20)]
    assert ends == [near(1.0)] * 17


def test_who_stands_still_between_writing_down_the_time_and_the_dial_gives_it_all_of_its_time() -> None:
    run = Run(plan(2, dial_timeout_s=1.0, hold_s=0), lambda row: Peer(answers_after_s=0.6 + row * 0.6))
    dial = run.kernel.dial

    def late_dial(row: int) -> Refusal | None:
        if row == 0:
            run.clock.pass_until(run.clock() + 5.0)
        return dial(row)

    run.kernel.dial = late_dial  # type: ignore[method-assign]
    run.run()
    assert run.end_of(0) == CLOSED
    assert run.end_of(1) == (State.FAILED, errno.ETIMEDOUT, Phase.HANDSHAKE, ClosedBy.US)
    assert list(run.table.start_s) == [0.0, 5.0]
    assert (run.table.established_s[0], run.table.end_s[1]) == (near(5.6), near(6.0))


def test_who_looks_at_the_target_does_not_lag() -> None:
    """Once, when the hold is over and before any is closed; it may take its time."""
    looks: list[tuple[float, int]] = []

    def look() -> None:
        looks.append((run.now_s, len(run.kernel.closed)))
        run.clock.pass_until(run.clock() + 5.0)

    def peer(row: int) -> Peer:
        return Peer(answers_after_s=0.5, ends_after_s=1.0 if row == 1 else None)

    run = Run(plan(3, hold_s=2.0), peer, at={Gate.PROVE: look})
    run.run()
    assert looks == [(near(2.5), 1)]
    assert run.loop.lag.longest_s == near(0.0, by=1e-6)


def test_all_that_is_looked_at_in_the_end_is_looked_at_little_by_little() -> None:
    """A thousand that have answered, and to look at each takes this kernel a millisecond."""
    run = Run(plan(1_000, hold_s=2.0, assurance=Assurance.ACKNOWLEDGED), lambda _: GOOD)
    sign = run.kernel.sign

    def slow(row: int) -> Sign:
        run.clock.pass_until(run.clock() + 0.001)
        return sign(row)

    run.kernel.sign = slow  # type: ignore[method-assign]
    run.run()
    assert run.counts == Counts(closed=1_000)
    assert run.assurances == [Assurance.ACKNOWLEDGED] * 1_000
    assert run.loop.lag.longest_s < 0.3
