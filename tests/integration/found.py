"""What tests ask of the findings in a report."""

import pytest

from tests.installed import Found, Said

PATH, KERNEL, APPLICATION = "path", "target kernel", "target application"
PASS, FAIL, INCONCLUSIVE = ("PASS", 0), ("FAIL", 2), ("INCONCLUSIVE", 3)
HANDFUL = 3


def the_first(said: Said, code: str, side: str, confidence: str) -> Found:
    """The first finding, which has to be this."""
    assert said.findings, said.lines
    found = said.findings[0]
    assert (found.code, found.side, found.confidence) == (code, side, confidence), found
    return found


def about(*numbers: int) -> object:
    """These numbers, or a handful more or less."""
    return pytest.approx(list(numbers), abs=HANDFUL)


def outcome(said: Said) -> tuple[str, int]:
    """The verdict and the exit status."""
    return said.verdict, said.exit_status
