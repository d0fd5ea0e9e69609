"""The loop against the fake kernel: whole runs on a clock that only the script moves."""

import errno
from itertools import groupby

import pytest

from tcpgoon.engine.dialling import DIALS_A_TURN
from tcpgoon.engine.kernel import ANOTHER_PORT, Refusal
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.pacing import ConstantRate
from tcpgoon.plan.plan import Close
from tcpgoon.plan.probe import ProbeAt
from tcpgoon.plan.share import shares
from tcpgoon.record.connection import State
from tcpgoon.record.counts import Counts
from tcpgoon.record.outcome import FIN, ClosedBy, Phase
from tcpgoon.record.unserved import Unserved
from tcpgoon.testing import Peer
from tests.engine.script import CLOSED, GOOD, PING, Run, answering, plan, proof

SERVES = Peer(answers_after_s=0.05, ends_after_fin_s=0.01, replies=answering())


def test_all_are_opened_held_for_the_whole_hold_and_closed_by_us() -> None:
    run = Run(plan(3, hold_s=2.5), lambda _: GOOD).run()
    assert run.counts == Counts(closed=3)
    assert [run.end_of(row) for row in range(3)] == [(State.CLOSED, 0, Phase.NONE, ClosedBy.US)] * 3
    assert run.kernel.closed == [(1002.55, row, False) for row in range(3)]
    assert run.kernel.open_rows == set()
    assert not run.loop.interrupted


def test_what_is_learnt_of_a_connection_is_in_its_row() -> None:
    run = Run(plan(2, pacing=ConstantRate(0.5)), lambda _: Peer(answers_after_s=0.2, rtt_us=180, retransmits=1)).run()
    table = run.table
    assert list(table.start_s) == [0.0, 0.5]
    assert list(table.established_s) == pytest.approx([0.2, 0.7])
    assert list(table.rtt_us) == [180, 180]
    assert list(table.retransmits) == [1, 1]
    assert list(table.local_port) == [10_000, 10_001]
    assert list(table.end_s) == pytest.approx([1.7, 1.7])


@pytest.mark.parametrize("per_second", [100, 999, 1_000, 3_333, 10_000])
def test_the_pace_is_exact_over_ten_seconds(per_second: int) -> None:
    connections = per_second * 10
    run = Run(plan(connections, pacing=ConstantRate(1 / per_second), hold_s=0), lambda _: Peer(answers_after_s=0.01))
    run.run()
    starts = [at for at, _ in run.kernel.dialled]
    assert len(starts) == connections
    assert (starts[-1] - starts[0]) * per_second == pytest.approx(connections - 1, rel=0.001)
    # None of them was early, and none more than a hair late: the fake clock has no scheduler in it.
    assert all(-1e-9 < at - 1000.0 - k / per_second < 1e-6 for k, at in enumerate(starts))


def test_a_stall_is_caught_up_with_but_never_beyond_what_may_be_dialling() -> None:
    """The process stood still for a second: 100 are due at once, of which 20 may be in flight."""
    run = Run(plan(200, pacing=ConstantRate(0.01), max_dialing=20, hold_s=0), lambda _: Peer(answers_after_s=0.05))
    most = 0
    dial = run.kernel.dial

    def stalling_dial(row: int) -> Refusal | None:
        nonlocal most
        if row == 50:
            run.clock.pass_until(run.clock() + 1.0)
        result = dial(row)
        most = max(most, Counts.of(bytes(run.table.state)).opening)
        return result

    run.kernel.dial = stalling_dial  # type: ignore[method-assign]
    run.run()
    assert run.counts == Counts(closed=200)
    assert most == 20


@pytest.mark.parametrize("most", [1, 7, 512])
def test_never_more_are_in_flight_than_allowed(most: int) -> None:
    seen = 0
    run = Run(plan(1_000, max_dialing=most, hold_s=0), lambda row: Peer(answers_after_s=0.001 * (row % 13)))
    poll = run.kernel.poll

    def counting_poll(timeout_s: float) -> object:
        nonlocal seen
        seen = max(seen, Counts.of(bytes(run.table.state)).opening)
        return poll(timeout_s)

    run.kernel.poll = counting_poll  # type: ignore[method-assign, assignment]
    run.run()
    assert run.counts == Counts(closed=1_000)
    assert seen <= most
    assert seen >= min(most, DIALS_A_TURN)


