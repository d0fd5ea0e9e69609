"""The reason of a verdict, one sentence for people."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from tcpgoon.judge.facts import Facts, Finding
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.requirements import Field, Requirement, Unit
from tcpgoon.plan.units import format_duration
from tcpgoon.record.ending import Ending
from tcpgoon.record.outcome import ClosedBy, Side
from tcpgoon.record.unserved import NO_SESSION, UNPROVEN, Unserved

_PROVED = {
    Assurance.HANDSHAKE: "established and held",
    Assurance.ACKNOWLEDGED: "established, acknowledged and held",
    Assurance.SERVED: "established, served and held",
}

_WHAT_IT_DID = {
    Unserved.REFUSED: "× refused",
    Unserved.ENDED: "closed before the answer",
    Unserved.ENDLESS: "talked on without the answer",
    Unserved.NO_TLS: "failed in the TLS handshake",
    Unserved.UNTRUSTED: "showed a certificate that does not verify",
    Unserved.SILENT: "gave no answer within {timeout}",
    Unserved.UNACKED: "never acknowledged the request",
    Unserved.UNEXPECTED: "gave another answer than expected",
    Unserved.LATE: "answered later than {timeout}",
}


_HELD = frozenset({Field.ESTABLISHED, Field.PEAK, Field.LOST})
"""What is said of these says how many were held."""

_OUR_LIMIT = "a limit of this client, not of the target"
_WHOSE = {"TG107": "this client failed, not the target"}
"""What is said before the finding that a verdict is left open for, by its code."""


def carried(facts: Facts) -> str:
    """Of a PASS."""
    return f"{_held(facts)} for {format_duration(facts.plan.hold_s)}"


def stopped(facts: Facts) -> str:
    """Of a run that was interrupted. The proof comes at the end of a run: how far it got says nothing."""
    held = facts.metrics.counts.held
    return f"stopped before the end; {held:,} of {facts.plan.connections:,} connections were established and held"


def unfinished(facts: Facts) -> int:
    """Connections that were not carried to any end: never dialled, never decided, never closed."""
    counts = facts.metrics.counts
    return counts.planned + counts.undecided + counts.established


Measured = Sequence[tuple[Requirement, float | None]]
"""Requirements, and what was measured of each; None: nothing was."""


def left_open(facts: Facts, findings: tuple[Finding, ...], not_verifiable: int, doubted: Measured = ()) -> str:
    """Why it is not known whether the target would have carried what was asked.

    ``doubted`` are the requirements on more than how many are held that may hold, or not.
    """
    ours = [finding for finding in findings if finding.side is Side.CLIENT]
    if ours:
        return f"{_WHOSE.get(ours[0].code, _OUR_LIMIT)}: {ours[0].sentence}"
    if unfinished(facts):
        return f"this client left {unfinished(facts):,} of {facts.plan.connections:,} connections without an end"
    why = [*_what_is_not_known(facts, not_verifiable), *map(_in_doubt, doubted)]
    if why:
        return "; ".join(why)
    return f"this client closed some before it had all; {_held(facts)}, at most {facts.metrics.peak:,} at once"


def _what_is_not_known(facts: Facts, not_verifiable: int) -> Iterator[str]:
    metrics, planned = facts.metrics, facts.plan.connections
    if not_verifiable:
        yield _wrong_question(facts)
    if metrics.doubtful:
        yield (
            f"{metrics.doubtful:,} of {planned:,} connections were still in doubt at the end: hold them longer (--hold)"
        )
    if metrics.unproved and metrics.asked is Assurance.SERVED:
        yield f"it is not known whether {metrics.unproved:,} of {planned:,} connections are served: nobody asked them"
    elif metrics.unproved:
        yield (
            f"it is not known whether {metrics.unproved:,} of {planned:,} connections are there: this client could "
            "not ask them (--assurance handshake asks for less)"
        )
    if metrics.kept_out:
        yield (
            f"a newcomer of ours may still have had the place of {metrics.kept_out:,} of them when it had left: "
            "ask again with --no-canary"
        )
    if metrics.pushed_out:
        yield f"a newcomer of ours may have pushed out {metrics.pushed_out:,} of them: ask again with --no-canary"


def _wrong_question(facts: Facts) -> str:
    # Lost after a failed TLS handshake is the same as held after one: either end closes then.
    counts = {
        entry.why: entry.count if entry.why in NO_SESSION else entry.held
        for entry in facts.metrics.unserved
        if entry.why in UNPROVEN
    }
    what = ", ".join(f"{count:,} {_did(facts, why)}" for why, count in counts.items() if count)
    nobody = "nobody, not even a newcomer before the first," if facts.knocked_before_all else "nobody"
    distrust = Unserved.UNTRUSTED in counts
    advice = ": trust who signed it (--ca), or do not verify it (--no-tls-verify)" if distrust else ""
    return f"not verifiable with this probe: {nobody} was ever answered as expected ({what}){advice}"


def shortfall(facts: Facts, broken: Measured) -> str:
    """Of a FAIL in which the requirements ``broken`` do not hold."""
    parts = [*map(_dialled, facts.metrics.errors), *_lost(facts), *_phantoms(facts), *_ours(facts), *_not_known(facts)]
    beyond = [compared(*one) for one in broken if one[0].field not in _HELD]
    if beyond and len(beyond) == len(broken):
        return f"{_held(facts)}, but {', '.join(beyond)}"
    if parts:
        return "; ".join([f"only {_held(facts)} to the end: {', '.join(parts)}", *beyond])
    asked = ", ".join(str(requirement) for requirement, _ in broken)
    return f"{_held(facts)}, at most {facts.metrics.peak:,} at once; required: {asked}"


def _in_doubt(measured: tuple[Requirement, float | None]) -> str:
    """``p99 answer is 73ms, required: < 50ms; how much of it is this client's is not known``."""
    if measured[1] is None:
        return compared(*measured)
    return f"{compared(*measured)}: how much of that is this client's own is not known"


