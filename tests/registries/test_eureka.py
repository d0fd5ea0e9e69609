"""Targets that a real Eureka server tells us of: Spring Cloud's."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tcpgoon.discovery.find import find
from tcpgoon.discovery.http.failover import Refused
from tcpgoon.discovery.instance import Instance, Listing, Status
from tcpgoon.discovery.terms import PASSWORD, Terms
from tcpgoon.errors import DiscoveryError, NoInstance, UnknownService
from tcpgoon.plan.lookup import parse_lookup
from tcpgoon.server import ServerProcess
from tests.installed import INSTALLED, LIMIT_S, run_installed
from tests.registries.eureka_server import EurekaServer

pytestmark = pytest.mark.requires("java", "registry eureka")

IN_TIME = 60.0
"""Seconds: many, for no answer here is late by design."""

AMAZON = {
    "@class": "com.netflix.appinfo.AmazonInfo",
    "name": "Amazon",
    "metadata": {
        "public-hostname": "localhost",
        "public-ipv4": "203.0.113.7",
        "local-ipv4": "10.0.0.7",
        "availability-zone": "eu-west-1a",
        "instance-id": "i-0a1b2c3d",
    },
}


def ask(target: str, ca: Path | None = None) -> Listing:
    return find(parse_lookup(target), Terms(timeout_s=IN_TIME, ca=str(ca or "")))


def statuses(listing: Listing) -> dict[str, Status]:
    return {one.id: one.status for one in listing.instances}


def comes_to_be(look: Callable[[], object], expected: object) -> None:
    deadline = time.monotonic() + IN_TIME
    while (seen := look()) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    assert seen == expected


def test_all_instances_with_what_is_known_of_them(eureka: EurekaServer) -> None:
    eureka.register("ALL", "a", metadata={"zone": "rack-1", "owner": "täm"}, hostName="all-a.local")
    eureka.register("ALL", "b", port={"$": 8080, "@enabled": "false"}, securePort={"$": 8443, "@enabled": "true"})
    eureka.register("ALL", "c", port={"$": 8080, "@enabled": "false"})
    expected = Listing(
        service="ALL",
        registry=f"http://127.0.0.1:{eureka.plain}/eureka",
        instances=(
            Instance(
                id="a",
                host="all-a.local",
                port=8080,
                zone="rack-1",
                metadata={"zone": "rack-1", "owner": "täm"},
                others=("127.0.0.1",),
            ),
            Instance(id="b", host="127.0.0.1", port=8443),
            Instance(id="c", host="127.0.0.1", port=8080, status=Status.UNKNOWN, said="no port of it is enabled"),
        ),
        is_local=True,
    )
    assert ask(f"eureka://127.0.0.1:{eureka.plain}/ALL") == expected
    assert ask(f"eureka://localhost:{eureka.plain}/eureka/all").instances == expected.instances
    in_xml = ask(f"eureka://127.0.0.1:{eureka.netflix}/ALL")
    assert (in_xml.registry, in_xml.instances) == (
        f"http://127.0.0.1:{eureka.netflix}/eureka/v2",
        expected.instances,
    )


@pytest.mark.parametrize("door", ["plain", "netflix"])
def test_the_life_of_instances(eureka: EurekaServer, door: str) -> None:
    app = f"LIFE-{door.upper()}"
    target = f"eureka://127.0.0.1:{getattr(eureka, door)}/{app}"
    for status in ("UP", "DOWN", "STARTING", "UNKNOWN"):
        eureka.register(app, status.lower(), status=status)
    eureka.register(app, f"{door}-out")
    eureka.override(app, f"{door}-out", "OUT_OF_SERVICE")
    expected = {
        "up": Status.UP,
        "down": Status.DOWN,
        "starting": Status.STARTING,
        "unknown": Status.UNKNOWN,
        f"{door}-out": Status.OUT_OF_SERVICE,
    }
    comes_to_be(lambda: statuses(ask(target)), expected)
    # The heartbeat of one that its operator took out does not bring it back.
    eureka.heartbeat(app, f"{door}-out")
    eureka.cancel(app, "down")
    del expected["down"]
    comes_to_be(lambda: statuses(ask(target)), expected)


def test_one_that_sends_no_heartbeat_is_evicted(eureka: EurekaServer) -> None:
    target = f"eureka://127.0.0.1:{eureka.plain}/EVICTED"
    eureka.register("EVICTED", "stays")
    eureka.register("EVICTED", "goes", lease_s=1)
    comes_to_be(lambda: statuses(ask(target)), {"stays": Status.UP})


def test_amazon(eureka: EurekaServer) -> None:
    eureka.register("AMAZON", "i-0a1b2c3d", dataCenterInfo=AMAZON, hostName="ip-10-0-0-7.internal", ipAddr="10.0.0.7")
    eureka.register("AMAZON", "other")
    for port in (eureka.plain, eureka.netflix):
        target = f"eureka://127.0.0.1:{port}/AMAZON"
        assert ask(f"{target}?zone=eu-west-1a").instances == (
            Instance(
                id="i-0a1b2c3d",
                host="ip-10-0-0-7.internal",
                port=8080,
                zone="eu-west-1a",
                others=("localhost", "203.0.113.7", "10.0.0.7"),
            ),
        )
        assert [(one.host, one.said) for one in ask(f"{target}?address=public-ip").instances] == [
            ("203.0.113.7", ""),
            ("127.0.0.1", "it has no address of the kind public-ip"),
        ]
    with pytest.raises(NoInstance) as raised:
        ask(f"eureka://127.0.0.1:{eureka.plain}/AMAZON?zone=eu-west-1b")
    assert str(raised.value) == "AMAZON has no instance in the zone eu-west-1b; did you mean eu-west-1a?"


@pytest.mark.parametrize("door", ["plain", "netflix"])
def test_by_vip_address(eureka: EurekaServer, door: str) -> None:
    secure = {"$": 8443, "@enabled": "true"}
    eureka.register("TILL-A", "a", vipAddress="till,till-a", securePort=secure, secureVipAddress="till-tls")
    eureka.register("TILL-B", "b", vipAddress="till")

    def ports(query: str) -> list[tuple[str, int]]:
        listing = ask(f"eureka://127.0.0.1:{getattr(eureka, door)}?{query}")
        return [(one.id, one.port) for one in listing.instances]

    comes_to_be(lambda: ports("vip=till"), [("a", 8080), ("b", 8080)])
    assert ports("vip=till-a&secure=true") == [("a", 8443)]
    assert ports("svip=till-tls") == [("a", 8443)]
    with pytest.raises(UnknownService, match=r"does not know till-; did you mean till-a or till\?"):
        ports("vip=till-")


@pytest.mark.parametrize("door", ["plain", "netflix"])
def test_another_region(eureka: EurekaServer, door: str) -> None:
    """The other region of this server is itself, seen a little later."""
    eureka.register("REGION", "a", vipAddress="region")
    registry, region = f"eureka://127.0.0.1:{getattr(eureka, door)}", f"region={eureka.region}"
    comes_to_be(lambda: statuses(ask(f"{registry}/REGION?{region}")), {"a": Status.UP})
    assert statuses(ask(f"{registry}?vip=region&{region}")) == {"a": Status.UP}
    with pytest.raises(UnknownService, match=r"does not know REGIO; did you mean REGION\?"):
        ask(f"{registry}/REGIO?{region}")


def test_what_it_does_not_know(eureka: EurekaServer) -> None:
    eureka.register("UNKNOWN-SERVICE", "a")
    for port, base in ((eureka.plain, "/eureka"), (eureka.netflix, "/eureka/v2")):
        with pytest.raises(UnknownService) as raised:
            ask(f"eureka://127.0.0.1:{port}/UNKNOWN-SERVIEC")
        assert str(raised.value) == (
            f"http://127.0.0.1:{port}{base} does not know UNKNOWN-SERVIEC; did you mean UNKNOWN-SERVICE?"
        )
    with pytest.raises(DiscoveryError) as missed:
        ask(f"eureka://127.0.0.1:{eureka.netflix}/eureka/UNKNOWN-SERVICE")
    assert str(missed.value) == f"http://127.0.0.1:{eureka.netflix} has no Eureka at /eureka (404)"


def test_tls_and_a_user(eureka: EurekaServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    eureka.register("SAFE", "a")
    user, password = eureka.reader
    target = f"eureka+https://{user}@localhost:{eureka.secure}/SAFE"
    monkeypatch.setenv(PASSWORD, password)
    assert ask(target, eureka.ca) == Listing(
        service="SAFE",
        registry=f"https://localhost:{eureka.secure}/eureka",
        instances=(Instance(id="a", host="127.0.0.1", port=8080),),
        is_local=True,
    )
    with pytest.raises(DiscoveryError, match="its certificate is not trusted"):
        ask(target)
    (tmp_path / "netrc").write_text(f"machine localhost login {user} password {password}\n")
    monkeypatch.delenv(PASSWORD)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert statuses(ask(target, eureka.ca)) == {"a": Status.UP}


def test_who_may_not_read(eureka: EurekaServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    origin = f"https://localhost:{eureka.secure}"

    def fault(user: str, password: str) -> str:
        monkeypatch.setenv(PASSWORD, password)
        with pytest.raises(DiscoveryError) as raised:
            ask(f"eureka+https://{user}localhost:{eureka.secure}/SAFE", eureka.ca)
        assert isinstance(raised.value, Refused) == ("(401)" in str(raised.value))
        return str(raised.value)

    how = "in TCPGOON_REGISTRY_PASSWORD, in ~/.netrc, or by --registry-password-file"
    assert fault("", "secret") == (
        f"{origin} asks for a user (401): write eureka://USER@SERVER/NAME, and give the password {how}"
    )
    assert fault("reader@", "") == f"{origin} asks for the password of reader (401): give it {how}"
    assert fault("reader@", "secret") == f"{origin} does not take the password that was given for reader (401)"
    user, password = eureka.stranger
    assert fault(f"{user}@", password) == (
        f"{origin} does not let stranger read, or has just started and is not ready (403)"
    )


def test_the_next_server_where_one_is_not_there_or_does_not_speak(eureka: EurekaServer) -> None:
    """The door with TLS turns those without away."""
    eureka.register("FAILOVER", "a")
    there = f"127.0.0.1:{eureka.plain}"
    listing = ask(f"eureka://127.0.0.1:1,127.0.0.1:{eureka.secure},{there}/FAILOVER")
    assert listing.registry == f"http://{there}/eureka"
    with pytest.raises(DiscoveryError) as raised:
        ask(f"eureka://127.0.0.1:1,127.0.0.1:{eureka.secure}/FAILOVER")
    assert str(raised.value) == (
        "none of 2 servers has answered: http://127.0.0.1:1 cannot be asked: Connection refused; "
        f"http://127.0.0.1:{eureka.secure}/eureka answers 400: it may speak TLS, which is eureka+https://"
    )


# The installed command.


def resolve(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [INSTALLED, "resolve", *map(str, words)]
    environment = {**os.environ, **environment}
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S, env=environment
    )


def test_resolve(eureka: EurekaServer) -> None:
    eureka.register("RESOLVED", "a", metadata={"zone": "rack-1"})
    eureka.register("RESOLVED", "b", status="DOWN")
    user, password = eureka.reader
    target = f"eureka+https://{user}@localhost:{eureka.secure}/RESOLVED"
    done = resolve("-o", "json", "--registry-ca", eureka.ca, target, **{PASSWORD: password})
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["service"], found["registry"]) == ("RESOLVED", f"https://localhost:{eureka.secure}/eureka")
    assert [(one["id"], one["status"], one["addresses"], one["zone"]) for one in found["instances"]] == [
        ("a", "UP", ["127.0.0.1"], "rack-1"),
        ("b", "DOWN", ["127.0.0.1"], ""),
    ]


def test_resolve_says_in_a_line_what_is_wrong(eureka: EurekaServer) -> None:
    eureka.register("TYPED", "a")
    done = resolve(f"eureka://127.0.0.1:{eureka.plain}/TYPDE")
    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1
    assert "does not know TYPDE; did you mean TYPED?" in done.stderr


def test_run_dials_what_the_registry_names(eureka: EurekaServer) -> None:
    with ServerProcess() as carries, ServerProcess(flags=["--max-connections", "3"]) as does_not:
        for name, port in (("run-a", carries.port), ("run-b", does_not.port), ("run-c", carries.port)):
            eureka.register("RUN", name, port={"$": port, "@enabled": "true"})
        eureka.override("RUN", "run-a", "OUT_OF_SERVICE")
        target = f"eureka://127.0.0.1:{eureka.plain}/RUN"
        first, out, third = (
            run_installed("-c", 10, *words, target) for words in ([], ["--pick", "run-a"], ["--pick", "3"])
        )
        each = run_installed("-c", 10, "--each", target)
    where = f"of RUN at http://127.0.0.1:{eureka.plain}/eureka"
    assert [(one.exit_status, one.verdict, one.line("Instance: ")) for one in (first, out, third)] == [
        (2, "FAIL", f"run-b {where} (picked: first)"),
        (0, "PASS", f"run-a {where} (picked: run-a, OUT_OF_SERVICE)"),
        (0, "PASS", f"run-c {where} (picked: 3)"),
    ]
    assert first.line("Not asked: ") == "run-a (OUT_OF_SERVICE), run-c (UP)"
    assert (each.exit_status, each.lines[-1]) == (2, "FAIL: of 2 instances 1 failed, 1 passed")
    assert [line for line in each.lines if line.startswith("Instance: ")] == [
        f"Instance: run-b {where}",
        f"Instance: run-c {where}",
    ]


def test_run_dials_a_public_name_where_the_private_one_is_unknown(eureka: EurekaServer) -> None:
    """RFC 6761 §6.4: no name below .invalid is known anywhere."""
    with ServerProcess() as carries:
        port = {"$": carries.port, "@enabled": "true"}
        eureka.register("PRIVATE", "a", hostName="ip-10-0-0-7.invalid", dataCenterInfo=AMAZON, port=port)
        target = f"eureka://127.0.0.1:{eureka.plain}/PRIVATE"
        said = run_installed("-4", "-c", 3, "--registry-timeout", f"{IN_TIME:.0f}s", target)
    assert (said.errors, said.exit_status) == ([], 0)
    assert f"--- localhost(127.0.0.1):{carries.port} tcp test statistics ---" in said.lines


def test_where_none_is_up_the_question_cannot_be_asked(eureka: EurekaServer) -> None:
    eureka.register("NONE-UP", "a", status="DOWN")
    said = run_installed("-c", 1, f"eureka://127.0.0.1:{eureka.plain}/NONE-UP")
    assert (said.exit_status, said.lines) == (3, [])
    assert said.errors == [
        "tcpgoon: no instance of NONE-UP is UP: 1 DOWN (--pick ID asks one nevertheless; tcpgoon resolve lists them)"
    ]
