"""What really came of runs, for all tests of what is said about it."""

from collections.abc import Mapping

import pytest

from tcpgoon.results import Outcome
from tests.report.outcomes import real_outcomes


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Outcome]:
    """Outcomes of real runs, by what they are."""
    return real_outcomes(tmp_path_factory.mktemp("outcomes"))
