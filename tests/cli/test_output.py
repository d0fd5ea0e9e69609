"""Standard output that fails: nothing is lost, and Python says nothing of its own at the end."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = "from tcpgoon.cli.output import say; say('the report', 'PASS: the verdict'); raise SystemExit(7)"


def test_the_report_goes_to_standard_output() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (7, "the report\n", "")


def test_a_reader_that_has_left_is_no_trouble() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.stdin.read(1); {PROGRAM}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdin
        assert child.stdout
        assert child.stderr
        child.stdout.close()
        child.stdin.write(b"x")
        child.stdin.close()
        assert child.stderr.read() == b""
        assert child.wait(60) == 7


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_loses_no_verdict() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert done.returncode == 7
    assert done.stderr == "tcpgoon: the report cannot be written: No space left on device\nPASS: the verdict\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize(
    ("args", "status"),
    [
        (["-y", "-c", "2", "--hold", "0", "127.0.0.1", "1"], 2),
        (["-c", "0", "127.0.0.1", "1"], 64),
        (["-y", "no-such-host.invalid", "1"], 3),
        (["127.0.0.1", "1"], 1),
        (["version"], 1),
        (["--help"], 1),
    ],
)
def test_a_full_disk_for_all_that_is_said_loses_no_exit_status(args: list[str], status: int) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tcpgoon", *args], stdin=subprocess.DEVNULL, stdout=full, stderr=full, timeout=60
        )
    assert done.returncode == status
