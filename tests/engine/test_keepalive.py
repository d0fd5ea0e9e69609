"""Keepalives that the user asks for: on each connection, beside the signs of life that are asked for in between."""

import errno
import socket
import sys

import pytest

from tcpgoon.plan.assurance import Assurance
from tcpgoon.record.connection import State
from tcpgoon.record.outcome import ClosedBy, Phase
from tcpgoon.testing import Peer
from tests.engine.dialled import Dialled
from tests.engine.script import BEGUN_S, CLOSED, GOOD, Run, plan, proof

ACKNOWLEDGED, HANDSHAKE = Assurance.ACKNOWLEDGED, Assurance.HANDSHAKE


def options_of(dialled: Dialled, row: int) -> tuple[int, ...]:
    """Whether keepalives are sent on ``row``, after which idle time, how far apart, and how many at the most."""
    sock = dialled.kernel._sockets[row]  # the kernel's border is about what is sent: the socket itself knows when
    assert sock is not None
    idle = getattr(socket, "TCP_KEEPIDLE", None) or socket.TCP_KEEPALIVE  # type: ignore[attr-defined,unused-ignore]
    return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)), *(
        sock.getsockopt(socket.IPPROTO_TCP, name) for name in (idle, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    )


def test_real_sockets_send_them_as_often_as_is_asked_for(dialled: Dialled) -> None:
    with dialled.connect(0), dialled.connect(1):
        dialled.kernel.keep_alive(1, 30)
        assert not options_of(dialled, 0)[0]
        assert options_of(dialled, 1) == (True, 30, 30, 9)


@pytest.mark.skipif(sys.platform != "linux", reason="there alone signs of life are asked for")
def test_they_are_set_anew_after_a_sign_of_life(dialled: Dialled) -> None:
    with dialled.connect(0):
        dialled.kernel.keep_alive(0, 30)
        dialled.kernel.keepalive(0)
        assert options_of(dialled, 0) == (True, 1, 75, 127)
        dialled.kernel.no_keepalive(0)
        assert not options_of(dialled, 0)[0]
        dialled.kernel.keep_alive(0, 30)
        assert options_of(dialled, 0) == (True, 30, 30, 9)


def test_each_is_kept_alive_from_when_it_is_established() -> None:
    run = Run(plan(2, hold_s=90.0, keepalive_s=30.0), lambda _: GOOD).run()
    assert [(row, idle_s) for _, row, idle_s in run.kernel.kept_alive] == [(0, 30), (1, 30)]
    assert [at for at, _, _ in run.kernel.kept_alive] == pytest.approx([BEGUN_S + 0.05] * 2)
    assert run.ends == [CLOSED] * 2


def test_none_is_where_nobody_asks_for_it() -> None:
    assert not Run(proof(2, hold_s=90.0), lambda _: GOOD).run().kernel.kept_alive


def test_it_goes_on_after_a_round_of_signs_of_life_and_ends_with_the_last() -> None:
    run = Run(proof(1, hold_s=100.0, keepalive_s=30.0, confirm_every_s=40.0), lambda _: GOOD).run()
    began, *again = [at - BEGUN_S for at, _, idle_s in run.kernel.kept_alive if idle_s == 30]
    assert began == pytest.approx(0.05)
    assert again == pytest.approx([40.06, 80.06], abs=0.1)
    assert (run.ends, run.assurances) == ([CLOSED], [ACKNOWLEDGED])
    assert run.kernel.hushed.count(0) >= 3


@pytest.mark.parametrize("hold_s", [0.0, 1.5, 3.0, 5.0, 20.0, 200.0])
@pytest.mark.parametrize("keepalive_s", [1.0, 2.0, 3.0, 30.0])
def test_their_answers_are_no_repeated_handshakes(hold_s: float, keepalive_s: float) -> None:
    run = Run(proof(3, hold_s=hold_s, keepalive_s=keepalive_s), lambda _: GOOD).run()
    assert run.ends == [CLOSED] * 3
    assert run.assurances == [ACKNOWLEDGED] * 3


@pytest.mark.parametrize("keepalive_s", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("hold_s", [3.0, 20.0])
def test_who_is_half_open_and_answers_them_is_not_proved(hold_s: float, keepalive_s: float) -> None:
    half_open = Peer(repeats=(1.05, 3.05, 7.2, 15.4, 31.5), takes_data=False)
    run = Run(proof(2, hold_s=hold_s, keepalive_s=keepalive_s), lambda row: half_open if row else Peer()).run()
    assert run.assurances == [ACKNOWLEDGED, HANDSHAKE]
    assert run.end_of(1) != CLOSED


def test_who_answers_none_of_them_is_lost_by_the_path() -> None:
    run = Run(plan(2, hold_s=60.0, keepalive_s=3.0), lambda row: Peer(gone_after_s=10.0) if row else GOOD).run()
    assert run.ends == [CLOSED, (State.LOST, errno.ETIMEDOUT, Phase.HELD, ClosedBy.PATH)]
    assert run.table.end_s[1] == pytest.approx(9 + 10 * 3, abs=0.1)


def test_who_resets_at_the_first_of_them_is_lost_then() -> None:
    run = Run(plan(1, hold_s=60.0, keepalive_s=30.0), lambda _: Peer(life=errno.ECONNRESET)).run()
    assert run.ends == [(State.LOST, errno.ECONNRESET, Phase.HELD, ClosedBy.PEER)]
    assert run.table.end_s[0] == pytest.approx(30.0, abs=0.1)
