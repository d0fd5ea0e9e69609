"""The pages that are made from the commands: their flags, and the variables of those."""

from collections.abc import Iterable, Iterator

import click

from tcpgoon.cli.command import Command
from tcpgoon.cli.environment import OTHERS, is_switch, variables
from tcpgoon.cli.main import COMMANDS
from tcpgoon.cli.main import commands as whole

ROOT = click.Context(whole, info_name="tcpgoon", **whole.context_settings)
_SAID_OF_OTHERS = "password of the registry's user, where no file is named: it is never a flag"


def commands() -> str:
    """A section for each command."""
    return "\n\n".join(block for name in COMMANDS for block in command(name))


def command(name: str) -> Iterator[str]:
    """What its help says, a table for each heading."""
    this = found(name)
    ctx = click.Context(this, info_name=name, parent=ROOT)
    yield f"## tcpgoon {name}"
    yield f"```text\ntcpgoon {name} {' '.join(this.collect_usage_pieces(ctx))}\n```"
    yield text(this.help or "")
    yield from (f"```sh\n# {said}\n{line}\n```" for line, said in this.examples)
    if this.epilog:
        yield text(this.epilog)
    names = {option: name for name, options in variables(this).items() for option in options}
    for heading, options in this.sections(ctx).items():
        yield f"**{heading}**"
        rows = ((record, names.get(one)) for one in options if (record := one.get_help_record(ctx)))
        yield table(
            ("Flag", "Meaning", "Variable"),
            ((code(spec), text(said), code(variable) if variable else "–") for (spec, said), variable in rows),
        )


def environment() -> str:
    """Each variable: of which flags of which commands it is, and what it takes."""
    of: dict[str, dict[str, list[click.Option]]] = {}
    for name in COMMANDS:
        for variable, options in variables(found(name)).items():
            of.setdefault(variable, {})[name] = options
    rows = {name: (flags(by_command), value(next(iter(by_command.values())))) for name, by_command in of.items()}
    rows |= dict.fromkeys(OTHERS, ("–", _SAID_OF_OTHERS))
    return table(("Variable", "Flag", "Value"), ((code(name), *rows[name]) for name in sorted(rows)))


def flags(by_command: dict[str, list[click.Option]]) -> str:
    """The flags of a variable, each with its commands."""
    options = next(iter(by_command.values()))
    spelled = " or ".join(code(", ".join([*option.opts, *option.secondary_opts])) for option in options)
    return f"{spelled} of {', '.join(map(code, by_command))}"


def value(options: list[click.Option]) -> str:
    """What such a variable takes."""
    first = options[0]
    if is_switch(first):
        return " or ".join(code(str(option.flag_value)) for option in options)
    if first.is_bool_flag:
        return "`yes` or `no`"
    taken = code(first.make_metavar(click.Context(click.Command("any"))))
    return f"{taken}, several separated by `;`" if first.multiple else taken


def found(name: str) -> Command:
    """The command of that name."""
    this = whole.get_command(ROOT, name)
    if not isinstance(this, Command):
        raise TypeError(f"{name} has no headings and no examples: give it cls=Command")
    return this


def text(said: str) -> str:
    """A help text, as it stands."""
    return as_it_stands(" ".join(said.replace("\b", "").split()))


def code(said: str) -> str:
    """The same as code: between backquotes a bar would end the cell of a table, or be shown with its backslash."""
    return f"<code>{as_it_stands(said)}</code>"


def as_it_stands(said: str) -> str:
    """``said`` with all that means something to Markdown, its tables or HTML as a number."""
    return said.translate({ord(char): f"&#{ord(char)};" for char in "&<>|\\`*_[]"})


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    head = list(head)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))
