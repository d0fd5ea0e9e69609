"""Probes that have a handshake before their answer, and may be asked again inside of their session, as TLS may."""

import errno

import pytest

from tcpgoon.engine import asking
from tcpgoon.engine.probes import PASSED, PENDING, Probe, Progress, Questions, failed
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.probe import Exchange
from tcpgoon.plan.tls import TlsOptions
from tcpgoon.record.connection import State
from tcpgoon.record.heard import Agreed, Saying
from tcpgoon.record.outcome import FIN, ClosedBy, Phase
from tcpgoon.record.tls_facts import TlsFacts
from tcpgoon.record.unserved import Unserved
from tcpgoon.testing import Peer
from tests.engine.script import CLOSED, PING, Run, proof

FACTS = TlsFacts(version="TLSv1.3", cipher="none", alpn="", expires_at="")


class Session:
    """Says HELLO, then ASK n times; to each the peer answers one byte."""

    def __init__(self) -> None:
        self.facts: TlsFacts | None = None
        self.closed = False
        self.said = b""
        self._out = b""

    def start(self) -> bytes:
        return b"HELLO"

    def received(self, data: bytes) -> Progress:
        if data == b"!":
            return failed(Unserved.NO_TLS, "no")
        if data == b"alert":
            self.said = b"not you"
        self.closed = data == b"bye"
        if self.facts:
            return PASSED
        self.facts, self._out = FACTS, b"ASK"
        return PENDING

    def to_send(self) -> bytes:
        data, self._out = self._out, b""
        return data

    def eof(self) -> Progress:
        return failed(Unserved.ENDED, "closed")


def again(probe: Probe) -> bytes:
    assert isinstance(probe, Session)
    return b"AGAIN"


SESSIONS = Questions(Session, again)


def sessions(connections: int, **changes: object) -> Plan:
    return proof(connections, **{"tls": TlsOptions(verify=False), "probe": PING, "hold_s": 2.5, **changes})


def test_the_handshake_has_a_time_of_its_own_and_is_counted_once() -> None:
    peer = Peer(replies=lambda sent: (0.1 if sent == b"HELLO" else 0.02, b"."))
    run = Run(sessions(2, probe_every_s=1.0), lambda _: peer, asked=SESSIONS).run()
    assert run.ends == [CLOSED] * 2
    assert run.assurances == [Assurance.SERVED] * 2
    assert list(run.table.tls_s) == pytest.approx([0.1] * 2, abs=0.005)
    assert list(run.table.served_s) == pytest.approx([0.12] * 2, abs=0.01)
    assert run.loop.heard.tls == (Agreed(FACTS, 2),)
    assert [data for _, row, data in run.kernel.sent if row == 0] == [b"HELLO", b"ASK", b"AGAIN", b"AGAIN"]


def test_one_that_has_failed_begins_anew() -> None:
    answers = iter([b".", b".", b"!", b".", b"."])
    run = Run(
        sessions(1, probe_every_s=1.0), lambda _: Peer(replies=lambda _: (0.01, next(answers))), asked=SESSIONS
    ).run()
    assert [data for _, _, data in run.kernel.sent] == [b"HELLO", b"ASK", b"AGAIN", b"HELLO", b"ASK"]
    assert (run.assurances, run.unserved) == ([Assurance.SERVED], [Unserved.NONE])


@pytest.mark.parametrize("probe", [None, PING])
def test_not_asked_again_few_sessions_are_kept(monkeypatch: pytest.MonkeyPatch, probe: Exchange | None) -> None:
    monkeypatch.setattr(asking, "WITNESSES", 2)
    run = Run(sessions(5, probe=probe), lambda _: Peer(replies=lambda _: (0.01, b".")), asked=SESSIONS).run()
    assert run.assurances == [Assurance.SERVED] * 5
    assert len(run.loop._asking._sessions) == 2


@pytest.mark.parametrize(("probe", "sayings"), [(None, {Saying("not you", 1, Unserved.NONE)}), (PING, set())])
def test_what_is_said_inside_of_a_session_before_the_end_is_heard(probe: Exchange | None, sayings: set[Saying]) -> None:
    """As a server does in TLS 1.3 that does not like our certificate: for us the handshake is over by then."""
    peer = Peer(replies=lambda _: (0.01, b"."), sends=((1.0, b"alert"),), ends_after_s=1.1)
    run = Run(
        sessions(2, probe=probe), lambda row: peer if row else Peer(replies=lambda _: (0.01, b".")), asked=SESSIONS
    ).run()
    assert run.ends == [CLOSED, (State.LOST, FIN, Phase.HELD, ClosedBy.PEER)]
    assert run.sayings == sayings


def test_one_whose_answer_meets_the_end_is_lost() -> None:
    """The peer resets while we say our part of the handshake."""
    run = Run(sessions(1), lambda _: Peer(replies=lambda _: (0.01, b".")), asked=SESSIONS)
    send = run.kernel.send
    run.kernel.send = lambda row, data: (0, errno.ECONNRESET) if data == b"ASK" else send(row, data)  # type: ignore[method-assign]
    run.run()
    assert run.ends == [(State.LOST, errno.ECONNRESET, Phase.HELD, ClosedBy.PEER)]
    assert run.table.received_bytes[0] == 1


def test_a_session_that_the_peer_ends_is_lost_although_its_connection_stays() -> None:
    """Some servers wait for our close_notify for half a minute before they close."""
    peer = Peer(replies=lambda _: (0.01, b"."), sends=((1.0, b"bye"),))
    run = Run(sessions(2), lambda row: peer if row else Peer(replies=lambda _: (0.01, b".")), asked=SESSIONS).run()
    assert run.ends == [CLOSED, (State.LOST, FIN, Phase.HELD, ClosedBy.PEER)]
    assert run.table.end_s[1] == pytest.approx(1.0, abs=0.01)
