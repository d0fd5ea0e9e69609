"""The newcomer: when it knocks, how it fares, and that it takes nobody's place."""

import errno
from collections.abc import Sequence

import msgspec
import pytest

from tcpgoon.engine.kernel import ANOTHER_PORT, Refusal
from tcpgoon.engine.tcp_info import CLOSED as CLOSED_STATE
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.pacing import ConstantRate
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.probe import Exchange, ProxyProtocol
from tcpgoon.plan.share import shares
from tcpgoon.record.connection import State
from tcpgoon.record.counts import Counts
from tcpgoon.record.knock import Fared
from tcpgoon.record.outcome import FIN, Phase
from tcpgoon.testing import Peer
from tests.engine.script import BEGUN_S, CLOSED, PING, Run, answering, near, plan, proof

WELCOME, REFUSED, RESET, ENDED = Fared.WELCOME, Fared.REFUSED, Fared.RESET, Fared.CLOSED
TURNED_AWAY, WAITING, UNASKED = Fared.TURNED_AWAY, Fared.WAITING, Fared.UNASKED

POLITE = Peer(answers_after_s=0.02, ends_after_fin_s=0.02, replies=answering())
"""Takes what it is sent, and closes when we do."""


def knocked(asked: Plan, newcomers: Sequence[Peer], peer: Peer = POLITE) -> Run:
    return Run(asked, lambda _: peer, newcomers=newcomers).run()


def first(asked: Plan, newcomer: Peer) -> tuple[Run, tuple[float, int, Fared, float]]:
    """The knock before all others are dialled."""
    run = knocked(asked, [newcomer, POLITE])
    return run, run.knocks[0]


def test_it_knocks_before_all_amid_them_and_while_all_are_held() -> None:
    asked = proof(100, pacing=ConstantRate(0.02), hold_s=3.5)
    run = knocked(asked, [POLITE])
    assert run.ends == [CLOSED] * 100
    assert run.assurances == [Assurance.ACKNOWLEDGED] * 100
    begun_s = 0.02 + 0.1 + 0.001 + 0.02  # dialled, listened, and its FIN answered
    assert [(at_s, held) for at_s, held, _, _ in run.knocks] == [
        (0.0, 0),
        (near(begun_s + 49 * 0.02), 50),
        *((near(begun_s + 99 * 0.02 + 0.02 + 0.5 + k), 100) for k in range(3)),
    ]
    assert [(fared, time_s) for _, _, fared, time_s in run.knocks] == [(WELCOME, 0.02)] * 5
    assert len(run.kernel.dialled) == 105
    assert run.kernel.open_rows == set()


def test_it_is_never_there_when_the_last_of_all_is_dialled() -> None:
    """All at once, and the newcomer takes its time: the last row waits for it."""
    slow = Peer(answers_after_s=2.0, ends_after_fin_s=0.02)
    run = knocked(proof(100, hold_s=1.2), [POLITE, slow, POLITE])
    assert run.counts == Counts(closed=100)
    knock = run.loop.knocks[1]
    assert (knock.held, knock.fared) == (50, WELCOME)
    assert run.table.start_s[98] < knock.at_s + 0.1
    assert run.table.start_s[99] == pytest.approx(knock.gone_s, abs=1e-4)
    assert knock.gone_s == near(knock.at_s + 2.0 + 0.1 + 0.02)


@pytest.mark.parametrize("connections", [1, 2, 3])
def test_few_are_opened_like_many(connections: int) -> None:
    run = knocked(proof(connections, hold_s=1.5, pacing=ConstantRate(0.5)), [POLITE])
    assert run.counts == Counts(closed=connections)
    held = {1: [0, 1], 2: [0, 1, 2], 3: [0, 1, 3]}[connections]
    assert [knock.held for knock in run.loop.knocks] == held


def test_in_a_share_of_the_rows_it_knocks_at_half_of_the_share() -> None:
    asked = proof(8, hold_s=1.5, pacing=ConstantRate(1.0))
    run = Run(asked, lambda _: POLITE, shares(asked, 2)[0], newcomers=[POLITE]).run()
    assert [knock.held for knock in run.loop.knocks] == [0, 2, 4]
    assert run.counts == Counts(planned=4, closed=4)


def test_nobody_knocks_where_none_is_asked_to() -> None:
    run = Run(proof(3, hold_s=3.0), lambda _: POLITE).run()
    assert (run.loop.knocks, len(run.kernel.dialled)) == ([], 3)


