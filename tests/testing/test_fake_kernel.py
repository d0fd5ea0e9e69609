"""The fake kernel keeps the contract that the real ones keep."""

import errno

import pytest

from tcpgoon.engine.kernel import AGAIN, MORE, MOST_EVENTS, Kernel, Refusal
from tcpgoon.engine.tcp_info import CLOSE_WAIT, CLOSED, ESTABLISHED, FIN_WAIT1, FIN_WAIT2, Sign
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.record.outcome import FIN, Phase
from tcpgoon.testing import FakeClock, FakeKernel, Peer


def test_it_is_a_kernel() -> None:
    kernel: Kernel = FakeKernel(FakeClock(), lambda _: Peer())
    assert kernel.missing == ()


def test_time_passes_until_something_happens_or_the_wait_is_over() -> None:
    clock = FakeClock(5.0)
    kernel = FakeKernel(clock, lambda row: Peer(answers_after_s=1.0 + row))
    assert [kernel.dial(row) for row in (0, 1)] == [None, None]
    assert kernel.dialled == [(5.0, 0), (5.0, 1)]
    assert (kernel.poll(0.5), clock()) == ([], 5.5)
    assert (kernel.poll(60.0), clock()) == ([(0, 0)], 6.0)
    assert (kernel.poll(60.0), clock()) == ([(1, 0)], 7.0)
    assert (kernel.poll(0.0), clock()) == ([], 7.0)


def test_a_handshake_that_fails() -> None:
    kernel = FakeKernel(FakeClock(), lambda _: Peer(error=errno.ECONNREFUSED))
    kernel.dial(3)
    assert kernel.poll(1.0) == [(3, 1)]
    assert kernel.finish(3) == errno.ECONNREFUSED


def test_a_dial_that_our_kernel_refuses_has_no_socket() -> None:
    refusal = Refusal(errno.EMFILE, Phase.SOCKET)
    kernel = FakeKernel(FakeClock(), lambda _: Peer(refusal=refusal))
    assert kernel.dial(0) == refusal
    assert kernel.open_rows == set()


def test_data_comes_in_helpings_and_the_end_after_it() -> None:
    peer = Peer(answers_after_s=None, sends=((1.0, 250),), ends_after_s=2.0, ending=FIN)
    kernel = FakeKernel(FakeClock(), lambda _: peer, bytes_a_drain=100)
    kernel.dial(0)
    assert kernel.poll(9.0) == [(0, 1)]
    assert kernel.poll(9.0) == [(0, 1)]
    assert [kernel.drain(0) for _ in range(3)] == [(100, MORE), (100, MORE), (50, FIN)]


def test_nothing_to_read() -> None:
    kernel = FakeKernel(FakeClock(), lambda _: Peer())
    kernel.dial(0)
    assert kernel.drain(0) == (0, AGAIN)


def test_a_closed_row_is_heard_of_no_more() -> None:
    kernel = FakeKernel(FakeClock(), lambda _: Peer(answers_after_s=1.0, ends_after_s=2.0))
    kernel.dial(7)
    kernel.close(7, reset=True)
    assert kernel.closed == [(0.0, 7, True)]
    assert kernel.poll(60.0) == []


def test_wake() -> None:
    clock = FakeClock()
    kernel = FakeKernel(clock, lambda _: Peer())
    kernel.wake()
    assert (kernel.poll(60.0), clock()) == ([(-1, 0)], 0.0)


def test_one_poll_answers_a_bounded_number_of_events() -> None:
    kernel = FakeKernel(FakeClock(), lambda _: Peer())
    for row in range(MOST_EVENTS + 1):
        kernel.dial(row)
    assert [len(kernel.poll(0.0)) for _ in range(3)] == [MOST_EVENTS, 1, 0]


def one(peer: Peer) -> tuple[FakeClock, FakeKernel]:
    """A kernel with row 0 dialled and established."""
    clock = FakeClock()
    kernel = FakeKernel(clock, lambda _: peer)
    kernel.dial(0)
    assert kernel.poll(0.0) == [(0, 0)]
    return clock, kernel


def test_a_row_that_is_dialled_again_hears_nothing_of_what_it_was_before() -> None:
    peers = [Peer(sends=((1.0, b"old"),), ends_after_s=2.0), Peer()]
    kernel = FakeKernel(FakeClock(), lambda _: peers.pop(0))
    kernel.dial(0)
    kernel.close(0, reset=False)
    kernel.dial(0)
    assert [list(kernel.poll(9.0)) for _ in range(2)] == [[(0, 0)], []]


def test_what_is_said_is_read_and_what_is_too_much_for_words_is_counted() -> None:
    _, kernel = one(Peer(sends=((1.0, b"hello"), (2.0, 70_000))))
    assert kernel.poll(9.0) == [(0, 1)]
    assert kernel.read(0) == (b"hello", AGAIN)
    kernel.poll(9.0)
    assert [(len(data), ending) for data, ending in (kernel.read(0), kernel.read(0))] == [
        (65_536, MORE),
        (70_000 - 65_536, AGAIN),
    ]


def test_what_is_sent_is_taken_as_far_as_there_is_room_and_replied_to() -> None:
    clock, kernel = one(Peer(room=4, replies=lambda sent: (0.5, b"re:" + sent) if b"!" in sent else None))
    assert kernel.send(0, b"hello!") == (4, 0)
    assert (kernel.poll(9.0), clock()) == ([(0, 0)], 1.0)
    assert kernel.send(0, b"o!") == (2, 0)
    assert (kernel.poll(9.0), clock()) == ([(0, 1)], 1.5)
    assert kernel.read(0) == (b"re:o!", AGAIN)
    assert kernel.sent == [(0.0, 0, b"hell"), (1.0, 0, b"o!")]


