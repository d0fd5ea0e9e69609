"""``tcpgoon version``, and ``python -m tcpgoon``."""

import subprocess
import sys

from tcpgoon.version import VERSION


def test_version_by_the_module() -> None:
    done = subprocess.run([sys.executable, "-m", "tcpgoon", "version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"tcpgoon {VERSION}\n", "")