@pytest.mark.parametrize(
    ("newcomer", "fared", "time_s", "gone_s"),
    [
        pytest.param(POLITE, WELCOME, 0.02, 0.141, id="closes when we do"),
        pytest.param(Peer(answers_after_s=0.02), WELCOME, 0.02, 0.371, id="takes the FIN, and never closes"),
        pytest.param(Peer(answers_after_s=0.02, takes_data=False), WAITING, 5.02, 5.02, id="takes no FIN"),
        pytest.param(
            Peer(answers_after_s=0.02, takes_data=False, ends_after_fin_s=0.3), WELCOME, 0.02, 0.42, id="only its FIN"
        ),
        pytest.param(
            Peer(answers_after_s=0.02, takes_data=False, ends_after_fin_s=0.3, ending=errno.ECONNRESET),
            RESET,
            0.42,
            0.42,
            id="RST to our FIN",
        ),
        pytest.param(Peer(answers_after_s=0.02, ends_after_s=0.05), ENDED, 0.05, 0.05, id="closes"),
        pytest.param(
            Peer(answers_after_s=0.02, ends_after_s=0.05, ending=errno.ECONNRESET), RESET, 0.05, 0.05, id="resets"
        ),
        pytest.param(Peer(answers_after_s=None), WAITING, 5.0, 5.0, id="no answer"),
        pytest.param(Peer(answers_after_s=0.02, error=errno.ECONNREFUSED), REFUSED, 0.02, 0.02, id="refuses"),
        pytest.param(Peer(answers_after_s=0.02, error=errno.ECONNRESET), RESET, 0.02, 0.02, id="quicker than we"),
        pytest.param(Peer(answers_after_s=0.02, error=errno.EPIPE), ENDED, 0.02, 0.02, id="FIN and RST at once"),
        pytest.param(Peer(refusal=Refusal(errno.EMFILE, Phase.SOCKET)), UNASKED, 0.0, 0.0, id="our own kernel"),
        pytest.param(
            Peer(answers_after_s=0.02, sends=((0.03, b"220 hello\r\n"),), ends_after_fin_s=0.02),
            WELCOME,
            0.02,
            0.141,
            id="speaks first",
        ),
    ],
)
def test_how_it_fares_where_it_asks_for_nothing(newcomer: Peer, fared: Fared, time_s: float, gone_s: float) -> None:
    run, knock = first(proof(2, hold_s=1.2), newcomer)
    assert knock == (0.0, 0, fared, near(time_s, 0.004))
    assert run.loop.knocks[0].gone_s == near(gone_s, 0.012)
    assert run.ends == [CLOSED] * 2
    assert run.kernel.open_rows == set()


@pytest.mark.parametrize(
    ("newcomer", "error"),
    [
        (Peer(answers_after_s=0.02, error=errno.ECONNREFUSED), errno.ECONNREFUSED),
        (Peer(refusal=Refusal(errno.EMFILE, Phase.SOCKET)), errno.EMFILE),
        (Peer(answers_after_s=0.02, error=errno.ECONNRESET), 0),
        (POLITE, 0),
    ],
)
def test_the_error_is_that_of_its_dial(newcomer: Peer, error: int) -> None:
    run, _ = first(proof(2, hold_s=1.2), newcomer)
    assert run.loop.knocks[0].error == error


def test_a_reset_that_we_have_not_heard_of_yet_is_no_acknowledged_fin() -> None:
    """The kernel says that the connection is closed before `poll` says why."""
    reset = Peer(answers_after_s=0.02, takes_data=False, ends_after_fin_s=0.01, ending=errno.ECONNRESET)
    run = Run(proof(1, hold_s=1.2), lambda _: POLITE, newcomers=[reset, POLITE])
    sign = run.kernel.sign
    run.kernel.sign = lambda row: sign(row)._replace(state=CLOSED_STATE) if row else sign(row)  # type: ignore[method-assign]
    run.run()
    assert run.knocks[0] == (0.0, 0, RESET, near(0.13, 0.002))


