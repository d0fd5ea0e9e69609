"""The options as Python's types have them are those of the command line, and of the same types."""

import os
from collections.abc import Sequence
from typing import Any, Literal, get_args, get_type_hints

import click
import pytest

from tcpgoon.options.named import Options
from tcpgoon.options.params import COUNT, RATE
from tcpgoon.options.spelled import spelled_options

BESIDE = ("each",)
"""What is no option in Python: a function of its own asks each instance, since its result is of another type."""

TYPES = get_type_hints(Options)


def test_the_names_are_those_of_the_command_line() -> None:
    assert set(TYPES) == set(spelled_options()) - set(BESIDE)
    assert Options.__required_keys__ == frozenset()


@pytest.mark.parametrize("name", TYPES)
def test_the_type_is_that_of_the_flag(name: str) -> None:
    option = spelled_options()[name]
    if isinstance(option.type, click.Choice):
        choices = set(get_args(next(one for one in get_args(TYPES[name]) if one is not type(None))))
        assert {choice.lower() for choice in choices} == {choice.lower() for choice in option.type.choices}
        assert choices >= set(option.type.choices)
    else:
        assert TYPES[name] == type_of(name, option) | None


def type_of(name: str, option: click.Option) -> Any:
    if option.is_flag:
        return bool
    if option.multiple:
        return str | Sequence[str]
    if option.type is click.INT:
        return int
    if isinstance(option.type, click.Path):
        return str | os.PathLike[str]
    takes_numbers: dict[object, Any] = {RATE: float | str, COUNT: int | str}
    takes_bytes = {"send": str | bytes, "workers": int | str}
    return takes_numbers.get(option.type) or takes_bytes.get(name, str)


def test_a_choice_is_a_literal() -> None:
    assert TYPES["close"] == Literal["fin", "reset"] | None
