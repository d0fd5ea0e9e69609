"""Kubeconfigs that are broken, and those that are not there; no line ever shows the token that is in them."""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kubernetes.config import incluster_config

from tcpgoon.discovery.registries.kubernetes_config import access
from tcpgoon.errors import DiscoveryError, PlanError, TcpgoonError, UsageError

TOKEN = "s3cr3t-t0ken"
API = "client.authentication.k8s.io/v1"


def config(**changes: Any) -> dict[str, Any]:
    """One that works, but for the changes."""
    return {
        "clusters": [{"name": "c", "cluster": {"server": "https://k8s.example.com:6443"}}],
        "users": [{"name": "u", "user": {"token": TOKEN}}],
        "contexts": [
            {"name": "dev", "context": {"cluster": "c", "user": "u"}},
            {"name": "prod", "context": {"cluster": "c", "user": "u", "namespace": "shop"}},
        ],
        "current-context": "dev",
    } | changes


Written = Callable[[object], str]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """The path of a file with this in it."""

    def write(content: object) -> str:
        path = tmp_path / "config"
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return str(path)

    return write


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without a kubeconfig, and no pod."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)
    return home


def test_the_current_context(written: Written) -> None:
    path = written(config())
    found = access("", path)
    assert found.configuration.host == "https://k8s.example.com:6443"
    assert found.namespace == "default"
    assert found.identity == f"context dev of {path}"
    assert found.headers == {"authorization": f"Bearer {TOKEN}"}


def test_another_context(written: Written) -> None:
    path = written(config())
    found = access("prod", path)
    assert (found.namespace, found.identity) == ("shop", f"context prod of {path}")


def test_where_it_is_looked_for(written: Written, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of kubectl: what is named, the variable, the usual place."""
    (home / ".kube").mkdir()
    (home / ".kube" / "config").write_text(yaml.safe_dump(config()))
    assert access("", "").identity == "context dev of ~/.kube/config"
    path = written(config())
    monkeypatch.setenv("KUBECONFIG", f"/nowhere:{path}")
    assert access("", "").identity == f"context dev of /nowhere:{path}"
    assert access("", "~/.kube/config").identity == "context dev of ~/.kube/config"


def test_a_token_in_a_file(written: Written, tmp_path: Path) -> None:
    """A line's end is no part of it."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    path = written(config(users=[{"name": "u", "user": {"tokenFile": "token"}}]))
    assert access("", path).headers == {"authorization": f"Bearer {TOKEN}"}


def test_no_credentials_are_no_fault(written: Written) -> None:
    """``kubectl proxy`` needs none."""
    path = written(config(users=[], contexts=[{"name": "dev", "context": {"cluster": "c"}}]))
    assert access("", path).headers == {}


def test_nothing_is_written(written: Written) -> None:
    path = written(config())
    before = Path(path).read_bytes()
    access("", path)
    assert Path(path).read_bytes() == before


def test_there_is_none() -> None:
    with pytest.raises(UsageError) as raised:
        access("", "")
    assert str(raised.value) == (
        "k8s:// needs a kubeconfig, and there is no ~/.kube/config: name one by KUBECONFIG or ?kubeconfig=PATH "
        "(a pod needs none: it has a service account)"
    )


def test_there_is_none_where_it_should_be(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PlanError) as raised:
        access("", "/nowhere")
    assert str(raised.value) == "?kubeconfig=/nowhere: there is no such file"
    with pytest.raises(PlanError) as raised:
        access("", "~nobody-of-that-name/config")
    assert str(raised.value) == "?kubeconfig=~nobody-of-that-name/config: there is no such file"
    monkeypatch.setenv("KUBECONFIG", "/nowhere:/elsewhere")
    with pytest.raises(PlanError) as raised:
        access("", "")
    assert str(raised.value) == "KUBECONFIG=/nowhere:/elsewhere: there is no such file"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "it is empty"),
        ("users: [{name: u, user: {token: 's3cr3t-t0ken'", "line 1, column 47: this is no YAML"),
        ("token: *s3cr3t-t0ken", "line 1, column 8: this is no YAML"),
        ("s3cr3t-t0ken", "it is not of the form of a kubeconfig"),
        ("[s3cr3t-t0ken]", "it is not of the form of a kubeconfig"),
        ({"users": TOKEN}, "name is missing"),
        (config(users=[TOKEN]), "it is not of the form of a kubeconfig"),
        (config(clusters=[{"name": "c", "cluster": {}}]), "the server of its cluster is no URL"),
        (config(clusters=[{"name": "c", "cluster": {"server": "ftp://a"}}]), "the server of its cluster is no URL"),
        (config(clusters=[]), "c is not among its clusters"),
        (config(contexts=[{"name": "dev", "context": {"user": "u", "token": TOKEN}}]), "cluster is missing"),
        (config(users=[{"name": "u", "token": TOKEN}]), "user is missing"),
        (
            config(
                clusters=[{"name": "c", "cluster": {"server": "https://a", "certificate-authority": "/nowhere.pem"}}]
            ),
            "there is no file /nowhere.pem",
        ),
        (config(users=[{"name": "u", "user": {"tokenFile": "/nowhere"}}]), "/nowhere: No such file or directory"),
        (
            config(users=[{"name": "u", "user": {"client-key-data": "s3cr3t", "client-certificate-data": "%"}}]),
            "it is not of the form of a kubeconfig",
        ),
    ],
)
def test_what_is_broken(written: Written, content: object, words: str) -> None:
    path = written(content)
    with pytest.raises(PlanError) as raised:
        access("", path)
    assert str(raised.value) == f"?kubeconfig={path} cannot be used: {words}"
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("context", "changes", "words"),
    [
        ("pord", {}, " has no context pord; did you mean prod?"),
        ("staging", {}, " has no context staging; it has dev, prod"),
        ("", {"current-context": "gone"}, " has no context gone; it has dev, prod"),
        ("", {"current-context": ""}, " has no current context: name one by ?context=; it has dev, prod"),
        ("", {"contexts": [], "current-context": ""}, " has no current context: name one by ?context="),
    ],
)
def test_a_context_that_is_not_there(written: Written, context: str, changes: dict[str, Any], words: str) -> None:
    path = written(config(**changes))
    with pytest.raises(PlanError) as raised:
        access(context, path)
    assert str(raised.value) == f"?kubeconfig={path}{words}"


