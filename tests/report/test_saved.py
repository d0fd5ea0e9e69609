"""Reports are the same of a run and of what was saved of it, in every format."""

import io

import pytest

from tcpgoon.report.formats import FORMATS, render
from tcpgoon.results import Outcome
from tcpgoon.saved.file import load, saved
from tests.report.outcomes import SECRET


@pytest.mark.parametrize("name", FORMATS)
def test_a_report_of_what_was_saved(name: str, outcomes: dict[str, Outcome]) -> None:
    for outcome in outcomes.values():
        assert render(load(io.BytesIO(saved(outcome))), name) == render(outcome, name)


def test_what_a_peer_said_or_nobody_may_know_is_as_it_was(outcomes: dict[str, Outcome]) -> None:
    for name, outcome in outcomes.items():
        again = load(io.BytesIO(saved(outcome)))
        assert again.to_dict() == outcome.to_dict(), name
        assert SECRET not in str(again.to_dict())
