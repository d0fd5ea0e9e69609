"""What this process runs in: who lifts a limit has to know where it is set."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

_MARKS = (
    ("var/run/secrets/kubernetes.io", "kubernetes"),
    ("run/.containerenv", "podman"),
    (".dockerenv", "docker"),
)
"""Files that a runtime leaves in its containers; the outer one first, since a pod has those of its runtime too."""
_NAMED_IN = ("run/systemd/container", "run/host/container-manager")
"""Files that hold the name of a runtime (https://systemd.io/CONTAINER_INTERFACE)."""
_GROUPS = (
    (re.compile(r"kubepods"), "kubernetes"),
    (re.compile(r"/libpod[-/]"), "podman"),
    (re.compile(r"/docker[-/][0-9a-f]{12,}"), "docker"),
    (re.compile(r"/lxc(\.payload)?[./]"), "lxc"),
)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def container(root: Path = Path("/"), environ: Mapping[str, str] = os.environ) -> str | None:
    """The name of the runtime of the container that this process runs in; None where that looks like no container."""
    if environ.get("KUBERNETES_SERVICE_HOST"):
        return "kubernetes"
    for mark, runtime in _MARKS:
        if (root / mark).exists():
            return runtime
    names = (environ.get("container", ""), *(_text(root / file) for file in _NAMED_IN))
    if name := next(filter(None, (name.strip() for name in names)), None):
        return name if _NAME.fullmatch(name) else "container"
    groups = _text(root / "proc/self/cgroup")
    return next((runtime for pattern, runtime in _GROUPS if pattern.search(groups)), None)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
