"""A set of times in a few numbers."""

from typing import Self

import msgspec
import numpy as np

from tcpgoon.record.rows import Seconds


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds. The percentiles are samples that were measured (nearest rank), never interpolated.

    Each has a short name, too, for those who write ``result.establishment.p99``: the same number, in seconds.
    """

    count: int
    min_s: float
    mean_s: float
    max_s: float
    deviation_s: float
    """Of the population."""
    p50_s: float
    p90_s: float
    p99_s: float

    @classmethod
    def of(cls, seconds: Seconds) -> Self | None:
        """The distribution of ``seconds``; None where there are none."""
        if not len(seconds):
            return None
        p50, p90, p99 = np.percentile(seconds, (50, 90, 99), method="inverted_cdf")
        return cls(
            count=len(seconds),
            min_s=float(seconds.min()),
            mean_s=float(seconds.mean()),
            max_s=float(seconds.max()),
            deviation_s=float(seconds.std()),
            p50_s=float(p50),
            p90_s=float(p90),
            p99_s=float(p99),
        )

    @property
    def min(self) -> float:
        """The shortest, in seconds."""
        return self.min_s

    @property
    def mean(self) -> float:
        """The mean, in seconds."""
        return self.mean_s

    @property
    def p50(self) -> float:
        """The median, in seconds: half of them took so long or less."""
        return self.p50_s

    @property
    def p90(self) -> float:
        """Nine of ten took so many seconds or less."""
        return self.p90_s

    @property
    def p99(self) -> float:
        """Ninety-nine of a hundred took so many seconds or less."""
        return self.p99_s

    @property
    def max(self) -> float:
        """The longest, in seconds."""
        return self.max_s

    @property
    def deviation(self) -> float:
        """The standard deviation, in seconds."""
        return self.deviation_s
