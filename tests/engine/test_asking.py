"""Probes over the loop: who is asked when, what each kind of answer comes to, and what is counted once."""

import errno
from collections import Counter
from collections.abc import Callable

import pytest

from tcpgoon.engine.asking import MOST_LATE
from tcpgoon.engine.kernel import Refusal
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.pacing import ConstantRate
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.probe import Exchange, ProbeAt, ProxyProtocol
from tcpgoon.plan.tls import TlsOptions
from tcpgoon.record.connection import State
from tcpgoon.record.counts import Counts
from tcpgoon.record.heard import Saying
from tcpgoon.record.outcome import FIN, ClosedBy, Phase
from tcpgoon.record.unserved import Unserved
from tcpgoon.testing import Peer
from tests.engine.script import BANNER, BEGUN_S, CLOSED, GOOD, PING, Run, answering, plan, proof

ACKNOWLEDGED, HANDSHAKE, SERVED = Assurance.ACKNOWLEDGED, Assurance.HANDSHAKE, Assurance.SERVED
LOST = (State.LOST, FIN, Phase.HELD, ClosedBy.PEER)
SERVES = Peer(answers_after_s=0.05, replies=answering())


def asking(connections: int, **changes: object) -> Plan:
    return proof(connections, **{"probe": PING, "hold_s": 3.0, **changes})


def test_who_answers_is_served_and_when_is_in_its_row() -> None:
    run = Run(asking(2), lambda _: SERVES).run()
    assert run.ends == [CLOSED] * 2
    assert run.assurances == [SERVED] * 2
    assert run.unserved == [Unserved.NONE] * 2
    assert list(run.table.asked_s) == pytest.approx([0.05] * 2)
    assert list(run.table.served_s) == pytest.approx([0.06, 0.061], abs=0.0021)
    assert list(run.table.received_bytes) == [5, 5]
    assert [(row, data) for _, row, data in run.kernel.sent] == [(0, b"PING\n"), (1, b"PING\n")]
    assert run.sayings == set()


def test_at_the_peak_nobody_is_asked_before_all_are_open() -> None:
    run = Run(asking(10, pacing=ConstantRate(0.1)), lambda _: SERVES).run()
    assert {round(at - BEGUN_S, 3) for at, _, _ in run.kernel.sent} == {0.95}
    assert run.assurances == [SERVED] * 10
    assert run.now_s == pytest.approx(0.95 + 0.02 + 3.0, abs=0.02)


def test_at_the_opening_each_is_asked_at_once() -> None:
    run = Run(asking(3, pacing=ConstantRate(0.5), probe_at=ProbeAt.OPEN), lambda _: SERVES).run()
    assert [round(at - BEGUN_S, 3) for at, _, _ in run.kernel.sent] == [0.05, 0.55, 1.05]
    assert run.assurances == [SERVED] * 3


def test_at_the_opening_the_answers_are_waited_for() -> None:
    run = Run(asking(2, probe_at=ProbeAt.OPEN, hold_s=0), lambda _: Peer(replies=answering(4.0))).run()
    assert run.assurances == [SERVED] * 2


def test_at_the_end_nobody_is_asked_before_the_hold_is_over() -> None:
    run = Run(asking(3, probe_at=ProbeAt.END), lambda _: SERVES).run()
    assert {round(at - BEGUN_S, 3) for at, _, _ in run.kernel.sent} == {3.05}
    assert run.assurances == [SERVED] * 3
    assert run.called == []  # it has just given a sign of life


def test_who_was_served_before_the_hold_is_called_after_it() -> None:
    run = Run(asking(2), lambda row: Peer(replies=answering(), gone_after_s=1.0 if row else None)).run()
    assert run.ends == [CLOSED, (State.LOST, errno.ETIMEDOUT, Phase.HELD, ClosedBy.PATH)]
    assert run.assurances == [SERVED] * 2


def test_without_a_hold_an_answer_is_sign_of_life_enough() -> None:
    run = Run(asking(2, hold_s=0), lambda _: SERVES).run()
    assert (run.called, run.assurances) == ([], [SERVED] * 2)
    assert run.now_s < 0.1


REFUSES = Peer(replies=answering(answer=b"-ERR max number of clients reached\r\n"))


