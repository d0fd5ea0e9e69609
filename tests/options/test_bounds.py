"""Requirements in a word."""

from typing import Any

import pytest

from tcpgoon.errors import PlanError
from tcpgoon.options.bounds import WORDS, Bounds, with_requirements
from tcpgoon.options.spelled import spelled, spelled_options
from tcpgoon.plan.requirements import parse_requirement


@pytest.mark.parametrize(
    ("bound", "requirement"),
    [
        ({"p50": "5ms"}, "p50 establishment < 5ms"),
        ({"p90": "5ms"}, "p90 establishment < 5ms"),
        ({"p99": "50ms"}, "p99 establishment < 50ms"),
        ({"p99": "<= 50ms"}, "p99 establishment <= 50ms"),
        ({"answer": "1s"}, "answer < 1s"),
        ({"newcomer": " <1s"}, "newcomer < 1s"),
        ({"established": "99.9%"}, "established >= 99.9%"),
        ({"established": ">99%"}, "established > 99%"),
        ({"peak": 90}, "peak >= 90"),
        ({"lost": 0}, "lost <= 0"),
        ({"lost": "= 0"}, "lost = 0"),
        ({"retransmitted": "1%"}, "retransmitted <= 1%"),
    ],
    ids=str,
)
def test_a_bound_is_a_requirement(bound: dict[str, Any], requirement: str) -> None:
    (found,) = with_requirements(bound)["require"]
    assert parse_requirement(found) == parse_requirement(requirement)


def test_every_word_is_one_and_no_option() -> None:
    assert set(WORDS) == set(Bounds.__annotations__)
    assert not set(WORDS) & set(spelled_options())


@pytest.mark.parametrize(
    ("held", "options"),
    [
        ({}, {}),
        ({"hold": "1s", "require": "lost = 0"}, {"hold": "1s", "require": "lost = 0"}),
        ({"p99": None, "require": None}, {"require": None}),
        ({"p99": "1s", "hold": "1s"}, {"hold": "1s", "require": ["p99 establishment < 1s"]}),
        ({"lost": 1, "require": "peak >= 5"}, {"require": ["peak >= 5", "lost <= 1"]}),
        (
            {"lost": 1, "p50": "1s", "require": ("a", "b")},
            {"require": ["a", "b", "p50 establishment < 1s", "lost <= 1"]},
        ),
    ],
    ids=str,
)
def test_bounds_stand_beside_other_requirements(held: dict[str, Any], options: dict[str, Any]) -> None:
    assert with_requirements(held) == options


@pytest.mark.parametrize(
    ("bound", "line"),
    [
        ({"p99": 0.05}, "p99: 0.05 is no limit: write it like p99='50ms'"),
        ({"lost": True}, "lost: True is no limit: write it like lost=0"),
        ({"established": 0.999}, "established: 0.999 is no limit: write it like established='99.9%'"),
    ],
)
def test_what_is_no_limit(bound: dict[str, Any], line: str) -> None:
    with pytest.raises(PlanError) as caught:
        with_requirements(bound)
    assert str(caught.value) == line


def test_a_limit_of_another_kind_is_refused_as_a_requirement_is() -> None:
    with pytest.raises(PlanError) as caught:
        spelled("host:80", with_requirements({"p99": 5}))
    assert str(caught.value) == (
        "require: 'p99 establishment < 5': '5' is not a duration: write it like 250ms, 5s or 1m30s"
    )
