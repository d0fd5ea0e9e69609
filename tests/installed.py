"""The installed command, run as a user runs it, and what it printed, taken apart."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

from tcpgoon.plan.units import parse_duration_s

INSTALLED = str(Path(sys.executable).with_name("tcpgoon"))
LIMIT_S = 90
STATUS = re.compile(
    r"Total: (?P<total>\d+), Dialing: (?P<dialing>\d+), Established: (?P<established>\d+), "
    r"Closed: (?P<closed>\d+), Error: (?P<error>\d+), NotInitiated: (?P<not_initiated>\d+)"
)
_PART = re.compile(r"([a-z][a-z ]*): (\d+)")
_NEWCOMER = re.compile(r"A newcomer at (.*) connections?: (.*)")
_TIME = re.compile(r"[\d.]+(?:µs|ms|s)\b")
_NUMBER = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})*(?![\w%/]|[.,]\d)")
_FINDING = re.compile(r"(TG\d{3}) \((.*), (certain|likely|possible)\): (.*)")


class Found(NamedTuple):
    """A finding, as the report has it."""

    code: str
    side: str
    confidence: str
    sentence: str

    @property
    def numbers(self) -> list[int]:
        """The whole numbers in its sentence, in their order; those with a unit or a fraction are none."""
        return [int(number.replace(",", "")) for number in _NUMBER.findall(self.sentence)]


class Said:
    """What a run printed and how it ended."""

    def __init__(self, exit_status: int, out: str, err: str) -> None:
        self.exit_status = exit_status
        self.lines = out.splitlines()
        self.errors = err.splitlines()

    @property
    def final(self) -> dict[str, int]:
        """The counts of the final line: the one below the header."""
        header = next(number for number, line in enumerate(self.lines) if line.startswith("--- "))
        match = STATUS.fullmatch(self.lines[header + 1])
        assert match, self.lines
        return {name: int(count) for name, count in match.groupdict().items() if int(count)}

    @property
    def verdict(self) -> str:
        """The last line, up to the colon."""
        return self.lines[-1].partition(":")[0]

    @property
    def proved(self) -> dict[str, int]:
        """What the connections that our kernel called established proved to be, in the words of the report.

        Empty where nothing was asked for but the handshake, or nothing was established.
        """
        found = [line for line in self.lines if line.startswith("Established: ")]
        return {
            name: int(count) for line in found for name, count in _PART.findall(line.lower().replace("of which ", ""))
        }

    @property
    def newcomers(self) -> list[tuple[str, str]]:
        """Beside how many newcomers knocked, and how they fared; for each time there stands ``TIME``."""
        found = [match for line in self.lines if (match := _NEWCOMER.fullmatch(line))]
        assert len(found) == sum(line.startswith("A newcomer") for line in self.lines), self.lines
        return [(match[1], _TIME.sub("TIME", match[2])) for match in found]

    @property
    def findings(self) -> list[Found]:
        """What was found, the first cause first."""
        found = [Found(*match.groups()) for line in self.lines if (match := _FINDING.fullmatch(line))]
        assert len(found) == sum(line.startswith("TG") for line in self.lines), self.lines
        return found

    @property
    def codes(self) -> list[str]:
        """Their codes."""
        return [found.code for found in self.findings]

    def line(self, start: str) -> str:
        """The line that begins with ``start``, without it."""
        (found,) = [line.removeprefix(start) for line in self.lines if line.startswith(start)]
        return found


def ages_s(lost: str) -> tuple[float, float]:
    """The first and last age, in seconds, in a ``Lost while held`` line of one kind of loss."""
    found = re.search(r", (\S+)(?: to (\S+))? after", lost)
    assert found, lost
    return parse_duration_s(found[1]), parse_duration_s(found[2] or found[1])


def run_installed(
    *words: object,
    before: Sequence[str] = (),
    env: dict[str, str] | None = None,
    command: Sequence[str] = (),
    cwd: Path | None = None,
) -> Said:
    """Run the installed command with ``-y`` and the given words; ``before`` is put before it.

    ``command`` is the name of another one than ``run``; ``cwd`` the folder that it runs in.
    """
    done = subprocess.run(
        [*before, INSTALLED, *command, "-y", *map(str, words)],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env={**os.environ, **(env or {})},
    )
    return Said(done.returncode, done.stdout, done.stderr)


class Running:
    """The installed command while it runs, with a status line each 50 ms. Used by ``with``."""

    def __init__(self, *words: object) -> None:
        self._words = [INSTALLED, "-y", "-i", "0.05", *map(str, words)]
        self._out = ""

    def __enter__(self) -> Self:
        self._child = subprocess.Popen(
            self._words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._watchdog = threading.Timer(LIMIT_S, self._child.kill)
        self._watchdog.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._watchdog.cancel()
        self._child.kill()
        self._child.communicate()

    def wait_until(self, **counts: int) -> None:
        """Read status lines until one has at least these counts."""
        assert self._child.stdout
        for line in self._child.stdout:
            self._out += line
            match = STATUS.fullmatch(line.strip())
            if match and all(int(match[name]) >= least for name, least in counts.items()):
                return
        raise AssertionError(self._out)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._child.send_signal(number)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._child.pid

    def status(self) -> int | None:
        """Its exit status, None while it runs."""
        return self._child.poll()

    def end(self) -> Said:
        """What it has said, once it has ended."""
        out, err = self._child.communicate()
        return Said(self._child.returncode, self._out + out, err)