@pytest.mark.parametrize(
    ("peer", "why", "sayings"),
    [
        pytest.param(REFUSES, Unserved.REFUSED, {"ERR max number of clients reached"}, id="refused"),
        pytest.param(
            Peer(replies=answering(answer=b"what\x1b?")), Unserved.UNEXPECTED, {r"what\x1b?"}, id="unexpected"
        ),
        pytest.param(Peer(), Unserved.SILENT, set(), id="silent"),
        pytest.param(Peer(replies=answering(5.5)), Unserved.LATE, set(), id="late"),
        pytest.param(
            Peer(replies=answering(answer=b"x" * 70_000)),
            Unserved.ENDLESS,
            {"no answer within the first 65,536 bytes"},
            id="endless",
        ),
    ],
)
def test_who_is_not_served_is_held_all_the_same(peer: Peer, why: Unserved, sayings: set[str]) -> None:
    run = Run(asking(2), lambda row: peer if row else SERVES).run()
    assert run.ends == [CLOSED] * 2
    assert run.assurances == [SERVED, ACKNOWLEDGED]
    assert run.unserved == [Unserved.NONE, why]
    assert run.table.served_s[1] == 0.0
    assert run.sayings == {Saying(text, 1, why) for text in sayings}


def test_who_takes_nothing_of_what_it_is_sent_is_a_phantom() -> None:
    run = Run(asking(2), lambda row: Peer(takes_data=False) if row else SERVES).run()
    assert run.ends == [CLOSED, (State.LOST, errno.ETIMEDOUT, Phase.PHANTOM, ClosedBy.PATH)]
    assert run.assurances == [SERVED, HANDSHAKE]
    assert run.unserved == [Unserved.NONE, Unserved.UNACKED]
    assert run.table.end_s[1] == pytest.approx(5.05, abs=0.01)


@pytest.mark.parametrize("timeout_s", [0.1, 0.5, 1.3])
def test_a_time_in_which_nothing_can_be_known_makes_no_phantom(timeout_s: float) -> None:
    """The round trip takes 200 ms: that nothing is acknowledged in time is no proof, and it is called in the end."""
    peers = [Peer(rtt_us=200_000, replies=answering()), Peer(rtt_us=200_000, takes_data=False)]
    run = Run(asking(2, probe_timeout_s=timeout_s), lambda row: peers[row])
    sign = run.kernel.sign
    run.kernel.sign = lambda row: (  # type: ignore[method-assign]
        sign(row)._replace(unacked=1, bytes_acked=1) if run.now_s < 0.2 + row else sign(row)
    )
    run.run()
    assert run.end_of(0) == CLOSED
    assert run.end_of(1) == (State.LOST, errno.ETIMEDOUT, Phase.PHANTOM, ClosedBy.PATH)
    assert run.assurances == [SERVED, HANDSHAKE]
    assert run.table.end_s[1] > 8.0


def test_who_closes_instead_of_an_answer_is_lost() -> None:
    peers = [SERVES, Peer(ends_after_s=0.5), Peer(replies=answering(answer=b"PO"), ends_after_s=0.5)]
    run = Run(asking(3), lambda row: peers[row]).run()
    assert run.ends == [CLOSED, LOST, LOST]
    assert run.assurances == [SERVED, ACKNOWLEDGED, ACKNOWLEDGED]
    assert run.unserved == [Unserved.NONE, Unserved.ENDED, Unserved.ENDED]
    assert run.sayings == {
        Saying("closed without a word", 1, Unserved.ENDED),
        Saying("closed before the answer", 1, Unserved.ENDED),
        Saying("PO", 1, Unserved.NONE),
    }


def test_who_answers_and_closes_was_served_and_is_lost() -> None:
    run = Run(asking(1), lambda _: Peer(answers_after_s=0.05, replies=answering(), ends_after_s=0.06)).run()
    assert (run.ends, run.assurances, run.unserved) == ([LOST], [SERVED], [Unserved.NONE])
    assert run.sayings == set()


@pytest.mark.parametrize("ends_after_s", [0.06, 0.5, 7.0])
def test_words_of_refusal_are_counted_once_for_each_connection(ends_after_s: float) -> None:
    peer = Peer(answers_after_s=0.05, replies=answering(answer=b"-ERR full\r\n"), ends_after_s=ends_after_s)
    run = Run(asking(20, hold_s=8.0), lambda _: peer).run()
    assert run.ends == [LOST] * 20
    assert run.unserved == [Unserved.REFUSED] * 20
    assert run.sayings == {Saying("ERR full", 20, Unserved.REFUSED)}


def test_who_says_no_before_it_is_asked_has_refused() -> None:
    peer = Peer(sends=((0.1, b"-ERR full\r\n"),), ends_after_s=0.2)
    run = Run(asking(10, pacing=ConstantRate(0.1)), lambda row: SERVES if row else peer).run()
    assert (run.end_of(0), run.unserved[0]) == (LOST, Unserved.REFUSED)
    assert run.sayings == {Saying("ERR full", 1, Unserved.REFUSED)}


