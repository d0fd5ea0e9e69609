"""Looking up at a real Consul: two datacentres, ACLs, TLS, checks that pass, warn and fail, maintenance."""

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tcpgoon.discovery.find import find
from tcpgoon.discovery.http.failover import Refused
from tcpgoon.discovery.instance import Instance, Listing, Status
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, NoInstance, UnknownService
from tcpgoon.plan.lookup import parse_lookup
from tests.installed import INSTALLED, run_installed
from tests.registries.consul_server import SECRET_SERVICE, Agent, Datacentres, wait_until

WRONG_TOKEN = "0dd00dd0-0000-4000-8000-000000000000"
HOW = "give one in CONSUL_HTTP_TOKEN, in the file that CONSUL_HTTP_TOKEN_FILE names, or by ?token-file=PATH"

pytestmark = pytest.mark.requires("registry consul")


@pytest.fixture(scope="module", autouse=True)
def _services(consul: Datacentres) -> None:
    fill(consul.eu)
    consul.us.register("checkout", ID="checkout-us", Port=7000)


def fill(eu: Agent) -> None:
    """A service of all kinds of instances, on an agent and on nodes that other agents would have told of."""
    for number, tags in enumerate((["blue"], ["blue", "canary"], [], []), 1):
        eu.register(
            "checkout",
            ID=f"checkout-{number}",
            Port=8080 + number,
            Tags=tags,
            Meta={"version": str(number)},
            Weights={"Passing": 10, "Warning": 1},
            Check={"CheckID": f"told-{number}", "Name": "told", "TTL": "1h", "Status": "passing"},
        )
    eu.tell("checkout", "told-2", "warning", "p99 is 900 ms\nof 500 ms allowed")
    eu.tell("checkout", "told-3", "critical", "disk full")
    eu.take_out("checkout", "checkout-4", "new kernel")
    eu.put_node(
        Node="rack-2",
        Address="10.0.0.2",
        TaggedAddresses={"wan": "198.51.100.2"},
        Service={
            "ID": "checkout-1",
            "Service": "checkout",
            "Address": "checkout.rack-2.example.com",
            "Port": 8080,
            "TaggedAddresses": {"wan": {"Address": "198.51.100.22", "Port": 443}},
            "Locality": {"Region": "eu-west-1", "Zone": "eu-west-1a"},
        },
        Check={"CheckID": "_node_maintenance", "Name": "Node Maintenance", "Status": "critical", "Notes": "rack moves"},
    )
    eu.put_node(
        Node="rack-3",
        Address="10.0.0.3",
        TaggedAddresses={"wan": "198.51.100.3"},
        Locality={"Region": "eu-west-1", "Zone": "eu-west-1b"},
        Service={"ID": "checkout-7", "Service": "checkout", "Port": 8080},
    )
    ports = [{"Name": "http", "Port": 8080, "Default": True}, {"Name": "admin", "Port": 9090}]
    eu.register("payments", ID="payments-1", Ports=ports)
    eu.register("batch", ID="batch-1")
    eu.register(SECRET_SERVICE, ID="ledger-1", Port=5000)


@pytest.fixture(autouse=True)
def _no_token_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ADDR", "TOKEN", "TOKEN_FILE", "SSL"):
        monkeypatch.delenv(f"CONSUL_HTTP_{name}", raising=False)
    monkeypatch.delenv("CONSUL_CACERT", raising=False)


def listed(text: str, terms: Terms | None = None) -> Listing:
    return find(parse_lookup(text), terms or Terms())


def ids(text: str, terms: Terms | None = None) -> list[str]:
    return [instance.id for instance in listed(text, terms).instances]


def problem(text: str, kind: type[DiscoveryError], terms: Terms | None = None) -> str:
    """What is said of a lookup that fails by just this kind of error."""
    with pytest.raises(DiscoveryError) as caught:
        listed(text, terms)
    assert type(caught.value) is kind
    return str(caught.value)


