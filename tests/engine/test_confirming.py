"""Signs of life: who answers, who does not, when each is called, and what is made of it."""

import errno
from collections import Counter
from collections.abc import Sequence
from itertools import count, pairwise

import pytest

from tcpgoon.engine.confirming import AGAIN_S
from tcpgoon.engine.tcp_info import Sign
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.pacing import ConstantRate
from tcpgoon.plan.plan import Close
from tcpgoon.plan.probe import ProxyProtocol
from tcpgoon.record.connection import State
from tcpgoon.record.counts import Counts
from tcpgoon.record.outcome import FIN, ClosedBy, Phase
from tcpgoon.testing import Peer
from tests.engine.script import BEGUN_S, CLOSED, GOOD, Run, plan, proof

RST = (State.LOST, errno.ECONNRESET, Phase.PHANTOM, ClosedBy.PEER)
SILENCE = (State.LOST, errno.ETIMEDOUT, Phase.PHANTOM, ClosedBy.PATH)
ACKNOWLEDGED, HANDSHAKE, SERVED = Assurance.ACKNOWLEDGED, Assurance.HANDSHAKE, Assurance.SERVED


def test_who_answers_after_an_idle_hold_is_acknowledged() -> None:
    run = Run(proof(3, hold_s=2.0), lambda _: GOOD).run()
    assert run.ends == [CLOSED] * 3
    assert run.assurances == [ACKNOWLEDGED] * 3
    assert run.called == [0, 1, 2]
    assert run.kernel.hushed == [0, 1, 2]
    assert run.table.end_s[0] == pytest.approx(2.05 + 0.0001 + 0.005, abs=0.001)


def test_where_a_handshake_is_all_that_is_asked_nobody_is_called() -> None:
    run = Run(plan(3, hold_s=2.0), lambda _: GOOD).run()
    assert (run.called, run.assurances) == ([], [HANDSHAKE] * 3)


def test_nobody_is_called_before_it_was_idle_for_a_second_and_could_have_shown_itself_half_open() -> None:
    run = Run(proof(1, hold_s=0), lambda _: Peer(answers_after_s=0.05, rtt_us=50_000)).run()
    assert run.called == [0]
    assert run.kernel.called[0][0] == pytest.approx(BEGUN_S + 0.05 + 1.15 + 0.05)
    assert (run.ends, run.assurances) == ([CLOSED], [ACKNOWLEDGED])


def test_on_a_path_that_has_lost_packets_the_second_repetition_is_waited_for() -> None:
    run = Run(proof(2, hold_s=0), lambda row: Peer(retransmits=row, rtt_us=0)).run()
    assert [at - BEGUN_S for at, _ in run.kernel.called] == pytest.approx([3.3, 3.3], abs=0.001)
    assert run.assurances == [ACKNOWLEDGED] * 2


def test_a_reset_is_a_phantom() -> None:
    run = Run(proof(2, hold_s=2.0), lambda row: Peer(life=errno.ECONNRESET if row else 0)).run()
    assert run.ends == [CLOSED, RST]
    assert run.assurances == [ACKNOWLEDGED, HANDSHAKE]
    assert run.table.end_s[1] == pytest.approx(2.0, abs=0.001)


def test_a_word_of_the_network_is_the_path() -> None:
    run = Run(proof(1, hold_s=2.0), lambda _: Peer(life=errno.EHOSTUNREACH)).run()
    assert run.ends == [(State.LOST, errno.EHOSTUNREACH, Phase.PHANTOM, ClosedBy.PATH)]


def test_our_own_kernel_out_of_memory_is_no_phantom() -> None:
    run = Run(proof(1, hold_s=2.0), lambda _: Peer(life=errno.ENOMEM)).run()
    assert run.ends == [(State.LOST, errno.ENOMEM, Phase.HELD, ClosedBy.US)]


def test_the_healthy_are_acknowledged_also_where_the_last_that_was_called_is_a_phantom() -> None:
    """Of 2,000 the first 11 are real, and have answered long before the last RST comes."""
    run = Run(proof(2_000, hold_s=2.0), lambda row: Peer(life=errno.ECONNRESET if row > 10 else 0, rtt_us=50_000)).run()
    assert Counter(run.assurances) == {ACKNOWLEDGED: 11, HANDSHAKE: 1_989}
    assert run.ends == [CLOSED] * 11 + [RST] * 1_989


