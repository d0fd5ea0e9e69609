"""How a newcomer fares: one more client, beside the N, that asks for the same as they do."""

from enum import StrEnum

import msgspec

from tcpgoon.record.outcome import error_name


class Fared(StrEnum):
    """What became of one knock."""

    WELCOME = "welcome"
    """It got what was asked for: established, acknowledged or served, by the assurance of the plan."""
    REFUSED = "refused"
    """Its dial failed with an error."""
    RESET = "reset"
    """It was established, then the peer reset it."""
    CLOSED = "closed"
    """It was established, then the peer closed it without the answer."""
    TURNED_AWAY = "turned away"
    """It was answered, with something else than what was asked for."""
    WAITING = "left waiting"
    """Nothing came in time."""
    UNASKED = "not asked"
    """Our own kernel refused the dial: it says nothing about the target."""


class Knock(msgspec.Struct, frozen=True, kw_only=True):
    """One newcomer."""

    at_s: float
    """When it was dialled, since the beginning of the run."""
    held: int
    """How many connections were held, or under way, when it was dialled."""
    fared: Fared
    time_s: float
    """From its dial until it was known how it fares."""
    gone_s: float
    """When it was gone again, since the beginning of the run."""
    error: int = 0
    """The errno of a failed dial, 0 otherwise."""
    kept_place: bool = False
    """Whether its place at the target may have been taken still when it was gone: the peer had not closed its end."""

    @property
    def was_asked(self) -> bool:
        """Whether it knocked at all: else it says nothing about the target."""
        return self.fared is not Fared.UNASKED

    @property
    def name(self) -> str:
        """How it fared, with the name of the error where there was one: ``refused (ECONNREFUSED)``."""
        return f"{self.fared} ({error_name(self.error)})" if self.error else str(self.fared)
