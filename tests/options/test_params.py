"""Values of the command line: parsed by ``plan/units.py``, refused with the option's name."""

import click
import pytest

from tcpgoon.options.params import COUNT, DURATION, MILLISECONDS, RATE, SECONDS, Parsed


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (COUNT, "10k", 10_000),
        (RATE, "5k/s", 5_000.0),
        (DURATION, "30s", 30.0),
        (MILLISECONDS, "250", 0.250),
        (MILLISECONDS, "2s", 2.0),
        (SECONDS, "0.5", 0.5),
    ],
)
def test_what_they_mean(kind: Parsed, text: str, value: float) -> None:
    assert kind.convert(text, None, None) == value


def test_a_value_that_is_parsed_already_is_left_alone() -> None:
    assert DURATION.convert(5.0, None, None) == 5.0


def test_what_is_refused_names_what_was_given() -> None:
    with pytest.raises(click.BadParameter) as caught:
        COUNT.convert("many", click.Option(["--connections"]), None)
    assert caught.value.format_message() == (
        "Invalid value for '--connections': 'many' is not a number of connections: write it like 100, 10k or 1.5m"
    )
