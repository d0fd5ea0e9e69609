"""The rules about this client: whatever they find, the target is not to be blamed for it."""

import errno
from collections.abc import Iterator

from tcpgoon.judge.facts import Facts, Finding
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.record.ending import Ending
from tcpgoon.record.outcome import Phase, Side

_DESCRIPTORS = {errno.EMFILE, errno.ENFILE}
_PORTS = {errno.EADDRNOTAVAIL, errno.EADDRINUSE}


def descriptors(facts: Facts) -> Iterator[Finding]:
    """TG101: this process, or this host, has no descriptor left."""
    limits, asked = facts.limits, facts.plan.connections
    endings = _ours(facts, _DESCRIPTORS)
    short = not facts.started and asked > limits.connections_by_descriptors
    if not endings and not short:
        return
    if endings and all(ending.error == errno.ENFILE for ending in endings):
        limit, remedy = "this whole host has no descriptor left", "raise fs.file-max, or close what else is open here"
    else:
        limit, remedy = _process_limit(limits), _more_descriptors(limits, asked)
    what = _counted(endings) or f"{asked:,} connections need more descriptors than this process may have"
    yield Finding(
        code="TG101",
        side=Side.CLIENT,
        sentence=f"{what}: {limit}",
        remedy=remedy,
        evidence={
            "descriptors_soft": limits.descriptors_soft,
            "descriptors_hard": limits.descriptors_hard,
            "descriptors_in_use": limits.descriptors_in_use,
            "errors": _names(endings),
        },
    )


def _process_limit(limits: ClientLimits) -> str:
    return (
        f"the limit is {limits.descriptors_soft:,} (hard limit {limits.descriptors_hard:,}), "
        f"enough for {limits.connections_by_descriptors:,} connections"
    )


def _more_descriptors(limits: ClientLimits, asked: int) -> str:
    fewer = f", or ask for at most {possible:,} connections" if (possible := limits.connections_by_descriptors) else ""
    return f"raise the hard limit of descriptors (ulimit -Hn {asked + limits.descriptors_in_use}, as root){fewer}"


def ephemeral_ports(facts: Facts) -> Iterator[Finding]:
    """TG102: no local port is left towards this destination."""
    limits, asked = facts.limits, facts.plan.connections
    possible = limits.connections_by_ports
    endings = [ending for ending in _ours(facts, _PORTS) if not _without_address(ending)]
    short = not facts.started and possible is not None and asked > possible
    if not endings and not short:
        return
    what = _counted(endings) or f"{asked:,} connections need more local ports than this client has"
    have = "" if possible is None else f": it has {possible:,} towards one destination, less those in use"
    yield Finding(
        code="TG102",
        side=Side.CLIENT,
        sentence=what + have,
        remedy="dial from more local addresses (--source, once for each), widen net.ipv4.ip_local_port_range, "
        "or wait a minute for TIME_WAIT to end (--close reset leaves none)",
        evidence={"ports": possible if possible is not None else "unknown", "errors": _names(endings)},
    )


def other_errors(facts: Facts) -> Iterator[Finding]:
    """TG100: our own kernel said no for another reason: a source address that is gone, no route, no memory."""
    gone = [ending for ending in facts.endings(Side.CLIENT) if _without_address(ending)]
    if gone:
        yield Finding(
            code="TG100",
            side=Side.CLIENT,
            sentence=f"{_counted(gone)}: a source address is not this host's any more",
            remedy="give the address back to this host, or dial from another one (--source)",
            evidence={"errors": _names(gone)},
        )
    endings = [ending for ending in facts.endings(Side.CLIENT) if ending.error not in _DESCRIPTORS | _PORTS]
    if endings:
        yield Finding(
            code="TG100",
            side=Side.CLIENT,
            sentence=f"{_counted(endings)}: this host's own kernel refused them",
            remedy="look at this host's routes, firewall and memory; the target has no part in it",
            evidence={"errors": _names(endings)},
        )


RULES = (descriptors, ephemeral_ports, other_errors)


def _without_address(ending: Ending) -> bool:
    """``bind()`` to a source says EADDRNOTAVAIL for the address; that a port is in use is EADDRINUSE there."""
    return ending.error == errno.EADDRNOTAVAIL and ending.phase is Phase.BIND


def _ours(facts: Facts, errors: set[int]) -> list[Ending]:
    return [ending for ending in facts.endings(Side.CLIENT) if ending.error in errors]


def _names(endings: list[Ending]) -> list[str]:
    return [f"{ending.name} × {ending.count}" for ending in endings]


def _counted(endings: list[Ending]) -> str:
    """``40 dials ended with EMFILE``; empty where there are none."""
    if not endings:
        return ""
    count = sum(ending.count for ending in endings)
    what = "connection" if any(ending.phase in (Phase.HELD, Phase.PHANTOM) for ending in endings) else "dial"
    names = ", ".join(dict.fromkeys(ending.name for ending in endings))
    return f"{count:,} {what}{'s' * (count != 1)} ended with {names}"
