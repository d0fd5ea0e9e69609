"""``tcpgoon schema``: what editors and other programs are told of our files."""

import json
from collections.abc import Callable, Mapping

import click

from tcpgoon.cli.command import Command, Example
from tcpgoon.cli.output import say
from tcpgoon.errors import ExitStatus

SUITE = "suite"


def _suite() -> str:
    from tcpgoon.options.suites.schema import suite_schema  # nobody else waits for it

    return json.dumps(suite_schema(), indent=2, ensure_ascii=False)


def _result() -> str:
    from tcpgoon.report.json import schema as result_schema

    return result_schema().rstrip("\n")


SCHEMAS: Mapping[str, Callable[[], str]] = {SUITE: _suite, "result": _result}


@click.command(
    cls=Command,
    short_help="Print the JSON Schema of suites, or of results.",
    examples=(
        Example("tcpgoon schema > tcpgoon.schema.json", "for editors, beside tcpgoon.toml"),
        Example("tcpgoon schema result > result.schema.json", "for those who read -o json"),
    ),
    epilog="In the first line of tcpgoon.toml an editor reads: #:schema ./tcpgoon.schema.json",
)
@click.argument("what", type=click.Choice(list(SCHEMAS)), default=SUITE, required=False)
def schema(what: str) -> ExitStatus:
    """Print the JSON Schema of suites (tcpgoon.toml, or [tool.tcpgoon] of a pyproject.toml), or of results (-o json).

    An editor that knows that of suites completes the keys, says what they mean, and underlines what is wrong.
    """
    say(SCHEMAS[what](), "")
    return ExitStatus.PASS
