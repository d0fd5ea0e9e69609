"""The fake kernel keeps the contract that the real ones keep."""

import errno

from tcpgoon.engine.kernel import AGAIN, MORE, MOST_EVENTS, Kernel, Refusal
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