def test_holding_polls_nothing() -> None:
    """A thousand connections held for an hour cost a handful of polls."""
    run = Run(plan(1_000, hold_s=3600.0), lambda _: Peer())
    run.loop._establish()
    before = run.kernel.polls
    run.loop._hold()
    assert run.kernel.polls - before <= 3
    assert run.clock() == pytest.approx(4600.0)


def test_a_year_is_waited_for_in_pieces_that_a_kernel_can_count() -> None:
    """epoll takes its time-out as milliseconds in 32 bits: 24.8 days."""
    year_s = 365 * 86_400.0
    run = Run(plan(1, hold_s=year_s), lambda _: Peer())
    waits: list[float] = []
    poll = run.kernel.poll

    def noting_poll(timeout_s: float) -> object:
        waits.append(timeout_s)
        return poll(timeout_s)

    run.kernel.poll = noting_poll  # type: ignore[method-assign, assignment]
    run.run()
    assert max(waits) == 3_600.0
    assert run.counts == Counts(closed=1)
    assert run.clock() == pytest.approx(1000.0 + year_s)


def test_a_dial_that_is_not_answered_fails_at_its_deadline() -> None:
    run = Run(plan(3, dial_timeout_s=5.0), lambda row: Peer(answers_after_s=None) if row == 1 else GOOD).run()
    assert run.end_of(1) == (State.FAILED, errno.ETIMEDOUT, Phase.HANDSHAKE, ClosedBy.US)
    assert run.table.end_s[1] == pytest.approx(5.0)
    assert run.counts == Counts(closed=2, failed=1)
    assert (1005.0, 1, False) in run.kernel.closed


def test_deadlines_are_those_of_each_dial_although_there_is_one_timer() -> None:
    run = Run(
        plan(6, pacing=ConstantRate(1.0), dial_timeout_s=2.5, hold_s=0),
        lambda row: Peer(answers_after_s=None if row % 2 else 0.1),
    ).run()
    assert [run.table.end_s[row] for row in (1, 3, 5)] == pytest.approx([3.5, 5.5, 7.5])
    assert run.counts == Counts(closed=3, failed=3)


def test_a_stalled_client_does_not_time_out_what_was_answered_in_time() -> None:
    """We slept past the deadline; the answers had come meanwhile. 3,000: more than one poll's worth of them."""
    run = Run(plan(3_000, max_dialing=3_000, dial_timeout_s=1.0, hold_s=0), lambda _: Peer(answers_after_s=0.5))
    poll = run.kernel.poll
    stalled: list[bool] = []

    def stalling_poll(timeout_s: float) -> object:
        if len(run.kernel.dialled) == 3_000 and not stalled:
            stalled.append(True)
            run.clock.pass_until(run.clock() + 60.0)
        return poll(timeout_s)

    run.kernel.poll = stalling_poll  # type: ignore[method-assign, assignment]
    run.run()
    assert stalled
    assert run.counts == Counts(closed=3_000)


@pytest.mark.parametrize("error", [errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT])
def test_an_error_that_answers_the_syn_is_a_failed_dial(error: int) -> None:
    run = Run(plan(2), lambda row: Peer(answers_after_s=0.3, error=error) if row else GOOD).run()
    assert run.end_of(1) == (State.FAILED, error, Phase.HANDSHAKE, ClosedBy.NOBODY)
    assert run.table.end_s[1] == pytest.approx(0.3)
    assert run.counts == Counts(closed=1, failed=1)


@pytest.mark.parametrize(("error", "ended_with"), [(errno.ECONNRESET, errno.ECONNRESET), (errno.EPIPE, FIN)])
def test_a_peer_that_was_quicker_than_we_had_it_established_and_lost_it(error: int, ended_with: int) -> None:
    """What it sent before is counted; EPIPE is its RST after its FIN, and the FIN was first."""
    run = Run(plan(1), lambda _: Peer(sends=((0.3, 70),), answers_after_s=0.3, error=error)).run()
    assert run.end_of(0) == (State.LOST, ended_with, Phase.HELD, ClosedBy.PEER)
    assert run.table.established_s[0] == run.table.end_s[0] == pytest.approx(0.3)
    assert run.table.received_bytes[0] == 70


