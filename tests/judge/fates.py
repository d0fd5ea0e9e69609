"""What can become of a connection, as values; and the facts of a run that consists of them."""

import errno
from collections.abc import Sequence
from typing import Any, NamedTuple

from tcpgoon.judge.diagnose import diagnose
from tcpgoon.judge.facts import Facts
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.verdict import Judgement, Verdict, judge
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.probe import Exchange
from tcpgoon.plan.requirements import Bound, Field, Requirement
from tcpgoon.record.connection import State
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.metrics import measure
from tcpgoon.record.outcome import FIN, OWNER_DIED, ClosedBy, Phase, Side, side_of
from tcpgoon.record.shape import shape
from tcpgoon.record.table import Table
from tcpgoon.record.unserved import Unserved

HANDSHAKE, ACKNOWLEDGED, SERVED = Assurance.HANDSHAKE, Assurance.ACKNOWLEDGED, Assurance.SERVED

TARGET = Target("example.org", 80)
ENOUGH = ClientLimits(descriptors_soft=10**6, descriptors_hard=10**6, descriptors_in_use=0, ports=None)
FEW = ClientLimits(descriptors_soft=10, descriptors_hard=20, descriptors_in_use=4, ports=None)

COUNTED = [Field.ESTABLISHED, Field.LOST, Field.PEAK]
"""The fields that say how many there were."""

ESTABLISHED_S, TORN_DOWN_S = 1.0, 10.0


class Fate(NamedTuple):
    """What becomes of one connection."""

    state: State
    error: int = 0
    phase: Phase = Phase.NONE
    established_s: float = ESTABLISHED_S
    life_s: float = TORN_DOWN_S - ESTABLISHED_S
    late: bool = False
    """We gave up the dial."""
    proved: Assurance = SERVED
    """What is proved of it, where it was established and did not fail to be served."""
    unserved: Unserved = Unserved.NONE
    closed_by: ClosedBy = ClosedBy.PEER
    """What gave a phantom away."""
    start_s: float = 0.0
    retransmits: int = 0
    rtt_us: int = 100
    source: int = 0
    answer_s: float = 0.0
    """How long it took to be served."""
    endpoint: int = 0

    @property
    def side(self) -> Side | None:
        """Whose side it points to; None where it failed not, or where nothing is known."""
        ended_badly = self.state in (State.FAILED, State.LOST)
        return side_of(self.error, self.phase, self.closed_by) if ended_badly else None


PLANNED, OPENING, ABANDONED = Fate(State.PLANNED), Fate(State.OPENING), Fate(State.ABANDONED)
HELD, STILL_THERE = Fate(State.CLOSED), Fate(State.ESTABLISHED)
NOT_ASKED = Fate(State.CLOSED, proved=HANDSHAKE)
TAKEN = Fate(State.CLOSED, proved=ACKNOWLEDGED)
DOUBTFUL = Fate(State.CLOSED, phase=Phase.DOUBTFUL, proved=HANDSHAKE)
SERVED_THEN_DOUBTFUL = Fate(State.CLOSED, phase=Phase.DOUBTFUL)
REFUSED = Fate(State.FAILED, errno.ECONNREFUSED, Phase.HANDSHAKE)
LATE = Fate(State.FAILED, errno.ETIMEDOUT, Phase.HANDSHAKE, late=True)
UNREACHABLE = Fate(State.FAILED, errno.EHOSTUNREACH, Phase.HANDSHAKE)
NO_DESCRIPTOR = Fate(State.FAILED, errno.EMFILE, Phase.SOCKET)
NO_PORT = Fate(State.FAILED, errno.EADDRNOTAVAIL, Phase.CONNECT)
CLOSED_BY_PEER = Fate(State.LOST, FIN, Phase.HELD, life_s=2.0)
RESET_BY_PEER = Fate(State.LOST, errno.ECONNRESET, Phase.HELD, life_s=2.0)
LOST_BY_PATH = Fate(State.LOST, errno.ETIMEDOUT, Phase.HELD, life_s=2.0)
LOST_BY_US = Fate(State.LOST, errno.ENOMEM, Phase.HELD, life_s=2.0)
ORPHAN = Fate(State.LOST, OWNER_DIED, Phase.WORKER, life_s=2.0)
ORPHANED_DIAL = Fate(State.FAILED, OWNER_DIED, Phase.WORKER)
ORPHANS = [ORPHAN, ORPHAN._replace(proved=HANDSHAKE), ORPHANED_DIAL]
PHANTOM = Fate(State.LOST, errno.ECONNRESET, Phase.PHANTOM, proved=HANDSHAKE)
HALF_OPEN = PHANTOM._replace(error=errno.ETIMEDOUT, closed_by=ClosedBy.US)
SILENT_PHANTOM = PHANTOM._replace(error=errno.ETIMEDOUT, closed_by=ClosedBy.PATH)
PHANTOMS = [PHANTOM, HALF_OPEN, SILENT_PHANTOM, SILENT_PHANTOM._replace(unserved=Unserved.UNACKED)]