@pytest.mark.parametrize(
    ("newcomer", "fared", "time_s"),
    [
        pytest.param(POLITE, WELCOME, 0.03, id="answers"),
        pytest.param(Peer(answers_after_s=0.02, replies=answering(1.5)), WELCOME, 1.52, id="answers slowly"),
        pytest.param(
            Peer(answers_after_s=0.02, replies=answering(answer=b"-ERR full\n")), TURNED_AWAY, 0.03, id="says no"
        ),
        pytest.param(Peer(answers_after_s=0.02, replies=answering(answer=b"what?")), WAITING, 5.02, id="says what"),
        pytest.param(Peer(answers_after_s=0.02), WAITING, 5.02, id="silent"),
        pytest.param(Peer(answers_after_s=0.02, ends_after_s=0.5), ENDED, 0.5, id="closes"),
        pytest.param(Peer(answers_after_s=0.02, ends_after_s=0.5, ending=errno.ECONNRESET), RESET, 0.5, id="resets"),
        pytest.param(
            Peer(answers_after_s=0.02, replies=answering(0.03), ends_after_s=0.05),
            WELCOME,
            0.05,
            id="answers, closes",
        ),
    ],
)
def test_how_it_fares_where_it_asks_for_an_answer(newcomer: Peer, fared: Fared, time_s: float) -> None:
    run, knock = first(proof(2, hold_s=1.2, probe=PING), newcomer)
    assert knock == (0.0, 0, fared, near(time_s, 0.004))
    assert run.ends == [CLOSED] * 2
    assert run.kernel.open_rows == set()


def test_what_there_is_no_room_for_is_sent_later() -> None:
    told: list[bytes] = []

    def at_the_end(sent: bytes) -> tuple[float, bytes] | None:
        told.append(sent)
        return (0.01, b"PONG\n") if b"".join(told).endswith(b"PING\n") else None

    newcomer = Peer(answers_after_s=0.02, room=30, replies=at_the_end)
    _, knock = first(proof(1, hold_s=1.2, probe=PING, proxy_protocol=ProxyProtocol.V1), newcomer)
    assert b"".join(told) == b"PROXY TCP4 192.0.2.7 192.0.2.1 10001 80\r\nPING\n"
    assert knock == (0.0, 0, WELCOME, near(1.03))


@pytest.mark.parametrize(("error", "fared"), [(errno.ECONNRESET, RESET), (errno.EPIPE, ENDED)])
def test_it_was_ended_before_it_could_ask(error: int, fared: Fared) -> None:
    run = Run(proof(1, hold_s=1.2, probe=PING), lambda _: POLITE, newcomers=[POLITE])
    send = run.kernel.send
    run.kernel.send = lambda row, data: send(row, data) if run.loop.knocks or not row else (0, error)  # type: ignore[method-assign]
    run.run()
    assert [fared for _, _, fared, _ in run.knocks] == [fared, WELCOME]


def test_it_asks_for_no_more_than_all_do() -> None:
    _, knock = first(plan(1, hold_s=1.2, probe=PING), Peer(answers_after_s=0.02))
    assert knock == (0.0, 0, WELCOME, 0.02)  # established is all that was asked for
    asked = proof(1, hold_s=1.2, probe=PING, assurance=Assurance.ACKNOWLEDGED)
    _, knock = first(asked, Peer(answers_after_s=0.02))
    assert knock == (0.0, 0, WELCOME, 0.02)


def test_a_handshake_is_not_proved_by_a_fin_where_nobody_asks_for_that() -> None:
    _, knock = first(plan(1, hold_s=1.2), Peer(answers_after_s=0.02, takes_data=False))
    assert knock == (0.0, 0, WELCOME, 0.02)


@pytest.mark.parametrize("level", [Assurance.HANDSHAKE, Assurance.ACKNOWLEDGED])
@pytest.mark.parametrize("bytes_a_drain", [1_000, 1 << 30])
def test_a_peer_that_never_stops_sending_does_not_keep_the_loop(level: Assurance, bytes_a_drain: int) -> None:
    flood = Peer(sends=((0.0, 1 << 50),))
    run = Run(
        plan(4, hold_s=1.5, pacing=ConstantRate(0.01), assurance=level), lambda _: POLITE, None, bytes_a_drain, [flood]
    ).run()
    assert [fared for _, _, fared, _ in run.knocks] == [WELCOME] * 3
    assert run.ends == [CLOSED] * 4
    assert run.now_s < 3.5


def test_a_peer_whose_answer_never_ends() -> None:
    endless = Exchange(name="never", send="x", expect="never")
    run = Run(proof(1, hold_s=1.5, probe=endless), lambda _: POLITE, newcomers=[Peer(sends=((0.0, 1 << 50),))]).run()
    assert [fared for _, _, fared, _ in run.knocks] == [TURNED_AWAY] * len(run.knocks)


