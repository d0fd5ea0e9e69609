"""A command of ours: its help has headings, examples, and what the environment may say."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from tcpgoon.cli.environment import variables
from tcpgoon.options.sections import SectionedCommand


class Example(NamedTuple):
    """A command line, and what it is for."""

    line: str
    said: str


class Command(SectionedCommand):
    """Its ``examples`` are command lines as they would be typed; a test gives each of them."""

    def __init__(self, *args: Any, examples: Sequence[Example] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Called by click for the help: after the options."""
        if self.examples:
            with formatter.section("Examples"):
                _write(formatter, [text for said, line in map(reversed, self.examples) for text in (f"# {said}", line)])
        if said := environment(self):
            with formatter.section("Environment"):
                formatter.write_text(said)
        super().format_epilog(ctx, formatter)


def environment(command: click.Command) -> str:
    """How the flags of ``command`` are given by the environment; empty where it has none."""
    if not (names := variables(command)):
        return ""
    name, (option, *_) = min(names.items(), key=lambda entry: not hasattr(entry[1][0], "section"))
    several = "; where a flag may be given more than once, several values are separated by ';'"
    return (
        f"Each flag is a variable, too: {name} for {max(option.opts, key=len)}, and so on. The command line comes first"
        f"{several if any(flags[0].multiple for flags in names.values()) else ''}."
    )


def _write(formatter: click.HelpFormatter, lines: Sequence[str]) -> None:
    """As they are: a command line that is broken cannot be copied."""
    for line in lines:
        formatter.write(f"{'':{formatter.current_indent}}{line}\n")
