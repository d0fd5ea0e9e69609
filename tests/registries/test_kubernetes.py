"""``k8s://`` against a real kube-apiserver, which holds what was put there by its own API."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from kubernetes.config import incluster_config

from tcpgoon.discovery.find import find
from tcpgoon.discovery.instance import Instance, Listing, Status
from tcpgoon.discovery.registries import kubernetes
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, PlanError, UnknownService, UsageError
from tcpgoon.plan.endpoint import Family
from tcpgoon.plan.lookup import parse_lookup
from tcpgoon.server import ServerProcess
from tests.installed import INSTALLED, run_installed
from tests.netlab.namespace import Namespace
from tests.registries.kubernetes_server import TOKENS, Cluster, run_kubernetes

pytestmark = pytest.mark.requires("registry kubernetes")

READ_SLICES = {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list"]}
READ_SERVICES = {"apiGroups": [""], "resources": ["services"], "verbs": ["get"]}
READ_NAMESPACES = {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list"]}
HTTP = {"name": "http", "port": 8080}
METRICS = {"name": "metrics", "port": 9090}
DNS = {"name": "dns", "port": 53, "protocol": "UDP"}


def pod(name: str, address: str, conditions: dict[str, bool], zone: str = "eu-west-1a") -> dict[str, Any]:
    """An endpoint, as the controller makes it of a pod."""
    return {
        "addresses": [address],
        "conditions": conditions,
        "nodeName": "node-1",
        "zone": zone,
        "targetRef": {"kind": "Pod", "name": name, "namespace": "shop"},
    }


UP = {"ready": True, "serving": True, "terminating": False}
NOT_READY = {"ready": False, "serving": False, "terminating": False}
TERMINATING = {"ready": False, "serving": True, "terminating": True}
GONE = {"ready": False, "serving": False, "terminating": True}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with run_kubernetes(tmp_path_factory.mktemp("kubernetes")) as cluster:
        cluster.make_namespace("shop")
        cluster.make_namespace("empty")
        fill(cluster)
        cluster.allow("reader", "shop", READ_SLICES, READ_SERVICES)
        cluster.allow("reader", "empty", READ_SLICES)
        cluster.allow_everywhere("reader", READ_NAMESPACES)
        yield cluster


def fill(cluster: Cluster) -> None:
    """The services of the namespace ``shop``."""
    ports = [HTTP, METRICS, DNS]
    cluster.make_service(
        "shop",
        "checkout",
        ports=[{"name": "http", "port": 80, "targetPort": "http"}, {"name": "metrics", "port": 9090}],
    )
    cluster.make_slice(
        "shop",
        "checkout",
        "checkout-a",
        addressType="IPv4",
        ports=ports,
        endpoints=[
            pod("checkout-1", "10.1.0.1", UP),
            pod("checkout-2", "10.1.0.2", NOT_READY, "eu-west-1b"),
            pod("checkout-3", "10.1.0.3", TERMINATING),
        ],
    )
    cluster.make_slice(
        "shop",
        "checkout",
        "checkout-b",
        addressType="IPv4",
        ports=ports,
        endpoints=[
            pod("checkout-1", "10.1.0.1", UP),
            pod("checkout-4", "10.1.0.4", GONE),
            {"addresses": ["10.1.0.5"], "hostname": "bare"},
        ],
    )
    # The controller gives slices names that sort as they come: this one is served before the others.
    cluster.make_slice(
        "shop",
        "checkout",
        "checkout-0",
        addressType="IPv6",
        ports=ports,
        endpoints=[pod("checkout-1", "fd00::1", UP), pod("checkout-6", "fd00::6", UP)],
    )
    cluster.make_service("shop", "ledger", clusterIP="None", ports=[{"port": 5432}])
    cluster.make_slice(
        "shop",
        "ledger",
        "ledger-a",
        addressType="FQDN",
        ports=[{"port": 5432}],
        endpoints=[{"addresses": ["ledger.example.com"]}],
    )
    cluster.make_service("shop", "peers", clusterIP="None", selector={"app": "peers"})
    cluster.make_slice("shop", "peers", "peers-a", addressType="IPv4", endpoints=[pod("peer-0", "10.1.1.1", UP)])
    cluster.make_service("shop", "idle", ports=[{"name": "http", "port": 80}])
    cluster.make_slice("shop", "idle", "idle-a", addressType="IPv4", endpoints=[])
    cluster.make_service("shop", "unborn", ports=[{"name": "http", "port": 80}])
    cluster.make_service("shop", "elsewhere", type="ExternalName", externalName="db.example.com")


Looked = Callable[..., Listing]


@pytest.fixture
def look(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Looked:
    """Looks up, as the reader, in the namespace ``shop`` of the context."""
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(tmp_path / "config", namespace="shop")))

    def find_it(expression: str, **terms: Any) -> Listing:
        return find(parse_lookup(expression), Terms(**terms))

    return find_it


def listed(name: str, address: str, status: Status = Status.UP, said: str = "", **more: Any) -> Instance:
    """The instance that a pod is."""
    return Instance(
        id=name,
        host=address,
        port=8080,
        status=status,
        said=said,
        zone=more.pop("zone", "eu-west-1a"),
        metadata={"nodeName": "node-1", "targetRef": f"Pod/{name}"},
        **more,
    )


CHECKOUT = (
    listed("checkout-1", "10.1.0.1", addresses=("10.1.0.1", "fd00::1")),
    listed("checkout-2", "10.1.0.2", Status.DOWN, "not ready", zone="eu-west-1b"),
    listed("checkout-3", "10.1.0.3", Status.OUT_OF_SERVICE, "terminating"),
    listed("checkout-4", "10.1.0.4", Status.DOWN, "terminating, not serving"),
    Instance(id="10.1.0.5:8080", host="10.1.0.5", port=8080, metadata={"hostname": "bare"}),
    listed("checkout-6", "fd00::6"),
)


def test_lists_each_endpoint_once(look: Looked, cluster: Cluster) -> None:
    assert look("k8s://shop/checkout:http") == Listing(
        service="shop/checkout:http", registry=cluster.url, instances=CHECKOUT, is_local=True
    )


@pytest.mark.parametrize("expression", ["k8s:///checkout:http", "k8s:///checkout:8080", "k8s:///checkout:80"])
def test_other_words_for_the_same(look: Looked, expression: str) -> None:
    """Of the context's namespace; by the endpoints' number, and by that of the service."""
    assert look(expression).instances == CHECKOUT


def test_pages_come_together(look: Looked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "PAGE", 1)
    assert look("k8s:///checkout:http").instances == CHECKOUT


def test_families(look: Looked) -> None:
    ipv4 = look("k8s:///checkout:http", family=Family.IPV4).instances
    assert [str(one) for one in ipv4] == [f"10.1.0.{number}:8080" for number in (1, 2, 3, 4, 5)]
    ipv6 = look("k8s:///checkout:http", family=Family.IPV6).instances
    assert [(one.id, str(one)) for one in ipv6] == [
        ("checkout-1", "[fd00::1]:8080"),
        ("checkout-6", "[fd00::6]:8080"),
    ]
    with pytest.raises(UnknownService) as raised:
        look("k8s:///peers:7000", family=Family.IPV6)
    assert str(raised.value) == "service peers in namespace shop has no IPv6 endpoints, but others"


def test_the_only_port_needs_no_name(look: Looked) -> None:
    listing = look("k8s:///ledger")
    assert listing.service == "shop/ledger"
    assert listing.instances == (Instance(id="ledger.example.com:5432", host="ledger.example.com", port=5432),)


def test_a_service_without_ports_has_any(look: Looked) -> None:
    assert [str(one) for one in look("k8s:///peers:7000").instances] == ["10.1.1.1:7000"]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("k8s:///chekout:http", "{url} knows no service chekout in namespace shop; did you mean checkout?"),
        ("k8s:///checkout:htp", "service checkout in namespace shop has no TCP port htp; did you mean http?"),
        (
            "k8s:///checkout:dns",
            "service checkout in namespace shop has no TCP port dns; it has http (8080), metrics (9090)",
        ),
        (
            "k8s:///checkout:81",
            "service checkout in namespace shop has no TCP port 81; it has http (8080), metrics (9090)",
        ),
        (
            "k8s:///checkout",
            "service checkout in namespace shop has several ports: http (8080), metrics (9090): name one: "
            "checkout:PORT",
        ),
        ("k8s:///peers", "service peers in namespace shop has no TCP port"),
        ("k8s:///idle:http", "shop/idle:http at {url} has no instances"),
        ("k8s:///unborn:http", "shop/unborn:http at {url} has no instances"),
        (
            "k8s:///elsewhere:5432",
            "service elsewhere in namespace shop has no endpoints: it is another name of db.example.com: "
            "dns://db.example.com:PORT asks that",
        ),
        ("k8s://empty/checkout:http", "{url} knows no service checkout in namespace empty"),
    ],
)
def test_what_is_unknown(look: Looked, cluster: Cluster, expression: str, words: str) -> None:
    with pytest.raises(UnknownService) as raised:
        look(expression)
    assert str(raised.value) == words.format(url=cluster.url)


def test_an_unknown_namespace(cluster: Cluster, tmp_path: Path) -> None:
    """Whoever may list in each namespace gets an empty list of one that is not there."""
    admin = {"client-certificate": str(cluster.folder / "admin.pem"), "client-key": str(cluster.folder / "admin.key")}
    path = cluster.kubeconfig(tmp_path / "config", admin)
    with pytest.raises(UnknownService) as raised:
        find(parse_lookup(f"k8s://shpo/checkout:http?kubeconfig={path}"), Terms())
    assert str(raised.value) == f"{cluster.url} has no namespace shpo; did you mean shop?"


def test_who_may_not(cluster: Cluster, tmp_path: Path) -> None:
    path = cluster.kubeconfig(tmp_path / "config", "stranger")
    with pytest.raises(DiscoveryError) as raised:
        find(parse_lookup(f"k8s://shop/checkout:http?kubeconfig={path}"), Terms())
    assert str(raised.value) == (
        f"context test of {path} may not list endpointslices.discovery.k8s.io in namespace shop (403): that takes a "
        f"role with the verb list on it; {cluster.url} says: endpointslices.discovery.k8s.io is forbidden: User "
        '"stranger" cannot list resource "endpointslices" in API group "discovery.k8s.io" in the namespace "shop"'
    )


@pytest.mark.parametrize("secret", ["wrong", "wrong\n"])
def test_who_is_not_known(cluster: Cluster, tmp_path: Path, secret: str) -> None:
    path = cluster.kubeconfig(tmp_path / "config", {"token": secret})
    with pytest.raises(DiscoveryError) as raised:
        find(parse_lookup(f"k8s://shop/checkout:http?kubeconfig={path}"), Terms())
    assert str(raised.value) == (
        f"{cluster.url} does not accept the credentials of context test of {path} (401): log in again"
    )


def test_another_context(cluster: Cluster, look: Looked, tmp_path: Path) -> None:
    with pytest.raises(PlanError) as raised:
        look("k8s:///checkout:http?context=tset")
    assert str(raised.value) == f"KUBECONFIG={tmp_path}/config has no context tset; did you mean test?"
    assert look("k8s:///checkout:http?context=test").instances == CHECKOUT


def test_its_certificate_has_to_be_trusted(cluster: Cluster, tmp_path: Path) -> None:
    path = tmp_path / "config"
    untrusting = cluster.kubeconfig(path).read_text().replace(f"certificate-authority: {cluster.ca}", "{}")
    path.write_text(untrusting.replace("{}\n", ""))
    expression = f"k8s://shop/checkout:http?kubeconfig={path}"
    with pytest.raises(DiscoveryError) as raised:
        find(parse_lookup(expression), Terms())
    said = str(raised.value)
    assert said.startswith(f"{cluster.url} cannot be asked: its certificate is not trusted: ")
    assert said.endswith(" (--registry-ca FILE trusts another issuer)")
    (tmp_path / "no certificates").mkdir()
    with pytest.raises(DiscoveryError, match="its certificate is not trusted: "):
        find(parse_lookup(expression), Terms(ca=str(tmp_path / "no certificates")))
    assert find(parse_lookup(expression), Terms(ca=str(cluster.ca))).instances == CHECKOUT
    assert find(parse_lookup(expression), Terms(verify=False)).instances == CHECKOUT


@pytest.fixture
def pod_of(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes this process one that finds what a pod of that service account does."""

    def become(token: str) -> None:
        (tmp_path / "token").write_text(token)
        (tmp_path / "ca.crt").write_bytes(cluster.ca.read_bytes())
        (tmp_path / "namespace").write_text("shop")
        monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
        monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(cluster.port))
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.delenv("KUBECONFIG", raising=False)

    return become