def test_who_was_asked_too_late_to_be_told_no() -> None:
    """The question meets a connection that has ended since we last looked: what it said before is read all the same."""
    peer = Peer(sends=((0.1, b"-ERR full\r\n"),), ends_after_s=0.1, ending=errno.ECONNRESET)
    run = Run(asking(2, hold_s=1.0), lambda row: peer)
    send = run.kernel.send

    def sending_late(row: int, data: bytes) -> tuple[int, int]:
        if row == 0:
            run.clock.pass_until(BEGUN_S + 0.2)
            run.kernel._lines[0].waiting += b"-ERR full\r\n"
            return 0, errno.EPIPE
        return send(row, data)

    run.kernel.send = sending_late  # type: ignore[method-assign]
    run.run()
    assert run.end_of(0) == LOST
    assert run.table.received_bytes[0] == 11
    assert Saying(r"-ERR full\r\n", 1, Unserved.NONE) in run.sayings


def test_what_is_told_after_the_time_is_over_does_not_hide_that_it_was() -> None:
    """Silent for 5 s, then nonsense; silent for 5 s, then the end: silent. A refusal is a refusal at any time."""
    peers = [
        Peer(replies=answering(6.0, b"x" * 70_000)),
        Peer(ends_after_s=6.0),
        Peer(replies=answering(6.0, b"-ERR full\n")),
    ]
    run = Run(asking(3), lambda row: peers[row]).run()
    assert run.unserved == [Unserved.SILENT, Unserved.SILENT, Unserved.REFUSED]
    assert run.ends == [CLOSED, LOST, CLOSED]
    assert run.assurances == [ACKNOWLEDGED] * 3


def most_waiting(run: Run) -> Callable[[], int]:
    """How many of the peers of ``run`` were asked and had not answered, at the most."""
    most, waiting = 0, set()
    send, read = run.kernel.send, run.kernel.read

    def noting_send(row: int, data: bytes) -> tuple[int, int]:
        nonlocal most
        waiting.add(row)
        most = max(most, len(waiting))
        return send(row, data)

    def noting_read(row: int) -> tuple[bytes, int]:
        waiting.discard(row)
        return read(row)

    run.kernel.send = noting_send  # type: ignore[method-assign]
    run.kernel.read = noting_read  # type: ignore[method-assign]
    return lambda: most


def test_only_so_many_are_asked_at_once() -> None:
    run = Run(asking(500, max_dialing=40), lambda _: Peer(replies=answering(0.1)))
    most = most_waiting(run)
    run.run()
    assert run.assurances == [SERVED] * 500
    assert most() == 40


def test_a_silent_target_is_not_asked_at_a_crawl() -> None:
    """2,000 in four parts of 512, a quarter of a second each."""
    run = Run(asking(2_000, hold_s=0), lambda _: Peer()).run()
    assert Counter(run.unserved) == {Unserved.SILENT: 2_000}
    assert run.assurances == [ACKNOWLEDGED] * 2_000
    assert max(run.table.asked_s) == pytest.approx(0.75, abs=0.05)
    assert run.now_s < 7.5


def test_late_answers_are_listened_for_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_LATE == 10_000
    monkeypatch.setattr("tcpgoon.engine.asking.MOST_LATE", 3)
    run = Run(asking(5), lambda _: Peer(replies=answering(6.0))).run()
    assert Counter(run.unserved) == {Unserved.LATE: 3, Unserved.SILENT: 2}


def test_asked_again_who_answers_no_more_is_served_no_more() -> None:
    stops = iter([b"PONG\n", b"PONG\n"])

    def twice(sent: bytes) -> tuple[float, bytes] | None:
        answer = next(stops, b"") if sent else b""
        return (0.01, answer) if answer else None

    run = Run(
        asking(2, probe_every_s=1.0, probe_timeout_s=2.0, hold_s=6.0),
        lambda row: Peer(replies=twice) if row else SERVES,
    ).run()
    assert run.ends == [CLOSED] * 2
    assert run.assurances == [SERVED, ACKNOWLEDGED]
    assert run.unserved == [Unserved.NONE, Unserved.SILENT]
    assert list(run.table.served_s) == pytest.approx([0.06, 0.06], abs=0.002)
    sent = Counter(row for _, row, _ in run.kernel.sent)
    assert sent[1] == 3  # who still owes an answer is not asked for another one
    assert sent[0] == 4  # a round ends with its slowest: at the peak, after 1 s, 2 s and 5 s


