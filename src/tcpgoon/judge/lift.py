"""The commands that lift a limit, with the numbers that this run needs, for where it is set.

A container is given most of its limits when it is started, by its runtime; some are the host's. What is given here
leaves a quarter more than the run needs, so that the limit is not tight afterwards.
"""

from collections.abc import Iterator

from tcpgoon.judge.limits import BYTES_PER_CONNECTION, DESCRIPTORS_OF_A_WORKER, ClientLimits
from tcpgoon.plan.plan import MOST_WORKERS
from tcpgoon.plan.units import format_bytes

_FIRST_PORT, _LAST_PORT = 1_024, 65_535
"""The widest range that takes no port from what needs a privilege."""
_TIME_WAIT_S = 60

_IN_A_UNIT = "# in the [Service] section, where a unit of systemd starts it"
_IN_THE_POD = "# in the pod's spec"
_IF_PRIVILEGED = "# in the container, if it is a privileged one"
_IN_ITS_CONFIGURATION = "# in the container's configuration"

_WHERE: dict[str, dict[str, tuple[str, ...]]] = {
    "descriptors": {
        "": (f"LimitNOFILE={{n}}  {_IN_A_UNIT}", "prlimit --pid $$ --nofile={n}  # as root: this shell's, and its own"),
        "docker": ("docker run --ulimit nofile={n}:{n} …",),
        "podman": ("podman run --ulimit nofile={n}:{n} …",),
        "kubernetes": ("LimitNOFILE={n}  # in the [Service] section of the node's container runtime",),
        "lxc": (f"lxc.prlimit.nofile = {{n}}  {_IN_ITS_CONFIGURATION}",),
        "systemd-nspawn": ("systemd-nspawn --rlimit=RLIMIT_NOFILE={n} …",),
    },
    "memory": {
        "": (f"MemoryMax={{n}}  {_IN_A_UNIT}", "systemd-run --scope -p MemoryMax={n} tcpgoon …  # as root"),
        "docker": ("docker run --memory={n} …",),
        "podman": ("podman run --memory={n} …",),
        "kubernetes": (f'resources: {{{{limits: {{{{memory: "{{n}}"}}}}}}}}  {_IN_THE_POD}',),
        "lxc": (f"lxc.cgroup2.memory.max = {{n}}  {_IN_ITS_CONFIGURATION}",),
        "systemd-nspawn": ("systemd-nspawn --property=MemoryMax={n} …",),
    },
    "tasks": {
        "": (f"TasksMax={{n}}  {_IN_A_UNIT}", "systemd-run --scope -p TasksMax={n} tcpgoon …  # as root"),
        "docker": ("docker run --pids-limit={n} …",),
        "podman": ("podman run --pids-limit={n} …",),
        "kubernetes": ("podPidsLimit: {n}  # in the configuration of the node's kubelet",),
        "lxc": (f"lxc.cgroup2.pids.max = {{n}}  {_IN_ITS_CONFIGURATION}",),
        "systemd-nspawn": ("systemd-nspawn --property=TasksMax={n} …",),
    },
    "cores": {
        "": (f"CPUQuota={{n}}00%  {_IN_A_UNIT}", "systemd-run --scope -p CPUQuota={n}00% tcpgoon …  # as root"),
        "docker": ("docker run --cpus={n} …",),
        "podman": ("podman run --cpus={n} …",),
        "kubernetes": (f'resources: {{{{limits: {{{{cpu: "{{n}}"}}}}}}}}  {_IN_THE_POD}',),
        "lxc": (f"lxc.cgroup2.cpu.max = {{n}}00000 100000  {_IN_ITS_CONFIGURATION}",),
        "systemd-nspawn": ("systemd-nspawn --property=CPUQuota={n}00% …",),
    },
    "setting": {
        "": ("sysctl -w {name}='{n}'  # as root",),
        "docker": ("docker run --sysctl {name}='{n}' …", f"sysctl -w {{name}}='{{n}}'  {_IF_PRIVILEGED}"),
        "podman": ("podman run --sysctl {name}='{n}' …", f"sysctl -w {{name}}='{{n}}'  {_IF_PRIVILEGED}"),
        "kubernetes": (f'securityContext: {{{{sysctls: [{{{{name: {{name}}, value: "{{n}}"}}}}]}}}}  {_IN_THE_POD}',),
        "lxc": (f"lxc.sysctl.{{name}} = {{n}}  {_IN_ITS_CONFIGURATION}",),
    },
}
"""What is to be lifted → the runtime of the container → how; the empty name is no container, or one not known here."""


