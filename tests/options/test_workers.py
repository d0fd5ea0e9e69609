import click
import pytest
from click.testing import CliRunner

from tcpgoon.options.workers import workers_of, workers_option


@pytest.mark.parametrize(
    ("words", "workers"), [("", None), ("--workers auto", None), ("--workers 3", 3), ("--workers 1k", 1_000)]
)
def test_how_many_are_asked_for(words: str, workers: int | None) -> None:
    given: list[int | None] = []

    @click.command
    @workers_option
    def command(workers: int | str) -> None:
        given.append(workers_of(workers))

    assert CliRunner().invoke(command, words.split()).exit_code == 0
    assert given == [workers]


@pytest.mark.parametrize("given", ["many", "-1", "1.5", ""])
def test_what_is_no_number_is_a_usage_error(given: str) -> None:
    @click.command
    @workers_option
    def command(workers: int | str) -> None:
        raise AssertionError(workers)

    done = CliRunner().invoke(command, ["--workers", given])
    assert done.exit_code == 2
    assert "Invalid value for '--workers'" in done.output