def on_agent(number: int, status: Status, said: str = "", **more: Any) -> Instance:
    metadata = {"node": "agent-eu", **more.pop("metadata", {}), "version": str(number)}
    known: dict[str, Any] = {"id": f"checkout-{number}", "host": "127.0.0.1", "port": 8080 + number, "zone": "eu"}
    return Instance(status=status, said=said, metadata=metadata, weight=10, **(known | more))


def test_all_instances_are_listed_whatever_their_checks_say(consul: Datacentres) -> None:
    assert listed(f"consul://{consul.eu.address}/checkout") == Listing(
        service="checkout",
        registry=f"http://{consul.eu.address}",
        instances=(
            on_agent(1, Status.UP, id="agent-eu/checkout-1", metadata={"tags": "blue"}),
            on_agent(
                2, Status.DOWN, "warning: told: p99 is 900 ms of 500 ms allowed", metadata={"tags": "blue,canary"}
            ),
            on_agent(3, Status.DOWN, "critical: told: disk full"),
            on_agent(4, Status.OUT_OF_SERVICE, "maintenance: new kernel"),
            Instance(
                id="rack-2/checkout-1",
                host="checkout.rack-2.example.com",
                port=8080,
                status=Status.OUT_OF_SERVICE,
                said="maintenance: rack moves",
                zone="eu-west-1a",
                metadata={"node": "rack-2"},
            ),
            Instance(id="checkout-7", host="10.0.0.3", port=8080, zone="eu-west-1b", metadata={"node": "rack-3"}),
        ),
        is_local=True,
    )


def test_consul_itself_calls_passing_what_is_up(consul: Datacentres) -> None:
    passing = consul.eu.ask("GET", "health/service/checkout?passing")
    up = listed(f"consul://{consul.eu.address}/checkout").up
    assert [one.port for one in up] == [entry["Service"]["Port"] for entry in passing]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("tag=canary", ["checkout-2"]),
        ("tag=blue", ["checkout-1", "checkout-2"]),
        ("tag=blue,canary", ["checkout-2"]),
        ("dc=us", ["checkout-us"]),
        ("tag=canary&dc=eu&near=_agent", ["checkout-2"]),
    ],
)
def test_tags_and_datacentres(consul: Datacentres, options: str, expected: list[str]) -> None:
    assert ids(f"consul://{consul.eu.address}/checkout?{options}") == expected


def test_a_tagged_address_with_its_port(consul: Datacentres) -> None:
    found = listed(f"consul://{consul.eu.address}/checkout?address=wan").instances[-2:]
    assert [str(instance) for instance in found] == ["198.51.100.22:443", "198.51.100.3:8080"]


def test_one_of_several_ports(consul: Datacentres) -> None:
    where = f"consul://{consul.eu.address}/payments"
    assert [one.port for one in listed(where).instances] == [8080]
    assert [one.port for one in listed(f"{where}?port=admin").instances] == [9090]
    (lacking,) = listed(f"{where}?port=grpc").instances
    assert (lacking.status, lacking.said, lacking.port) == (Status.UNKNOWN, "has no port grpc", 8080)


def test_what_has_no_port_cannot_be_picked(consul: Datacentres) -> None:
    (instance,) = listed(f"consul://{consul.eu.address}/batch").instances
    assert (instance.status, instance.said) == (Status.UNKNOWN, "port 0 does not exist: ports are 1 to 65535")


def test_a_check_of_consuls_own_that_fails_and_an_instance_that_leaves(consul: Datacentres) -> None:
    where = f"consul://{consul.eu.address}/live"
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        check = {"Name": "dial", "TCP": f"{host}:{port}", "Interval": "1s"}
        consul.eu.register("live", ID="live-1", Address=host, Port=port, Check=check)
        assert wait_until(lambda: listed(where).up)
    assert wait_until(lambda: not listed(where).up)
    (down,) = listed(where).instances
    refused = f"critical: dial: dial tcp {host}:{port}: connect: connection refused"
    assert (down.status, down.said) == (Status.DOWN, refused)
    consul.eu.deregister("live", "live-1")
    assert problem(where, UnknownService).startswith(f"http://{consul.eu.address} shows no service live")


