"""How many, how fast, for how long: what is said twice is refused."""

from typing import Any

import click
import pytest
from click.testing import CliRunner

from tcpgoon.errors import PlanError
from tcpgoon.options.load import load_options, pacing_of
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate
from tcpgoon.plan.requirements import parse_requirement


def options_of(*words: str) -> dict[str, Any]:
    given: dict[str, Any] = {}

    @click.command
    @load_options
    def command(**options: Any) -> None:
        given.update(options)

    done = CliRunner().invoke(command, words)
    assert done.exit_code == 0, done.output
    return given


DEFAULT: dict[str, Any] = {
    "connections": 100, "sleep": None, "rate": None, "ramp": None, "dial_timeout": 5.0, "max_dialing": 512,
    "hold": 1.0, "keepalive": None, "close": "fin", "family": None, "sources": (), "spread": False,
    "target_pid": None, "workers": "auto", "requirements": (), "force": False,
}  # fmt: skip


def test_the_defaults() -> None:
    assert options_of() == DEFAULT


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ("-c 10k", {"connections": 10_000}),
        ("--connections 5", {"connections": 5}),
        ("-s 5", {"sleep": 0.005}),
        ("--sleep 1s", {"sleep": 1.0}),
        ("--rate 5k/s", {"rate": 5_000.0}),
        ("--ramp 30s", {"ramp": 30.0}),
        ("-d 250", {"dial_timeout": 0.25}),
        ("-t 1s", {"dial_timeout": 1.0}),
        ("--dial-timeout 2s", {"dial_timeout": 2.0}),
        ("--max-dialing 1k", {"max_dialing": 1_000}),
        ("--hold 1m", {"hold": 60.0}),
        ("--keepalive 30s", {"keepalive": 30.0}),
        ("--close reset", {"close": "reset"}),
        ("-4", {"family": "IPv4"}),
        ("-6", {"family": "IPv6"}),
        ("--target-pid 7", {"target_pid": 7}),
        ("--force", {"force": True}),
        ("--spread", {"spread": True}),
    ],
)
def test_each_flag(words: str, changed: dict[str, Any]) -> None:
    assert options_of(*words.split()) == DEFAULT | changed


def test_several_requirements() -> None:
    asked = ("p99 establishment < 50ms", "lost = 0")
    found = options_of("--require", asked[0], "--require", asked[1])["requirements"]
    assert found == tuple(map(parse_requirement, asked))


@pytest.mark.parametrize(
    ("said", "pacing"),
    [
        ({}, ConstantRate(0.010)),
        ({"sleep": 0.0}, AllAtOnce()),
        ({"sleep": 0.5}, ConstantRate(0.5)),
        ({"rate": 200.0}, ConstantRate(0.005)),
        ({"ramp": 1.0}, ConstantRate(0.01)),
    ],
)
def test_when_they_are_opened(said: dict[str, float], pacing: object) -> None:
    assert pacing_of(DEFAULT | said) == pacing


@pytest.mark.parametrize("names", [("sleep", "rate"), ("rate", "ramp"), ("sleep", "ramp"), ("sleep", "rate", "ramp")])
def test_that_may_be_said_once(names: tuple[str, ...]) -> None:
    with pytest.raises(PlanError, match="-s, --rate and --ramp say the same thing: give one of them"):
        pacing_of(DEFAULT | dict.fromkeys(names, 1.0))
