"""The commands, with their numbers; each leaves the limit at ease, or says that it cannot."""

from typing import Any

import msgspec
import pytest

from tcpgoon.judge import lift
from tcpgoon.judge.limits import ClientLimits

LIMITS = ClientLimits(
    descriptors_soft=1_024,
    descriptors_hard=1_024,
    descriptors_in_use=24,
    descriptors_most=1_048_576,
    ports=28_232,
    port_range=(32_768, 60_999),
)


def limits(**facts: Any) -> ClientLimits:
    return msgspec.structs.replace(LIMITS, **facts)


@pytest.mark.parametrize(("needed", "ease"), [(0, 0), (1, 2), (4, 5), (5, 7), (1_000, 1_250), (1_001, 1_252)])
def test_at_ease(needed: int, ease: int) -> None:
    assert lift.at_ease(needed) == ease
    assert 5 * needed <= 4 * ease


UNIT = "# in the [Service] section, where a unit of systemd starts it"


@pytest.mark.parametrize(
    ("container", "commands"),
    [
        (None, (f"LimitNOFILE=12524  {UNIT}", "prlimit --pid $$ --nofile=12524  # as root: this shell's, and its own")),
        ("docker", ("docker run --ulimit nofile=12524:12524 …",)),
        ("podman", ("podman run --ulimit nofile=12524:12524 …",)),
        ("kubernetes", ("LimitNOFILE=12524  # in the [Service] section of the node's container runtime",)),
        ("lxc", ("lxc.prlimit.nofile = 12524  # in the container's configuration",)),
        ("systemd-nspawn", ("systemd-nspawn --rlimit=RLIMIT_NOFILE=12524 …",)),
        (
            "some-other",
            (f"LimitNOFILE=12524  {UNIT}", "prlimit --pid $$ --nofile=12524  # as root: this shell's, and its own"),
        ),
    ],
)
def test_descriptors_are_lifted_where_they_are_limited(container: str | None, commands: tuple[str, ...]) -> None:
    assert lift.descriptors(limits(container=container), 10_000) == commands


@pytest.mark.parametrize(
    ("found", "first"),
    [
        pytest.param({"descriptors_hard": 1_274}, "ulimit -Sn 1274", id="the soft limit alone"),
        pytest.param({"descriptors_hard": 1_273}, f"LimitNOFILE=1274  {UNIT}", id="one too few"),
        pytest.param({"descriptors_most": 1_274}, f"LimitNOFILE=1274  {UNIT}", id="just as far as it goes"),
        pytest.param({"descriptors_most": 1_273}, "sysctl -w fs.nr_open=1274  # as root", id="farther than it goes"),
        pytest.param({"descriptors_most": None}, f"LimitNOFILE=1274  {UNIT}", id="who knows how far"),
    ],
)
def test_descriptors_in_other_places(found: dict[str, int | None], first: str) -> None:
    assert lift.descriptors(limits(**found), 1_000)[0] == first


@pytest.mark.parametrize(
    ("found", "commands"),
    [
        pytest.param(
            {"workers_most": 2}, ("tcpgoon … --workers 10", f"LimitNOFILE=6266  {UNIT}"), id="too few workers"
        ),
        pytest.param({"workers_most": 10}, (f"LimitNOFILE=1266  {UNIT}",), id="enough workers"),
        pytest.param({"tasks": 12}, ("tcpgoon … --workers 10",), id="just enough tasks"),
        pytest.param({"tasks": 11}, (f"TasksMax=15  {UNIT}",), id="too few tasks"),
        pytest.param({"descriptors_soft": 25}, (f"LimitNOFILE=12524  {UNIT}",), id="too many workers"),
        pytest.param({"descriptors_soft": 16}, (f"LimitNOFILE=12524  {UNIT}",), id="not even one each"),
        pytest.param({"workers_possible": False}, (f"LimitNOFILE=12524  {UNIT}",), id="not here"),
    ],
)
def test_more_processes_have_more_descriptors(found: dict[str, Any], commands: tuple[str, ...]) -> None:
    known = {"descriptors_soft": 1_016, "descriptors_hard": 1_016, "workers_possible": True, **found}
    assert lift.descriptors(limits(**known), 10_000)[: len(commands)] == commands


