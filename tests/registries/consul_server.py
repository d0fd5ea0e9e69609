"""A real Consul: two agents in memory, the datacentres ``eu`` (HTTP and HTTPS, ACLs that deny) and ``us`` (open)."""

import json
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest
import trustme

from tests.registries.building import program_of

ANONYMOUS = "00000000-0000-0000-0000-000000000002"
# Who gives no token sees all services but this one.
SECRET_SERVICE = "ledger"
READ_ALL = 'service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }'
READ_MOST = f'{READ_ALL} service "{SECRET_SERVICE}" {{ policy = "deny" }}'
LIMIT_S = 60
TRIES = 3


class Ports(NamedTuple):
    """All that an agent listens on; ``dns`` and ``grpc`` are off."""

    http: int
    https: int
    server: int
    serf_lan: int
    serf_wan: int

    @classmethod
    def free(cls) -> Self:
        """Ports of loopback that are free now, for TCP and for UDP."""
        with ExitStack() as taken:
            return cls(*[free_port(taken) for _ in cls._fields])


def free_port(taken: ExitStack) -> int:
    """A port that is held until ``taken`` ends, so that none is given twice."""
    while True:
        tcp = taken.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = taken.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        port: int = tcp.getsockname()[1]
        with suppress(OSError):
            udp.bind(("127.0.0.1", port))
            return port


class Agent:
    """One agent, and the words of its HTTP API that tests need."""

    def __init__(self, ports: Ports, token: str = "") -> None:
        self.ports = ports
        self.token = token
        self.address = f"127.0.0.1:{ports.http}"

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """What it answers; raises where it refuses."""
        request = urllib.request.Request(
            f"http://{self.address}/v1/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-Consul-Token": self.token} if self.token else {},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            said = answer.read()
        return json.loads(said) if said.strip() else None

    # What an agent is told goes to the catalogue a moment later: each of these waits for it.

    def register(self, service: str, **more: Any) -> None:
        """Register a service at this agent, by the words of its API; its health is told by :meth:`tell`."""
        self.ask("PUT", "agent/service/register", {"Name": service, **more})
        assert wait_until(lambda: more["ID"] in self.checks(service))

    def deregister(self, service: str, service_id: str) -> None:
        """Take it away again."""
        self.ask("PUT", f"agent/service/deregister/{service_id}")
        assert wait_until(lambda: service_id not in self.checks(service))

    def tell(self, service: str, check: str, status: str, output: str) -> None:
        """Say how a check that is told (TTL) went."""
        self.ask("PUT", f"agent/check/update/{check}", {"Status": status, "Output": output})
        assert wait_until(lambda: any(one.get(check) == status for one in self.checks(service).values()))

    def take_out(self, service: str, service_id: str, reason: str) -> None:
        """Take an instance out for maintenance."""
        query = urllib.parse.urlencode({"enable": "true", "reason": reason})
        self.ask("PUT", f"agent/service/maintenance/{service_id}?{query}")
        assert wait_until(lambda: f"_service_maintenance:{service_id}" in self.checks(service)[service_id])

    def checks(self, service: str) -> dict[str, dict[str, str]]:
        """The status of each check, by its id, of each instance of a service on this agent, by its id."""
        return {
            entry["Service"]["ID"]: {check["CheckID"]: check["Status"] for check in entry["Checks"]}
            for entry in self.ask("GET", f"health/service/{service}?filter=Node.Node+matches+%22agent%22")
        }

    def put_node(self, **entry: Any) -> None:
        """Put a node, a service and its checks into the catalogue: what an agent elsewhere would have said."""
        self.ask("PUT", "catalog/register", entry)

    def make_token(self, name: str, rules: str) -> str:
        """A token that may do what ``rules`` say."""
        self.ask("PUT", "acl/policy", {"Name": name, "Rules": rules})
        made = self.ask("PUT", "acl/token", {"Description": name, "Policies": [{"Name": name}]})
        return str(made["SecretID"])


