"""``tcpgoon explain``, as it is installed: on a pipe, on a terminal, and where the shell completes it."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest

from tcpgoon.judge.codes import TITLES
from tcpgoon.report.page import page
from tests.installed import INSTALLED

_STYLE = re.compile(r"\x1b\[[\d;]*m")


def explain(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [INSTALLED, "explain", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        env={**os.environ, "PYTHONUTF8": "1", **env},
    )


def on_a_terminal(*words: str, columns: int = 80, **env: str) -> str:
    """What a terminal of that width gets."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
    child = subprocess.Popen(
        [INSTALLED, "explain", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**inherited, "TERM": "xterm-256color", "PYTHONUTF8": "1", **env},
    )
    os.close(theirs)
    screen = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux says EIO when the other end has been closed
            break
        if not piece:
            break
        screen += piece
    os.close(ours)
    assert child.wait(30) == 0
    return screen.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("code", ["TG301", "tg301", "Tg301"])
def test_on_a_pipe_it_is_the_page_as_it_is(code: str) -> None:
    done = explain(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, page("TG301"), "")


def test_without_a_code_all_are_listed_by_side() -> None:
    done = explain()
    expected = []
    for side, digit in (("Client", 1), ("Path", 2), ("Target kernel", 3), ("Target application", 4)):
        expected += [f"{side}:", *(f"  {code}  {TITLES[code]}" for code in TITLES if code.startswith(f"TG{digit}"))]
    assert (done.returncode, done.stdout.splitlines(), done.stderr) == (0, expected, "")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("TG310", "there is no finding 'TG310'; the nearest are TG301, TG302, TG303"),
        ("301", "there is no finding '301'; the nearest are TG301"),
        ("nonsense", "there is no finding 'nonsense'; 'tcpgoon explain' lists all"),
        ("\x1b[2Jµ", r"there is no finding '\x1b[2J\xb5'; 'tcpgoon explain' lists all"),
        ("", "there is no finding ''; 'tcpgoon explain' lists all"),
    ],
)
def test_a_code_that_is_none_is_one_line(word: str, said: str) -> None:
    done = explain(word)
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr == f"tcpgoon: Invalid value for '[CODE]': {said} (see 'tcpgoon explain --help')\n"


def test_two_codes_are_one_too_many() -> None:
    done = explain("TG301", "TG302")
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr.count("\n") == 1


def test_on_a_terminal_the_page_is_rendered() -> None:
    screen = on_a_terminal("tg301")
    text = _STYLE.sub("", screen)

    assert screen != text
    assert "\x1b]8;" not in screen  # no links that not every terminal knows
    assert "TG301: The accept queue overflows" in text
    assert "```" not in text
    assert "](" not in text
    assert "nstat -az TcpExtListenOverflows TcpExtListenDrops" in text
    assert "https://man7.org/linux/man-pages/man2/listen.2.html" in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80


def test_lines_are_no_longer_on_a_wide_terminal_than_can_be_read() -> None:
    text = _STYLE.sub("", on_a_terminal("TG301", columns=300))
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 100


def test_without_colour() -> None:
    """NO_COLOR leaves bold and italic: they are no colours."""
    styles = set(re.findall(r"\x1b\[([\d;]*)m", on_a_terminal("TG301", NO_COLOR="1")))
    codes = {int(code or 0) for style in styles for code in style.split(";")}
    assert codes <= {0, 1, 2, 3, 4}


@pytest.mark.parametrize("code", TITLES)
def test_no_command_is_broken_on_a_terminal_of_80_columns(code: str) -> None:
    blocks = re.findall(r"^```(?:sh|text)\n(.*?)^```", page(code), flags=re.MULTILINE | re.DOTALL)
    assert [line for block in blocks for line in block.splitlines() if len(line) > 78] == []


def completed(incomplete: str) -> list[str]:
    """What bash is told."""
    done = subprocess.run(
        [INSTALLED],
        capture_output=True,
        text=True,
        timeout=60,
        env={
            **os.environ,
            "_TCPGOON_COMPLETE": "bash_complete",
            "COMP_WORDS": f"tcpgoon explain {incomplete}",
            "COMP_CWORD": "2",
        },
    )
    return [line.removeprefix("plain,") for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("incomplete", "codes"),
    [("TG30", ["TG301", "TG302", "TG303"]), ("tg30", ["TG301", "TG302", "TG303"]), ("TG9", []), ("", list(TITLES))],
)
def test_the_shell_completes_codes(incomplete: str, codes: list[str]) -> None:
    assert completed(incomplete) == codes


def test_nobody_else_pays_for_rendering() -> None:
    program = "import sys, tcpgoon.cli.run, tcpgoon.cli.explain; print([m for m in sys.modules if m == 'rich'])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")
