"""A command whose help has its many options under headings."""

from typing import Any

import click


class SectionedOption(click.Option):
    """An option that the help lists under the heading ``section``."""

    def __init__(self, *args: Any, section: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


class SectionedCommand(click.Command):
    """Lists its options by heading, in the order of their first ones; those without one come last."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Called by click for the help."""
        for heading, records in self.sections(ctx).items():
            with formatter.section(heading):
                formatter.write_dl(records)

    def sections(self, ctx: click.Context) -> dict[str, list[tuple[str, str]]]:
        """What the help says of each option, by heading."""
        found: dict[str, list[tuple[str, str]]] = {}
        for param in sorted(self.get_params(ctx), key=lambda param: not hasattr(param, "section")):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:  # else it is hidden
                found.setdefault(getattr(param, "section", "Options"), []).append(record)
        return found
