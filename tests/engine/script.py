"""A plan carried out against the fake kernel, and all that can be looked at afterwards."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from tcpgoon.engine.gates import Alone, Gate
from tcpgoon.engine.loop import Loop
from tcpgoon.engine.probes import Questions, questions
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.pacing import AllAtOnce
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.probe import Exchange
from tcpgoon.plan.share import Share
from tcpgoon.record.connection import State
from tcpgoon.record.counts import Counts
from tcpgoon.record.heard import Saying
from tcpgoon.record.knock import Fared
from tcpgoon.record.outcome import ClosedBy, Phase
from tcpgoon.record.table import Table
from tcpgoon.record.unserved import Unserved
from tcpgoon.testing import FakeClock, FakeKernel, Peer

TARGET = Target("192.0.2.1", 80)
GOOD = Peer(answers_after_s=0.050)
BEGUN_S = 1000.0

CLOSED = (State.CLOSED, 0, Phase.NONE, ClosedBy.US)
"""How a connection ends that we closed as planned."""

PING = Exchange(name="ping", send="PING\\n", expect="^PONG", refused="^-(?P<reason>[^\r\n]*)")
BANNER = Exchange(name="banner")


def answering(after_s: float = 0.01, answer: bytes = b"PONG\n") -> Callable[[bytes], tuple[float, bytes] | None]:
    """What a peer replies that says ``answer`` to whatever it is sent, a while after."""
    return lambda sent: (after_s, answer) if sent else None


def near(expected: float, by: float = 0.005) -> Any:
    """About that time."""
    return pytest.approx(expected, abs=by)


class Run:
    """A run of ``plan`` where ``peer(row)`` is what becomes of a row, and ``newcomers`` of those who knock, in turn."""

    def __init__(
        self,
        plan: Plan,
        peer: Callable[[int], Peer],
        share: Share | None = None,
        bytes_a_drain: int = 1 << 30,
        newcomers: Sequence[Peer] = (),
        asked: Questions | None = None,
        at: Mapping[Gate, Callable[[], None]] | None = None,
        sources: int = 1,
        endpoints: int = 1,
    ) -> None:
        left = list(newcomers)

        def peer_of(row: int) -> Peer:
            if row < plan.connections:
                return peer(row)
            return left.pop(0) if len(left) > 1 else left[0]

        self.clock = FakeClock(BEGUN_S)
        self.kernel = FakeKernel(self.clock, peer_of, bytes_a_drain)
        self.kernel.sources, self.kernel.endpoints = sources, endpoints
        self.table = Table(plan.connections)
        self.loop = Loop(
            plan,
            share or Share.whole(plan),
            self.table,
            self.kernel,
            self.clock,
            begun=BEGUN_S,
            questions=asked or questions(plan.probe, plan.tls),
            newcomer_row=plan.connections if newcomers else None,
            gates=Alone(lambda: self.now_s, at or {}),
        )

    def run(self) -> "Run":
        self.loop.run()
        return self

    def stop_at(self, at_s: float) -> "Run":
        """Stop it when so many seconds have passed."""
        poll = self.kernel.poll
        self.kernel.wake(at_s)

        def stopping_poll(timeout_s: float) -> Sequence[tuple[int, int]]:
            events = poll(timeout_s)
            if self.now_s >= at_s - 1e-6:
                self.loop.stop()
            return events

        self.kernel.poll = stopping_poll  # type: ignore[method-assign]
        return self

    @property
    def now_s(self) -> float:
        return self.clock() - BEGUN_S

    @property
    def counts(self) -> Counts:
        return Counts.of(bytes(self.table.state))

    def end_of(self, row: int) -> tuple[State, int, Phase, ClosedBy]:
        table = self.table
        return State(table.state[row]), table.error[row], Phase(table.phase[row]), ClosedBy(table.closed_by[row])

    @property
    def ends(self) -> list[tuple[State, int, Phase, ClosedBy]]:
        return [self.end_of(row) for row in range(self.table.rows)]

    @property
    def assurances(self) -> list[Assurance]:
        return [Assurance(assurance) for assurance in self.table.assurance]

    @property
    def unserved(self) -> list[Unserved]:
        return [Unserved(why) for why in self.table.unserved]

    def kernel_took(self, row: int) -> bool:
        """Whether anything was sent on ``row``."""
        return any(one == row for _, one, _ in self.kernel.sent)

    @property
    def called(self) -> list[int]:
        """The rows that were asked for a sign of life, as often as they were."""
        return [row for _, row in self.kernel.called]

    @property
    def sayings(self) -> set[Saying]:
        return set(self.loop.heard.sayings)

    @property
    def knocks(self) -> list[tuple[float, int, Fared, float]]:
        """When newcomers knocked, beside how many, how they fared, and the time it took them."""
        return [(round(knock.at_s, 3), knock.held, knock.fared, round(knock.time_s, 3)) for knock in self.loop.knocks]


def plan(connections: int, **changes: object) -> Plan:
    values: dict[str, object] = {"pacing": AllAtOnce(), "hold_s": 1.0, "assurance": Assurance.HANDSHAKE, **changes}
    return Plan(target=TARGET, connections=connections, **values)  # type: ignore[arg-type]


def proof(connections: int, **changes: object) -> Plan:
    """A plan that asks for the assurance that is asked for by default."""
    return plan(connections, **{"assurance": None, **changes})
