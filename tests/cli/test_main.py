"""The command's frame: which command is meant, and how each error becomes one line and an exit status."""

import click
import pytest

from tcpgoon.cli.main import COMMANDS, commands, main
from tcpgoon.errors import Bug, Declined, ExitStatus, PlanError, ResolutionError
from tcpgoon.version import VERSION

FORMS = "write host:port, [v6]:port or tcp://host:port"


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(args))
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.mark.parametrize(
    ("args", "command"),
    [
        (["run", "-y", "localhost:80"], "run"),
        (["localhost", "80"], "run"),
        (["-y", "localhost", "80"], "run"),
        (["--connections", "10k", "localhost:80"], "run"),
        (["-c", "10", "server", "80"], "run"),
        (["server", "--port", "0"], "server"),
        (["demo"], "demo"),
        (["version"], "version"),
    ],
)
def test_which_command_is_meant(args: list[str], command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(click.Command, "invoke", lambda self, ctx: seen.append(self.name))
    assert run(*args) == 0
    assert seen == ["commands", command]


def test_every_command_is_listed_with_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()] == list(
        COMMANDS
    )
    assert "tcpgoon [flags] HOST PORT      the short form of\n" in out


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command: str, flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, flag) == 0
    assert capsys.readouterr().out.startswith(f"Usage: tcpgoon {command} ")


@pytest.mark.parametrize("args", [["version"], ["--version"]])
def test_version(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*args) == 0
    assert capsys.readouterr().out == f"tcpgoon {VERSION}\n"


def test_no_argument_at_all_is_a_usage_error_that_helps(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == ExitStatus.USAGE
    assert capsys.readouterr().err.startswith("Usage: tcpgoon [OPTIONS] COMMAND [ARGS]...\n")


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ("rnu", f"'rnu' has no port; {FORMS} ('rnu' is no command; did you mean run?)"),
        (
            "rnu -y 127.0.0.1 80",
            "'rnu 127.0.0.1 80' is not a target: give HOST PORT or HOST:PORT "
            "('rnu' is no command; did you mean run?) (see 'tcpgoon run --help')",
        ),
        (
            "exlpain TG101",
            "'TG101' is not a port: ports are 1 to 65535 ('exlpain' is no command; did you mean explain?)",
        ),
        ("help", f"'help' has no port; {FORMS} (for help: tcpgoon --help)"),
        ("in", f"'in' has no port; {FORMS}"),
        ("run rnu", f"'rnu' has no port; {FORMS}"),
    ],
)
def test_a_command_that_is_mistyped(args: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*args.split()) == ExitStatus.USAGE
    assert capsys.readouterr() == ("", f"tcpgoon: {line}\n")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (PlanError("the plan is wrong"), 64),
        (ResolutionError("nobody knows it"), 3),
        (Declined("no"), 1),
        (Bug("it cannot be"), 70),
        (click.UsageError("that is no flag."), 64),
    ],
)
def test_an_error_is_one_line_and_its_exit_status(
    error: Exception, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(commands, "main", fail)
    assert run("version") == status
    said = error.format_message().rstrip(".") if isinstance(error, click.UsageError) else str(error)
    assert capsys.readouterr() == ("", f"tcpgoon: {said}\n")


def test_ctrl_c_before_the_run_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(click.Group, "invoke", interrupt)
    assert run("version") == ExitStatus.INTERRUPTED
    assert capsys.readouterr().err.strip() == "tcpgoon: interrupted"


def test_a_bug_is_shown_whole_and_called_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr(commands, "main", fail)
    assert run("version") == ExitStatus.BUG
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-2:] == [
        "ZeroDivisionError: of ours",
        "tcpgoon: this is a bug of tcpgoon: please report it with the lines above",
    ]


def test_a_usage_error_says_where_to_read_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "--no-such-flag") == ExitStatus.USAGE
    assert capsys.readouterr() == (
        "",
        "tcpgoon: No such option '--no-such-flag' (see 'tcpgoon run --help')\n",
    )