def test_in_a_pod(cluster: Cluster, pod_of: Callable[[str], None]) -> None:
    pod_of(cluster.token_of("shop", "acceptance"))
    cluster.allow("system:serviceaccount:shop:acceptance", "shop", READ_SLICES)
    assert find(parse_lookup("k8s:///checkout:http"), Terms()).instances == CHECKOUT
    with pytest.raises(PlanError) as raised:
        find(parse_lookup("k8s:///checkout:http?context=test"), Terms())
    assert str(raised.value) == "there is no context test: this is a pod without a kubeconfig"


def test_a_pod_whose_token_is_not_there(cluster: Cluster, pod_of: Callable[[str], None], tmp_path: Path) -> None:
    pod_of("")
    with pytest.raises(UsageError) as raised:
        find(parse_lookup("k8s:///checkout:http"), Terms())
    assert str(raised.value) == (
        f"the service account of this pod ({tmp_path}) cannot be used: Token file exists but empty"
    )


def test_credentials_of_a_plugin(cluster: Cluster, tmp_path: Path) -> None:
    """As kubectl has it: a program that prints a token."""
    plugin = tmp_path / "plugin"
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
    token = {"status": {"token": TOKENS["reader"]}}
    plugin.write_text(f"#!{sys.executable}\nimport json\nprint(json.dumps({answer | token}))\n")
    plugin.chmod(0o700)
    exec_ = {"apiVersion": answer["apiVersion"], "command": str(plugin), "interactiveMode": "Never"}
    path = cluster.kubeconfig(tmp_path / "config", {"exec": exec_})
    assert find(parse_lookup(f"k8s://shop/checkout:http?kubeconfig={path}"), Terms()).instances == CHECKOUT


