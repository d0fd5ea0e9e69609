"""What a situation is: facts by a name, and what is to be found in them."""

from typing import NamedTuple

from tcpgoon.judge.facts import Confidence, Facts
from tcpgoon.record.outcome import Side

CLIENT, PATH = Side.CLIENT, Side.PATH
KERNEL, APPLICATION = Side.TARGET_KERNEL, Side.TARGET_APPLICATION
CERTAIN, LIKELY, POSSIBLE = Confidence.CERTAIN, Confidence.LIKELY, Confidence.POSSIBLE


class Expected(NamedTuple):
    """A finding, but for its words."""

    code: str
    side: Side
    confidence: Confidence


class Situation(NamedTuple):
    """Facts by their name, and what is to be found; the first cause first. Nothing: there is none, or none to tell."""

    name: str
    facts: Facts
    expected: tuple[Expected, ...] = ()


def found(code: str, side: Side, confidence: Confidence) -> Expected:
    return Expected(code, side, confidence)