@pytest.mark.parametrize(
    ("refusal", "phase"),
    [
        (Refusal(errno.EMFILE, Phase.SOCKET), Phase.SOCKET),
        (Refusal(errno.EADDRNOTAVAIL, Phase.CONNECT), Phase.CONNECT),
        (Refusal(errno.EADDRINUSE, Phase.BIND), Phase.BIND),
    ],
)
def test_a_dial_that_our_kernel_refuses_is_data_and_the_others_go_on(refusal: Refusal, phase: Phase) -> None:
    run = Run(plan(40), lambda row: Peer(refusal=refusal) if row >= 30 else GOOD).run()
    assert run.counts == Counts(closed=30, failed=10)
    assert run.end_of(35) == (State.FAILED, refusal.error, phase, ClosedBy.NOBODY)


@pytest.mark.parametrize(
    ("ending", "closed_by"),
    [(FIN, ClosedBy.PEER), (errno.ECONNRESET, ClosedBy.PEER), (errno.ETIMEDOUT, ClosedBy.PATH)],
)
def test_what_ends_while_held_is_lost_with_who_ended_it_and_when(ending: int, closed_by: ClosedBy) -> None:
    run = Run(plan(2), lambda row: Peer(ends_after_s=0.7, ending=ending) if row else Peer()).run()
    assert run.end_of(1) == (State.LOST, ending, Phase.HELD, closed_by)
    assert run.table.end_s[1] == pytest.approx(0.7)
    assert run.end_of(0) == (State.CLOSED, 0, Phase.NONE, ClosedBy.US)


def test_a_peer_that_ends_while_others_are_still_dialled_is_lost() -> None:
    run = Run(plan(10, pacing=ConstantRate(1.0)), lambda _: Peer(ends_after_s=0.5)).run()
    assert run.counts == Counts(lost=10)


def test_a_peer_that_ends_at_the_very_end_of_the_hold_is_lost() -> None:
    run = Run(plan(2_500, hold_s=1.0), lambda _: Peer(answers_after_s=0.0, ends_after_s=1.0)).run()
    assert run.counts == Counts(lost=2_500)


def test_the_search_for_a_free_port_is_not_the_targets_time() -> None:
    """It takes two seconds to find one, and the answer 100 ms: the dial is in time, and the time is the answer's."""
    run = Run(plan(1, dial_timeout_s=1.0), lambda _: Peer(answers_after_s=0.1))
    dial, tries = run.kernel.dial, iter(range(3))

    def searching_dial(row: int) -> Refusal | None:
        if next(tries) < 2:
            run.clock.pass_until(run.clock() + 1.0)
            return ANOTHER_PORT
        return dial(row)

    run.kernel.dial = searching_dial  # type: ignore[method-assign]
    run.run()
    assert run.counts == Counts(closed=1)
    assert run.table.start_s[0] == pytest.approx(2.0)
    assert run.table.established_s[0] == pytest.approx(2.1)


def test_peers_that_never_stop_sending_do_not_keep_dials_from_being_late() -> None:
    """Each look at the events is full of drips, for 40 s: 2,000 held ones that send, and 10 that never answer."""
    drips = tuple((1.0 + 0.01 * k, 1) for k in range(20))
    run = Run(
        plan(2_010, dial_timeout_s=3.0, max_dialing=3_000, hold_s=0.1),
        lambda row: Peer(answers_after_s=None) if row >= 2_000 else Peer(sends=drips),
    ).run()
    assert run.counts == Counts(closed=2_000, failed=10)
    assert sum(run.table.received_bytes) == 40_000
    assert all(3.0 <= run.table.end_s[row] < 10.0 for row in range(2_000, 2_010))