def test_nothing_is_sent_to_a_peer_that_has_reset() -> None:
    _, kernel = one(Peer(ends_after_s=1.0, ending=errno.ECONNRESET))
    kernel.poll(9.0)
    assert kernel.send(0, b"x") == (0, errno.ECONNRESET)


def test_signs_of_a_connection_that_is_idle_then_used_then_closed() -> None:
    clock, kernel = one(Peer(sends=((2.0, b"hello"),), rtt_us=0))
    clock.pass_until(1.5)
    assert kernel.sign(0) == Sign(ESTABLISHED, 0, 1_500, 1_500, 1, 0, 1)
    kernel.send(0, b"abc")
    assert kernel.sign(0) == Sign(ESTABLISHED, 0, 1_500, 0, 4, 0, 2)
    kernel.poll(9.0)
    assert kernel.sign(0) == Sign(ESTABLISHED, 0, 0, 500, 4, 5, 3)
    kernel.shut_down(0)
    assert kernel.sign(0) == Sign(FIN_WAIT2, 0, 0, 500, 5, 5, 4)


def test_signs_of_a_peer_that_takes_nothing() -> None:
    _, kernel = one(Peer(takes_data=False))
    assert kernel.send(0, b"abc") == (3, 0)
    assert kernel.sign(0) == Sign(ESTABLISHED, 1, 0, 0, 1, 0, 1)
    kernel.shut_down(0)
    assert kernel.sign(0) == Sign(FIN_WAIT1, 2, 0, 0, 1, 0, 1)


@pytest.mark.parametrize(
    ("ending", "shut", "state"),
    [
        (FIN, False, CLOSE_WAIT),
        (FIN, True, CLOSED),
        (errno.ECONNRESET, False, CLOSED),
        (errno.ECONNRESET, True, CLOSED),
    ],
)
def test_states_of_a_connection_that_the_peer_has_ended(ending: int, shut: bool, state: int) -> None:
    _, kernel = one(Peer(ends_after_s=1.0, ending=ending))
    if shut:
        kernel.shut_down(0)
    kernel.poll(9.0)
    assert kernel.sign(0).state == state


def test_a_keepalive_is_answered_after_a_round_trip() -> None:
    clock, kernel = one(Peer(rtt_us=50_000, calls_lost=1))
    clock.pass_until(2.0)
    kernel.keepalive(0)
    assert (kernel.poll(1.0), kernel.sign(0).ack_ms, kernel.sign(0).segments) == ([], 3_000, 1)
    kernel.keepalive(0)
    assert (kernel.poll(0.05), kernel.sign(0).ack_ms, kernel.sign(0).segments) == ([], 0, 2)
    kernel.no_keepalive(0)
    assert (kernel.called, kernel.hushed) == ([(2.0, 0), (3.0, 0)], [0])


def test_a_keepalive_may_be_answered_by_a_reset_or_by_silence() -> None:
    _, kernel = one(Peer(life=errno.ECONNRESET))
    kernel.keepalive(0)
    assert (kernel.poll(9.0), kernel.drain(0)) == ([(0, 1)], (0, errno.ECONNRESET))
    _, kernel = one(Peer(life=None))
    kernel.keepalive(0)
    assert kernel.poll(9.0) == []


def test_a_handshake_that_is_repeated_is_a_segment_and_nothing_else() -> None:
    clock, kernel = one(Peer(repeats=(1.0, 3.0)))
    signs = []
    for at_s in (0.5, 1.5, 3.5):
        clock.pass_until(at_s)
        signs.append((kernel.sign(0).segments, kernel.sign(0).ack_ms))
    assert signs == [(1, 500), (2, 1_500), (3, 3_500)]


def test_a_peer_that_is_gone_does_nothing_any_more() -> None:
    clock, kernel = one(Peer(gone_after_s=1.0, sends=((0.5, b"x"), (2.0, b"y")), ends_after_s=3.0))
    assert kernel.poll(9.0) == [(0, 1)]
    kernel.keepalive(0)
    clock.pass_until(1.0)
    kernel.keepalive(0)
    kernel.send(0, b"z")
    kernel.shut_down(0)
    assert [list(kernel.poll(9.0)) for _ in range(2)] == [[], []]
    assert kernel.sign(0)[:2] == (FIN_WAIT1, 2)


def test_a_peer_may_close_when_we_do() -> None:
    clock, kernel = one(Peer(ends_after_fin_s=0.5))
    clock.pass_until(1.0)
    kernel.shut_down(0)
    assert (kernel.poll(9.0), clock(), kernel.read(0)) == ([(0, 1)], 1.5, (b"", FIN))


def test_wake_in_a_while() -> None:
    clock = FakeClock()
    kernel = FakeKernel(clock, lambda _: Peer())
    kernel.wake(after_s=2.0)
    assert (kernel.poll(60.0), clock()) == ([(-1, 0)], 2.0)


def test_both_ends_have_addresses_of_documentation() -> None:
    _, kernel = one(Peer())
    assert kernel.ends(0) == (Endpoint("192.0.2.7", 10_000), Endpoint("192.0.2.1", 80))
    assert kernel.met_itself(0) is False