def test_settings_of_the_host() -> None:
    found = limits(host_files_in_use=500, conntrack_in_use=7)
    assert lift.nr_open(found, 1_000) == ("sysctl -w fs.nr_open=1274  # as root",)
    assert lift.host_files(found, 1_000) == ("sysctl -w fs.file-max=1750  # as root",)
    assert lift.conntrack(found, 1_000) == ("sysctl -w net.netfilter.nf_conntrack_max=1257  # as root",)


def test_settings_of_the_host_are_not_those_of_a_container() -> None:
    found = limits(host_files_in_use=500, target_is_local=True, container="docker")
    assert lift.host_files(found, 1_000) == ("sysctl -w fs.file-max=3000  # on the host of the container",)


AUTO = "tcpgoon … --source auto  # as many addresses of 127.0.0.0/8 as are needed"


def more(count: int) -> str:
    return f"ip address add ADDRESS dev INTERFACE  # as root: {count} more; --source auto dials from all of them"


@pytest.mark.parametrize(
    ("found", "connections", "commands"),
    [
        pytest.param(
            {},
            30_000,
            (
                "sysctl -w net.ipv4.ip_local_port_range='23500 60999'  # as root",
                more(1),
            ),
            id="a wider range is enough",
        ),
        pytest.param(
            {},
            51_000,
            (
                "sysctl -w net.ipv4.ip_local_port_range='1024 64773'  # as root",
                more(2),
            ),
            id="at both ends",
        ),
        pytest.param(
            {},
            64_000,
            (
                "sysctl -w net.ipv4.ip_local_port_range='1024 65535'  # as root",
                more(2),
            ),
            id="as wide as it goes",
        ),
        pytest.param({}, 65_000, (more(2),), id="no range is enough"),
        pytest.param(
            {"sources_at_hand": True, "port_range": None},
            30_000,
            (AUTO,),
            id="on loopback there are more addresses",
        ),
        pytest.param(
            {"sources_at_hand": True},
            1_000_000,
            (AUTO,),
            id="many more",
        ),
        pytest.param(
            {"sources": 3, "destinations": 2, "addresses": 2, "ports": 100, "port_range": (1, 65_535)},
            600,
            (more(1),),
            id="each source has the ports of each destination",
        ),
        pytest.param(
            {"destinations": 2, "addresses": 2},
            80_000,
            ("sysctl -w net.ipv4.ip_local_port_range='11000 60999'  # as root", more(1)),
            id="a wider range towards both",
        ),
        pytest.param(
            {"sources_at_hand": True, "port_range": None, "addresses": 3},
            30_000,
            (AUTO, "tcpgoon … --spread  # dials all 3 addresses of the target"),
            id="the target has more addresses",
        ),
        pytest.param(
            {"sources": 2, "ports": 100, "port_range": (40_000, 40_099), "sources_at_hand": True, "ports_in_use": 20},
            200,
            (
                "sysctl -w net.ipv4.ip_local_port_range='39964 40099'  # as root",
                AUTO,
            ),
            id="less those in use; ends of different parity",
        ),
        pytest.param(
            {"ports": 0, "port_range": (8_080, 8_080)},
            1,
            ("sysctl -w net.ipv4.ip_local_port_range='8077 8080'  # as root",),
            id="no port at all",
        ),
        pytest.param({"ports": None, "port_range": None}, 30_000, (), id="not known"),
        pytest.param(
            {"ports": 10, "port_range": (1, 10), "sources": 4},
            35,
            (
                "sysctl -w net.ipv4.ip_local_port_range='1 11'  # as root",
                more(1),
            ),
            id="a range of ports that need a privilege",
        ),
        pytest.param(
            {"ports_waiting": 20_000},
            10_000,
            (
                "sleep 60  # then TIME_WAIT is over",
                "tcpgoon … --close reset  # leaves none behind for the next run",
                "sysctl -w net.ipv4.tcp_tw_reuse='1'  # as root",
                "sysctl -w net.ipv4.ip_local_port_range='28500 60999'  # as root",
                more(1),
            ),
            id="TIME_WAIT",
        ),
        pytest.param(
            {"ports_waiting": 28_000, "ports_waiting_usable": True, "container": "docker"},
            22_000,
            ("sleep 60  # then TIME_WAIT is over", "tcpgoon … --close reset  # leaves none behind for the next run"),
            id="TIME_WAIT that is given to new connections",
        ),
    ],
)
def test_local_ports(found: dict[str, Any], connections: int, commands: tuple[str, ...]) -> None:
    assert lift.local_ports(limits(**found), connections) == commands