def test_a_connection_to_itself_is_a_port_where_nobody_listens() -> None:
    run = Run(plan(2), lambda _: GOOD)
    run.kernel.met_itself = lambda row: row == 1  # type: ignore[method-assign]
    run.run()
    assert run.end_of(1) == (State.FAILED, errno.ECONNREFUSED, Phase.HANDSHAKE, ClosedBy.NOBODY)
    assert run.counts == Counts(closed=1, failed=1)


def test_nothing_held_nothing_waited_for() -> None:
    run = Run(plan(2, hold_s=3600.0), lambda _: Peer(error=errno.ECONNREFUSED)).run()
    assert run.clock() == 1000.0


def test_the_hold_is_over_when_the_last_one_is_lost() -> None:
    run = Run(plan(2, hold_s=3600.0), lambda _: Peer(ends_after_s=10.0)).run()
    assert run.clock() == 1010.0


def test_what_peers_send_is_counted_in_bounded_helpings() -> None:
    run = Run(plan(2), lambda row: Peer(sends=((0.1, 5_000), (0.2, 70)) if row else ()), bytes_a_drain=1_000).run()
    assert list(run.table.received_bytes) == [0, 5_070]
    assert run.counts == Counts(closed=2)


def test_a_fin_behind_unread_data_is_found_before_the_verdict() -> None:
    """The edge came once; the data takes many helpings, and the FIN stands behind it."""
    run = Run(plan(1, hold_s=0.1), lambda _: Peer(sends=((0.1, 30_000),), ends_after_s=0.1), bytes_a_drain=1_000).run()
    assert run.counts == Counts(lost=1)
    assert run.table.received_bytes[0] == 30_000


def test_a_peer_that_streams_for_ever_does_not_keep_us_from_ending() -> None:
    run = Run(plan(1, hold_s=0.1), lambda _: Peer(sends=((0.0, 1 << 40),)), bytes_a_drain=1_000).run()
    assert run.counts == Counts(closed=1)


def test_stopped_while_dialling() -> None:
    run = Run(plan(100, pacing=ConstantRate(1.0)), lambda _: Peer(answers_after_s=0.5))
    dial = run.kernel.dial

    def stopping_dial(row: int) -> Refusal | None:
        if row == 4:
            run.loop.stop()
        return dial(row)

    run.kernel.dial = stopping_dial  # type: ignore[method-assign]
    run.run()
    assert run.loop.interrupted
    assert run.counts == Counts(planned=95, closed=4, abandoned=1)
    assert run.clock() == 1004.0
    assert run.kernel.open_rows == set()


def test_stopped_while_holding() -> None:
    run = Run(plan(3, hold_s=3600.0), lambda _: GOOD)
    poll = run.kernel.poll

    def stopping_poll(timeout_s: float) -> object:
        if timeout_s > 100:
            run.loop.stop()
        return poll(timeout_s)

    run.kernel.poll = stopping_poll  # type: ignore[method-assign, assignment]
    run.run()
    assert run.loop.interrupted
    assert run.counts == Counts(closed=3)
    assert run.clock() < 1001.0


def test_stopped_before_it_began() -> None:
    run = Run(plan(3), lambda _: GOOD)
    run.loop.stop()
    run.run()
    assert run.loop.interrupted
    assert run.counts == Counts(planned=3)


def test_stopped_when_all_is_over_changes_nothing() -> None:
    run = Run(plan(3), lambda _: GOOD)
    close = run.kernel.close

    def stopping_close(row: int, reset: bool) -> None:
        run.loop.stop()
        close(row, reset)

    run.kernel.close = stopping_close  # type: ignore[method-assign]
    run.run()
    assert not run.loop.interrupted
    assert run.counts == Counts(closed=3)


def test_close_by_reset() -> None:
    run = Run(plan(2, close=Close.RESET), lambda row: Peer(ends_after_s=0.5) if row else GOOD).run()
    assert [(row, reset) for _, row, reset in run.kernel.closed] == [(1, True), (0, True)]


def test_sources_are_used_in_turn() -> None:
    run = Run(plan(5), lambda _: GOOD)
    assert (run.kernel.sources, run.kernel.endpoints) == (1, 1)
    run = Run(plan(5), lambda _: GOOD, sources=2).run()
    assert list(run.table.source) == [0, 1, 0, 1, 0]
    assert list(run.table.endpoint) == [0, 0, 0, 0, 0]