def compared(requirement: Requirement, value: float | None) -> str:
    """``p99 establishment is 73ms, required: < 50ms``."""
    if value is None:
        shown = "not known"
    elif requirement.unit is Unit.SECONDS:
        shown = "without end" if value == math.inf else format_duration(value)
    else:
        shown = f"{value:,.0f}"
    return f"{requirement.name} is {shown}, required: {requirement.bound} {requirement.limit_text}"


def _held(facts: Facts) -> str:
    metrics = facts.metrics
    return f"{metrics.established:,} of {facts.plan.connections:,} connections were {_PROVED[metrics.asked]}"


def _dialled(ending: Ending) -> str:
    return f"{ending.count:,} × {ending.name}"


def _lost(facts: Facts) -> Iterator[str]:
    """What became of those that were not phantoms: how they were lost, or how their probe went where it says more."""
    ways: Counter[str] = Counter()
    for ending in facts.metrics.losses:
        ways[_did(facts, ending.unserved) if ending.unserved else _ended(ending)] += ending.count
    for entry in facts.metrics.unserved:
        if facts.metrics.asked is Assurance.SERVED or entry.why is Unserved.UNACKED:
            ways[_did(facts, entry.why)] += entry.held
    return (f"{count:,} {way}" for way, count in ways.items() if count)


def _ended(ending: Ending) -> str:
    if ending.closed_by is ClosedBy.PEER:
        return f"{'closed (FIN)' if ending.error == 0 else 'reset (RST)'} by the peer"
    return f"× {ending.name}"


def _phantoms(facts: Facts) -> Iterator[str]:
    for ending in facts.metrics.phantom_endings:
        yield f"{ending.count:,} phantom{'s' * (ending.count != 1)} ({ending.name})"


def _ours(facts: Facts) -> Iterator[str]:
    if orphaned := facts.metrics.orphaned:
        yield f"{orphaned:,} went with a worker process of this client that died"


def _not_known(facts: Facts) -> Iterator[str]:
    if doubtful := facts.metrics.unknown - facts.metrics.unproved:
        yield f"{doubtful:,} in doubt"
    if facts.metrics.unproved:
        yield f"{facts.metrics.unproved:,} not asked"


def _did(facts: Facts, why: Unserved) -> str:
    """What the target did, as a clause without its subject; a refusal with the words in which most were refused."""
    did = _WHAT_IT_DID[why].format(timeout=format_duration(facts.plan.probe_timeout_s))
    words = [saying.text for saying in facts.sayings if saying.why is why] if why is Unserved.REFUSED else []
    return f'{did}: "{words[0]}"' if words else did
