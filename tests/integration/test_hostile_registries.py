"""What a registry can make of us: nothing that is not asked for, nothing that a terminal obeys, and no false PASS."""

import json
import os
import pty
import select
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tcpgoon.server import Server, ServerConfig
from tests.discovery.acme import write_metadata
from tests.discovery.answering import Answer, answering
from tests.discovery.hostile import says_for_ever, serving
from tests.installed import INSTALLED, Said

SECRET = "s3cr3t-Pa55"
BAD = "\x1b[31m\x1b]0;owned\x07\r\n\u009b2J\u202e\u2028\x00PASS: all\b\b"
"""Colours, a title, a new line, C1, right to left."""


def tcpgoon(*words: object, env: dict[str, str] | None = None) -> Said:
    done = subprocess.run(
        [INSTALLED, *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        env={**os.environ, **(env or {})},
    )
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


def require_plain(said: Said) -> None:
    for line in (*said.lines, *said.errors):
        assert line.isprintable(), repr(line)
        assert len(line) < 5_000
    text = "\n".join((*said.lines, *said.errors))
    assert "Traceback" not in text
    assert SECRET not in text


@pytest.fixture
def port() -> Iterator[int]:
    with Server(ServerConfig()) as server:
        yield server.port


def hostile(port: int, **fields: Any) -> dict[str, Any]:
    """An instance that is there, with bad words wherever there may be words."""
    words = {"id": f"a{BAD}", "said": BAD, "zone": BAD, "metadata": {BAD: BAD}}
    return {"host": "127.0.0.1", "port": port, **words, **fields}


@pytest.fixture
def targets(tmp_path: Path, port: int) -> Path:
    """Two that can be dialled, and some that cannot."""
    path = tmp_path / "targets"
    entries = [
        hostile(port),
        hostile(port, id=f"b{BAD}", status="DOWN"),
        hostile(port, id=f"c{BAD}", host=f"h{BAD}", status="DOWN"),
        hostile(port, id=f"d{BAD}", host="h\u009b31m", addresses=["127.0.0.1"]),
        hostile(port, id=f"e{BAD}", addresses=[f"fe80::1%{BAD}"], status="DOWN"),
    ]
    path.write_text(json.dumps(entries))
    return path


COMMANDS: tuple[tuple[str, ...], ...] = (
    ("resolve", "TARGET"),
    ("resolve", "-o", "json", "TARGET"),
    ("run", "-y", "-c", "2", "--hold", "0", "TARGET"),
    ("run", "-y", "-c", "2", "--hold", "0", "-v", "--pick", "2", "TARGET"),
    ("run", "-y", "-c", "2", "--hold", "0", "--pick", "3", "TARGET"),
    ("run", "-y", "-c", "2", "--hold", "0", "--pick", "4", "TARGET"),
    ("run", "-y", "-c", "2", "--hold", "0", "--pick", "5", "TARGET"),
    ("run", "-y", "-c", "2", "--hold", "0", "--pick", "nobody", "TARGET"),
    ("run", "-y", "-c", "2", "--hold", "0", "--each", "TARGET"),
    ("run", "-y", "-c", "2", "--hold", "0", "--spread", "TARGET"),
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_terminal_obeys_a_registry(targets: Path, words: tuple[str, ...]) -> None:
    said = tcpgoon(*(f"file://{targets}" if word == "TARGET" else word for word in words))
    require_plain(said)
    assert said.exit_status in (0, 3)
    if "json" in words:
        whole = json.loads("\n".join(said.lines))
        assert whole["instances"][0]["said"] == BAD


def test_nor_does_it_at_the_prompt(targets: Path) -> None:
    for words in ((), ("--each",), ("--spread",), ("--pick", "2")):
        screen = asked_on_a_terminal("run", "-c", "2", *words, f"file://{targets}")
        for line in screen.splitlines():
            assert line.isprintable(), repr(line)
        assert "Do you want to continue?" in screen
        assert "declined, nothing was dialled" in screen


def asked_on_a_terminal(*words: str) -> str:
    ours, theirs = pty.openpty()
    child = subprocess.Popen([INSTALLED, *words], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    screen, deadline = b"", time.monotonic() + 60
    with suppress(OSError):  # EIO: the other end is closed
        while select.select([ours], [], [], max(0, deadline - time.monotonic()))[0]:
            screen += os.read(ours, 4096)
            if screen.endswith(b"(y/N): "):
                os.write(ours, b"n\n")
    os.close(ours)
    child.wait(60)
    return screen.decode().replace("\r\n", "\n")


def test_the_words_of_a_server_that_refuses() -> None:
    body = json.dumps({"message": BAD}).encode()
    with answering({"/eureka/apps/X": Answer(body, 500), "/v1/health/service/X": Answer(BAD.encode(), 500)}) as server:
        for kind in ("eureka", "consul"):
            said = tcpgoon("resolve", f"{kind}://127.0.0.1:{server.port}/X")
            require_plain(said)
            assert said.exit_status == 3


@pytest.fixture
def acme(tmp_path: Path) -> Any:
    """A source of another package, that answers what it is told to; its registry is elsewhere."""

    def install(*instances: dict[str, Any], service: str = "x", registry: str = "y") -> dict[str, str]:
        listing = {"service": service, "registry": registry, "instances": instances}
        (tmp_path / "acme.py").write_text(f"def find(*_): return {listing!r}\n")
        write_metadata(tmp_path, "[tcpgoon.discovery]\nacme = acme:find\n")
        return {"PYTHONPATH": str(tmp_path)}

    return install


PLACES: tuple[dict[str, Any], ...] = (
    {"host": "127.0.0.1"},
    {"host": "127.1"},
    {"host": "localhost"},
    {"host": "::ffff:127.0.0.1"},
    {"host": "good.example", "addresses": ["127.0.0.1"]},
    {"host": "private.invalid", "others": ["127.0.0.1"]},
)
WAYS: tuple[tuple[str, ...], ...] = ((), ("--each",), ("--spread",), ("--pick", "1"), ("--pick", "random"))


@pytest.mark.parametrize(
    ("place", "words"), [*((place, ()) for place in PLACES), *((PLACES[0], words) for words in WAYS[1:])], ids=str
)
def test_this_machine_is_not_dialled_for_a_registry_elsewhere(
    acme: Any, place: dict[str, Any], words: tuple[str, ...]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        env = acme({"id": "a", "port": listener.getsockname()[1], **place})
        said = tcpgoon("run", "-y", "-c", "2", "--hold", "0", *words, "acme://r/x", env=env)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert said.exit_status == 3
    assert "is a loopback address, where no registry is to send us: --allow-local dials it" in (
        said.lines + said.errors
    )[-1] + "".join(said.lines)


@pytest.mark.parametrize(
    "words", [("resolve",), *(("run", "-y", "-c", "2", "--hold", "0", *way) for way in WAYS)], ids=str
)
def test_the_names_of_a_service_and_its_registry(acme: Any, port: int, words: tuple[str, ...]) -> None:
    instances = [{"id": name, "host": "127.0.0.1", "port": port} for name in ("a", f"b{BAD}")]
    env = acme(*instances, service=BAD, registry=BAD * 1_000)
    said = tcpgoon(*words, "--allow-local", "acme://r/x", env=env)
    require_plain(said)
    assert (said.exit_status, said.errors) == (0, [])


def test_each_of_which_one_cannot_be_dialled_is_no_pass(acme: Any, port: int) -> None:
    """The others passed: of the whole it is not known."""
    env = acme(
        {"id": "good", "host": "127.0.0.1", "port": port},
        {"id": "bad", "host": "169.254.169.254", "port": 80},
        {"id": "gone", "host": "gone.invalid", "port": 80, "status": "DOWN"},
    )
    with Server(ServerConfig()) as server:
        path = Path(env["PYTHONPATH"]) / "targets.json"
        entries = [
            {"id": "good", "host": "127.0.0.1", "port": server.port},
            {"id": "bad", "host": "169.254.169.254", "port": 80},
        ]
        path.write_text(json.dumps(entries))
        said = tcpgoon("run", "-y", "-c", "2", "--hold", "0", "--each", f"file://{path}")
    assert (said.exit_status, said.verdict) == (3, "INCONCLUSIVE")
    assert said.lines[-1] == "INCONCLUSIVE: of 2 instances 1 could not be judged, 1 passed"
    spread = tcpgoon("run", "-y", "-c", "2", "--hold", "0", "--spread", f"file://{path}")
    assert (spread.exit_status, spread.lines) == (3, [])
    none = tcpgoon("run", "-y", "-c", "2", "--hold", "0", "--each", "acme://r/x", env=env)
    assert (none.exit_status, none.verdict) == (3, "INCONCLUSIVE")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ((), "DOWN"),
        ((), "STARTING"),
        (("--each",), "OUT_OF_SERVICE"),
        (("--spread",), "UNKNOWN"),
        (("--pick", "random"), "DOWN"),
    ],
)
def test_nobody_up_is_no_pass(acme: Any, port: int, words: tuple[str, ...], status: str) -> None:
    env = acme({"id": "a", "host": "127.0.0.1", "port": port, "status": status})
    said = tcpgoon("run", "-y", "-c", "2", "--allow-local", *words, "acme://r/x", env=env)
    assert (said.exit_status, said.lines) == (3, [])
    assert said.errors[0].startswith(f"tcpgoon: no instance of x is UP: 1 {status}")


def test_no_instances_is_no_pass(acme: Any) -> None:
    env = acme()
    for words in ((), ("--each",), ("--spread",)):
        said = tcpgoon("run", "-y", *words, "acme://r/x", env=env)
        assert (said.exit_status, said.lines, said.errors) == (3, [], ["tcpgoon: x at y has no instances"])


@pytest.mark.parametrize("target", ["eureka://alice@127.0.0.1:PORT/X", "consul://127.0.0.1:PORT/x"])
@pytest.mark.parametrize(
    "then", [b"1", b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000], ids=["a line without end", "interim answers"]
)
def test_an_answer_without_end(target: str, then: bytes) -> None:
    """In time, in little memory, and without a password."""
    env = {"TCPGOON_REGISTRY_PASSWORD": SECRET, "CONSUL_HTTP_TOKEN": SECRET}
    with serving(says_for_ever(b"", then)) as server:
        said = tcpgoon("resolve", "--registry-timeout", "5s", target.replace("PORT", str(server.port)), env=env)
    require_plain(said)
    assert said.exit_status == 3
    assert len(said.errors) == 1


def test_no_file_of_ours_is_read() -> None:
    """By an entity of XML, or by a redirect."""
    entity = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><application><name>&x;</name></application>'
    moved = Answer(b"", 302, (("Location", "file:///etc/passwd"),))
    xml = Answer(entity, headers=(("Content-Type", "application/xml"),))
    for answer in (xml, moved):
        with answering({"/eureka/apps/X": answer, "/eureka/apps": answer}) as server:
            said = tcpgoon("resolve", f"eureka://127.0.0.1:{server.port}/eureka/X")
        require_plain(said)
        assert said.exit_status == 3
        assert "root:" not in "".join((*said.lines, *said.errors))
