"""How a cluster is reached: what kubeconfig says, or what Kubernetes tells the pods that run in it.

The official client reads both; here is which of them it reads, and how its faults are put in words. Those of its own
may hold all of a user's entry, with the token in it: only what is known not to is repeated.
"""

import logging
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import yaml
from kubernetes import client
from kubernetes.config import ConfigException, incluster_config, kube_config

from tcpgoon.discovery.near import clipped, did_you_mean
from tcpgoon.errors import DiscoveryError, PlanError, UsageError

KUBECONFIG = "KUBECONFIG"
"""The environment variable that names the file, or several, as kubectl has it."""

DEFAULT = "~/.kube/config"
DEFAULT_NAMESPACE = "default"
LONGEST_SAID = 200
"""Characters of a message of others that are repeated."""

_NO_KUBECONFIG = "it is not of the form of a kubeconfig"
_SAID = {
    re.compile(r"Invalid kube-config file\. Expected key ([\w-]+) in .*", re.DOTALL): "{0} is missing",
    re.compile(r"Invalid kube-config file\. Expected object with name (.+) in .*/(\w+) list", re.DOTALL): (
        "{0} is not among its {1}"
    ),
    re.compile(r"Invalid kube-config\. .* file is empty", re.DOTALL): "it is empty",
    re.compile(r"File does not exist: (.+)", re.DOTALL): "there is no file {0}",
    re.compile(r"((?:Service|Token|Cert) [\w ]+)\."): "{0}",
    re.compile(r"(exec: .*|\[Errno .*)", re.DOTALL): "{0}",
}
"""What the client says that may be repeated, and how that is put."""

_IN_CLUSTER = "KUBERNETES_SERVICE_HOST"
_NAMESPACE = "namespace"
"""The file beside the token of a pod that says which namespace it is in."""


class Access(NamedTuple):
    """A cluster, and as whom it is asked."""

    configuration: Any
    """The official client's ``Configuration``."""
    namespace: str
    """The one that is meant where none is named."""
    identity: str
    """Whose credentials these are, in words: ``context dev of ~/.kube/config``."""

    @property
    def headers(self) -> dict[str, str]:
        """What says who asks. Raises `DiscoveryError` for a token that no header can carry."""
        headers = {one["key"]: one["value"].strip() for one in self.configuration.auth_settings().values()}
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise DiscoveryError(f"the token of {self.identity} has characters that no token has")
        return headers


def access(context: str, path: str) -> Access:
    """The way to the cluster: of the file at ``path``, else of KUBECONFIG, else of ``~/.kube/config``, else in a pod.

    Raises `UsageError` where there is none, `PlanError` for one that cannot be used, and `DiscoveryError` where the
    credentials cannot be had.
    """
    if named := path or os.environ.get(KUBECONFIG, ""):
        return _from_files(named, context, "?kubeconfig=" if path else f"{KUBECONFIG}=")
    if _is_there(DEFAULT):
        return _from_files(DEFAULT, context, "")
    if not os.environ.get(_IN_CLUSTER):
        raise UsageError(
            f"k8s:// needs a kubeconfig, and there is no {DEFAULT}: name one by {KUBECONFIG} or ?kubeconfig=PATH "
            "(a pod needs none: it has a service account)"
        )
    if context:
        raise PlanError(f"there is no context {clipped(context)}: this is a pod without a kubeconfig")
    return _from_pod()


def _from_files(named: str, context: str, given_by: str) -> Access:
    shown = clipped(f"{given_by}{named}")
    if not any(map(_is_there, filter(None, named.split(os.pathsep)))):
        raise PlanError(f"{shown}: there is no such file")
    with _readable(shown):
        loader = _loader(named, context, shown)
        current = loader.current_context
        configuration = client.Configuration()
        with _failures_logged() as failures:
            loader.load_and_set(configuration)
        _check_server(getattr(loader, "host", ""), shown)
    identity = f"context {clipped(str(current['name']))} of {clipped(named)}"
    if failures and not configuration.api_key and not configuration.cert_file:
        raise DiscoveryError(f"{identity}: no credentials can be had: {_repeatable(failures[0])}")
    return Access(configuration, str(current["context"].get("namespace") or DEFAULT_NAMESPACE), identity)