def test_a_connection_to_itself_is_a_refused_one() -> None:
    run = Run(proof(1, hold_s=1.2), lambda _: POLITE, newcomers=[POLITE])
    run.kernel.met_itself = lambda row: row == 1  # type: ignore[method-assign]
    run.run()
    assert {(knock.fared, knock.error) for knock in run.loop.knocks} == {(REFUSED, errno.ECONNREFUSED)}


def test_a_port_that_is_taken_is_passed_over() -> None:
    run = Run(proof(1, hold_s=1.2), lambda _: POLITE, newcomers=[POLITE])
    dial, left = run.kernel.dial, [1, 1]
    run.kernel.dial = lambda row: ANOTHER_PORT if row in left and not left.remove(row) else dial(row)  # type: ignore[method-assign, func-returns-value]
    run.run()
    assert left == []
    assert [fared for _, _, fared, _ in run.knocks] == [WELCOME] * 2


def test_one_that_is_left_waiting_is_not_joined_by_another() -> None:
    run = knocked(proof(2, hold_s=3.5), [POLITE, Peer(answers_after_s=None)])
    held_s = 0.141 + 0.02
    assert run.knocks[1:] == [(near(held_s + 0.5, 0.01), 2, WAITING, near(3.0, 0.01))]
    assert run.now_s == near(held_s + 3.5, 0.02)


def test_how_one_fares_that_has_no_time_to_show_is_left_open() -> None:
    run = knocked(proof(2, hold_s=2.0), [POLITE, POLITE, Peer(answers_after_s=None)])
    assert [fared for _, _, fared, _ in run.knocks] == [WELCOME] * 2
    assert len(run.kernel.dialled) == 2 + 3
    assert run.kernel.open_rows == set()


def test_far_away_it_has_no_time_to_show_where_it_waits_for_a_few_round_trips() -> None:
    far = Peer(answers_after_s=1.0, rtt_us=1_000_000, takes_data=False)
    run = knocked(proof(2, hold_s=2.0), [msgspec.structs.replace(far, takes_data=True, ends_after_fin_s=1.0), far], far)
    assert [fared for _, _, fared, _ in run.knocks] == [WELCOME]
    assert run.kernel.open_rows == set()


@pytest.mark.parametrize(
    ("newcomer", "kept"),
    [
        pytest.param(POLITE, False, id="closed its end"),
        pytest.param(Peer(answers_after_s=0.02), True, id="did not close its end"),
        pytest.param(Peer(answers_after_s=0.02, takes_data=False), True, id="took no FIN"),
        pytest.param(Peer(answers_after_s=0.02, ends_after_s=0.05), False, id="closed first"),
        pytest.param(Peer(answers_after_s=None), False, id="never let it in"),
        pytest.param(Peer(answers_after_s=0.02, error=errno.ECONNREFUSED), False, id="refused"),
        pytest.param(Peer(refusal=Refusal(errno.EMFILE, Phase.SOCKET)), False, id="our own kernel"),
    ],
)
@pytest.mark.parametrize("probe", [None, PING])
def test_whether_its_place_is_free_again(newcomer: Peer, kept: bool, probe: Exchange | None) -> None:
    asked = proof(1, hold_s=1.2, probe=probe)
    run, _ = first(asked, msgspec.structs.replace(newcomer, replies=answering()))
    assert run.loop.knocks[0].kept_place is kept
    assert run.loop.knocks[1].kept_place is False


def test_far_away_it_stays_until_the_word_of_a_target_that_sends_it_away_can_have_come() -> None:
    far = Peer(answers_after_s=0.5, rtt_us=500_000, ends_after_s=1.0)
    _, knock = first(proof(1, hold_s=1.2), far)
    assert knock == (0.0, 0, ENDED, near(1.0))


@pytest.mark.parametrize("stood_s", [0.001, 0.03, 0.12])
def test_who_stood_still_does_not_know_how_it_fared(stood_s: float) -> None:
    """Stopped for four seconds, so long after it knocked: meanwhile the hold is over."""
    run = Run(proof(2, hold_s=3.0), lambda _: POLITE, newcomers=[POLITE])
    poll, left = run.kernel.poll, [4.0]

    def stopping_poll(timeout_s: float) -> Sequence[tuple[int, int]]:
        events = poll(timeout_s)
        if left and run.loop.knocks and run.now_s >= 0.141 + 0.02 + 0.5 + stood_s:
            run.clock.pass_until(run.clock() + left.pop())
        return events

    run.kernel.poll = stopping_poll  # type: ignore[method-assign]
    run.run()
    assert left == []
    assert {fared for _, _, fared, _ in run.knocks} == {WELCOME}
    assert run.ends == [CLOSED] * 2


