"""Who answers a keepalive and has shown a repeated SYN-ACK: real, half-open, or never to be known."""

import errno
from collections.abc import Sequence

import msgspec
import pytest

from tcpgoon.plan.assurance import Assurance
from tcpgoon.record.connection import State
from tcpgoon.record.outcome import FIN, ClosedBy, Phase
from tcpgoon.testing import Peer
from tests.engine.script import CLOSED, Run, proof

PHANTOM = (State.LOST, errno.ETIMEDOUT, Phase.PHANTOM, ClosedBy.US)
DOUBTFUL = (State.CLOSED, 0, Phase.DOUBTFUL, ClosedBy.US)
ACKNOWLEDGED, HANDSHAKE, SERVED = Assurance.ACKNOWLEDGED, Assurance.HANDSHAKE, Assurance.SERVED

REPEATS = (1.05, 3.05, 7.2, 15.4, 31.5)
HALF_OPEN = Peer(repeats=REPEATS, takes_data=False)
RECOVERED = Peer(repeats=(1.05,))


def shut_rows(run: Run) -> list[int]:
    """The rows that are sent a FIN, in the course of ``run``."""
    rows: list[int] = []
    shut_down = run.kernel.shut_down

    def noting(row: int) -> None:
        rows.append(row)
        shut_down(row)

    run.kernel.shut_down = noting  # type: ignore[method-assign]
    return rows


@pytest.mark.parametrize(
    ("hold_s", "known_s"), [(0.0, 3.8), (1.0, 3.8), (2.0, 3.8), (5.0, 5.5), (10.0, 10.5), (50.0, 50.5)]
)
def test_who_repeats_and_repeats_is_a_phantom(hold_s: float, known_s: float) -> None:
    run = Run(proof(2, hold_s=hold_s), lambda row: HALF_OPEN if row else Peer()).run()
    assert run.ends == [CLOSED, PHANTOM]
    assert run.assurances == [ACKNOWLEDGED, HANDSHAKE]
    assert run.table.end_s[1] == pytest.approx(known_s, abs=0.02)


def test_who_has_recovered_while_it_was_held_is_there() -> None:
    """Or it sends keepalives when SYN-ACKs would be repeated. Only a full connection acknowledges our FIN."""
    run = Run(proof(1, hold_s=10.0), lambda _: Peer(repeats=REPEATS[:3])).run()
    assert (run.ends, run.assurances) == ([CLOSED], [ACKNOWLEDGED])


def test_who_recovers_only_after_the_hold_was_not_held() -> None:
    """Its kernel still repeated its SYN-ACK when the hold was over, and then found room for it."""
    run = Run(proof(1, hold_s=2.0), lambda _: Peer(repeats=(1.05, 3.05))).run()
    assert (run.ends, run.assurances) == ([DOUBTFUL], [HANDSHAKE])


def test_where_the_path_loses_packets_to_recover_late_is_good_enough() -> None:
    late = Peer(repeats=(1.05, 3.05), retransmits=1)
    run = Run(proof(1, hold_s=2.0), lambda _: late).run()
    assert (run.ends, run.assurances) == ([CLOSED], [ACKNOWLEDGED])


def test_where_the_path_has_lost_packets_it_stays_in_doubt() -> None:
    run = Run(proof(2, hold_s=2.0), lambda row: HALF_OPEN if row else Peer(retransmits=1)).run()
    assert run.ends == [CLOSED, DOUBTFUL]
    assert run.assurances == [ACKNOWLEDGED, HANDSHAKE]


def test_where_a_call_was_lost_it_stays_in_doubt() -> None:
    run = Run(proof(2, hold_s=2.0), lambda row: HALF_OPEN if row else Peer(calls_lost=1)).run()
    assert run.ends == [CLOSED, DOUBTFUL]


def test_a_first_repetition_that_the_path_has_lost_is_not_missed() -> None:
    """Nothing had been lost when row 1 was called; row 0 tells that the path does, and the second is waited for."""
    peers = [Peer(calls_lost=1), Peer(repeats=(3.05, 7.2, 15.4), takes_data=False)]
    run = Run(proof(2, hold_s=1.2), lambda row: peers[row]).run()
    assert run.ends == [CLOSED, DOUBTFUL]
    assert run.assurances == [ACKNOWLEDGED, HANDSHAKE]


def test_one_that_has_recovered_proves_it_by_acknowledging_a_fin() -> None:
    run = Run(proof(2, hold_s=2.0), lambda row: RECOVERED if row else Peer())
    shut = shut_rows(run)
    run.run()
    assert run.ends == [CLOSED] * 2
    assert run.assurances == [ACKNOWLEDGED] * 2
    assert shut == [1]
    assert run.now_s == pytest.approx(3.3, abs=0.02)


