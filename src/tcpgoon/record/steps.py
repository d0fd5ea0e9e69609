"""Round steps to cut a time into: 1, 2 or 5 times a power of ten, so that each cut has a short name."""

from math import ceil, floor, log10

LEAST = 1e-6
"""Shorter spans are cut as this one is: no clock of ours tells them apart."""


def round_step(span: float, most: int) -> float:
    """The least round number that cuts ``span``, which is above 0, into ``most`` parts at the most."""
    span = max(span, LEAST)
    power = floor(log10(span / most))
    return next(step for digit in (1, 2, 5, 10) if (step := _times_ten_to(digit, power)) * most >= span or digit == 10)


def _times_ten_to(digit: int, power: int) -> float:
    # By division below 0: 10**-3 is no exact number, and 5 * 0.001 prints as 0.005 by luck alone.
    return digit * 10.0**power if power >= 0 else digit / 10.0**-power


def parts_of(span: float, step: float) -> int:
    """How many steps it takes to reach ``span``; at least one."""
    return max(1, ceil(round(span / step, 9)))