class Datacentres(NamedTuple):
    """Both agents, the token that may read all, and the file of the CA that signed the certificate of ``eu``."""

    eu: Agent
    us: Agent
    reader: str
    ca: Path


@pytest.fixture(scope="session")
def consul(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Datacentres]:
    """Two datacentres without services."""
    with run_consul(tmp_path_factory.mktemp("consul")) as datacentres:
        yield datacentres


@contextmanager
def run_consul(folder: Path) -> Iterator[Datacentres]:
    """Start both, joined; end them by their pids. ``folder`` takes what they write."""
    program = program_of("consul")
    certificate, ca = make_certificate(folder)
    management = "5b0a0a6e-0000-4000-8000-000000000001"
    with ExitStack() as running:
        eu = start(running, program, folder, "eu", management, certificate)
        eu.ask("PUT", "acl/policy", {"Name": "most", "Rules": READ_MOST})
        eu.ask("PUT", f"acl/token/{ANONYMOUS}", {"Policies": [{"Name": "most"}]})
        us = start(running, program, folder, "us", join=eu.ports.serf_wan)
        wait_until(lambda: sorted(eu.ask("GET", "catalog/datacenters")) == ["eu", "us"])
        wait_until(lambda: eu.ask("GET", "catalog/nodes?dc=us"))
        yield Datacentres(eu, us, eu.make_token("reader", READ_ALL), ca)


def make_certificate(folder: Path) -> tuple[dict[str, str], Path]:
    """A certificate for loopback, as an agent's settings name it; and its CA."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    ca = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    return {"cert_file": str(folder / "cert.pem"), "key_file": str(folder / "key.pem")}, ca


def start(
    running: ExitStack,
    program: Path,
    folder: Path,
    name: str,
    token: str = "",
    certificate: dict[str, str] | None = None,
    join: int = 0,
) -> Agent:
    """An agent that has elected itself; a port may have been taken meanwhile, so more than one try."""
    for _ in range(TRIES):
        agent = Agent(Ports.free(), token)
        settings = folder / f"{name}.json"
        settings.write_text(json.dumps(settings_of(agent, name, certificate, join)))
        log = running.enter_context((folder / f"{name}.log").open("w"))
        process = subprocess.Popen(
            [program, "agent", "-dev", "-config-file", settings],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        running.callback(end, process)
        if wait_until(partial(has_started, agent, name, process)) and process.poll() is None:
            return agent
    raise AssertionError((folder / f"{name}.log").read_text()[-4000:])


def has_started(agent: Agent, name: str, process: subprocess.Popen[bytes]) -> bool:
    """Is there a leader that knows this node and its tokens, or has it ended?"""
    if process.poll() is not None:
        return True
    try:
        return any(node["Node"] == f"agent-{name}" for node in agent.ask("GET", "catalog/nodes"))
    except OSError:  # refused, or an HTTP status: not yet
        return False


def settings_of(agent: Agent, name: str, certificate: dict[str, str] | None, join: int) -> dict[str, object]:
    """What its configuration file says."""
    off = dict.fromkeys(("dns", "grpc", "grpc_tls"), -1)
    settings: dict[str, object] = {
        "datacenter": name,
        "node_name": f"agent-{name}",
        "bind_addr": "127.0.0.1",
        "client_addr": "127.0.0.1",
        "ports": {**off, **agent.ports._asdict(), **({} if certificate else {"https": -1})},
        "disable_update_check": True,
        "log_level": "warn",
    }
    if certificate:
        settings["tls"] = {"https": certificate}
    if agent.token:
        tokens = {"initial_management": agent.token, "agent": agent.token}
        settings["acl"] = {"enabled": True, "default_policy": "deny", "tokens": tokens}
    if join:
        settings.update(retry_join_wan=[f"127.0.0.1:{join}"], retry_interval_wan="1s")
    return settings


def wait_until(holds: Callable[[], object]) -> bool:
    """Wait for something only another process knows."""
    deadline = time.monotonic() + LIMIT_S
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def end(process: subprocess.Popen[bytes]) -> None:
    """In memory, it has nothing to save."""
    process.kill()
    process.wait()
