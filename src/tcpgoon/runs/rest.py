"""Between two checks of one server: it has to let go of the connections of the first, or it would have more than N."""

import time
from collections.abc import Collection

from msgspec import structs

from tcpgoon.capacity import SearchPart
from tcpgoon.engine.machine.closing import half_closed
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.result import Part
from tcpgoon.runs.stop import Stop

LONGEST_S = 10.0
"""A server that has not closed what we closed after that time may never do it."""

_TICK_S = 0.02
_TIMES_ITS_COST = 10
"""To look at very many takes its time, which the server may need."""


def left_after_rest(endpoints: Collection[Endpoint], stop: Stop, longest_s: float = LONGEST_S) -> int:
    """Wait until the other ends of all that we closed towards ``endpoints`` are closed; how many are not, in the end.

    The kernel tells of no such event, so it is asked again and again.
    """
    begun = looked = time.monotonic()
    while (left := sum(map(half_closed, endpoints))) and looked < begun + longest_s and not stop.requested:
        took_s = time.monotonic() - looked
        time.sleep(max(_TICK_S, _TIMES_ITS_COST * took_s))
        looked = time.monotonic()
    return left


def doubted(part: Part, left: int) -> Part:
    """What came of a check that began although the server had ``left`` of an earlier one: no failure is its own then.

    Whoever carried all in spite of them carried all.
    """
    if part.verdict is not Verdict.FAIL or not left:
        return part
    many = f"{left:,} connection{'s' * (left != 1)}"
    reason = f"the server had not closed {many} of an earlier check, which it had besides; else FAIL: {part.reason}"
    if isinstance(part, SearchPart):  # the run that confirmed what was found did pass
        found = structs.replace(part.capacity, verdict=Verdict.INCONCLUSIVE, reason=reason)
        return structs.replace(part, verdict=found.verdict, reason=reason, capacity=found)
    result = part.result and structs.replace(part.result, verdict=Verdict.INCONCLUSIVE, reason=reason)
    return structs.replace(part, verdict=Verdict.INCONCLUSIVE, reason=reason, result=result)
