"""At which ages connections were lost: at one, or at many."""

from tcpgoon.record.losses import Losses

CLIFF_S, CLIFF_SHARE = 0.25, 0.05
"""The ages at which an idle timeout closes differ by less than that, or than that share of the age: servers look at
their timers a few times a second, or in steps of a part of the timeout."""


def outlived(losses: Losses) -> str:
    """How many lived longer, in words."""
    return f"only {losses.outlived:,} outlived it" if losses.outlived else "none outlived it"


def is_of_one_age(losses: Losses) -> bool:
    """Whether they were of one age."""
    return losses.ages.width <= max(CLIFF_S, CLIFF_SHARE * losses.ages.middle)
