"""``srv://`` as a user writes it: the installed command, a real name server, and real instances behind it."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tcpgoon.server import ServerProcess
from tests.conftest import find_program
from tests.installed import INSTALLED, LIMIT_S, run_installed
from tests.registries.dns.nsd import ADDRESS, free_ports, name_server

pytestmark = pytest.mark.requires("nsd")

ZONE = """
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
_http._tcp SRV 10 60 {port} one
_http._tcp SRV 10 0 {closed} two
one A 127.0.0.1
two A 127.0.0.1
_none._tcp SRV 0 0 0 .
"""


class Near:
    """A service of two instances on this machine; nobody listens at the second."""

    def __init__(self, server: str, port: int, closed: int) -> None:
        self.server, self.port, self.closed = server, port, closed
        self.service = "_http._tcp.near.test"
        self.target = f"srv://{self.service}?server={server}"


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Near]:
    program = find_program("nsd")
    assert program, "there is no nsd"
    with ServerProcess() as instance:
        closed = next(port for port in free_ports(100) if port != instance.port)
        zone = ZONE.format(port=instance.port, closed=closed)
        with name_server(program, tmp_path_factory.mktemp("near"), {"near.test": zone}) as port:
            yield Near(f"{ADDRESS}:{port}", instance.port, closed)


def listed(name: str, port: int, weight: int) -> dict[str, Any]:
    return {
        "id": f"{name}.near.test:{port}", "host": f"{name}.near.test", "port": port, "status": "UP", "said": "",
        "zone": "", "metadata": {"ttl": "300"}, "priority": 10, "weight": weight, "addresses": ["127.0.0.1"],
        "others": [], "problem": "",
    }  # fmt: skip


def resolve(*words: str) -> tuple[int, str, str]:
    """Exit status, output, errors."""
    command = [INSTALLED, "resolve", *words]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S)
    return done.returncode, done.stdout, done.stderr


def test_resolve(near: Near) -> None:
    status, out, errors = resolve("-o", "json", near.target)
    assert (status, errors) == (0, "")
    assert json.loads(out) == {
        "lookup": near.target,
        "service": near.service,
        "registry": near.server,
        "instances": [listed("one", near.port, 60), listed("two", near.closed, 0)],
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("_smtp._tcp", "_smtp._tcp.near.test does not exist, says {server}"),
        ("_none._tcp", "_none._tcp.near.test is not offered, says {server}: the target of its SRV record is the root"),
    ],
)
def test_resolve_where_there_is_no_instance(name: str, said: str, near: Near) -> None:
    line = f"tcpgoon: {said.format(server=near.server)}\n"
    assert resolve(f"srv://{name}.near.test?server={near.server}") == (3, "", line)


def test_a_run_goes_to_the_first(near: Near) -> None:
    said = run_installed("-c", 5, "-s", 0, near.target)
    assert said.line("Instance: ") == f"one.near.test:{near.port} of {near.service} at {near.server} (picked: first)"
    assert said.line("Not asked: ") == f"two.near.test:{near.closed} (UP)"
    assert said.final == {"total": 5, "established": 5}
    assert said.exit_status == 0


def test_a_run_to_each_is_as_good_as_the_worst(near: Near) -> None:
    said = run_installed("-c", 5, "-s", 0, "--each", near.target)
    assert said.lines[-1] == "FAIL: of 2 instances 1 failed, 1 passed"
    assert said.exit_status == 2


def test_a_run_to_one_at_random_can_be_repeated(near: Near) -> None:
    """Of 61 numbers one falls to the second instance; seed 1 is none of them."""
    said = run_installed("-c", 5, "-s", 0, "--pick", "random", "--seed", 1, near.target)
    how = "(picked: random (seed 1))"
    assert said.line("Instance: ") == f"one.near.test:{near.port} of {near.service} at {near.server} {how}"
    assert said.exit_status == 0