def test_names_that_come_near(consul: Datacentres) -> None:
    at = f"http://{consul.eu.address}"
    where = f"consul://{consul.eu.address}"
    assert problem(f"{where}/chekout", UnknownService) == f"{at} shows no service chekout; did you mean checkout?"
    assert problem(f"{where}/checkout?tag=canray", NoInstance) == (
        f"no instance of checkout at {at} has the tag canray; did you mean canary?"
    )
    assert problem(f"{where}/checkout?tag=blue,green", NoInstance) == (
        f"no instance of checkout at {at} has the tags blue, green"
    )
    assert problem(f"{where}/checkout?dc=eux", Refused) == f"{at} knows no datacentre eux; did you mean eu?"
    assert problem(f"{where}/checkout?dc=asia", Refused) == f"{at} knows no datacentre asia; there are eu, us"


def test_without_a_token_what_takes_one_is_not_shown(consul: Datacentres) -> None:
    assert problem(f"consul://{consul.eu.address}/{SECRET_SERVICE}", UnknownService) == (
        f"http://{consul.eu.address} shows no service {SECRET_SERVICE}; what takes an ACL token is not shown: {HOW}"
    )


def test_a_token_of_the_environment_or_a_file(
    consul: Datacentres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    where = f"consul://{consul.eu.address}/{SECRET_SERVICE}"
    file = tmp_path / "token"
    file.write_text(f"{consul.reader}\n")
    assert ids(f"{where}?token-file={file}") == ["ledger-1"]
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", consul.reader)
    assert ids(where) == ["ledger-1"]
    # As for Consul's own commands, the file goes before; and what was named here before both.
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", WRONG_TOKEN)
    monkeypatch.setenv("CONSUL_HTTP_TOKEN_FILE", str(file))
    assert ids(where) == ["ledger-1"]
    file.write_text(WRONG_TOKEN)
    named = tmp_path / "named"
    named.write_text(consul.reader)
    assert ids(f"{where}?token-file={named}") == ["ledger-1"]


def test_a_token_that_there_is_not(consul: Datacentres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", WRONG_TOKEN)
    assert problem(f"consul://{consul.eu.address}/checkout", Refused) == (
        f"http://{consul.eu.address} refuses to answer (403: ACL not found); "
        "the token of CONSUL_HTTP_TOKEN has to allow service:read and node:read"
    )


def test_a_token_without_node_read(consul: Datacentres, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = consul.eu.make_token("narrow", 'service "checkout" { policy = "read" }')
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", narrow)
    assert problem(f"consul://{consul.eu.address}/checkout", UnknownService) == (
        f"http://{consul.eu.address} shows no service checkout; "
        "the token of CONSUL_HTTP_TOKEN does not allow to read all"
    )


def test_tls(consul: Datacentres, monkeypatch: pytest.MonkeyPatch) -> None:
    where = f"consul+https://127.0.0.1:{consul.eu.ports.https}/checkout?tag=canary"
    assert problem(where, DiscoveryError) == (
        f"https://127.0.0.1:{consul.eu.ports.https} cannot be asked: its certificate is not trusted: unable to get "
        "local issuer certificate (--registry-ca FILE trusts another issuer)"
    )
    assert ids(where, Terms(ca=str(consul.ca))) == ["checkout-2"]
    assert ids(where, Terms(verify=False)) == ["checkout-2"]
    monkeypatch.setenv("CONSUL_CACERT", str(consul.ca))
    assert ids(where) == ["checkout-2"]


def test_http_where_it_speaks_tls(consul: Datacentres) -> None:
    where = f"127.0.0.1:{consul.eu.ports.https}"
    assert problem(f"consul://{where}/checkout", Refused) == (
        f"http://{where} answers 400: Client sent an HTTP request to an HTTPS server."
    )


def test_the_address_of_consuls_own_commands(consul: Datacentres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSUL_HTTP_ADDR", consul.us.address)
    assert ids("consul:///checkout") == ["checkout-us"]
    monkeypatch.setenv("CONSUL_HTTP_ADDR", f"http://{consul.us.address}/")
    assert ids("consul:///checkout") == ["checkout-us"]
    monkeypatch.setenv("CONSUL_HTTP_ADDR", f"https://127.0.0.1:{consul.eu.ports.https}")
    assert ids("consul:///checkout?tag=canary", Terms(ca=str(consul.ca))) == ["checkout-2"]


def test_a_server_that_is_down_is_passed_over(consul: Datacentres) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        dead = f"127.0.0.1:{nobody.getsockname()[1]}"
        assert ids(f"consul://{dead},{consul.us.address}/checkout") == ["checkout-us"]
        assert problem(f"consul://{dead},{dead}/checkout", DiscoveryError) == (
            f"none of 2 servers has answered: http://{dead} cannot be asked: Connection refused; "
            f"http://{dead} cannot be asked: Connection refused"
        )


def test_a_clear_no_of_one_server_is_not_asked_for_again(consul: Datacentres) -> None:
    where = f"{consul.us.address},{consul.eu.address}"
    assert problem(f"consul://{where}/{SECRET_SERVICE}", UnknownService) == (
        f"http://{consul.us.address} knows no service {SECRET_SERVICE}"
    )


def installed(*words: object, **env: str) -> tuple[int, str, str]:
    """Exit status, output and errors of the installed command."""
    done = subprocess.run(
        [INSTALLED, *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **env},
    )
    return done.returncode, done.stdout, done.stderr


def test_the_command_lists_them(consul: Datacentres) -> None:
    where = f"consul://{consul.eu.address}"
    secret = f"{where}/{SECRET_SERVICE}"
    status, out, errors = installed("resolve", secret, "-o", "json", CONSUL_HTTP_TOKEN=consul.reader)
    assert (status, errors) == (0, "")
    (ledger,) = json.loads(out)["instances"]
    assert (ledger["id"], ledger["host"], ledger["port"], ledger["status"]) == ("ledger-1", "127.0.0.1", 5000, "UP")
    assert consul.reader not in out
    assert installed("resolve", f"{where}/chekout") == (
        3,
        "",
        f"tcpgoon: http://{consul.eu.address} shows no service chekout; did you mean checkout?\n",
    )
    assert installed("resolve", f"{where}/checkout?tags=canary") == (
        64,
        "",
        "tcpgoon: consul:// has no option tags; did you mean tag?\n",
    )


def test_a_run_asks_the_first_that_is_up_and_each_that_is_asked_for(consul: Datacentres) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as echo:  # its kernel carries three
        consul.eu.register("echo", ID="echo-1", Address="127.0.0.1", Port=1)
        consul.eu.take_out("echo", "echo-1", "new kernel")
        consul.eu.register("echo", ID="echo-2", Address="127.0.0.1", Port=echo.getsockname()[1])
        where = f"consul://{consul.eu.address}/echo"
        first = run_installed("-c", 3, where)
        named = run_installed("-c", 3, "--pick", "echo-1", where)
    assert (first.exit_status, first.verdict) == (0, "PASS")
    assert first.line("Instance: ") == f"echo-2 of echo at http://{consul.eu.address} (picked: first, zone eu)"
    assert first.line("Not asked: ") == "echo-1 (OUT_OF_SERVICE: maintenance: new kernel)"
    assert (named.exit_status, named.verdict) == (2, "FAIL")