def at_ease(needed: int) -> int:
    """So much that ``needed`` is no more than four fifths of it."""
    return -(-needed * 5 // 4)


def descriptors(limits: ClientLimits, connections: int) -> tuple[str, ...]:
    """More processes, where there is room for them; more descriptors for each, or its soft limit where that will do."""
    return (*_more_processes(limits, connections), *_more_descriptors(limits, connections))


def _more_processes(limits: ClientLimits, connections: int) -> tuple[str, ...]:
    each = limits.connections_of_a_worker
    workers = -(-connections // each) if each else MOST_WORKERS + 1
    if not limits.workers_possible or workers > MOST_WORKERS or workers <= limits.workers_most:
        return ()
    needed = limits.tasks_with(workers)
    if limits.tasks_free is None or needed <= limits.tasks_free:
        return (f"tcpgoon … --workers {workers}",)
    return _where(limits, "tasks", limits.tasks_in_use + at_ease(needed))


def _more_descriptors(limits: ClientLimits, connections: int) -> tuple[str, ...]:
    needed = _descriptors_needed(limits, connections)
    if needed <= limits.descriptors_hard and limits.descriptors_soft < limits.descriptors_hard:
        return (f"ulimit -Sn {needed}",)
    beyond = limits.descriptors_most is not None and needed > limits.descriptors_most
    return (*(nr_open(limits, connections) if beyond else ()), *_where(limits, "descriptors", needed))


def nr_open(limits: ClientLimits, connections: int) -> tuple[str, ...]:
    """A higher bound for everybody's hard limit."""
    return (_of_the_host(limits, "fs.nr_open", _descriptors_needed(limits, connections)),)


def _descriptors_needed(limits: ClientLimits, connections: int) -> int:
    """By each process."""
    own = limits.descriptors_in_use if limits.workers_most == 1 else DESCRIPTORS_OF_A_WORKER
    return at_ease(-(-connections // limits.workers_most)) + own


def host_files(limits: ClientLimits, connections: int) -> tuple[str, ...]:
    """More open files for all; for both ends where the target is on this machine."""
    needed = at_ease(connections * (1 + limits.target_is_local)) + limits.host_files_in_use
    return (_of_the_host(limits, "fs.file-max", needed),)


def local_ports(limits: ClientLimits, connections: int) -> tuple[str, ...]:
    """TIME_WAIT out of the way, where there is some; a wider range, where that is enough; more addresses."""
    return (
        *_less_waiting(limits),
        *_wider_range(limits, connections),
        *_more_sources(limits, connections),
        *_more_destinations(limits),
    )


def conntrack(limits: ClientLimits, connections: int) -> tuple[str, ...]:
    """A larger table; it is one for all network namespaces of the host."""
    needed = at_ease(connections) + limits.conntrack_in_use
    return (_of_the_host(limits, "net.netfilter.nf_conntrack_max", needed),)


def memory(limits: ClientLimits, connections: int) -> tuple[str, ...]:
    """No command makes memory: how much has to be free, and who could do with less."""
    needed = format_bytes(at_ease(connections * BYTES_PER_CONNECTION * (1 + limits.target_is_local)))
    apart = "; half of it if the target runs elsewhere" if limits.target_is_local else ""
    return (f"# {needed} have to be free: stop what else runs here, or run tcpgoon on another host{apart}",)


def group_memory(limits: ClientLimits, connections: int) -> tuple[str, ...]:
    """A higher limit for the cgroup; for both ends where the target is on this machine."""
    needed = at_ease(connections * BYTES_PER_CONNECTION * (1 + limits.target_is_local))
    return _where(limits, "memory", needed + limits.memory_in_use)


def tasks(limits: ClientLimits, _connections: int) -> tuple[str, ...]:
    """More processes and threads for the cgroup."""
    return _where(limits, "tasks", limits.tasks_in_use + at_ease(limits.tasks_of_the_run))


def cpu(limits: ClientLimits, _connections: int) -> tuple[str, ...]:
    """One core: a run needs no more, however many it can use."""
    return cores(limits, 1)


def cores(limits: ClientLimits, count: int) -> tuple[str, ...]:
    """So many cores for the cgroup."""
    return _where(limits, "cores", count)


def _less_waiting(limits: ClientLimits) -> Iterator[str]:
    if not limits.ports_waiting:
        return
    yield f"sleep {_TIME_WAIT_S}  # then TIME_WAIT is over"
    yield "tcpgoon … --close reset  # leaves none behind for the next run"
    if not limits.ports_waiting_usable:
        yield from _where(limits, "setting", 1, name="net.ipv4.tcp_tw_reuse")


def _wider_range(limits: ClientLimits, connections: int) -> Iterator[str]:
    if limits.ports is None or limits.port_range is None:
        return
    before, high = limits.port_range
    more = max(0, -(-_ports_needed(limits, connections) // limits.lanes) - limits.ports)
    low = max(min(before, _FIRST_PORT), before - more)
    high = max(high, min(_LAST_PORT, high + more - (before - low)))
    # The kernel likes its ends of different parity, and says so in its log.
    low -= (low + high + 1) % 2 if low > _FIRST_PORT else 0
    size = limits.ports + high - low - (limits.port_range[1] - before)
    if size > limits.ports and size * limits.lanes >= connections + _taken(limits):
        yield from _where(limits, "setting", f"{low} {high}", name="net.ipv4.ip_local_port_range")


def _more_sources(limits: ClientLimits, connections: int) -> Iterator[str]:
    if not limits.ports:
        return
    more = -(-_ports_needed(limits, connections) // (limits.ports * limits.destinations)) - limits.sources
    if more <= 0:
        return
    if limits.sources_at_hand:
        yield "tcpgoon … --source auto  # as many addresses of 127.0.0.0/8 as are needed"
    else:
        yield f"ip address add ADDRESS dev INTERFACE  # as root: {more:,} more; --source auto dials from all of them"


def _more_destinations(limits: ClientLimits) -> Iterator[str]:
    if limits.destinations < limits.addresses:
        yield f"tcpgoon … --spread  # dials all {limits.addresses:,} addresses of the target"


def _ports_needed(limits: ClientLimits, connections: int) -> int:
    return at_ease(connections) + _taken(limits)


def _taken(limits: ClientLimits) -> int:
    return limits.ports_in_use + (0 if limits.ports_waiting_usable else limits.ports_waiting)


def _of_the_host(limits: ClientLimits, name: str, value: int) -> str:
    where = "on the host of the container" if limits.container else "as root"
    return f"sysctl -w {name}={value}  # {where}"


def _where(limits: ClientLimits, what: str, n: int | str, name: str = "") -> tuple[str, ...]:
    ways = _WHERE[what]
    return tuple(way.format(n=n, name=name) for way in ways.get(limits.container or "", ways[""]))