def test_a_fin_that_is_not_acknowledged_settles_nothing() -> None:
    run = Run(proof(2, hold_s=2.0), lambda row: Peer(repeats=(1.05,), takes_data=False) if row else Peer()).run()
    assert run.ends == [CLOSED, DOUBTFUL]
    assert run.assurances == [ACKNOWLEDGED, HANDSHAKE]
    assert run.now_s == pytest.approx(3.3 + 0.5, abs=0.1)


def test_a_reset_settles_nothing_either() -> None:
    peer = Peer(repeats=(1.05,), takes_data=False, ends_after_fin_s=0.01, ending=errno.ECONNRESET)
    run = Run(proof(1, hold_s=2.0), lambda _: peer).run()
    assert run.ends == [DOUBTFUL]
    assert run.assurances == [HANDSHAKE]


@pytest.mark.parametrize("takes_data", [True, False])
def test_a_peer_that_answers_our_fin_by_its_own_is_not_lost(takes_data: bool) -> None:
    """Its FIN acknowledges ours: what our kernel says of a connection whose halves are both closed is nothing."""
    peer = Peer(repeats=(1.05,), takes_data=takes_data, ends_after_fin_s=0.0001)
    run = Run(proof(2, hold_s=2.0), lambda row: peer if row else Peer()).run()
    assert run.ends == [CLOSED] * 2
    assert run.assurances == [ACKNOWLEDGED] * 2


def test_a_peer_that_resets_after_it_has_acknowledged_our_fin_is_not_lost() -> None:
    peer = Peer(repeats=(1.05,), ends_after_fin_s=0.5, ending=errno.ECONNRESET)
    # Row 1 keeps it from being over at once.
    slow = Peer(repeats=(1.05,), takes_data=False)
    run = Run(proof(2, hold_s=4.0), lambda row: slow if row else peer).run()
    assert run.ends == [CLOSED, DOUBTFUL]
    assert run.assurances == [ACKNOWLEDGED, HANDSHAKE]


def test_one_that_ends_while_it_is_in_doubt_is_lost() -> None:
    peer = Peer(repeats=(1.05,), ends_after_s=3.0)
    run = Run(proof(1, hold_s=2.0), lambda _: peer).run()
    assert run.ends == [(State.LOST, FIN, Phase.HELD, ClosedBy.PEER)]
    assert run.assurances == [ACKNOWLEDGED]


@pytest.mark.parametrize("peer", [Peer(), Peer(calls_lost=1), Peer(repeats=(1.05,))])
def test_one_that_has_answered_and_ends_while_others_are_still_called_is_lost(peer: Peer) -> None:
    ends = msgspec.structs.replace(peer, ends_after_s=5.0)
    run = Run(proof(2, hold_s=2.0), lambda row: Peer(life=None) if row else ends).run()
    assert run.ends == [
        (State.LOST, FIN, Phase.HELD, ClosedBy.PEER),
        (State.LOST, errno.ETIMEDOUT, Phase.PHANTOM, ClosedBy.PATH),
    ]
    assert run.assurances == [ACKNOWLEDGED, HANDSHAKE]


def test_nobody_is_let_go_before_all_are_settled() -> None:
    peers = [Peer(), RECOVERED, HALF_OPEN, Peer(life=errno.ECONNRESET), RECOVERED]
    run = Run(proof(5, hold_s=2.0), lambda row: peers[row])
    shut = shut_rows(run)
    run.run()
    assert [run.end_of(row) for row in (0, 1, 4)] == [CLOSED] * 3
    assert run.end_of(2) == PHANTOM
    assert run.table.end_s[3] == pytest.approx(2.0, abs=0.01)
    assert run.table.end_s[2] == pytest.approx(3.8, abs=0.01)
    assert shut == [1, 2, 4]
    assert min(run.table.end_s[row] for row in (0, 1, 4)) >= run.table.end_s[2]


def test_fins_are_spread() -> None:
    run = Run(proof(200, hold_s=4.0, confirm_rate=100.0), lambda _: RECOVERED)
    times: list[float] = []
    shut_down = run.kernel.shut_down

    def noting(row: int) -> None:
        times.append(run.now_s)
        shut_down(row)

    run.kernel.shut_down = noting  # type: ignore[method-assign]
    run.run()
    assert run.assurances == [ACKNOWLEDGED] * 200
    assert [round(at - times[0], 3) for at in times] == [round(0.01 * k, 3) for k in range(200)]


