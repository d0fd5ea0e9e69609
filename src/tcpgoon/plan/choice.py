"""Which instances of a service are asked: one of them, each by itself, or all at once."""

from typing import Final

import msgspec

from tcpgoon.errors import PlanError

FIRST: Final = "first"
RANDOM: Final = "random"
EACH: Final = "each"
SPREAD: Final = "spread"

MOST_SEED = 2**63 - 1


class Choice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which instances are asked. By default the first that is up. Raises `PlanError` for what excludes each other."""

    pick: str | None = None
    """``first``, ``random``, the id of an instance, or its number in the listing, from 1; None: the first."""
    each: bool = False
    """All that are up, one after another, with a verdict each."""
    spread: bool = False
    """All that are up at once: one plan over all of them."""
    seed: int | None = None
    """Makes what is random repeatable."""

    def __post_init__(self) -> None:
        if sum((self.pick is not None, self.each, self.spread)) > 1:
            raise PlanError("--pick, --each and --spread exclude each other: one instance, each, or all at once")
        if self.pick is not None and not self.pick.strip():
            raise PlanError("--pick needs first, random, the id of an instance or its number")
        if self.seed is not None:
            if self.pick != RANDOM:
                raise PlanError("--seed makes a random choice repeatable: give --pick random too")
            if not 0 <= self.seed <= MOST_SEED:
                raise PlanError(f"the seed is {self.seed}: it must be from 0 to {MOST_SEED}")