def _is_there(path: str) -> bool:
    try:
        return Path(path).expanduser().is_file()
    except (OSError, RuntimeError):  # a folder that is not ours to look into; a user who has no home
        return False


def _check_server(server: str, shown: str) -> None:
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PlanError(f"{shown} cannot be used: the server of its cluster is no URL")


def _loader(named: str, context: str, shown: str) -> Any:
    merged = kube_config.KubeConfigMerger(named).config
    contexts = [str(one["name"]) for one in merged.value["contexts"]]
    wanted = context or str(merged.value.get("current-context") or "")
    if wanted not in contexts:
        what = f"no context {clipped(wanted)}" if wanted else "no current context: name one by ?context="
        near = did_you_mean(wanted, contexts) if wanted else ""
        known = ", ".join(map(clipped, contexts[:3]))
        raise PlanError(f"{shown} has {what}{near or (known and f'; it has {known}')}")
    return kube_config.KubeConfigLoader(config_dict=merged, active_context=wanted, config_base_path=None)


def _from_pod() -> Access:
    folder = Path(incluster_config.SERVICE_TOKEN_FILENAME).parent
    configuration = client.Configuration()
    with _readable(f"the service account of this pod ({folder})"):
        incluster_config.InClusterConfigLoader(
            token_filename=incluster_config.SERVICE_TOKEN_FILENAME,
            cert_filename=incluster_config.SERVICE_CERT_FILENAME,
        ).load_and_set(configuration)
        file = folder / _NAMESPACE
        namespace = file.read_text().strip() if file.exists() else ""
    return Access(configuration, namespace or DEFAULT_NAMESPACE, "the service account of this pod")


@contextmanager
def _readable(shown: str) -> Iterator[None]:
    """Whatever the client makes of a file that is none is one line."""
    try:
        yield
    except (UsageError, DiscoveryError):
        raise
    except Exception as exc:  # noqa: BLE001 - there is no end to what a broken file can raise in it
        # Not chained: what led to it has the secrets that the line is kept free of.
        raise PlanError(f"{shown} cannot be used: {_fault(exc)}") from None


def _fault(exc: Exception) -> str:
    """What is wrong, without what is secret."""
    if isinstance(exc, yaml.MarkedYAMLError) and exc.problem_mark:
        return f"line {exc.problem_mark.line + 1}, column {exc.problem_mark.column + 1}: this is no YAML"
    if isinstance(exc, ConfigException):
        return _repeatable(str(exc))
    if isinstance(exc, OSError) and exc.strerror:
        return clipped(f"{exc.filename}: {exc.strerror}" if exc.filename else exc.strerror, LONGEST_SAID)
    return _NO_KUBECONFIG


def _repeatable(said: str) -> str:
    for pattern, words in _SAID.items():
        if match := pattern.fullmatch(said):
            return clipped(words.format(*match.groups()), LONGEST_SAID)
    return _NO_KUBECONFIG


@contextmanager
def _failures_logged() -> Iterator[list[str]]:
    """What the client logs as an error meanwhile: where a plugin for credentials fails, it does no more than that."""
    failures: list[str] = []
    handler = _Keeping(failures, threading.get_ident())
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield failures
    finally:
        root.removeHandler(handler)


class _Keeping(logging.Handler):
    """Keeps what one thread logs on the root logger."""

    def __init__(self, kept: list[str], thread: int) -> None:
        super().__init__(logging.ERROR)
        self._kept = kept
        self._thread = thread

    def emit(self, record: logging.LogRecord) -> None:
        """Called by `logging`."""
        if record.thread == self._thread and record.name == "root":
            self._kept.append(" ".join(record.getMessage().split()))