@pytest.mark.parametrize("every_s", [1.0, 15.0])
@pytest.mark.parametrize("hold_s", [1.2, 10.0, 50.0, 120.0])
def test_a_peer_that_makes_sure_of_us_by_keepalives_is_there(every_s: float, hold_s: float) -> None:
    """They come as segments without data, which is all that a repeated SYN-ACK shows too."""
    keepalives = tuple(every_s * k for k in range(1, 200))
    run = Run(proof(2, hold_s=hold_s), lambda _: Peer(repeats=keepalives)).run()
    assert run.ends == [CLOSED] * 2
    assert run.assurances == [ACKNOWLEDGED] * 2


@pytest.mark.parametrize("says", [((2.02, b"a"),), tuple((2.02 + 0.01 * k, b"a") for k in range(100))])
def test_who_speaks_while_it_is_in_doubt_is_there(says: Sequence[tuple[float, bytes]]) -> None:
    """It took its third SYN-ACK, or it is nothing but talkative: what it says is not taken for repetitions."""
    peers = [Peer(repeats=(1.05,), sends=tuple(says)), Peer(calls_lost=2), Peer(sends=tuple(says))]
    run = Run(proof(3, hold_s=2.0), lambda row: peers[row]).run()
    assert run.ends == [CLOSED] * 3
    assert run.assurances == [SERVED, ACKNOWLEDGED, SERVED]


@pytest.mark.parametrize("says_s", [3.6, 4.3])
def test_who_speaks_after_our_fin_is_in_doubt_no_more(says_s: float) -> None:
    """Before and after the time for its acknowledgement is over; row 0 keeps all waiting for so long."""
    peer = Peer(repeats=(1.05,), takes_data=False, sends=((says_s, b"late\n"),))
    run = Run(
        proof(2, hold_s=2.0), lambda row: peer if row else Peer(repeats=(1.05,), takes_data=False, rtt_us=100_000)
    )
    run.run()
    assert run.ends == [DOUBTFUL, CLOSED]
    assert run.assurances == [HANDSHAKE, SERVED]


def test_patience_has_an_end() -> None:
    """Established 6 s before the end of the hold: the next repetition is due beyond it."""
    silent = Peer(life=None)
    late = Peer(repeats=(1.05, 3.05), answers_after_s=4.0, takes_data=False)
    run = Run(proof(2, hold_s=0.5), lambda row: late if row else silent).run()
    assert run.ends == [(State.LOST, errno.ETIMEDOUT, Phase.PHANTOM, ClosedBy.PATH), DOUBTFUL]
    assert run.now_s < 4.5 + 8.0 + 3.0


def test_on_a_path_so_slow_that_patience_ends_before_the_next_repetition_it_stays_in_doubt() -> None:
    run = Run(proof(1, hold_s=0), lambda _: Peer(repeats=(1.5, 3.5), rtt_us=700_000, retransmits=1)).run()
    assert (run.ends, run.assurances) == ([DOUBTFUL], [HANDSHAKE])
    assert run.now_s == pytest.approx(8.0, abs=0.1)


def test_who_ends_before_its_fin_is_sent_or_before_it_is_looked_for_is_settled() -> None:
    """One FIN a second: row 1 is lost before its turn, row 0 has answered by its own, row 2 is sent one."""
    peers = [
        Peer(repeats=(1.05,), ends_after_fin_s=0.001),
        Peer(repeats=(1.05,), ends_after_s=7.5),
        Peer(repeats=(1.05,)),
    ]
    run = Run(proof(3, hold_s=4.0, confirm_rate=1.0), lambda row: peers[row])
    shut = shut_rows(run)
    run.run()
    assert run.ends == [CLOSED, (State.LOST, FIN, Phase.HELD, ClosedBy.PEER), CLOSED]
    assert run.assurances == [ACKNOWLEDGED] * 3
    assert shut == [0, 2]


@pytest.mark.parametrize("established_s", [0.0, 0.1, 0.2, 0.3, 0.7, 1 / 3, 0.123456789])
@pytest.mark.parametrize("rtt_us", [0, 1, 333, 50_000])
def test_no_rounding_keeps_it_from_ending(established_s: float, rtt_us: int) -> None:
    peer = Peer(repeats=REPEATS, takes_data=False, rtt_us=rtt_us, answers_after_s=established_s)
    run = Run(proof(1, hold_s=0.9), lambda _: peer).run()
    assert run.ends == [PHANTOM]
    assert run.now_s < 10