@pytest.mark.parametrize("token", ["a\nb", "a\x00b", "tökén"])
def test_a_token_that_no_header_can_carry(written: Written, token: str) -> None:
    path = written(config(users=[{"name": "u", "user": {"token": token}}]))
    found = access("", path)
    with pytest.raises(DiscoveryError) as raised:
        _ = found.headers
    assert str(raised.value) == f"the token of context dev of {path} has characters that no token has"


NOTHING = json.dumps({"apiVersion": API, "kind": "ExecCredential", "status": {}})


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import sys; sys.exit('it is over:\\nlog in')", "exec: process returned 1. it is over: log in"),
        ("print('no JSON')", "exec: failed to decode process output: Expecting value: line 1 column 1 (char 0)"),
        ("print('{}')", "exec: malformed response. missing key 'apiVersion'"),
        (f"print('{NOTHING}')", "exec: missing token or clientCertificateData field in plugin output"),
    ],
)
def test_a_plugin_that_fails(written: Written, tmp_path: Path, capfd: Any, program: str, words: str) -> None:
    """The client does no more than log it, and would ask as nobody."""
    plugin = tmp_path / "plugin"
    plugin.write_text(f"#!{sys.executable}\n{program}\n")
    plugin.chmod(0o700)
    path = written(config(users=[{"name": "u", "user": {"exec": {"apiVersion": API, "command": str(plugin)}}}]))
    with pytest.raises(DiscoveryError) as raised:
        access("", path)
    assert str(raised.value) == f"context dev of {path}: no credentials can be had: {words}"
    assert capfd.readouterr() == ("", "")


def test_a_plugin_that_is_not_there(written: Written) -> None:
    path = written(config(users=[{"name": "u", "user": {"exec": {"apiVersion": API, "command": "no-such-plugin"}}}]))
    with pytest.raises(DiscoveryError) as raised:
        access("", path)
    assert str(raised.value) == (
        f"context dev of {path}: no credentials can be had: [Errno 2] No such file or directory: 'no-such-plugin'"
    )


def test_a_pod_without_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    with pytest.raises(PlanError) as raised:
        access("", "")
    assert str(raised.value) == (
        f"the service account of this pod ({tmp_path}) cannot be used: Service token file does not exist"
    )


def test_a_plugin_that_is_described_badly(written: Written) -> None:
    user = {"exec": {"apiVersion": None, "command": "a", "env": [{"name": "T", "value": TOKEN}]}}
    path = written(config(users=[{"name": "u", "user": user}]))
    with pytest.raises(DiscoveryError) as raised:
        access("", path)
    assert str(raised.value) == f"context dev of {path}: no credentials can be had: apiVersion is missing"


OTHERS: st.SearchStrategy[object] = st.recursive(
    st.none() | st.integers() | st.text() | st.just(TOKEN),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "user", "a"]), inner),
    max_leaves=3,
)


@st.composite
def mutated(draw: st.DrawFn) -> object:
    """A kubeconfig with something else somewhere in it; in what is of the user, that may have the token in it."""
    content = config()
    within: Any = content
    while isinstance(within, dict | list) and within:
        key = draw(st.sampled_from(list(within) if isinstance(within, dict) else range(len(within))))
        if within is content and key != "users":
            content[key] = draw(st.none() | st.integers() | st.lists(st.none(), max_size=2) | st.text(max_size=5))
            break
        if draw(st.booleans()) or not isinstance(within[key], dict | list):
            within[key] = draw(OTHERS)
            break
        within = within[key]
    return content


@given(mutated() | st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_other(written: Written, content: object) -> None:
    """A line, or a way to a cluster; nothing else."""
    with suppress(UnicodeEncodeError):
        path = written(content)
        said = ""
        try:
            _ = access("", path).headers
        except TcpgoonError as exc:
            said = str(exc)
        assert TOKEN not in said
        assert "\n" not in said
