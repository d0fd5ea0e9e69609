"""What came of each level of assurance: whether as many as required are there at it."""

from collections.abc import Sequence

import msgspec

from tcpgoon.judge.verdict import Checked
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.requirements import Field
from tcpgoon.record.level import Level
from tcpgoon.record.metrics import Metrics


class AtLevel(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one level of assurance."""

    level: str
    """``handshake``, ``acknowledged`` or ``served``."""
    is_asked: bool
    """Whether the level that was asked for is this one, or above it."""
    holds: bool | None
    """Whether as many are there at it as are required to be established; None: that is not known, or was not asked."""
    said: str
    """``97 of 100 connections were there to the end, 99 at once``."""


def proofs(plan: Plan, metrics: Metrics, checked: Sequence[Checked]) -> tuple[AtLevel, ...]:
    """What came of all levels, the lowest first; ``checked`` is what came of the requirements."""
    holds = _together([one.holds for one in checked if one.requirement.field is Field.ESTABLISHED])
    return tuple(_at(level, plan, metrics.asked, checked, holds) for level in metrics.levels)


def _at(level: Level, plan: Plan, asked: Assurance, checked: Sequence[Checked], at_asked: bool | None) -> AtLevel:
    is_asked = level.assurance <= asked
    holds = at_asked if is_asked else None
    if level.assurance < asked and holds is False and _are_enough(level.held, plan, checked):
        holds = True  # that there are enough here is sure: only more could be there than were proved to be
    return AtLevel(
        level=level.assurance.name.lower(),
        is_asked=is_asked,
        holds=holds,
        said=f"{level.held:,} of {plan.connections:,} connections were there to the end, {level.peak:,} at once",
    )


def _are_enough(held: int, plan: Plan, checked: Sequence[Checked]) -> bool:
    requirements = [one.requirement for one in checked if one.requirement.field is Field.ESTABLISHED]
    return all(requirement.holds(held, plan.connections) for requirement in requirements)


def _together(held: Sequence[bool | None]) -> bool | None:
    if False in held:
        return False
    return None if None in held else True
