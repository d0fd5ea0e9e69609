"""Whether two runs asked the same question, and both got an answer."""

from collections.abc import Collection, Iterator
from enum import Enum
from typing import Any

from tcpgoon.capacity import Capacity, searched
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.escapes import printable
from tcpgoon.plan.plan import Plan
from tcpgoon.result import Part, Result

OWN = {"target", "sources", "target_pid", "workers", "force", "confirm_rate", "canary_every_s"}
"""What may differ: it says where the question is asked, and how this client manages to, not what is asked."""

IN_FORCE = {"assurance": "level", "canary": "knocks"}
"""Fields for which something holds where nothing was said: that is what counts."""

LONGEST = 60
"""Characters of a value that are shown."""


def unanswered(part: Part) -> str:
    """Why there is nothing to compare in ``part``; empty where there is."""
    nothing = part.result is None and searched(part) is None
    if nothing or part.verdict in (Verdict.INCONCLUSIVE, Verdict.INTERRUPTED):
        return f"{part.verdict} ({printable(part.reason)})"
    return ""


def differences(old: Plan, new: Plan, *, but_for: Collection[str] = ()) -> str:
    """In what the questions differ, ``but_for`` some fields; empty where they do not.

    What is secret is not looked at: no file has it.
    """
    return ", ".join(_differences(old, new, {*OWN, *but_for}))


def _differences(old: Plan, new: Plan, own: Collection[str]) -> Iterator[str]:
    for name in Plan.__struct_fields__:
        before, now = (_shown(getattr(plan, IN_FORCE.get(name, name))) for plan in (old.as_told, new.as_told))
        if name not in own and before != now:
            yield f"{name} ({_cut(before)}, now {_cut(now)})"


def _shown(value: Any) -> str:
    """As people may read it; equal for what asks for the same."""
    if isinstance(value, tuple):
        return ", ".join(sorted(map(_shown, value))) or "none"
    return printable(str(value.name if isinstance(value, Enum) else value))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def notes(old: Result | Capacity, new: Result | Capacity) -> Iterator[str]:
    """What was not the same about where and how they ran."""
    for name, what in (("tcpgoon", "tcpgoon"), ("system", "system"), ("cpus", "number of CPUs")):
        before, now = (printable(str(getattr(result.environment, name))) for result in (old, new))
        if before != now:
            yield f"the {what} of this client was {before}, and is {now}"
    if isinstance(old, Capacity) or isinstance(new, Capacity):
        return  # a search is one process
    were, are = (max(1, len(result.strain.workers)) for result in (old, new))
    if were != are:
        yield f"the number of processes was {were}, and is {are}"
