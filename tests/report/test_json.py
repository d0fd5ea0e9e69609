"""JSON and its schema: the schema is that of the code, what really came of runs obeys it, and nothing else does."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from tcpgoon.judge.verdict import Verdict
from tcpgoon.report.json import SCHEMA, schema
from tcpgoon.report.json import json as report
from tcpgoon.result import FORMAT
from tcpgoon.results import Outcome
from tests.example import example
from tests.report.outcomes import SECRET
from tests.report.schema import SHIPPED, written

VALIDATOR = Draft202012Validator(json.loads(schema()))


def test_the_schema_is_that_of_the_code() -> None:
    """Else: ``python -m tests.report.schema`` writes it anew; look at the difference as whoever reads results would."""
    assert SHIPPED.read_text(encoding="utf-8") == written() == schema()
    assert SHIPPED.name == SCHEMA == f"result-{FORMAT}.json"


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json.loads(schema()))


KINDS = {
    "pass": "run",
    "fail": "run",
    "hostile": "run",
    "refused": "run",
    "secret": "run",
    "each": "each",
    "suite": "suite",
}


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_what_came_of_runs_obeys_the_schema(name: str, kind: str, outcomes: Mapping[str, Outcome]) -> None:
    plain = json.loads(report(outcomes[name]))
    VALIDATOR.validate(plain)
    assert (plain["format"], plain["kind"]) == (FORMAT, kind)


def test_the_outcomes_are_of_every_kind(outcomes: Mapping[str, Outcome]) -> None:
    assert {name: outcome.verdict for name, outcome in outcomes.items()} == {
        "pass": Verdict.PASS,
        "secret": Verdict.PASS,
        "fail": Verdict.FAIL,
        "each": Verdict.FAIL,
        "hostile": Verdict.INCONCLUSIVE,
        "refused": Verdict.FAIL,
        "suite": Verdict.FAIL,
    }


def test_a_run_with_all_that_there_can_be_obeys_the_schema() -> None:
    VALIDATOR.validate(json.loads(report(example())))


def _invent(plain: dict[str, Any]) -> None:
    plain["metrics"]["invented"] = 1


def _leave_out(plain: dict[str, Any]) -> None:
    del plain["metrics"]["levels"]


def _mistype(plain: dict[str, Any]) -> None:
    plain["verdict"] = "MAYBE"


def _renumber(plain: dict[str, Any]) -> None:
    plain["format"] = FORMAT + 1


@pytest.mark.parametrize("spoil", [_invent, _leave_out, _mistype, _renumber])
def test_nothing_else_obeys_it(spoil: Callable[[dict[str, Any]], None], outcomes: Mapping[str, Outcome]) -> None:
    plain = outcomes["pass"].to_dict()
    VALIDATOR.validate(plain)
    spoil(plain)
    with pytest.raises(ValidationError):
        VALIDATOR.validate(plain)


def test_it_is_harmless_on_a_terminal(outcomes: Mapping[str, Outcome]) -> None:
    for outcome in outcomes.values():
        text = report(outcome)
        assert all(line.isprintable() for line in text.splitlines())
        assert json.loads(text) == outcome.to_dict()
        assert SECRET not in text
