"""For how long nobody looked at the connections."""

LONG_LAG_S = 0.25
"""Less is the lag of any busy machine."""


class Lag:
    """Keeps the worst."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        """The longest that we did not look at what had happened: busy with a turn's work, or not let run."""
        self.since_s: float | None = None
        """Since when, for the first time, that was `LONG_LAG_S` or more; None: it never was."""

    def note(self, lag_s: float, since_s: float) -> None:
        """Nobody looked for so long, since then."""
        self.longest_s = max(self.longest_s, lag_s)
        if lag_s >= LONG_LAG_S and self.since_s is None:
            self.since_s = since_s


def worse(one: Lag, other: Lag) -> Lag:
    """What both come to."""
    both = Lag()
    both.longest_s = max(one.longest_s, other.longest_s)
    both.since_s = min((lag.since_s for lag in (one, other) if lag.since_s is not None), default=None)
    return both