def test_silence_is_a_phantom_when_patience_is_over() -> None:
    run = Run(proof(2, hold_s=2.0), lambda row: Peer(life=None if row else 0)).run()
    assert run.ends == [CLOSED, SILENCE]
    assert run.assurances == [ACKNOWLEDGED, HANDSHAKE]
    assert run.table.end_s[1] == pytest.approx(2.0 + 8.0, abs=0.6)
    calls = [at for at, row in run.kernel.called if row == 1]
    assert len(calls) == 15
    assert all(later - earlier >= AGAIN_S for earlier, later in pairwise(calls))


@pytest.mark.parametrize("lost", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("rtt_us", [100, 50_000, 400_000])
def test_calls_that_the_path_has_lost_lose_nobody(lost: int, rtt_us: int) -> None:
    run = Run(proof(3, hold_s=2.0), lambda row: Peer(calls_lost=lost if row else 0, rtt_us=rtt_us)).run()
    assert run.ends == [CLOSED] * 3
    assert run.assurances == [ACKNOWLEDGED] * 3
    assert Counter(run.called) == {0: 1, 1: lost + 1, 2: lost + 1}
    assert sorted(run.kernel.hushed) == [0, 1, 2]


def test_who_ends_while_it_is_called_was_there() -> None:
    run = Run(proof(1, hold_s=2.0), lambda _: Peer(life=None, ends_after_s=4.0)).run()
    assert run.ends == [(State.LOST, FIN, Phase.HELD, ClosedBy.PEER)]
    assert run.assurances == [ACKNOWLEDGED]


def test_calls_are_spread() -> None:
    run = Run(proof(300, hold_s=2.0, confirm_rate=100.0), lambda _: GOOD).run()
    times = [at for at, _ in run.kernel.called]
    assert run.assurances == [ACKNOWLEDGED] * 300
    assert times == [pytest.approx(BEGUN_S + 2.05 + 0.01 * k, abs=1e-4) for k in range(300)]


def most_within(times: list[float], span_s: float) -> int:
    return max(sum(1 for at in times if begin <= at < begin + span_s) for begin in times)


def test_calls_are_spread_also_where_all_fall_due_at_once() -> None:
    """A broadcast at the end of the hold: all 1,000 fall silent at one moment, and are to be called a second after."""
    said = Peer(sends=((1.9, b"tick\n"),))
    run = Run(proof(1_000, hold_s=2.0, confirm_rate=1_000.0), lambda _: said).run()
    times = [at for at, _ in run.kernel.called]
    assert run.assurances == [SERVED] * 1_000
    assert len(times) == 1_000
    assert most_within(times, 0.1) <= 100 + 6
    assert times[-1] - times[0] == pytest.approx(1.0, abs=0.05)


def test_calls_that_are_repeated_are_spread_too() -> None:
    run = Run(proof(1_000, hold_s=2.0, confirm_rate=1_000.0), lambda _: Peer(calls_lost=1)).run()
    assert most_within([at for at, _ in run.kernel.called], 0.1) <= 100 + 6
    assert run.assurances == [ACKNOWLEDGED] * 1_000


def test_a_thousand_a_turn_are_no_burst() -> None:
    """The loop stood still for a second: what it missed is not made up for at once."""
    run = Run(proof(2_000, hold_s=2.0, confirm_rate=1_000.0), lambda _: GOOD)
    keepalive = run.kernel.keepalive

    def stalling_keepalive(row: int) -> None:
        keepalive(row)
        if row == 100:
            run.clock.pass_until(run.clock() + 1.0)

    run.kernel.keepalive = stalling_keepalive  # type: ignore[method-assign]
    run.run()
    assert run.assurances == [ACKNOWLEDGED] * 2_000
    assert most_within([at for at, row in run.kernel.called if row != 100], 0.01) <= 10 + 6


# Our own process stands still: the target is not to pay for it, nor to gain by it.


def stop_at(run: Run, at_s: float, for_s: float) -> Run:
    """What SIGSTOP and SIGCONT, a suspended machine or a starved container do."""
    poll, left = run.kernel.poll, [for_s]

    def stopping_poll(timeout_s: float) -> Sequence[tuple[int, int]]:
        events = poll(timeout_s)
        if left and run.now_s >= at_s:
            run.clock.pass_until(run.clock() + left.pop())
        return events

    run.kernel.poll = stopping_poll  # type: ignore[method-assign]
    return run


@pytest.mark.parametrize("at_s", [0.0, 1.0, 1.05])
def test_whoever_stood_still_before_the_calls_calls_all_the_same(at_s: float) -> None:
    run = stop_at(Run(proof(2), lambda _: GOOD), at_s, 20.0).run()
    assert run.ends == [CLOSED] * 2
    assert run.assurances == [ACKNOWLEDGED] * 2


@pytest.mark.parametrize("lost", [1, 2, 6])
def test_whoever_stood_still_after_a_call_calls_again_before_it_gives_up(lost: int) -> None:
    run = stop_at(Run(proof(2, hold_s=2.0), lambda _: Peer(calls_lost=lost)), 2.001, 20.0).run()
    assert run.ends == [CLOSED] * 2
    assert run.assurances == [ACKNOWLEDGED] * 2
    assert Counter(run.called) == {0: lost + 1, 1: lost + 1}


@pytest.mark.parametrize("look", range(1, 6))
def test_time_that_we_lost_between_two_looks_is_no_answer(look: int) -> None:
    run = Run(proof(1, hold_s=2.0), lambda _: Peer(life=None))
    sign, looks = run.kernel.sign, count(1)

    def late_sign(row: int) -> Sign:
        run.clock.pass_until(run.clock() + (1.0 if next(looks) == look else 0.0))
        return sign(row)

    run.kernel.sign = late_sign  # type: ignore[method-assign]
    run.run()
    assert run.ends == [SILENCE]
    assert run.assurances == [HANDSHAKE]


def test_far_away_those_whose_calls_are_lost_are_called_as_often_as_others() -> None:
    run = Run(proof(1, hold_s=2.0), lambda _: Peer(calls_lost=6, rtt_us=2_000_000)).run()
    assert run.ends == [CLOSED]
    assert run.assurances == [ACKNOWLEDGED]


def test_who_speaks_needs_no_call() -> None:
    talk = tuple((0.4 * k, b"tick\n") for k in range(1, 40))
    run = Run(proof(2, hold_s=2.0), lambda row: Peer(sends=talk) if row else Peer()).run()
    assert run.called == [0]
    assert run.assurances == [ACKNOWLEDGED, SERVED]
    assert run.ends == [CLOSED] * 2


def test_what_was_sent_and_is_not_acknowledged_is_no_sign_of_life() -> None:
    """The PROXY header was: who never takes it is a phantom, and is not called at all."""
    asked = proof(2, hold_s=2.0, proxy_protocol=ProxyProtocol.V1)
    run = Run(asked, lambda row: Peer(takes_data=row == 0)).run()
    assert run.ends == [CLOSED, SILENCE]
    assert run.assurances == [ACKNOWLEDGED, HANDSHAKE]
    assert run.called == [0]
    assert run.kernel.polls < 200


def test_a_peer_that_took_data_and_is_gone_was_no_phantom() -> None:
    asked = proof(1, hold_s=2.0, proxy_protocol=ProxyProtocol.V1)
    run = Run(asked, lambda _: Peer(gone_after_s=1.0)).run()
    assert run.ends == [(State.LOST, errno.ETIMEDOUT, Phase.HELD, ClosedBy.PATH)]
    assert run.assurances == [ACKNOWLEDGED]


def test_during_the_hold_a_peer_that_is_gone_is_found_and_was_acknowledged_before() -> None:
    asked = proof(3, hold_s=60.0, confirm_every_s=10.0)
    run = Run(asked, lambda row: Peer(gone_after_s=25.0) if row == 1 else GOOD).run()
    assert run.end_of(1) == (State.LOST, errno.ETIMEDOUT, Phase.HELD, ClosedBy.PATH)
    assert run.table.end_s[1] == pytest.approx(38.3, abs=0.7)
    assert [run.end_of(row) for row in (0, 2)] == [CLOSED] * 2
    assert run.assurances == [ACKNOWLEDGED] * 3


def test_during_the_hold_a_phantom_is_found() -> None:
    run = Run(proof(2, hold_s=60.0, confirm_every_s=10.0), lambda row: Peer(life=errno.ECONNRESET if row else 0)).run()
    assert run.ends == [CLOSED, RST]
    assert run.table.end_s[1] == pytest.approx(10.0, abs=0.1)


@pytest.mark.parametrize(("every_s", "hold_s"), [(0.1, 5.0), (1.0, 6.0), (2.5, 30.0), (30.0, 300.0), (1.0, 3.0)])
def test_answers_of_earlier_rounds_are_no_repeated_handshakes(every_s: float, hold_s: float) -> None:
    run = Run(proof(3, hold_s=hold_s, confirm_every_s=every_s), lambda _: GOOD).run()
    assert run.ends == [CLOSED] * 3
    assert run.assurances == [ACKNOWLEDGED] * 3
    assert run.kernel.closed[0][0] - BEGUN_S == pytest.approx(hold_s + 0.05, abs=1.2)


def test_a_half_open_one_is_not_acknowledged_by_an_earlier_round_nor_by_the_last() -> None:
    half_open = Peer(repeats=(1.05, 3.05, 7.2, 15.4, 31.5), takes_data=False)
    run = Run(proof(2, hold_s=20.0, confirm_every_s=4.0), lambda row: half_open if row else Peer()).run()
    assert run.ends == [CLOSED, (State.LOST, errno.ETIMEDOUT, Phase.PHANTOM, ClosedBy.US)]
    assert run.assurances == [ACKNOWLEDGED, HANDSHAKE]


def test_a_round_during_the_hold_does_not_trust_a_path_that_may_have_lost_the_first_repetition() -> None:
    half_open = Peer(repeats=(3.05, 7.2, 15.4, 31.5), takes_data=False)
    run = Run(proof(1, hold_s=3.0, confirm_every_s=1.5), lambda row: half_open).run()
    assert run.assurances == [HANDSHAKE]


def test_a_round_that_is_under_way_when_the_hold_ends_goes_over_into_the_last() -> None:
    run = Run(proof(2, hold_s=5.0, confirm_every_s=4.0), lambda row: Peer(calls_lost=3 if row else 0)).run()
    assert run.ends == [CLOSED] * 2
    assert run.assurances == [ACKNOWLEDGED] * 2
    assert Counter(run.called) == {0: 2, 1: 4}


def test_rounds_do_not_overlap() -> None:
    run = Run(proof(1, hold_s=10.0, confirm_every_s=0.5), lambda _: Peer(calls_lost=5)).run()
    times = [at for at, _ in run.kernel.called]
    assert all(later - earlier >= AGAIN_S for earlier, later in pairwise(times))
    assert run.assurances == [ACKNOWLEDGED]


def test_what_a_kernel_does_not_tell_proves_nothing() -> None:
    run = Run(proof(2, hold_s=2.0), lambda _: GOOD)
    sign = run.kernel.sign
    run.kernel.sign = lambda row: type(sign(row))(0, 0, 0, 0, 0, 0, 0)  # type: ignore[method-assign]
    run.run()
    assert run.ends == [(State.CLOSED, 0, Phase.DOUBTFUL, ClosedBy.US)] * 2
    assert run.assurances == [HANDSHAKE] * 2


def test_a_kernel_that_gives_no_signs_is_not_asked_for_any() -> None:
    run = Run(proof(2, hold_s=2.0, confirm_every_s=0.5), lambda _: GOOD)
    run.kernel.gives_signs = False
    run.run()
    assert (run.called, run.ends, run.assurances) == ([], [CLOSED] * 2, [HANDSHAKE] * 2)


def test_who_has_failed_or_ended_is_not_called() -> None:
    peers = [Peer(error=errno.ECONNREFUSED), Peer(ends_after_s=0.5), Peer(), Peer(answers_after_s=None)]
    run = Run(proof(4, hold_s=2.0, dial_timeout_s=0.3), lambda row: peers[row]).run()
    assert run.called == [2]
    assert run.counts == Counts(closed=1, lost=1, failed=2)


def test_it_is_called_before_it_is_closed_by_reset_too() -> None:
    run = Run(proof(2, hold_s=2.0, close=Close.RESET), lambda _: GOOD).run()
    assert run.assurances == [ACKNOWLEDGED] * 2
    assert [reset for _, _, reset in run.kernel.closed] == [True, True]


@pytest.mark.parametrize("at_s", [2.0, 2.05, 2.0502, 2.5, 3.2, 3.5, 6.0, 9.9])
def test_stopped_while_all_are_called(at_s: float) -> None:
    peers = [Peer(), Peer(life=None), Peer(repeats=(1.05,), takes_data=False), Peer(calls_lost=4)]
    run = Run(proof(4, hold_s=2.0), lambda row: peers[row]).stop_at(at_s).run()
    assert run.loop.interrupted
    assert run.now_s == pytest.approx(at_s, abs=0.001)
    assert run.kernel.open_rows == set()
    assert run.counts == Counts(closed=4)


def test_opened_over_a_long_time_all_are_called_at_the_end() -> None:
    run = Run(proof(100, hold_s=1.5, pacing=ConstantRate(0.1)), lambda _: GOOD).run()
    assert run.assurances == [ACKNOWLEDGED] * 100
    assert run.now_s == pytest.approx(9.9 + 0.05 + 1.5, abs=0.05)
