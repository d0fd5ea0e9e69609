from collections.abc import Mapping
from pathlib import Path

import pytest

from tcpgoon.engine.machine.container import container

ID = "0123456789abcdef" * 4


def made(root: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


@pytest.mark.parametrize(
    ("files", "environ", "expected"),
    [
        pytest.param({}, {}, None, id="nothing"),
        pytest.param({"proc/self/cgroup": "0::/user.slice/user-0.slice/session-1.scope\n"}, {}, None, id="a host"),
        pytest.param({"proc/self/cgroup": "0::/system.slice/docker.service\n"}, {}, None, id="the daemon itself"),
        pytest.param({".dockerenv": ""}, {}, "docker", id="docker"),
        pytest.param(
            {"run/.containerenv": 'engine="podman-5"\n', "proc/self/cgroup": "0::/"}, {}, "podman", id="podman"
        ),
        pytest.param({".dockerenv": ""}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "kubernetes", id="a pod, of docker"),
        pytest.param({"var/run/secrets/kubernetes.io/x": ""}, {}, "kubernetes", id="a pod without services"),
        pytest.param({}, {"container": "lxc"}, "lxc", id="lxc says it to all"),
        pytest.param({"run/systemd/container": "lxc\n"}, {}, "lxc", id="systemd says it"),
        pytest.param(
            {"run/host/container-manager": "systemd-nspawn\n"}, {"container": ""}, "systemd-nspawn", id="nspawn"
        ),
        pytest.param({}, {"container": "\x1b[31mred"}, "container", id="what is no name"),
        pytest.param({"proc/self/cgroup": f"0::/system.slice/docker-{ID}.scope\n"}, {}, "docker", id="docker, v2"),
        pytest.param({"proc/self/cgroup": f"4:memory:/docker/{ID}\n"}, {}, "docker", id="docker, v1"),
        pytest.param({"proc/self/cgroup": f"0::/machine.slice/libpod-{ID}.scope\n"}, {}, "podman", id="libpod"),
        pytest.param(
            {"proc/self/cgroup": "0::/kubepods.slice/kubepods-burstable.slice/x\n"}, {}, "kubernetes", id="pods"
        ),
        pytest.param({"proc/self/cgroup": "4:memory:/lxc.payload.box/init\n"}, {}, "lxc", id="lxc 4"),
        pytest.param({"proc/self/cgroup": "4:memory:/lxc/box\n"}, {}, "lxc", id="lxc 2"),
    ],
)
def test_what_this_process_runs_in(
    tmp_path: Path, files: Mapping[str, str], environ: Mapping[str, str], expected: str | None
) -> None:
    assert container(made(tmp_path, files), environ) == expected


def test_what_it_is_here_is_a_name_or_nothing() -> None:
    found = container()
    assert found is None or found.replace("-", "").isalnum()
