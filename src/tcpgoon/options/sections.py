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
        for heading, options in self.sections(ctx).items():
            with formatter.section(heading):
                formatter.write_dl([record for option in options if (record := option.get_help_record(ctx))])

    def sections(self, ctx: click.Context) -> dict[str, list[click.Option]]:
        """The options that are not hidden, by heading."""
        found: dict[str, list[click.Option]] = {}
        for param in sorted(self.get_params(ctx), key=lambda param: not hasattr(param, "section")):
            if isinstance(param, click.Option) and not param.hidden:
                found.setdefault(getattr(param, "section", "Options"), []).append(param)
        return found
