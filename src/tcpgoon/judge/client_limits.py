"""The rules about what this client may have: what it lacked before the first dial, and what its kernel refused."""

import errno
from collections.abc import Callable, Iterator

from tcpgoon.judge import lift
from tcpgoon.judge.facts import Facts, Finding
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.naming import plural
from tcpgoon.judge.preflight import Check, checks, impossible
from tcpgoon.record.ending import Ending
from tcpgoon.record.outcome import Phase, Side

_DESCRIPTORS = {errno.EMFILE, errno.ENFILE}
_PORTS = {errno.EADDRNOTAVAIL, errno.EADDRINUSE}
_MEMORY = {errno.ENOMEM, errno.ENOBUFS}

_REMEDIES = {
    "TG101": "raise the limit of descriptors",
    "TG102": "dial from more local addresses (--source), or let the kernel choose from more ports",
    "TG103": "wait a minute for TIME_WAIT to end, and close with --close reset from now on, which leaves none",
    "TG104": "make the table of tracked connections larger, or exempt these connections from tracking",
    "TG106": "give this client more room, or run it elsewhere",
}


def impossible_run(facts: Facts) -> Iterator[Finding]:
    """One for each limit that made the run impossible, so that nothing was dialled."""
    if not facts.started:
        yield from (_forbids(facts, check) for check in impossible(checks(facts.limits, facts.plan.connections)))


def _forbids(facts: Facts, check: Check) -> Finding:
    asked, allows = facts.plan.connections, check.allows or 0
    fewer = f", or ask for at most {plural(allows, 'connection')}" if allows else ""
    return Finding(
        code=check.code,
        side=Side.CLIENT,
        sentence=f"this client cannot hold {plural(asked, 'connection')}, at most {allows:,} ({check.what}): "
        f"{check.found}",
        remedy=_REMEDIES[check.code] + fewer,
        commands=check.lift,
        evidence={"asked": asked, "allows": allows, **_numbers(facts.limits, check.code)},
        accounts_for=asked,
    )


def descriptors(facts: Facts) -> Iterator[Finding]:
    """TG101: this process, or this host, has no descriptor left."""
    endings = _ours(facts, _DESCRIPTORS - _memory_errors(facts))
    if not endings:
        return
    limits = facts.limits
    if all(ending.error == errno.ENFILE for ending in endings):
        limit, lifted = "this whole host has no descriptor left", lift.host_files
        remedy = "raise fs.file-max, or close what else is open here"
    else:
        limit, lifted = _process_limit(limits), lift.descriptors
        remedy = _REMEDIES["TG101"] + _fewer(limits.connections_by_descriptors)
    yield _refused(facts, "TG101", endings, limit, remedy, lifted)


def _process_limit(limits: ClientLimits) -> str:
    return (
        f"the limit is {limits.descriptors_soft:,} (hard limit {limits.descriptors_hard:,}), "
        f"enough for {limits.connections_by_descriptors:,} connections"
    )


def ephemeral_ports(facts: Facts) -> Iterator[Finding]:
    """TG102: no local port is left towards this destination. TG103: it is TIME_WAIT that has them."""
    endings = [ending for ending in _ours(facts, _PORTS) if not _without_address(ending)]
    if not endings:
        return
    limits = facts.limits
    if _would_do_but_for_waiting(limits, facts.plan.connections):
        limit = f"{limits.ports_waiting:,} of its local ports are in TIME_WAIT towards {_there(limits)}"
        code = "TG103"
    else:
        limit, code = _range_of_ports(limits), "TG102"
    yield _refused(facts, code, endings, limit, _REMEDIES[code], lift.local_ports)


def _would_do_but_for_waiting(limits: ClientLimits, asked: int) -> bool:
    idle, but_for_waiting = limits.connections_by_idle_ports, limits.connections_but_for_waiting
    return idle is not None and but_for_waiting is not None and idle < asked <= but_for_waiting


def _range_of_ports(limits: ClientLimits) -> str:
    if limits.ports is None:
        return f"no local port is left towards {_there(limits)}"
    where = "one destination" if limits.destinations == 1 else _there(limits)
    have = f"this client has {limits.ports * limits.lanes:,} local ports towards {where}"
    taken = f"{limits.ports_in_use:,} in use and {limits.ports_waiting:,} in TIME_WAIT before the first dial"
    return f"{have}, {taken}"