def test_asked_again_who_refuses_is_counted_once() -> None:
    run = Run(asking(3, probe_every_s=1.0, hold_s=6.5), lambda _: REFUSES).run()
    assert len(run.kernel.sent) == 3 * 7
    assert run.sayings == {Saying("ERR max number of clients reached", 3, Unserved.REFUSED)}


def test_asked_again_who_refused_once_may_serve() -> None:
    answers = iter([b"-ERR busy\r\n", b"-ERR busy\r\n", b"PONG\n", b"PONG\n"])
    run = Run(asking(1, probe_every_s=1.0, hold_s=2.5), lambda _: Peer(replies=lambda _: (0.01, next(answers)))).run()
    assert (run.ends, run.assurances, run.unserved) == ([CLOSED], [SERVED], [Unserved.NONE])
    assert run.table.served_s[0] == pytest.approx(2.03, abs=0.02)
    assert run.sayings == {Saying("ERR busy", 1, Unserved.REFUSED)}


def test_asked_again_who_comes_late_is_served_when_it_is_in_time_again() -> None:
    times = iter([3.5, 0.01, 0.01, 0.01, 0.01, 0.01])
    peer = Peer(replies=lambda sent: (next(times), b"PONG\n"))
    run = Run(asking(1, probe_every_s=1.0, probe_timeout_s=2.0, hold_s=3.5), lambda _: peer).run()
    assert (run.assurances, run.unserved) == ([SERVED], [Unserved.NONE])
    assert run.table.served_s[0] == pytest.approx(4.0, abs=0.1)


def test_asked_again_who_is_gone_is_lost() -> None:
    peer = Peer(replies=answering(), gone_after_s=2.5)
    run = Run(asking(2, probe_every_s=1.0, probe_timeout_s=2.0, hold_s=8.0), lambda row: peer if row else SERVES).run()
    assert run.ends == [CLOSED, (State.LOST, errno.ETIMEDOUT, Phase.HELD, ClosedBy.PATH)]
    assert run.unserved == [Unserved.NONE, Unserved.UNACKED]
    assert run.assurances[1] >= ACKNOWLEDGED
    assert run.table.end_s[1] == pytest.approx(5.0, abs=0.1)


SPEAKS = Peer(answers_after_s=0.05, sends=((0.1, b"220 hello\r\n"),))


@pytest.mark.parametrize("at", list(ProbeAt))
def test_a_server_that_speaks_first_proves_itself_when_it_speaks(at: ProbeAt) -> None:
    peers = [SPEAKS, GOOD, Peer(sends=((2.0, b"220 slow\r\n"),))]
    run = Run(asking(3, probe=BANNER, probe_at=at), lambda row: peers[row]).run()
    assert run.ends == [CLOSED] * 3
    assert run.assurances == [SERVED, ACKNOWLEDGED, SERVED]
    assert run.unserved == [Unserved.NONE, Unserved.SILENT, Unserved.NONE]
    assert list(run.table.asked_s) == pytest.approx([0.05, 0.05, 0.0], abs=0.001)
    assert list(run.table.served_s) == pytest.approx([0.1, 0.0, 2.0], abs=0.01)
    assert run.kernel.sent == []


def test_a_server_that_refuses_first_is_not_asked_again() -> None:
    hello = Exchange(name="hello", expect="^220", refused="^421 (?P<reason>[^\r\n]*)")
    peer = Peer(sends=((0.1, b"421 too many\r\n"),))
    run = Run(asking(2, probe=hello), lambda row: peer if row else SPEAKS).run()
    assert run.unserved == [Unserved.NONE, Unserved.REFUSED]
    assert run.assurances == [SERVED, ACKNOWLEDGED]
    assert run.sayings == {Saying("too many", 1, Unserved.REFUSED)}


def test_whoever_speaks_unasked_where_nothing_is_asked_is_served() -> None:
    run = Run(proof(2, hold_s=2.0), lambda row: SPEAKS if row else GOOD).run()
    assert run.assurances == [ACKNOWLEDGED, SERVED]
    assert list(run.table.asked_s) == [0.0, 0.0]
    assert list(run.table.served_s) == pytest.approx([0.0, 0.1], abs=0.002)


def test_whoever_speaks_before_it_is_asked_has_not_answered() -> None:
    run = Run(asking(1, probe_at=ProbeAt.END, hold_s=1.0), lambda _: Peer(sends=((0.1, b"PONG\n"),))).run()
    assert (run.assurances, run.unserved) == ([ACKNOWLEDGED], [Unserved.SILENT])


