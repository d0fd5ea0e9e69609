"""Real shells complete our command: they read the script, and are told what Tab would be."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tcpgoon.cli.completion import SHELLS
from tcpgoon.cli.main import main

BIN = str(Path(sys.executable).parent)
LIMIT_S = 90


def in_shell(shell: str, script: str, *words: str) -> str:
    """What ``script`` prints, which every start-up file of the user is kept away from."""
    quiet = {"bash": ["--noprofile", "--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run(
        [shell, *quiet, "-c", script, *words],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "TERM": "dumb"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def by_bash(line: str) -> list[str]:
    script = """
        source <(tcpgoon completion bash)
        COMP_LINE=$1 COMP_POINT=${#1}
        read -ra COMP_WORDS <<<"$1"
        [[ $1 == *' ' ]] && COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        compopt() { :; }  # it is for a real Tab alone
        $(complete -p tcpgoon | sed 's/.*-F \\([^ ]*\\).*/\\1/') tcpgoon
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    return in_shell("bash", script, "bash", line).split()


def by_zsh(line: str) -> list[str]:
    # The functions of zsh's completion system that the script calls say what they are given.
    script = """
        compdef() { : ; }
        _describe() { local one; for one in "${(@P)@[-2]}"; do print -r -- "${one%%:*}"; done }
        compadd() { print -rl -- "${(@P)@[-1]}" }
        zstyle() { : ; }
        source <(tcpgoon completion zsh)
        words=("${(@s: :)1}")
        CURRENT=${#words}
        _tcpgoon_completion
    """
    return in_shell("zsh", script, "zsh", line).split()


def by_fish(line: str) -> list[str]:
    script = "tcpgoon completion fish | source; complete --do-complete $argv[1]"
    return [found.split("\t")[0] for found in in_shell("fish", script, line).splitlines()]


SHELL = [
    pytest.param(by_bash, id="bash", marks=pytest.mark.requires("bash")),
    pytest.param(by_zsh, id="zsh", marks=pytest.mark.requires("zsh")),
    pytest.param(by_fish, id="fish", marks=pytest.mark.requires("fish")),
]
LINES = {
    "tcpgoon pre": ["preflight"],
    "tcpgoon --conn": ["--connections"],
    "tcpgoon run --confirm-": ["--confirm-every", "--confirm-rate"],
    "tcpgoon -c 10 --close ": ["fin", "reset"],
    "tcpgoon server --above re": ["reset"],
    "tcpgoon run --probe post": ["postgres"],
    "tcpgoon run --pick ": ["first", "random"],
    "tcpgoon completion ": ["bash", "zsh", "fish"],
    "tcpgoon explain TG30": ["TG301", "TG302", "TG303"],
}


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("complete", SHELL)
def test_what_a_shell_completes(complete: Callable[[str], list[str]], line: str) -> None:
    assert sorted(complete(line)) == sorted(LINES[line])


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_all_that_is_printed(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["completion", shell])
    out, err = capsys.readouterr()
    assert (caught.value.code, err) == (0, "")
    assert "_TCPGOON_COMPLETE" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish"),
        (["tcsh"], "Invalid value for '{bash|zsh|fish}': 'tcsh' is not one of 'bash', 'zsh', 'fish'"),
    ],
)
def test_another_shell_is_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["completion", *words])
    assert caught.value.code == 64
    assert capsys.readouterr() == ("", f"tcpgoon: {said} (see 'tcpgoon completion --help')\n")


def test_a_variable_that_makes_no_sense_does_not_stop_it() -> None:
    env = {
        **os.environ,
        "TCPGOON_FAMILY": "ipv5",
        "TCPGOON_RATE": "x",
        "TCPGOON_CONECTIONS": "1",
        "_TCPGOON_COMPLETE": "bash_complete",
        "COMP_WORDS": "tcpgoon run --ra",
        "COMP_CWORD": "2",
    }
    done = subprocess.run([f"{BIN}/tcpgoon"], capture_output=True, text=True, timeout=LIMIT_S, env=env)
    assert (done.stdout, done.stderr) == ("plain,--rate\nplain,--ramp\n", "")