def test_endpoints_take_turns_when_each_source_has_dialled_one() -> None:
    run = Run(plan(9), lambda _: GOOD, sources=2, endpoints=3).run()
    assert list(run.table.source) == [0, 1, 0, 1, 0, 1, 0, 1, 0]
    assert list(run.table.endpoint) == [0, 0, 1, 1, 2, 2, 0, 0, 1]


def test_a_share_of_the_rows_leaves_the_others_alone() -> None:
    asked = plan(10, pacing=ConstantRate(1.0))
    run = Run(asked, lambda _: GOOD, share=shares(asked, 3)[1]).run()
    assert run.counts == Counts(planned=7, closed=3)
    assert run.kernel.dialled == [(1001.0, 4), (1004.0, 5), (1007.0, 6)]


def test_the_phases_follow_each_other() -> None:
    """A newcomer first, then all are opened, one more knocks, all are asked, held, called, and closed."""
    asked = proof(10, pacing=ConstantRate(0.1), probe=PING, hold_s=2.0, canary_every_s=5.0)
    run = Run(asked, lambda _: SERVES, newcomers=[SERVES]).run()
    events = sorted(
        [(at_s, "newcomer" if row == 10 else "dial") for at_s, row in run.kernel.dialled]
        + [(at_s, "asks" if row == 10 else "ask") for at_s, row, _ in run.kernel.sent]
        + [(at_s, "called") for at_s, _ in run.kernel.called]
        + [(at_s, "bye" if row == 10 else "closed") for at_s, row, _ in run.kernel.closed]
    )
    assert [what for what, _ in groupby(what for _, what in events)] == [
        *("newcomer", "asks", "bye", "dial", "newcomer", "asks", "bye", "dial"),
        *("ask", "newcomer", "asks", "bye", "called", "closed"),
    ]
    assert run.assurances == [Assurance.SERVED] * 10
    assert run.unserved == [Unserved.NONE] * 10


def test_what_is_asked_at_the_end_follows_the_hold_and_is_sign_of_life_enough() -> None:
    run = Run(proof(3, probe=PING, probe_at=ProbeAt.END, hold_s=2.0), lambda _: SERVES).run()
    assert [(round(at_s - 1000.0, 2), row) for at_s, row, _ in run.kernel.sent] == [(2.05, 0), (2.05, 1), (2.05, 2)]
    assert run.called == []
    assert run.now_s == pytest.approx(2.06, abs=0.005)


def test_who_is_lost_while_all_are_called_was_not_held_to_the_end() -> None:
    run = Run(proof(2, hold_s=2.0), lambda row: Peer(ends_after_s=2.003) if row else Peer(calls_lost=1)).run()
    assert [end[:2] for end in run.ends] == [(State.CLOSED, 0), (State.LOST, FIN)]
    assert run.assurances == [Assurance.ACKNOWLEDGED] * 2


def test_signs_of_life_and_peers_that_never_stop_sending_get_along() -> None:
    run = Run(proof(2, hold_s=1.0), lambda row: Peer(sends=((0.5, 1 << 40),)) if row else Peer(), bytes_a_drain=1_000)
    run.run()
    assert run.assurances == [Assurance.ACKNOWLEDGED, Assurance.SERVED]
    assert run.ends == [CLOSED] * 2


@pytest.mark.parametrize("refused", [{9}, set(range(10)), {0, 9}])
def test_a_last_dial_that_our_own_kernel_refuses_is_not_waited_for(refused: set[int]) -> None:
    """Nothing is under way, and so nothing would wake us: it took an hour."""
    peer = Peer(refusal=Refusal(errno.EMFILE, Phase.SOCKET))
    run = Run(plan(10, pacing=ConstantRate(0.1), hold_s=1.0), lambda row: peer if row in refused else GOOD).run()
    assert run.counts == Counts(closed=10 - len(refused), failed=len(refused))
    assert run.clock() < 1000.0 + 3.0
