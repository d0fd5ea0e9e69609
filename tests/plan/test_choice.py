"""Which instances are asked, as the user says it."""

from typing import Any

import pytest

from tcpgoon.errors import PlanError
from tcpgoon.plan.choice import Choice


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"pick": "first"},
        {"pick": "random"},
        {"pick": "random", "seed": 0},
        {"pick": "checkout-1"},
        {"pick": "2"},
        {"each": True},
        {"spread": True},
    ],
)
def test_choices(fields: dict[str, Any]) -> None:
    default = {"pick": None, "each": False, "spread": False, "seed": None}
    choice = Choice(**fields)
    assert {name: getattr(choice, name) for name in default} == default | fields


EXCLUSIVE = "--pick, --each and --spread exclude each other: one instance, each, or all at once"


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"pick": "first", "each": True}, EXCLUSIVE),
        ({"pick": "a", "spread": True}, EXCLUSIVE),
        ({"each": True, "spread": True}, EXCLUSIVE),
        ({"pick": " "}, "--pick needs first, random, the id of an instance or its number"),
        ({"seed": 1}, "--seed makes a random choice repeatable: give --pick random too"),
        ({"seed": 1, "pick": "first"}, "--seed makes a random choice repeatable: give --pick random too"),
        ({"seed": -1, "pick": "random"}, "the seed is -1: it must be from 0 to 9223372036854775807"),
        (
            {"seed": 2**63, "pick": "random"},
            "the seed is 9223372036854775808: it must be from 0 to 9223372036854775807",
        ),
    ],
)
def test_what_is_none(fields: dict[str, Any], line: str) -> None:
    with pytest.raises(PlanError) as caught:
        Choice(**fields)
    assert str(caught.value) == line
