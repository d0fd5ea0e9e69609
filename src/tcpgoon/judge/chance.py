"""What chance may do, and what it does not."""

from math import exp, lgamma

UNLIKELY = 1e-7
"""What has no greater probability is no chance, also for whoever runs this every day."""

_NEGLIGIBLE = 1e-9
"""The share of a sum from which on its terms no longer matter."""


def at_most(found: int, chosen: int, part: int, whole: int) -> float:
    """How probable it is that no more than ``found`` of those ``chosen`` by chance are of a ``part`` of the ``whole``.

    That is the hypergeometric distribution. 1.0 where so many, or more, are what is to be expected.
    """
    if found * whole >= chosen * part:
        return 1.0
    total = 0.0
    for number in range(found, max(0, chosen - (whole - part)) - 1, -1):  # from the greatest term downwards
        term = exp(_ways(part, number) + _ways(whole - part, chosen - number) - _ways(whole, chosen))
        total += term
        if term < total * _NEGLIGIBLE:
            break
    return total


def _ways(whole: int, chosen: int) -> float:
    """The logarithm of how many ways there are to choose so many."""
    return lgamma(whole + 1) - lgamma(chosen + 1) - lgamma(whole - chosen + 1)