@pytest.mark.parametrize(
    ("container", "commands"),
    [
        (
            "docker",
            (
                "docker run --sysctl net.ipv4.ip_local_port_range='23500 60999' …",
                "sysctl -w net.ipv4.ip_local_port_range='23500 60999'  # in the container, if it is a privileged one",
            ),
        ),
        (
            "podman",
            (
                "podman run --sysctl net.ipv4.ip_local_port_range='23500 60999' …",
                "sysctl -w net.ipv4.ip_local_port_range='23500 60999'  # in the container, if it is a privileged one",
            ),
        ),
        (
            "kubernetes",
            (
                'securityContext: {sysctls: [{name: net.ipv4.ip_local_port_range, value: "23500 60999"}]}'
                "  # in the pod's spec",
            ),
        ),
        ("lxc", ("lxc.sysctl.net.ipv4.ip_local_port_range = 23500 60999  # in the container's configuration",)),
        ("systemd-nspawn", ("sysctl -w net.ipv4.ip_local_port_range='23500 60999'  # as root",)),
    ],
)
def test_settings_of_a_network_namespace(container: str, commands: tuple[str, ...]) -> None:
    assert lift.local_ports(limits(container=container), 30_000)[:-1] == commands


@pytest.mark.parametrize(
    ("local", "command"),
    [
        (False, "# 5.2 MB have to be free: stop what else runs here, or run tcpgoon on another host"),
        (
            True,
            "# 10.5 MB have to be free: stop what else runs here, or run tcpgoon on another host; "
            "half of it if the target runs elsewhere",
        ),
    ],
)
def test_memory_of_the_host(local: bool, command: str) -> None:
    assert lift.memory(limits(target_is_local=local), 1_000) == (command,)


POD = "# in the pod's spec"
CONFIGURATION = "# in the container's configuration"


@pytest.mark.parametrize(
    ("container", "memory", "tasks", "cpu"),
    [
        (
            None,
            (f"MemoryMax=6250000  {UNIT}", "systemd-run --scope -p MemoryMax=6250000 tcpgoon …  # as root"),
            (f"TasksMax=12  {UNIT}", "systemd-run --scope -p TasksMax=12 tcpgoon …  # as root"),
            (f"CPUQuota=100%  {UNIT}", "systemd-run --scope -p CPUQuota=100% tcpgoon …  # as root"),
        ),
        (
            "docker",
            ("docker run --memory=6250000 …",),
            ("docker run --pids-limit=12 …",),
            ("docker run --cpus=1 …",),
        ),
        (
            "podman",
            ("podman run --memory=6250000 …",),
            ("podman run --pids-limit=12 …",),
            ("podman run --cpus=1 …",),
        ),
        (
            "kubernetes",
            (f'resources: {{limits: {{memory: "6250000"}}}}  {POD}',),
            ("podPidsLimit: 12  # in the configuration of the node's kubelet",),
            (f'resources: {{limits: {{cpu: "1"}}}}  {POD}',),
        ),
        (
            "lxc",
            (f"lxc.cgroup2.memory.max = 6250000  {CONFIGURATION}",),
            (f"lxc.cgroup2.pids.max = 12  {CONFIGURATION}",),
            (f"lxc.cgroup2.cpu.max = 100000 100000  {CONFIGURATION}",),
        ),
        (
            "systemd-nspawn",
            ("systemd-nspawn --property=MemoryMax=6250000 …",),
            ("systemd-nspawn --property=TasksMax=12 …",),
            ("systemd-nspawn --property=CPUQuota=100% …",),
        ),
    ],
)
def test_limits_of_the_cgroup(
    container: str | None, memory: tuple[str, ...], tasks: tuple[str, ...], cpu: tuple[str, ...]
) -> None:
    found = limits(container=container, memory_in_use=1_000_000, tasks_in_use=10)
    assert lift.group_memory(found, 1_000) == memory
    assert lift.tasks(found, 1_000) == tasks
    assert lift.cpu(found, 1_000) == lift.cores(found, 1) == cpu


def test_memory_of_the_cgroup_for_both_ends() -> None:
    found = limits(container="docker", target_is_local=True)
    assert lift.group_memory(found, 1_000) == ("docker run --memory=10500000 …",)