def test_the_proxy_header_comes_first() -> None:
    run = Run(asking(2, proxy_protocol=ProxyProtocol.V1), lambda _: SERVES).run()
    header = b"PROXY TCP4 192.0.2.7 192.0.2.1 %d 80\r\n"
    assert [(row, data) for _, row, data in run.kernel.sent] == [
        (0, header % 10_000),
        (1, header % 10_001),
        (0, b"PING\n"),
        (1, b"PING\n"),
    ]
    assert run.table.served_s[0] > 0


def test_the_header_and_a_question_at_the_opening_that_there_is_no_room_for_go_out_in_order() -> None:
    heard: list[bytes] = []

    def at_the_end(sent: bytes) -> tuple[float, bytes] | None:
        heard.append(sent)
        return (0.01, b"PONG\n") if b"".join(heard).endswith(b"PING\n") else None

    asked = asking(1, proxy_protocol=ProxyProtocol.V1, probe_at=ProbeAt.OPEN, probe_timeout_s=20.0)
    run = Run(asked, lambda _: Peer(room=10, replies=at_the_end)).run()
    assert b"".join(data for _, _, data in run.kernel.sent) == b"PROXY TCP4 192.0.2.7 192.0.2.1 10000 80\r\nPING\n"
    assert {len(data) for _, _, data in run.kernel.sent} == {10, 6}
    assert run.assurances == [SERVED]


def test_a_connection_that_ends_while_the_header_is_sent_is_not_asked() -> None:
    run = Run(asking(1, proxy_protocol=ProxyProtocol.V2, probe_at=ProbeAt.OPEN), lambda _: Peer())
    run.kernel.send = lambda row, data: (0, errno.ECONNRESET)  # type: ignore[method-assign]
    run.run()
    assert run.ends == [(State.LOST, errno.ECONNRESET, Phase.HELD, ClosedBy.PEER)]
    assert run.table.asked_s[0] == 0.0


def test_where_a_handshake_is_all_that_is_asked_the_answers_are_in_the_rows_all_the_same() -> None:
    run = Run(plan(2, probe=PING), lambda row: SERVES if row else Peer()).run()
    assert run.assurances == [ACKNOWLEDGED, SERVED]
    assert run.called == []


def test_who_speaks_before_a_tls_handshake_speaks_no_tls() -> None:
    """Known at once: the time for an answer is not waited for."""
    asked = asking(1, probe=None, tls=TlsOptions(verify=False), hold_s=0, pacing=ConstantRate(0.1))
    run = Run(asked, lambda _: Peer(sends=((0.0, b"220 hello\r\n"),))).run()
    assert run.unserved == [Unserved.NO_TLS]
    assert run.sayings == {Saying("what it speaks is not TLS", 1, Unserved.NO_TLS)}
    assert run.now_s < 2.0


def test_who_has_said_no_before_the_question_has_refused_at_once() -> None:
    run = Run(asking(1, hold_s=0), lambda _: Peer(sends=((0.0, b"-full\n"),))).run()
    assert run.unserved == [Unserved.REFUSED]
    assert run.sayings == {Saying("full", 1, Unserved.REFUSED)}
    assert run.now_s < 2.0


def test_what_tls_is_made_of_is_no_words() -> None:
    """A peer that speaks no TLS says so in words; what comes after a handshake is none."""
    asked = asking(2, probe=None, tls=TlsOptions(verify=False), probe_at=ProbeAt.END, hold_s=1.0)
    peers = [Peer(sends=((0.5, b"too many connections"),), ends_after_s=0.6)] * 2
    run = Run(asked, lambda row: peers[row])
    run.table.tls_s[1] = 0.001
    run.run()
    assert run.sayings == {Saying("too many connections", 1, Unserved.NONE)}


@pytest.mark.parametrize("at_s", [0.0, 0.05, 0.06, 0.5, 2.0, 5.0, 5.04])
def test_stopped_while_all_are_asked(at_s: float) -> None:
    run = Run(asking(3), lambda row: Peer(answers_after_s=0.05) if row else SERVES).stop_at(at_s).run()
    assert run.loop.interrupted
    assert run.now_s == pytest.approx(at_s, abs=0.002)
    assert run.kernel.open_rows == set()
    assert run.counts.closed + run.counts.abandoned == 3


def test_our_own_refusals_are_not_asked() -> None:
    refused = Peer(refusal=Refusal(errno.EMFILE, Phase.SOCKET))
    run = Run(asking(3), lambda row: SERVES if row == 1 else refused).run()
    assert run.counts == Counts(closed=1, failed=2)
    assert [row for _, row, _ in run.kernel.sent] == [1]
