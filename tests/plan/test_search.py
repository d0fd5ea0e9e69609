from typing import Any

import pytest

from tcpgoon.errors import PlanError
from tcpgoon.plan.search import Search


def test_a_search_is_plain_data_with_defaults() -> None:
    search = Search()
    assert (search.most, search.first, search.precision, search.confirm_hold_s) == (10_000, 1, 0.01, 10.0)
    assert (search.step, search.time_limit_s, search.at_least) == (None, None, None)


@pytest.mark.parametrize(
    "fields",
    [
        {"most": 1},
        {"most": 5, "first": 5},
        {"precision": 0.5},
        {"confirm_hold_s": 0.0},
        {"step": 1, "time_limit_s": 0.1, "at_least": 10_000},
    ],
)
def test_what_can_be_searched_for(fields: dict[str, Any]) -> None:
    search = Search(**fields)
    assert {name: getattr(search, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"most": 0}, "the largest number of connections is 0: it must be from 1 to 100,000,000"),
        ({"most": 5, "first": 6}, "the number to begin with is 6: it must be from 1 to 5"),
        ({"precision": 0.0}, "the precision is 0: it must be from 1e-06 to 0.5"),
        ({"precision": 0.6}, "the precision is 0.6: it must be from 1e-06 to 0.5"),
        ({"confirm_hold_s": -1.0}, "the hold of the answer is -1: it must be from 0 to 31,622,400"),
        ({"step": 0}, "the step is 0: it must be from 1 to 100,000,000"),
        ({"time_limit_s": 0.0}, "the time limit is 0.0 s: it must be above 0, and a year at most"),
        ({"at_least": 11, "most": 10}, "the number that is to be carried is 11: it must be from 1 to 10"),
    ],
)
def test_what_cannot_be_searched_for_is_said(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(PlanError) as refused:
        Search(**fields)
    assert str(refused.value) == complaint