def _there(limits: ClientLimits) -> str:
    return "this destination" if limits.destinations == 1 else f"these {limits.destinations:,} destinations"


def memory(facts: Facts) -> Iterator[Finding]:
    """TG106: the kernel had no memory for a connection of ours, or our cgroup may have no more of it."""
    endings = _ours(facts, _memory_errors(facts))
    if not endings:
        return
    hit = facts.strain.memory_refused
    if hit:
        limit, lifted = f"the memory limit of its cgroup was hit {hit:,} times", lift.group_memory
    else:
        limit, lifted = "this host has no memory left for them", lift.memory
    yield _refused(facts, "TG106", endings, limit, _REMEDIES["TG106"], lifted)


def _memory_errors(facts: Facts) -> set[int]:
    """With no memory for the inode of a socket, ENFILE is what ``socket()`` says (``__sock_create()``)."""
    return _MEMORY | ({errno.ENFILE} if facts.strain.memory_refused else set())


def other_errors(facts: Facts) -> Iterator[Finding]:
    """TG100: our own kernel said no for another reason: a source address that is gone, no route."""
    gone = [ending for ending in facts.endings(Side.CLIENT) if _without_address(ending)]
    if gone:
        yield _refused(
            facts,
            "TG100",
            gone,
            "a source address is not this host's any more",
            "give the address back to this host, or dial from another one (--source)",
            commands=("ip -brief address",),
        )
    known = _DESCRIPTORS | _PORTS | _MEMORY
    endings = [ending for ending in facts.endings(Side.CLIENT) if ending.error not in known]
    if endings:
        yield _refused(
            facts,
            "TG100",
            endings,
            "this host's own kernel refused them",
            "look at this host's routes and firewall; the target has no part in it",
            commands=("ip route", "nft list ruleset  # as root"),
        )


RULES = (impossible_run, descriptors, ephemeral_ports, memory)


def _refused(
    facts: Facts,
    code: str,
    endings: list[Ending],
    limit: str,
    remedy: str,
    lifted: Callable[[ClientLimits, int], tuple[str, ...]] | None = None,
    commands: tuple[str, ...] = (),
) -> Finding:
    """The finding about ``endings`` that our kernel said itself, and so leaves no doubt."""
    return Finding(
        code=code,
        side=Side.CLIENT,
        sentence=f"{_counted(endings)}: {limit}",
        remedy=remedy,
        commands=lifted(facts.limits, facts.plan.connections) if lifted else commands,
        evidence={"errors": _names(endings), **_numbers(facts.limits, code)},
        accounts_for=sum(ending.count for ending in endings),
    )


def _numbers(limits: ClientLimits, code: str) -> dict[str, int | None]:
    """What was found of the limits that findings with this ``code`` are about."""
    names = {
        "TG101": ("descriptors_soft", "descriptors_hard", "descriptors_in_use", "descriptors_most", "host_files"),
        "TG102": ("ports", "sources", "destinations", "ports_in_use", "ports_waiting"),
        "TG103": ("ports", "sources", "destinations", "ports_in_use", "ports_waiting", "tw_reuse"),
        "TG104": ("conntrack", "conntrack_in_use"),
        "TG106": ("memory_available", "memory_limit", "memory_in_use", "tasks", "tasks_in_use"),
    }
    return {name: getattr(limits, name) for name in names.get(code, ())}


def _fewer(possible: int) -> str:
    return f", or ask for at most {possible:,} connections" if possible else ""


def _without_address(ending: Ending) -> bool:
    """``bind()`` to a source says EADDRNOTAVAIL for the address; that a port is in use is EADDRINUSE there."""
    return ending.error == errno.EADDRNOTAVAIL and ending.phase is Phase.BIND


def _ours(facts: Facts, errors: set[int]) -> list[Ending]:
    return [ending for ending in facts.endings(Side.CLIENT) if ending.error in errors]


def _names(endings: list[Ending]) -> list[str]:
    return [f"{ending.name} × {ending.count}" for ending in endings]


def _counted(endings: list[Ending]) -> str:
    """``40 dials ended with EMFILE``."""
    count = sum(ending.count for ending in endings)
    what = "connection" if any(ending.phase in (Phase.HELD, Phase.PHANTOM) for ending in endings) else "dial"
    names = ", ".join(dict.fromkeys(ending.name for ending in endings))
    return f"{count:,} {what}{'s' * (count != 1)} ended with {names}"
