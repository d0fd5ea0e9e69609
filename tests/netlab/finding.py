"""What the tests of findings ask of a report."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.installed import Found, Said

from .conftest import MakeLab
from .lab import Lab

Flags = tuple[object, ...]

PATH, KERNEL, APPLICATION, CLIENT = "path", "target kernel", "target application", "client"
FAIL, PASS, INCONCLUSIVE = ("FAIL", 2), ("PASS", 0), ("INCONCLUSIVE", 3)

PROBE = ("--probe", "echo")
HANDFUL = 3


def outcome(said: Said) -> tuple[str, int]:
    """The verdict and the exit status."""
    return said.verdict, said.exit_status


def first(said: Said, code: str, side: str, confidence: str) -> Found:
    """The first finding, which has to be this."""
    assert said.findings, said.lines
    found = said.findings[0]
    assert (found.code, found.side, found.confidence) == (code, side, confidence), said.findings
    return found


def only(said: Said, code: str, side: str, confidence: str) -> Found:
    """The same, where there has to be no other."""
    found = first(said, code, side, confidence)
    assert said.codes == [code], said.findings
    return found


def about(*numbers: int) -> object:
    """These numbers, or a handful more or less."""
    return pytest.approx(list(numbers), abs=HANDFUL)


def of_each(lab: MakeLab, variants: Sequence[Flags], run: Callable[[Lab, Flags], Said]) -> list[tuple[Flags, Said]]:
    """What is said of each of the ``variants``, in a lab of its own; all at once, as most of it is waiting."""
    nets = [lab(delay="10ms") for _ in variants]
    with ThreadPoolExecutor(len(variants)) as at_once:
        return list(zip(variants, at_once.map(run, nets, variants), strict=True))
