"""``tcpgoon resolve`` and the targets that are looked up, by the installed command: files and standard input."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tcpgoon.server import Server, ServerConfig
from tests.installed import INSTALLED, Said


def tcpgoon(*words: object, given: str = "") -> Said:
    done = subprocess.run([INSTALLED, *map(str, words)], input=given, capture_output=True, text=True, timeout=60)
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def ports() -> Iterator[list[int]]:
    """Those of three servers, of which the last takes 5 connections."""
    with ExitStack() as servers:
        yield [
            servers.enter_context(Server(config)).port
            for config in (ServerConfig(), ServerConfig(), ServerConfig(max_connections=5))
        ]


@pytest.fixture
def targets(tmp_path: Path, ports: list[int]) -> Path:
    """They, and one that is down."""
    path = tmp_path / "targets.json"
    entries = [
        {"id": f"checkout-{number}", "host": "127.0.0.1", "port": port, "zone": "a"}
        for number, port in enumerate(ports, 1)
    ]
    down = {"id": "checkout-4", "host": "127.0.0.1", "port": 9, "status": "DOWN", "said": "disk full"}
    path.write_text(json.dumps([*entries[:1], down, *entries[1:]]))
    return path


def test_the_instances_of_a_file(targets: Path, ports: list[int]) -> None:
    said = tcpgoon("resolve", f"file://{targets}")
    assert (said.exit_status, said.errors) == (0, [])
    assert [line.split() for line in said.lines if line[:1].isdigit()] == [
        ["1", "checkout-1", "UP", f"127.0.0.1:{ports[0]}", "a"],
        ["2", "checkout-4", "DOWN:", "disk", "full", "127.0.0.1:9"],
        ["3", "checkout-2", "UP", f"127.0.0.1:{ports[1]}", "a"],
        ["4", "checkout-3", "UP", f"127.0.0.1:{ports[2]}", "a"],
    ]
    assert said.lines[-1] == f"{targets} has 4 instances, 3 UP"


def test_what_is_printed_as_json_is_read_again(targets: Path) -> None:
    first = tcpgoon("resolve", "-o", "json", f"file://{targets}")
    again = tcpgoon("resolve", "-o", "json", "-", given="\n".join(first.lines))
    assert (first.exit_status, again.exit_status) == (0, 0)
    one, other = (json.loads("\n".join(said.lines)) for said in (first, again))
    assert one["instances"] == other["instances"]
    assert (one["lookup"], other["lookup"]) == (f"file://{targets}", "-")
    assert one["instances"][1] == {
        "id": "checkout-4", "host": "127.0.0.1", "port": 9, "status": "DOWN", "said": "disk full", "zone": "",
        "metadata": {}, "priority": 0, "weight": 1, "addresses": ["127.0.0.1"], "others": [], "problem": "",
    }  # fmt: skip


def test_where_none_is_up_the_status_says_so(tmp_path: Path) -> None:
    given = '[{"host": "127.0.0.1", "port": 9, "status": "DOWN"}]'
    said = tcpgoon("resolve", "-", given=given)
    assert (said.exit_status, said.errors) == (3, [])
    assert said.lines[-1] == "standard input has 1 instance, 0 UP"
    run = tcpgoon("-y", "-", given=given)
    assert (run.exit_status, run.lines) == (3, [])
    assert run.errors == [
        "tcpgoon: no instance of standard input is UP: 1 DOWN (--pick ID asks one nevertheless; tcpgoon resolve lists "
        "them)"
    ]


def test_the_first_that_is_up_is_asked(targets: Path, ports: list[int]) -> None:
    said = tcpgoon("-y", "-c", 10, "-s", 0, "--hold", "0.1s", f"file://{targets}")
    assert (said.exit_status, said.verdict) == (0, "PASS")
    assert said.line("--- ") == f"127.0.0.1:{ports[0]} tcp test statistics ---"
    assert said.line("Instance: ") == f"checkout-1 of {targets} (picked: first, zone a)"
    assert said.line("Not asked: ") == "checkout-4 (DOWN: disk full), checkout-2 (UP), checkout-3 (UP)"


@pytest.mark.parametrize(
    ("pick", "number"), [("checkout-2", 1), ("3", 1), ("random --seed 4", None), ("checkout-3", 2)]
)
def test_another_is_asked_by_its_id_or_number(pick: str, number: int | None, targets: Path, ports: list[int]) -> None:
    words = ("-y", "-c", 10, "-s", 0, "--hold", "0.1s", "--pick", *pick.split(), f"file://{targets}")
    said = tcpgoon(*words)
    asked = said.line("Instance: ").partition(" of ")[0]
    port = int(said.line("--- 127.0.0.1:").split()[0])
    if number is None:
        assert tcpgoon(*words).line("Instance: ") == said.line("Instance: ")
        number = int(asked[-1]) - 1
    assert (asked, port) == (f"checkout-{number + 1}", ports[number])
    assert said.exit_status == (2 if number == 2 else 0)


def test_one_that_is_down_is_asked_by_its_id(targets: Path) -> None:
    said = tcpgoon("-y", "-c", 1, "--pick", "checkout-4", f"file://{targets}")
    assert said.exit_status == 2
    assert said.line("Instance: ") == f"checkout-4 of {targets} (picked: checkout-4, DOWN: disk full)"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_loses_no_verdict_over_each(targets: Path) -> None:
    words = ["-y", "-c", "10", "-s", "0", "--hold", "0.1s", "--each", f"file://{targets}"]
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run([INSTALLED, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[0] == "tcpgoon: the report cannot be written: No space left on device"
    assert ran.stderr.splitlines()[-1] == "tcpgoon: FAIL: of 3 instances 1 failed, 2 passed"


def test_each_has_a_verdict(targets: Path, ports: list[int]) -> None:
    said = tcpgoon("-y", "-c", 10, "-s", 0, "--hold", "0.1s", "--each", f"file://{targets}")
    assert said.exit_status == 2
    assert [line for line in said.lines if line.startswith("===")] == [
        f"=== instance {number} of 3: checkout-{number} (127.0.0.1:{port}) ===" for number, port in enumerate(ports, 1)
    ]
    assert [line.partition(":")[0] for line in said.lines if line.startswith(("PASS", "FAIL"))] == [
        "PASS",
        "PASS",
        "FAIL",
        "FAIL",
    ]
    assert [line.split()[:8] for line in said.lines if line.startswith("checkout-")] == [
        [f"checkout-{number}", f"127.0.0.1:{port}", "a", verdict, held, "of", "10", first]
        for number, port, verdict, held, first in zip(
            (1, 2, 3), ports, ("PASS", "PASS", "FAIL"), ("10", "10", "5"), ("10", "10", "only"), strict=True
        )
    ]
    assert said.lines[-2:] == [
        "Not asked: checkout-4 (DOWN: disk full)",
        "FAIL: of 3 instances 1 failed, 2 passed",
    ]


def test_all_at_once_with_what_each_holds(targets: Path, ports: list[int]) -> None:
    said = tcpgoon("-y", "-c", 30, "-s", 0, "--hold", "0.1s", "--spread", f"file://{targets}")
    assert (said.exit_status, said.verdict) == (2, "FAIL")
    assert said.line("Instances of ") == (
        f"{targets}: checkout-1 (127.0.0.1:{ports[0]}) 10 of 10 established, "
        f"checkout-2 (127.0.0.1:{ports[1]}) 10 of 10 established, "
        f"checkout-3 (127.0.0.1:{ports[2]}) 5 of 10 established"
    )
    assert said.line("Not asked: ") == "checkout-4 (DOWN: disk full)"
    assert said.final == {"total": 30, "established": 25, "closed": 5}


def test_all_at_once_needs_a_connection_for_each(targets: Path) -> None:
    """One that nothing was asked of has not passed."""
    for connections, said in ((2, "2 connections"), (1, "1 connection")):
        refused = tcpgoon("-y", "-c", connections, "--spread", f"file://{targets}")
        assert (refused.exit_status, refused.lines) == (64, [])
        assert refused.errors == [f"tcpgoon: {said} cannot be spread over 3 instances: give -c 3 or more"]
    assert tcpgoon("-y", "-c", 3, "--spread", f"file://{targets}").exit_status == 0


def test_each_address_of_a_name_is_an_instance(ports: list[int]) -> None:
    found = dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo("localhost", 80, socket.AF_INET))
    said = tcpgoon("-y", "-4", "-c", 5, "-s", 0, "--hold", "0.1s", "--each", "localhost", ports[0])
    assert said.exit_status == 0
    assert said.lines[-1] == f"PASS: of {len(found)} instance 1 passed"
    listed = tcpgoon("resolve", "-4", f"dns://localhost:{ports[0]}")
    assert [line.split()[1:3] for line in listed.lines if line[:1].isdigit()] == [
        [f"{address}:{ports[0]}", "UP"] for address in found
    ]


def test_preflight_of_an_instance(targets: Path) -> None:
    one = tcpgoon("preflight", "--pick", "3", f"file://{targets}")
    several = tcpgoon("preflight", "--spread", f"file://{targets}")
    assert (one.exit_status, several.exit_status) == (0, 0)
    assert one.lines[-1].startswith(f"This client can hold 100 connections to instance checkout-2 of {targets}: ")
    assert several.lines[-1].startswith(f"This client can hold 100 connections to 3 instances of {targets}: ")


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        ("file:///no/such", 3, "/no/such cannot be read: No such file or directory"),
        ("-", 3, "standard input holds no targets: write host:port, one on a line, or JSON"),
        ("fil://x", 64, "fil:// is not known here; did you mean file://?"),
        (
            "gopher://x",
            64,
            "gopher:// is not known here; there are host:port, consul://, dns://, eureka://, file://, k8s://, srv://, "
            "tcp:// and - (standard input)",
        ),
        ("dns://x", 64, "'x' has no port; write host:port, [v6]:port or tcp://host:port"),
        ("dns://no-such-host.invalid:80", 3, None),
    ],
)
@pytest.mark.parametrize("command", ["resolve", "run", "preflight"])
def test_what_cannot_be_looked_up_is_one_line(command: str, words: str, status: int, line: str | None) -> None:
    said = tcpgoon(command, *(["-y"] if command == "run" else []), words)
    assert (said.exit_status, said.lines) == (status, [])
    assert len(said.errors) == 1
    if line is not None:
        assert said.errors == [f"tcpgoon: {line}"]


def test_a_pick_that_is_not_there(targets: Path) -> None:
    for pick, line in (
        ("checkout-9", "has no instance checkout-9; did you mean checkout-4 or checkout-3 or checkout-2?"),
        ("7", "has 4 instances: there is no number 7"),
        ("zzz", "has no instance zzz: it has checkout-1, checkout-4, checkout-2 …"),
    ):
        said = tcpgoon("run", "-y", "--pick", pick, f"file://{targets}")
        assert (said.exit_status, said.lines, said.errors) == (3, [], [f"tcpgoon: {targets} {line}"])
