import click
import pytest

from tcpgoon.errors import PlanError
from tcpgoon.options.target import target_of
from tcpgoon.plan.endpoint import Target


@pytest.mark.parametrize(
    ("words", "target"),
    [
        (["host", "80"], Target("host", 80)),
        (["tcp://host:80"], Target("host", 80)),
        (["[::1]:80"], Target("::1", 80)),
        (["::1", "80"], Target("::1", 80)),
    ],
)
def test_one_word_or_two(words: list[str], target: Target) -> None:
    assert target_of(words) == target


@pytest.mark.parametrize("words", [["host"], ["host", "0"]])
def test_what_is_no_target(words: list[str]) -> None:
    with pytest.raises(PlanError):
        target_of(words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give a target: HOST PORT or HOST:PORT"),
        (["a", "b", "c"], "'a b c' is not a target: give HOST PORT or HOST:PORT"),
    ],
)
def test_another_number_of_words(words: list[str], said: str) -> None:
    with click.Context(click.Command("run")), pytest.raises(click.UsageError) as caught:
        target_of(words)
    assert caught.value.message == said
