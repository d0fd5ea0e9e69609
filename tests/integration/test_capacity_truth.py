"""The search against real servers, whose numbers are not always those of their settings."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.installed import INSTALLED, LIMIT_S

from .conftest import Haproxy, Nginx, Program, StartProgram

LOCAL = "127.0.0.1"


class Found(dict[str, Any]):
    """What a search found, as JSON."""

    @property
    def carries(self) -> tuple[int, int | None]:
        """The number that is carried, and the one that is one too many."""
        return self["answer"]["carries"], self["answer"].get("bad")


def search(folder: Path, port: int, *words: str) -> Found:
    path = folder / "found.json"
    command = [
        INSTALLED,
        "capacity",
        "-y",
        "-q",
        "--confirm-hold",
        "1s",
        "-o",
        f"json={path}",
        *words,
        LOCAL,
        str(port),
    ]
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S, check=False)
    return Found(json.loads(path.read_bytes()))


@pytest.mark.parametrize("connections", [64, 256])
def test_nginx_keeps_some_places_free(tmp_path: Path, nginx: Nginx, connections: int) -> None:
    """It has one for its listener and one for its master; and at a sixteenth that is free it closes who is idle."""
    found = search(tmp_path, nginx(connections), "--precision", "0.1%")
    most = connections - 2 - connections // 16
    assert (found["verdict"], found.carries) == ("PASS", (most, most + 1)), found
    assert found["next"]["pushed_out"] > 0
    assert "TG405" not in found["reason"]


def test_haproxy_leaves_the_others_in_the_queue(tmp_path: Path, haproxy: Haproxy) -> None:
    """Its kernel takes as many again, since its backlog is its ``maxconn``: that it does not accept them is seen."""
    found = search(tmp_path, haproxy("maxconn 20", mode="http"))
    assert (found["verdict"], found.carries) == ("PASS", (20, 21)), found
    assert "TG403, not enough workers or threads: 20 of " in found["reason"]


def test_haproxy_serves_its_maxconn(tmp_path: Path, haproxy: Haproxy) -> None:
    port = haproxy("maxconn 20\n    http-request return status 200", mode="http")
    found = search(tmp_path, port, "--probe", "http:/", "--probe-timeout", "1s")
    assert (found["verdict"], found.carries) == ("PASS", (20, 21)), found
    assert found["next"]["fared"] == "left waiting"


@pytest.mark.parametrize("words", [(), ("--probe", "redis")])
def test_redis_maxclients(
    tmp_path: Path, program: Program, start: StartProgram, free_port: int, folder: Path, words: tuple[str, ...]
) -> None:
    """It is in its protected mode: from an address that is not 127.0.0.1 it takes nobody, and we need no other."""
    flags = {"bind": LOCAL, "port": free_port, "maxclients": 100, "save": "", "dir": folder}
    start(program("redis-server"), *(word for name, value in flags.items() for word in (f"--{name}", value)))
    found = search(tmp_path, free_port, *words)
    assert (found["verdict"], found.carries) == ("PASS", (100, 101)), found
    assert "max number of clients reached" in found["reason"]
    assert found["next"]["pushed_out"] == 0


def test_a_target_without_descriptors(tmp_path: Path, start: StartProgram, free_port: int) -> None:
    """Of 64 its own are some; who is not accepted waits in the queue, and is not carried by who must answer."""
    limited = ["bash", "-c", 'ulimit -n 64; exec "$@"', "bash"]
    start(*limited, INSTALLED, "server", "--port", free_port, "--echo")
    found = search(tmp_path, free_port, "--probe", "echo", "--probe-timeout", "1s")
    carries, bad = found.carries
    assert (found["verdict"], bad) == ("PASS", carries + 1), found
    assert 50 <= carries <= 60
    assert "TG401" in found["reason"]
    assert "certain" in found["reason"]
