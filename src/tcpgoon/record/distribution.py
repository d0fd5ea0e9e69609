"""A set of times in a few numbers."""

from typing import Self

import msgspec
import numpy as np

from tcpgoon.record.rows import Seconds


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds. The percentiles are samples that were measured (nearest rank), never interpolated."""

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
