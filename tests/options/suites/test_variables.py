"""Variables of the environment in the values of a suite."""

from typing import Any

import pytest

from tcpgoon.errors import PlanError
from tcpgoon.options.suites.variables import Filled, filled

ENVIRONMENT = {"DB": "db.local", "EMPTY": "", "BRACES": "${DB}"}


@pytest.mark.parametrize(
    ("value", "expected", "held"),
    [
        ("plain", "plain", {}),
        ("${DB}:5432", "db.local:5432", {"DB": "db.local"}),
        ("${DB}${DB}", "db.localdb.local", {"DB": "db.local"}),
        ("${DB:-other}", "db.local", {"DB": "db.local"}),
        ("${NONE:-other}:1", "other:1", {}),
        ("${NONE:-}", "", {}),
        ("${EMPTY:-other}", "other", {}),
        ("${EMPTY}", "", {"EMPTY": ""}),
        ("${BRACES}", "${DB}", {"BRACES": "${DB}"}),
        ("$${DB}", "${DB}", {}),
        ("^OK$", "^OK$", {}),
        ("$DB", "$DB", {}),
        ("$$", "$", {}),
        (5, 5, {}),
        (True, True, {}),
        (["${DB}", "${NONE:-x}", 3], ["db.local", "x", 3], {"DB": "db.local"}),
        ({"a": "${DB}"}, {"a": "${DB}"}, {}),
    ],
)
def test_they_are_filled_in(value: Any, expected: Any, held: dict[str, str]) -> None:
    assert filled(value, ENVIRONMENT) == Filled(expected, held)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("${NONE}", "the environment variable NONE is not set: set it, or write ${NONE:-default}"),
        ("a ${", "'a ${': a variable is written ${NAME} or ${NAME:-default}, and a dollar $$"),
        ("${}", "'${}': a variable is written ${NAME} or ${NAME:-default}, and a dollar $$"),
        ("${1A}", "'${1A}': a variable is written ${NAME} or ${NAME:-default}, and a dollar $$"),
        ("${DB", "'${DB': a variable is written ${NAME} or ${NAME:-default}, and a dollar $$"),
        ("${DB-x}", "'${DB-x}': a variable is written ${NAME} or ${NAME:-default}, and a dollar $$"),
    ],
)
def test_what_is_none_is_refused(value: str, said: str) -> None:
    with pytest.raises(PlanError) as caught:
        filled(value, ENVIRONMENT)
    assert str(caught.value) == said
