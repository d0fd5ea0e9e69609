"""Whatever the peers do, and whatever is asked of them: runs come to an end, and prove no more than there is."""

import errno

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate
from tcpgoon.plan.plan import Close, Plan
from tcpgoon.plan.probe import ProbeAt, ProxyProtocol
from tcpgoon.record.connection import State
from tcpgoon.record.outcome import FIN, Phase
from tcpgoon.testing import Peer
from tests.engine.script import BANNER, CLOSED, PING, TARGET, Run, answering

HALF_OPEN = (1.05, 3.05, 7.2, 15.4, 31.5)

PEERS = st.builds(
    Peer,
    answers_after_s=st.sampled_from([0.001, 0.05, 1 / 3, None]),
    error=st.sampled_from([0, 0, 0, 0, errno.ECONNREFUSED, errno.ECONNRESET, errno.EPIPE]),
    sends=st.lists(
        st.tuples(st.floats(0.01, 9.0), st.sampled_from([b"PONG\n", b"-no\n", b"x", 100, 1 << 20])), max_size=3
    ).map(tuple),
    replies=st.sampled_from(
        [answering(), answering(3.0), answering(0.0, b"-no\n"), answering(0.1, b"?"), answering(9.0)]
    ),
    takes_data=st.booleans(),
    room=st.sampled_from([1, 1 << 30]),
    ends_after_s=st.none() | st.floats(0.0, 12.0),
    ending=st.sampled_from([FIN, errno.ECONNRESET, errno.ETIMEDOUT]),
    rtt_us=st.sampled_from([0, 100, 50_000, 333_333]),
    retransmits=st.sampled_from([0, 0, 0, 2]),
    life=st.sampled_from([0, 0, 0, errno.ECONNRESET, None]),
    calls_lost=st.integers(0, 3),
    repeats=st.sampled_from([(), (), (), (1.05,), (1.05, 3.05), HALF_OPEN, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)]),
    ends_after_fin_s=st.none() | st.floats(0.0, 3.0),
    gone_after_s=st.none() | st.none() | st.floats(0.0, 12.0),
)

PLANS = st.fixed_dictionaries(
    {
        "connections": st.integers(1, 5),
        "pacing": st.sampled_from([AllAtOnce(), ConstantRate(0.3), ConstantRate(1 / 3)]),
        "hold_s": st.sampled_from([0.0, 0.1, 1.2, 4.0]),
        "max_dialing": st.sampled_from([1, 2, 512]),
        "dial_timeout_s": st.sampled_from([0.2, 2.0]),
        "assurance": st.sampled_from([None, None, None, Assurance.HANDSHAKE, Assurance.ACKNOWLEDGED]),
        "probe": st.sampled_from([None, PING, BANNER]),
        "probe_at": st.sampled_from(list(ProbeAt)),
        "probe_timeout_s": st.sampled_from([0.2, 2.0]),
        "proxy_protocol": st.sampled_from([None, None, ProxyProtocol.V1]),
        "confirm_rate": st.sampled_from([3.0, 70.0, 20_000.0]),
        "canary_every_s": st.sampled_from([0.1, 1 / 3, 1.0]),
        "close": st.sampled_from(list(Close)),
    }
)


def repeated(values: dict[str, object], every_s: float | None) -> Plan:
    """The plan of ``values``; what can be repeated in it is repeated every so often."""
    plain = Plan(target=TARGET, **values)  # type: ignore[arg-type]
    again = plain.probe is PING and plain.probe_at is not ProbeAt.END
    confirm = plain.level is not Assurance.HANDSHAKE
    return msgspec.structs.replace(
        plain, probe_every_s=every_s if again else None, confirm_every_s=every_s if confirm else None
    )


@settings(max_examples=200, deadline=None)
@given(
    values=PLANS,
    every_s=st.sampled_from([None, 0.1, 1.0]),
    peers=st.lists(PEERS, min_size=5, max_size=5),
    newcomers=st.lists(PEERS, max_size=2),
    stop_s=st.none() | st.none() | st.floats(0.0, 15.0),
    bytes_a_drain=st.sampled_from([10_000, 1 << 30]),
)
def test_whatever_peers_do_the_run_ends_and_proves_no_more_than_there_is(
    values: dict[str, object],
    every_s: float | None,
    peers: list[Peer],
    newcomers: list[Peer],
    stop_s: float | None,
    bytes_a_drain: int,
) -> None:
    asked = repeated(values, every_s)
    run = Run(asked, lambda row: peers[row], bytes_a_drain=bytes_a_drain, newcomers=newcomers)
    if stop_s is not None:
        run.stop_at(stop_s)
    run.run()
    assert run.kernel.open_rows == set()
    final = {State.CLOSED, State.LOST, State.FAILED}
    assert {end[0] for end in run.ends} <= (final if stop_s is None else {*final, State.PLANNED, State.ABANDONED})
    assert run.now_s < (90 if stop_s is None else stop_s + 1)
    for row in range(asked.connections):
        prove_no_more(run, row, peers[row])
        if is_healthy(peers[row]) and run.end_of(row)[0] in (State.CLOSED, State.LOST):
            lose_nobody(run, row, asked.level)


def prove_no_more(run: Run, row: int, peer: Peer) -> None:
    state, _, phase, _ = run.end_of(row)
    proved = run.assurances[row] >= Assurance.ACKNOWLEDGED
    served = run.assurances[row] is Assurance.SERVED
    speaks = bool(peer.sends) or (peer.takes_data and run.kernel_took(row))
    ended = peer.error == errno.EPIPE or peer.ends_after_s is not None or peer.ends_after_fin_s is not None
    if is_phantom(peer) and not speaks and not ended:
        assert not proved
    if phase is Phase.PHANTOM:
        assert (state, proved) == (State.LOST, False)
    if phase is Phase.DOUBTFUL:
        assert (state, proved) == (State.CLOSED, False)
    assert not served or run.table.served_s[row] > 0
    assert not served or run.table.received_bytes[row] > 0


def lose_nobody(run: Run, row: int, level: Assurance) -> None:
    assert run.end_of(row) == CLOSED
    assert run.loop.interrupted or level is Assurance.HANDSHAKE or run.assurances[row] >= Assurance.ACKNOWLEDGED


def is_healthy(peer: Peer) -> bool:
    """Whether it is there for as long as it is wanted, however many packets the path loses."""
    ends = peer.error or peer.ends_after_s is not None or peer.ending != FIN or peer.gone_after_s is not None
    return peer.life == 0 and peer.takes_data and peer.repeats != HALF_OPEN and not ends


def is_phantom(peer: Peer) -> bool:
    """Whether nobody is there who could prove it, as far as its script goes."""
    return peer.life != 0 or (peer.repeats == HALF_OPEN and not peer.takes_data)
