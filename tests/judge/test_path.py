from typing import Any

import pytest

from tcpgoon.judge.path import RULES

from .situations import Situation
from .spoken import expected, found_in_full, in_full, said, told


@pytest.mark.parametrize("situation", [pytest.param(one, id=one.name) for one in told()])
def test_what_is_said(situation: Situation) -> None:
    assert said(RULES, situation) == expected("path", situation)


@pytest.mark.parametrize("entry", [pytest.param(one, id=one["code"]) for one in in_full("path")])
def test_a_finding_in_full(entry: dict[str, Any]) -> None:
    assert found_in_full(RULES, entry) == entry