def test_who_stood_still_looks_once_more_before_it_gives_up() -> None:
    """Stopped in the middle of a wait: when it is over the kernel says that nothing has happened, whatever has."""
    run = Run(proof(2, hold_s=3.0), lambda _: POLITE, newcomers=[POLITE, POLITE, Peer(answers_after_s=1.0)])
    poll, left = run.kernel.poll, [8.0]

    def stopped_poll(timeout_s: float) -> Sequence[tuple[int, int]]:
        if left and len(run.kernel.dialled) == 5:
            run.clock.pass_until(run.clock() + left.pop())
            return []
        return poll(timeout_s)

    run.kernel.poll = stopped_poll  # type: ignore[method-assign]
    run.run()
    assert left == []
    assert [fared for _, _, fared, _ in run.knocks] == [WELCOME] * 2


def test_it_knocks_as_often_as_it_is_told_to() -> None:
    run = knocked(proof(2, hold_s=2.0, canary_every_s=0.5), [POLITE])
    assert [round(at_s - run.knocks[1][0], 2) for at_s, *_ in run.knocks[1:]] == [0.0, 0.5, 1.0, 1.5]


def test_it_never_is_one_of_all() -> None:
    run = knocked(proof(3, hold_s=1.5), [Peer(error=errno.ECONNREFUSED)])
    assert run.counts == Counts(closed=3)
    assert {row for _, row, _ in run.kernel.closed} == {0, 1, 2, 3}
    assert run.table.rows == 3


def test_where_all_are_lost_the_hold_is_over_for_it_too() -> None:
    run = knocked(proof(2, hold_s=60.0), [POLITE], Peer(ends_after_s=1.7))
    assert [run.end_of(row)[:2] for row in range(2)] == [(State.LOST, FIN)] * 2
    assert run.now_s == near(0.141 + 1.7 + 0.14, 0.02)


def test_where_all_are_lost_one_more_knocks_to_see_whether_anybody_is_still_there() -> None:
    gone = Peer(error=errno.ECONNREFUSED)
    run = knocked(proof(2, hold_s=60.0), [POLITE, POLITE, POLITE, gone], Peer(ends_after_s=1.7))
    fared = [(held, fared) for _, held, fared, _ in run.knocks]
    assert fared == [(0, WELCOME), (2, WELCOME), (2, WELCOME), (0, REFUSED)]


@pytest.mark.parametrize("at_s", [0.0, 0.01, 0.06, 0.121, 0.2, 0.5, 1.0, 2.0, 3.0, 3.5])
@pytest.mark.parametrize("probe", [None, PING])
def test_stopped_it_leaves_at_once(at_s: float, probe: Exchange | None) -> None:
    slow = Peer(answers_after_s=0.05, replies=answering(0.3))
    asked = proof(4, hold_s=2.0, pacing=ConstantRate(0.5), probe=probe)
    run = Run(asked, lambda _: slow, newcomers=[slow]).stop_at(at_s).run()
    assert run.loop.interrupted
    assert run.now_s == near(at_s, 0.003)
    assert run.kernel.open_rows == set()
    assert all(fared is WELCOME for _, _, fared, _ in run.knocks)


def test_where_the_kernel_gives_no_signs_it_is_established_that_counts() -> None:
    run = Run(proof(1, hold_s=1.2), lambda _: POLITE, newcomers=[Peer(answers_after_s=0.02, takes_data=False)])
    run.kernel.gives_signs = False
    run.run()
    assert [(fared, time_s) for _, _, fared, time_s in run.knocks] == [(WELCOME, 0.02)] * 2


def test_the_pace_counts_from_when_it_has_left() -> None:
    run = knocked(proof(4, hold_s=1.2, pacing=ConstantRate(0.1)), [POLITE])
    starts = [at - BEGUN_S for at, row in run.kernel.dialled if row < 4]
    assert [start - starts[0] for start in starts[:3]] == pytest.approx([0.0, 0.1, 0.2])
