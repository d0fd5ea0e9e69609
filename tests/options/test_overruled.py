"""Which defaults do not count beside what is given."""

from typing import Any

import pytest

from tcpgoon.options.overruled import OVERRULED, overruled
from tcpgoon.options.spelled import spelled_options


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, set()),
        ({"hold": 3.0}, set()),
        ({"rate": 10.0}, {"sleep", "ramp"}),
        ({"probe": "http", "pick": "first"}, {"send", "expect", "each", "spread", "seed"}),
        ({"pick": "random"}, {"each", "spread"}),
        ({"each": False}, set()),
        ({"each": True}, {"pick", "seed", "spread"}),
        ({"canary": False}, {"canary_every"}),
        ({"canary": True}, set()),
        ({"assurance": "handshake"}, {"confirm_every", "confirm_rate"}),
        ({"assurance": "served"}, set()),
    ],
)
def test_what_contradicts_it(given: dict[str, Any], expected: set[str]) -> None:
    assert set(overruled(given)) == expected


def test_all_of_them_are_options() -> None:
    assert {name for rule in OVERRULED for name in (rule.name, *rule.those)} <= spelled_options().keys()
