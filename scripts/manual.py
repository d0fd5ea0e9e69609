"""The manual: a page for each command, made from the command itself, in ``man/``. A test says when it is out of date.

The pages are kept, and not made when a wheel is built, since that would need all that the commands import. They are in
the man(7) language; click-man, which would write them, knows neither headings nor commands that are imported late.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from tcpgoon.cli.command import Command
from tcpgoon.cli.environment import OTHERS, variables
from tcpgoon.cli.main import COMMANDS, EPILOG, commands
from tcpgoon.plan.named_probes import named_probes
from tcpgoon.version import VERSION

FOLDER = Path(__file__).parents[1] / "man"
NAME = "tcpgoon"


def main() -> None:
    """Write the pages, and remove those of commands that are no more."""
    found = pages()
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.1"):
        if path.name not in found:
            path.unlink()
    for name, text in found.items():
        (FOLDER / name).write_text(text)


def pages() -> dict[str, str]:
    """The text of each page, by the name of its file."""
    whole = click.Context(commands, info_name=NAME, **commands.context_settings)
    found = {f"{NAME}.1": "\n".join(first_page()) + "\n"}
    for name in COMMANDS:
        command = commands.get_command(whole, name)
        if isinstance(command, Command):
            ctx = click.Context(command, info_name=name, parent=whole)
            found[f"{NAME}-{name}.1"] = "\n".join(page(name, command, ctx)) + "\n"
    return found


def first_page() -> Iterator[str]:
    """The page about the whole: which commands there are."""
    question, *_ = paragraphs(commands.help)
    yield from head(NAME, question[0].lower() + question[1:].rstrip("?"))
    yield from (".SH SYNOPSIS", r".B tcpgoon", r"[\fIflags\fR] \fIHOST PORT\fR", ".br")
    yield from (r".B tcpgoon run", r"[\fIflags\fR] \fITARGET\fR", ".br", ".B tcpgoon", r"\fICOMMAND\fR")
    yield from (".SH DESCRIPTION", escaped(question), ".SH COMMANDS")
    for name in COMMANDS:
        command = commands.get_command(click.Context(commands), name)
        assert command  # noqa: S101 - it is one of ours
        yield from entry(rf"\fB{flag(f'{NAME}-{name}')}\fR(1)", command.get_short_help_str(200))
    for heading, text in EPILOG.items():
        yield from (f".SH {heading.upper()}", escaped(text))
    yield from see_also(f"{NAME}-{name}" for name in sorted(COMMANDS))


def page(name: str, command: Command, ctx: click.Context) -> Iterator[str]:
    """The page about one command."""
    yield from head(f"{NAME}-{name}", command.get_short_help_str(200))
    yield from (".SH SYNOPSIS", rf".B {NAME} {name}", escaped(" ".join(command.collect_usage_pieces(ctx))))
    yield ".SH DESCRIPTION"
    first, *rest = paragraphs(command.help)
    yield escaped(first)
    for text in rest:
        yield from (".PP", escaped(text))
    for heading, options in command.sections(ctx).items():
        yield f".SH {escaped(heading.upper())}"
        for spec, said in filter(None, (option.get_help_record(ctx) for option in options)):
            yield from entry(f"\\fB{metavars(flag(spec))}\\fR", said)
    if name == "run":
        yield ".SH PROBES"
        for probe, named in named_probes().items():
            yield from entry(f"\\fB{flag(named.spelling(probe))}\\fR", named.summary)
    yield from of_the_environment(command)
    if command.examples:
        yield ".SH EXAMPLES"
        for number, (line, said) in enumerate(command.examples):
            yield from (".PP",) if number else ()
            yield from (escaped(f"{said[0].upper()}{said[1:]}:"), ".PP", ".RS 4", ".nf", flag(line), ".fi", ".RE")
    if command.epilog:
        heading, _, said = command.epilog.partition(": ")
        yield from (f".SH {heading.upper()}", escaped(said))
    yield from see_also([NAME, *(f"{NAME}-{other}" for other in sorted(COMMANDS) if other != name)])


def of_the_environment(command: click.Command) -> Iterator[str]:
    """Each variable, and its flag."""
    if not (names := variables(command)):
        return
    yield from (".SH ENVIRONMENT", escaped("What the command line does not say, these may."))
    for variable, flags in names.items():
        several = "; several values are separated by ';'" if flags[0].multiple else ""
        yield from entry(rf"\fB{variable}\fR", " or ".join(", ".join(option.opts) for option in flags) + several)
    if "registry_ca" in {option.name for flags in names.values() for option in flags}:
        for other in sorted(OTHERS):
            yield from entry(rf"\fB{other}\fR", "the password of the registry's user, which is never a flag")


def head(name: str, said: str) -> Iterator[str]:
    """The title of a page, and its line in the index."""
    yield r".\" Made by scripts/manual.py from the command: do not edit."
    yield f'.TH {name.upper()} 1 "" "{NAME} {VERSION}" "{NAME}"'
    yield from (".SH NAME", rf"{flag(name)} \- {escaped(said.rstrip('.'))}")


def entry(term: str, said: str) -> Iterator[str]:
    """What something means."""
    yield from (".TP", term, escaped(said) or r"\&")


def see_also(names: Iterable[str]) -> Iterator[str]:
    """Other pages."""
    yield from (".SH SEE ALSO", ",\n".join(rf"\fB{flag(name)}\fR(1)" for name in names))


def paragraphs(text: str | None) -> list[str]:
    """Those of a help text, each on one line; lines that are not to be joined are left out."""
    found = [block for block in (text or "").split("\n\n") if not block.startswith("\b")]
    return [" ".join(block.split()) for block in found]


def escaped(text: str) -> str:
    r"""``text`` as roff prints it as it stands: ``\`` and a line's first ``.`` or ``'`` mean something to it."""
    said = " ".join(text.split()).replace("\\", r"\e")
    return rf"\&{said}" if said.startswith((".", "'")) else said


def flag(text: str) -> str:
    """The same with hyphens that can be copied, and searched for."""
    return escaped(text).replace("-", r"\-").replace("'", r"\(aq").replace("~", r"\(ti").replace("^", r"\(ha")


def metavars(spec: str) -> str:
    """The values in the ``spec`` of an option, in italics: they are what stands behind the flags."""
    return re.sub(r" ([^\s\\,/][^,]*)$", r" \\fI\1", spec)


if __name__ == "__main__":
    main()
