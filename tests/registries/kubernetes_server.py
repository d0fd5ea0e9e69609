"""A real kube-apiserver, its etcd inside, without a cluster behind it: it holds what the tests have put there.

It authorizes by RBAC. `reader` and `stranger` come with tokens, the administrator with a certificate.
"""

import json
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import trustme
import yaml

from tests.registries.building import program_of

LIMIT_S = 100
TOKENS = {"reader": "token-of-the-reader", "stranger": "token-of-the-stranger"}
DISCOVERY = "/apis/discovery.k8s.io/v1"
RBAC = "/apis/rbac.authorization.k8s.io/v1"


class Cluster:
    """The words of its API that tests need, said by the administrator; ``folder`` has its files."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.ca = folder / "ca.pem"
        self._tls = ssl.create_default_context(cafile=self.ca)
        self._tls.load_cert_chain(folder / "admin.pem", folder / "admin.key")

    @property
    def port(self) -> int:
        """Of loopback."""
        return urlsplit(self.url).port or 0

    def ask(self, path: str, body: object = None) -> bytes:
        """What is at ``path``; with a ``body``, that is put there. Raises `HTTPError` where the server refuses."""
        request = urllib.request.Request(
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30, context=self._tls) as answer:
            said: bytes = answer.read()
        return said

    def make_namespace(self, name: str) -> None:
        """An empty one."""
        self.ask("/api/v1/namespaces", {"metadata": {"name": name}})

    def make_service(self, namespace: str, name: str, **spec: Any) -> None:
        """A service of that spec."""
        self.ask(f"/api/v1/namespaces/{namespace}/services", {"metadata": {"name": name}, "spec": spec})

    def make_slice(self, namespace: str, service: str, name: str, **fields: Any) -> None:
        """An EndpointSlice of the service, as the controller of a cluster would make it."""
        body = {"metadata": {"name": name, "labels": {"kubernetes.io/service-name": service}}, **fields}
        self.ask(f"{DISCOVERY}/namespaces/{namespace}/endpointslices", body)

    def allow(self, user: str, namespace: str, *rules: dict[str, list[str]]) -> None:
        """Give ``user`` a role in ``namespace``."""
        base, api = f"{RBAC}/namespaces/{namespace}", "rbac.authorization.k8s.io"
        self.ask(f"{base}/roles", {"metadata": {"name": user}, "rules": rules})
        binding = {
            "metadata": {"name": user},
            "subjects": [{"kind": "User", "name": user, "apiGroup": api}],
            "roleRef": {"kind": "Role", "name": user, "apiGroup": api},
        }
        self.ask(f"{base}/rolebindings", binding)

    def allow_everywhere(self, user: str, *rules: dict[str, list[str]]) -> None:
        """Give ``user`` a role in the whole cluster."""
        api = "rbac.authorization.k8s.io"
        self.ask(f"{RBAC}/clusterroles", {"metadata": {"name": user}, "rules": rules})
        binding = {
            "metadata": {"name": user},
            "subjects": [{"kind": "User", "name": user, "apiGroup": api}],
            "roleRef": {"kind": "ClusterRole", "name": user, "apiGroup": api},
        }
        self.ask(f"{RBAC}/clusterrolebindings", binding)

    def token_of(self, namespace: str, account: str) -> str:
        """A token of a new service account, as a pod gets one."""
        base = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        self.ask(base, {"metadata": {"name": account}})
        made = json.loads(self.ask(f"{base}/{account}/token", {"spec": {"expirationSeconds": 3600}}))
        return str(made["status"]["token"])

    def kubeconfig(self, path: Path, user: object = "reader", **context: str) -> Path:
        """Writes a kubeconfig: of a user with a token, or with the credentials given; ``context`` adds to that."""
        credentials = {"token": TOKENS[user]} if isinstance(user, str) else user
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "here", "cluster": {"server": self.url, "certificate-authority": str(self.ca)}}],
            "users": [{"name": "someone", "user": credentials}],
            "contexts": [{"name": "test", "context": {"cluster": "here", "user": "someone", **context}}],
        }
        path.write_text(yaml.safe_dump(config))
        return path


@contextmanager
def run_kubernetes(folder: Path) -> Iterator[Cluster]:
    """Start it, and end it by its pid. ``folder`` takes what it writes."""
    program = program_of("kubernetes")
    make_files(folder)
    command = [str(program), str(folder), *flags(folder)]
    # Its standard input ends with this process, and it ends with that.
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT) as process,
    ):
        try:
            yield await_ready(process, folder)
        finally:
            process.kill()


def make_files(folder: Path) -> None:
    """Certificates of the server and of the administrator, and the tokens."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    for name, issued in {
        "server": authority.issue_cert("127.0.0.1", "localhost"),
        "admin": authority.issue_cert("admin@tcpgoon.test", common_name="admin", organization_name="system:masters"),
    }.items():
        issued.private_key_pem.write_to_path(str(folder / f"{name}.key"))
        issued.cert_chain_pems[0].write_to_path(str(folder / f"{name}.pem"))
    (folder / "tokens").write_text("".join(f"{token},{user},{user}\n" for user, token in TOKENS.items()))


def flags(folder: Path) -> list[str]:
    """What a kube-apiserver wants to know."""
    return [
        f"--tls-cert-file={folder}/server.pem",
        f"--tls-private-key-file={folder}/server.key",
        f"--client-ca-file={folder}/ca.pem",
        f"--token-auth-file={folder}/tokens",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder}/server.key",
        f"--service-account-signing-key-file={folder}/server.key",
        # Nobody is told this address: there are no nodes.
        "--advertise-address=192.0.2.1",
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.96.0.0/24",
    ]


def await_ready(process: subprocess.Popen[bytes], folder: Path) -> Cluster:
    """The cluster, once it says that it is ready."""
    deadline = time.monotonic() + LIMIT_S
    address = folder / "address"
    while process.poll() is None and time.monotonic() < deadline:
        if address.exists():
            cluster = Cluster(f"https://{address.read_text()}", folder)
            try:
                cluster.ask("/readyz")
            except OSError:  # refused, or an HTTP status: not yet
                pass
            else:
                return cluster
        time.sleep(0.1)
    raise AssertionError((folder / "log").read_text()[-4000:])