def unserved(why: Unserved, fate: Fate = TAKEN) -> Fate:
    """One that was asked, and not served."""
    return fate._replace(unserved=why)


def table_of(fates: Sequence[Fate]) -> Table:
    table = Table(len(fates))
    for row, fate in enumerate(fates):
        if fate.state is not State.PLANNED:
            table.dial(row, fate.start_s, fate.source, fate.endpoint)
        if fate.state in (State.ESTABLISHED, State.CLOSED, State.LOST):
            table.establish(row, fate.established_s, fate.rtt_us, fate.retransmits)
            prove(table, row, fate)
        end(table, row, fate, fate.established_s + fate.life_s)
    return table


def prove(table: Table, row: int, fate: Fate) -> None:
    if fate.proved >= ACKNOWLEDGED:
        table.acknowledge(row)
    if fate.unserved or fate.answer_s:
        table.ask(row, fate.established_s)
    if fate.proved is SERVED:
        table.serve(row, fate.established_s + fate.answer_s)
    if fate.unserved:
        table.refuse(row, fate.unserved)
    if fate.phase is Phase.DOUBTFUL:
        table.doubt(row)


def end(table: Table, row: int, fate: Fate, end_s: float) -> None:
    match fate.state:
        case State.CLOSED:
            table.close(row, end_s)
        case State.LOST | State.FAILED if fate.phase is Phase.WORKER:
            table.orphan(row, end_s)
        case State.LOST if fate.phase is Phase.PHANTOM:
            table.vanish(row, end_s, fate.error, fate.closed_by)
        case State.LOST:
            table.lose(row, end_s, fate.error)
        case State.FAILED if fate.late:
            table.time_out(row, end_s, fate.error)
        case State.FAILED:
            table.fail(row, end_s, fate.error, fate.phase)
        case State.ABANDONED:
            table.abandon(row, end_s)


def plan_of(connections: int, level: Assurance = ACKNOWLEDGED, **knobs: Any) -> Plan:
    """A plan that asks for ``level``."""
    probe = Exchange(name="banner") if level is SERVED else None
    return Plan(target=TARGET, connections=connections, assurance=level, probe=probe, **knobs)


def facts_of(
    fates: Sequence[Fate],
    level: Assurance = ACKNOWLEDGED,
    *requirements: Requirement,
    plan: Plan | None = None,
    limits: ClientLimits = ENOUGH,
    newcomers: tuple[Knock, ...] = (),
    **knobs: Any,
) -> Facts:
    plan = plan or plan_of(len(fates), level, requirements=requirements)
    table = table_of(fates)
    metrics = measure(table, plan.level, newcomers)
    return Facts(plan=plan, limits=limits, metrics=metrics, shape=shape(table), newcomers=newcomers, **knobs)


def judged(facts: Facts) -> Judgement:
    return judge(facts, diagnose(facts))


def verdict_on(fates: Sequence[Fate], *requirements: Requirement, level: Assurance = ACKNOWLEDGED) -> Verdict:
    return judged(facts_of(fates, level, *requirements)).verdict


def knock(at_s: float, held: int, fared: Fared = Fared.WELCOME, kept_place: bool = False) -> Knock:
    return Knock(at_s=at_s, held=held, fared=fared, time_s=0.25, gone_s=at_s + 0.25, kept_place=kept_place)


def at_least(limit: int) -> Requirement:
    return Requirement(Field.ESTABLISHED, Bound.AT_LEAST, limit)


def exactly(limit: int) -> Requirement:
    return Requirement(Field.ESTABLISHED, Bound.EXACTLY, limit)


def lost(limit: int) -> Requirement:
    return Requirement(Field.LOST, Bound.EXACTLY, limit)
