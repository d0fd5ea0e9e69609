"""``tcpgoon.run_suite``."""

from collections.abc import Sequence
from pathlib import Path

import pytest

import tcpgoon
from tcpgoon.server import Server, ServerConfig


def test_a_suite_in_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    class Following(tcpgoon.Audience):
        def begins(self, check: object, places: Sequence[object]) -> None:
            begun.append(getattr(check, "name", ""))

    with Server(ServerConfig(max_connections=5)) as server:
        monkeypatch.setenv("PORT", str(server.port))
        file = tmp_path / "suite.toml"
        file.write_text(
            '[defaults]\ntarget = "127.0.0.1:${PORT}"\nsleep = "0s"\nhold = "50ms"\nassurance = "handshake"\n'
            '[[check]]\nname = "many"\nconnections = 9\n[[check]]\nname = "few"\nconnections = 3\n'
        )
        came = tcpgoon.run_suite(file, audience=Following())
        few = tcpgoon.run_suite(str(file), only=["f*"])
        fast = tcpgoon.run_suite(file, fail_fast=True)
    assert [(part.name, part.verdict) for part in came.parts] == [("many", "FAIL"), ("few", "PASS")]
    assert (came.passed, few.passed, begun) == (False, True, ["many", "few"])
    assert [part.reason for part in fast.parts][1] == "not asked: 'many' did not pass"


def test_what_cannot_be_asked_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(tcpgoon.UsageError, match=r"there is no tcpgoon\.toml here"):
        tcpgoon.run_suite()
    with pytest.raises(tcpgoon.UsageError, match="the interval is 0 s"):
        tcpgoon.run_suite(interval_s=0)
