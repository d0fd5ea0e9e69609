"""The installed command, run as a user runs it, and what it printed, taken apart."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tcpgoon.plan.units import parse_duration_s

INSTALLED = str(Path(sys.executable).with_name("tcpgoon"))
LIMIT_S = 90
STATUS = re.compile(
    r"Total: (?P<total>\d+), Dialing: (?P<dialing>\d+), Established: (?P<established>\d+), "
    r"Closed: (?P<closed>\d+), Error: (?P<error>\d+), NotInitiated: (?P<not_initiated>\d+)"
)


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

    def line(self, start: str) -> str:
        """The line that begins with ``start``, without it."""
        (found,) = [line.removeprefix(start) for line in self.lines if line.startswith(start)]
        return found


def ages_s(lost: str) -> tuple[float, float]:
    """The first and last age, in seconds, in a ``Lost while held`` line of one kind of loss."""
    found = re.search(r", (\S+)(?: to (\S+))? after", lost)
    assert found, lost
    return parse_duration_s(found[1]), parse_duration_s(found[2] or found[1])


def run_installed(*words: object, before: Sequence[str] = (), env: dict[str, str] | None = None) -> Said:
    """Run the installed command with ``-y`` and the given words; ``before`` is put before it."""
    done = subprocess.run(
        [*before, INSTALLED, "-y", *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env={**os.environ, **(env or {})},
    )
    return Said(done.returncode, done.stdout, done.stderr)
