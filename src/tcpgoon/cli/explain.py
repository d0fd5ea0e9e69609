"""``tcpgoon explain``: the page about a finding."""

import sys
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

import click
from click.shell_completion import CompletionItem

from tcpgoon.cli.command import Command, Example
from tcpgoon.judge.codes import TITLES, by_side
from tcpgoon.report.page import page, without_links_to_files

WIDEST = 100
"""Columns that a page takes at the most: longer lines are hard to read."""


class Code(click.ParamType[str]):
    """The code of a finding, however it is capitalised."""

    name = "code"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The code as it is spelled."""
        code = str(value).upper()
        if code not in TITLES:
            near = sorted(get_close_matches(code, TITLES))
            hint = f"the nearest are {', '.join(near)}" if near else "'tcpgoon explain' lists all"
            self.fail(f"there is no finding {value!a}; {hint}", param, ctx)
        return code

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Called by click: the codes that begin so, with their titles."""
        start = incomplete.upper()
        return [CompletionItem(code, help=title) for code, title in TITLES.items() if code.startswith(start)]


@click.command(
    cls=Command,
    short_help="Say what a finding means, and what to do.",
    examples=(
        Example("tcpgoon explain TG301", "what the report said, and what to do about it"),
        Example("tcpgoon explain", "all that there are"),
    ),
)
@click.argument("code", type=Code(), required=False)
def explain(code: str | None) -> None:
    """Print the page about the finding CODE: what happened, how it is known, what else looks like it, what to do.

    Without a code: which findings there are.
    """
    if code is None:
        click.echo("\n".join(_all_codes()))
    elif sys.stdout is not None and sys.stdout.isatty():
        _show(page(code))
    else:
        click.echo(page(code), nl=False)


def _all_codes() -> Iterator[str]:
    for side, codes in by_side().items():
        yield f"{side.capitalize()}:"
        yield from (f"  {code}  {TITLES[code]}" for code in codes)


def _show(markdown: str) -> None:
    """Print ``markdown`` on a terminal, with addresses in full: not every terminal knows links."""
    from rich.console import Console  # takes a while, and no other command is to pay for it
    from rich.markdown import Markdown

    console = Console()
    text = Markdown(without_links_to_files(markdown), code_theme="ansi_dark", hyperlinks=False)
    console.print(text, width=min(console.width, WIDEST))
