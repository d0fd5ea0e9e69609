"""The benchmark of many connections, made small: that it measures, and what it says of memory, but not of time."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from .confined import few_descriptors
from .conftest import LIMIT_S

pytestmark = pytest.mark.requires("root", "unshare", "ip")


def measured(folder: Path, *words: object) -> dict[str, float]:
    """What ``python -m bench.scale`` measures of 20,000 connections with 2,000 descriptors a process."""
    file = folder / "found.json"
    command = [sys.executable, "-m", "bench.scale", "-c", "20000", "--pairs", "1", "--json", file, *words]
    subprocess.run(
        [*few_descriptors(2_000), *map(str, command)], check=True, timeout=LIMIT_S, cwd=Path(__file__).parents[2]
    )
    found = msgspec.json.decode(file.read_bytes())
    return {row["name"]: row["right"][0] for comparison in found.values() for row in comparison["rows"]}


def test_twenty_thousand_like_a_million(tmp_path: Path) -> None:
    found = measured(tmp_path, "million", "--hold", "4s")  # to be seen in time on a busy machine, too
    assert found["established, acknowledged, held"] == 20_000
    assert found["client: memory (PSS), MB"] < 900
    assert found["client: growth, KB each"] < 0.5


def test_every_port_is_used(tmp_path: Path) -> None:
    assert measured(tmp_path, "ports", "--hold", "0")["local ports in use"] == 20_000
