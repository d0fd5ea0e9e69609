"""The command ``tcpgoon``: which commands there are, and how an error becomes one line and an exit status."""

import importlib
import io
import sys
import traceback
from typing import Any, NoReturn

import click
from click.shell_completion import CompletionItem

from tcpgoon.cli.environment import Environment
from tcpgoon.cli.output import OUTPUT_FAILED, abandon_output, complain
from tcpgoon.errors import ExitStatus, PlanError, TcpgoonError
from tcpgoon.version import VERSION

COMMANDS = {
    "run": "tcpgoon.cli.run:run",
    "soak": "tcpgoon.cli.soak:soak",
    "capacity": "tcpgoon.cli.capacity:capacity",
    "check": "tcpgoon.cli.check:check",
    "report": "tcpgoon.cli.report:report",
    "compare": "tcpgoon.cli.compare:compare",
    "resolve": "tcpgoon.cli.resolve:resolve",
    "preflight": "tcpgoon.cli.preflight:preflight",
    "server": "tcpgoon.cli.server:server",
    "explain": "tcpgoon.cli.explain:explain",
    "schema": "tcpgoon.cli.schema:schema",
    "demo": "tcpgoon.cli.demo:demo",
    "completion": "tcpgoon.cli.completion:completion",
    "version": "tcpgoon.cli.version:version",
}
"""Name of each command and where it is; imported when it is used, so that no command pays for another."""

_FIRST = "tcpgoon.first"
"""Where a context keeps the first word of a command line that names no command."""

EPILOG = {
    "Environment": "Each flag is a variable, too: TCPGOON_HOLD=30s is --hold 30s. The command line comes first. With "
    "NO_COLOR there is no colour.",
    "Exit status": "0 the target carried what was asked, 1 interrupted, 2 it did not, 3 the question could not be "
    "asked or answered, 64 the command line is wrong, 70 a bug, 74 a report could not be written.",
}
"""What the help of the whole says at its end, by heading."""


class Commands(click.Group):
    """The commands above; whatever is none of them is the short form of ``run``: ``tcpgoon -c 10 host 80``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order that users meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        command.context_class = Environment
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, but with ``run`` put before what does not start with a command."""
        if args and args[0] not in (*COMMANDS, "--help", "-h", "--version"):
            ctx.meta[_FIRST] = args[0]
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does; where the first word is no target either, it may have been meant for a command."""
        try:
            return super().invoke(ctx)
        except (click.UsageError, PlanError) as exc:
            if note := _meant(ctx.meta.get(_FIRST, "")):
                exc.add_note(note)
            raise

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Called by click: our commands, and the flags of ``run``, whose name need not be given."""
        found = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-") and (run := self.get_command(ctx, "run")):
            found += run.shell_complete(run.make_context("run", [], parent=ctx, resilient_parsing=True), incomplete)
        return list({item.value: item for item in found}.values())

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Called by click for the help: after the commands."""
        for heading, text in EPILOG.items():
            with formatter.section(heading):
                formatter.write_text(text)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, message="tcpgoon %(version)s")
def commands() -> None:
    """Can one instance carry N TCP connections at the same time?

    \b
    tcpgoon [flags] HOST PORT      the short form of
    tcpgoon run [flags] TARGET
    """  # noqa: D301 - click looks for the control character: it keeps the two lines apart


def main(args: list[str] | None = None) -> NoReturn:
    """Run the command line ``args`` (default: that of the process) and leave with its `ExitStatus`."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        # A terminal that cannot show a µ is no reason to lose the report, nor a key that is no text to fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.exit(_exit_status(args))


def _exit_status(args: list[str] | None) -> ExitStatus:
    try:
        status = commands.main(args, prog_name="tcpgoon", standalone_mode=False)
        return ExitStatus(status or 0)
    except click.exceptions.NoArgsIsHelpError as exc:
        click.echo(exc.format_message(), err=True)
        return ExitStatus.USAGE
    except click.UsageError as exc:
        return _fail(_with_hint(exc), ExitStatus.USAGE)
    except click.Abort:
        return _fail("interrupted", ExitStatus.INTERRUPTED)
    except TcpgoonError as exc:
        return _fail(_with_origin(str(exc), *getattr(exc, "__notes__", ())), exc.exit_status)
    except OSError as exc:
        if exc.errno not in OUTPUT_FAILED:
            return _bug()
        abandon_output()
        return _fail(f"standard output cannot be written: {exc.strerror}", ExitStatus.INTERRUPTED)
    except Exception:  # noqa: BLE001 - the last line of defence, and it hides nothing
        return _bug()


def _bug() -> ExitStatus:
    traceback.print_exc()
    return _fail("this is a bug of tcpgoon: please report it with the lines above", ExitStatus.BUG)


def _meant(word: str) -> str:
    """What to say of a first word that looks like the name of a command and is none; empty where it does not."""
    if word == "help":
        return "for help: tcpgoon --help"
    if not word.isalpha() or len(word) < 3:
        return ""
    from tcpgoon.discovery.near import did_you_mean  # which no command line needs that is right

    near = did_you_mean(word, COMMANDS)
    return f"{word!r} is no command{near}" if near else ""


def _with_hint(exc: click.UsageError) -> str:
    hint = f" (see '{exc.ctx.command_path} --help')" if exc.ctx else ""
    said = " ".join(map(str.strip, exc.format_message().splitlines())).rstrip(".")
    origin = exc.ctx.origin(said) if isinstance(exc.ctx, Environment) else ""
    return f"{_with_origin(said, origin, *getattr(exc, '__notes__', ()))}{hint}"


def _with_origin(said: str, *origins: str) -> str:
    """With what the environment has to do with it."""
    return f"{said} ({'; '.join(filter(None, origins))})" if any(origins) else said


def _fail(line: str, status: ExitStatus) -> ExitStatus:
    complain(line)
    return status