def test_too_many_endpoints(look: Looked, cluster: Cluster) -> None:
    with pytest.raises(DiscoveryError) as raised:
        look("k8s:///checkout:http", most_instances=3)
    assert str(raised.value) == f"{cluster.url} lists more than 8 endpoints of checkout: refused"


def test_too_long_an_answer(look: Looked, cluster: Cluster) -> None:
    with pytest.raises(DiscoveryError) as raised:
        look("k8s:///checkout:http", most_bytes=1000)
    assert str(raised.value) == f"{cluster.url} sends an answer of more than 1,000 bytes: refused"


def test_an_api_that_has_no_slices(cluster: Cluster, tmp_path: Path) -> None:
    admin = {"client-certificate": str(cluster.folder / "admin.pem"), "client-key": str(cluster.folder / "admin.key")}
    path = cluster.kubeconfig(tmp_path / "config", admin)
    path.write_text(path.read_text().replace(cluster.url, f"{cluster.url}/elsewhere"))
    with pytest.raises(DiscoveryError) as raised:
        find(parse_lookup(f"k8s://shop/checkout:http?kubeconfig={path}"), Terms())
    assert str(raised.value) == (
        f"{cluster.url} serves no endpointslices.discovery.k8s.io of version v1 (404): is it a Kubernetes of 1.21 or "
        "later?"
    )


