"""What a command line asks for, without a run."""

from typing import Any

import click
import pytest

from tcpgoon.cli import run as run_module
from tcpgoon.cli.main import commands
from tcpgoon.discovery import places
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.plan import Plan
from tcpgoon.runs.monitor import Monitor


class Asked(Exception):
    """Carries what was asked, up to the test."""

    def __init__(self, plan: Plan, monitor: Monitor, options: dict[str, Any]) -> None:
        super().__init__()
        self.plan, self.monitor, self.options = plan, monitor, options


def whole_command() -> click.Context:
    """What a command is given as its parent: it has the names of the option for help, which click remembers."""
    return click.Context(commands, info_name="tcpgoon", **commands.context_settings)


def run_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on a run raises `Asked`, and each name is at one address."""

    def ask(plan: Plan, monitor: Monitor, **options: Any) -> None:
        raise Asked(plan, monitor, options)

    monkeypatch.setattr(run_module, "carry_out", ask)
    monkeypatch.setattr(places, "resolve", lambda target, family: (Endpoint("192.0.2.1", target.port),))


def asked(*args: str) -> Asked:
    """What the arguments ``args`` of ``run`` ask for."""
    with pytest.raises(Asked) as caught:
        run_module.run.main(["-y", *args], standalone_mode=False, parent=whole_command())
    return caught.value