def run_resolve(path: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """The installed command, with that kubeconfig."""
    return subprocess.run(
        [INSTALLED, "resolve", *words],
        env=os.environ | {"KUBECONFIG": str(path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_resolved_by_the_command(cluster: Cluster, tmp_path: Path) -> None:
    path = cluster.kubeconfig(tmp_path / "config", namespace="shop")
    done = run_resolve(path, "k8s:///checkout:http", "-o", "json")
    assert (done.returncode, done.stderr) == (0, "")
    printed = json.loads(done.stdout)
    assert printed["service"] == "shop/checkout:http"
    assert [(one["id"], one["status"], one["said"], one["addresses"]) for one in printed["instances"]] == [
        (one.id, one.status, one.said, list(one.addresses or [one.host])) for one in CHECKOUT
    ]


@pytest.mark.parametrize(
    ("expression", "status", "words"),
    [
        ("k8s:///chekout:http", 3, "{url} knows no service chekout in namespace shop; did you mean checkout?"),
        ("k8s:///checkout:http?contxt=a", 64, "k8s:// knows no contxt; did you mean context?"),
        ("k8s:///checkout:http?context=a", 64, "KUBECONFIG={path} has no context a; it has test"),
    ],
)
def test_one_line_of_the_command(cluster: Cluster, tmp_path: Path, expression: str, status: int, words: str) -> None:
    path = cluster.kubeconfig(tmp_path / "config", namespace="shop")
    done = run_resolve(path, expression)
    assert (done.returncode, done.stdout) == (status, "")
    said = [line for line in done.stderr.splitlines() if line.startswith("tcpgoon: ")]
    assert len(said) == 1
    assert said[0].endswith(words.format(url=cluster.url, path=path))


@pytest.mark.requires("root", "ip")
def test_an_instance_is_dialled(tmp_path: Path) -> None:
    """The API allows no endpoint on loopback: in a network namespace of ours the addresses of pods can be here."""
    namespace = Namespace()
    with closing(namespace), namespace.entered():
        for words in ("link set lo up", "address add 10.1.0.1/32 dev lo", "address add 10.1.0.2/32 dev lo"):
            subprocess.run(["ip", *words.split()], check=True)
        with run_kubernetes(tmp_path) as cluster, ServerProcess(flags=["--host", "10.1.0.2"]) as server:
            cluster.make_namespace("shop")
            cluster.allow("reader", "shop", READ_SLICES)
            ports = [{"name": "http", "port": server.port}]
            pods = [pod("checkout-1", "10.1.0.1", NOT_READY), pod("checkout-2", "10.1.0.2", UP)]
            cluster.make_slice("shop", "checkout", "a", addressType="IPv4", ports=ports, endpoints=pods)
            path = cluster.kubeconfig(tmp_path / "config", namespace="shop")
            run = run_installed("k8s:///checkout", "-c", 20, env={"KUBECONFIG": str(path)})
    assert (run.exit_status, run.verdict) == (0, "PASS")
    assert f"--- 10.1.0.2:{server.port} tcp test statistics ---" in run.lines
    assert run.line("Instance: ").startswith(f"checkout-2 of shop/checkout:http at {cluster.url} ")
