"""The rules about what this client spoiled although its kernel refused nothing (`spoiled` says when that is so)."""

from collections.abc import Iterator

from tcpgoon.judge import lift, spoiled
from tcpgoon.judge.facts import Confidence, Evidence, Facts, Finding
from tcpgoon.judge.naming import age, plural
from tcpgoon.plan.units import format_duration
from tcpgoon.record.outcome import Side

BUSY = 0.8
"""The share of the cores that we could use above which it was our own work that took the time."""

_BACKLOG = "net.core.netdev_max_backlog"
_LONGER_BACKLOG = 10_000
"""Ten times what kernels come with."""
_NAT_CLASHES = 0.5
"""The share of the dropped packets above which it was NAT that had no port for them."""


_Cause = tuple[str, str, tuple[str, ...]]
"""Why it happened, what to do, and the commands that do it."""


def conntrack(facts: Facts) -> Iterator[Finding]:
    """TG104: connection tracking on our own host dropped what was to open connections."""
    silent = spoiled.by_conntrack(facts).total()
    if not silent:
        return
    strain, limits = facts.strain, facts.limits
    why, remedy, commands = _no_port_for_nat(facts) if _is_nat(facts) else _no_room_for_flows(facts)
    yield Finding(
        code="TG104",
        side=Side.CLIENT,
        confidence=Confidence.CERTAIN if strain.conntrack_dropped else Confidence.LIKELY,
        sentence=f"{silent:,} dial{_s(silent)} ended in silence: connection tracking on this client's host {why}",
        remedy=remedy,
        commands=commands,
        evidence={
            "dropped": strain.conntrack_dropped,
            "clashed": strain.conntrack_clashed,
            "in_use": strain.conntrack_in_use,
            "limit": limits.conntrack,
        },
        accounts_for=silent,
    )


def _is_nat(facts: Facts) -> bool:
    return facts.strain.conntrack_clashed > facts.strain.conntrack_dropped * _NAT_CLASHES


def _no_port_for_nat(facts: Facts) -> _Cause:
    return (
        f"dropped {facts.strain.conntrack_dropped:,} packets, since its NAT had no port left",
        "give the rule that translates addresses more ports or addresses, or take these connections out of it",
        ("nft list ruleset  # as root: look for snat and masquerade",),
    )


def _no_room_for_flows(facts: Facts) -> _Cause:
    strain, most = facts.strain, facts.limits.conntrack
    fill = f"{strain.conntrack_in_use:,} flows{'' if most is None else f' of {most:,}'}"
    dropped = f"dropped {strain.conntrack_dropped:,} packets, with {fill} in its table"
    return (
        dropped if strain.conntrack_dropped else f"was full, with {fill}",
        "make the table of tracked connections larger, or exempt these connections from tracking",
        lift.conntrack(facts.limits, facts.plan.connections),
    )


def slow(facts: Facts) -> Iterator[Finding]:
    """TG105: what we did not do in time."""
    effects = list(_effects(facts))
    if not effects:
        return
    why, remedy, commands = _cause(facts)
    yield Finding(
        code="TG105",
        side=Side.CLIENT,
        confidence=Confidence.LIKELY,
        sentence=f"{_what_was_late(facts, why)}: {'; '.join(effects)}",
        remedy=remedy,
        commands=commands,
        evidence=_evidence(facts),
        accounts_for=_by_lag(facts),
    )


def _what_was_late(facts: Facts, why: str) -> str:
    """Who did not look, and for how long; or that all had to wait, where it was that."""
    strain = facts.strain
    if not _had_to_wait(facts):
        return f"{_who_looked_away(facts)} for {age(strain.lag_s)}{why}"
    processes = plural(len(strain.workers), "worker process", "worker processes")
    return f"{processes} of this client were kept waiting for {age(strain.waited_s)} by one that stood still{why}"


def _had_to_wait(facts: Facts) -> bool:
    """Whether connections were held for longer since a process of ours stood still that has none, or that died."""
    return facts.strain.waited_s > facts.strain.lag_s and bool(spoiled.by_delay(facts))


def _who_looked_away(facts: Facts) -> str:
    """Who did not look at its connections: this client; where several processes had them, which of those."""
    workers, slowest = facts.strain.workers, facts.strain.slowest
    if slowest is None:
        return "this client did not look at its connections"
    lagged = sum(one.lag_s >= spoiled.LEAST_LAG_S for one in workers)
    of_all = f"of {plural(len(workers), 'worker process', 'worker processes')} of this client"
    if lagged <= 1:
        return f"one {of_all} (pid {slowest.pid}) did not look at its connections"
    return f"{lagged:,} {of_all} did not look at their connections, the slowest (pid {slowest.pid})"


def _by_lag(facts: Facts) -> int:
    ends = (spoiled.by_burst(facts) + spoiled.by_short_time(facts) + spoiled.by_delay(facts)).total()
    return min(ends + spoiled.unanswered(facts), facts.plan.connections)


def _effects(facts: Facts) -> Iterator[str]:
    plan = facts.plan
    dial_timeout, probe_timeout = format_duration(plan.dial_timeout_s), format_duration(plan.probe_timeout_s)
    if in_burst := spoiled.by_burst(facts).total():
        yield f"up to {spoiled.burst(facts):,} dials were made in one burst after it, and {in_burst:,} came to nothing"
    if short := spoiled.by_short_time(facts).total() + spoiled.unanswered(facts):
        yield f"{short:,} probe{_s(short)} may have had less than {probe_timeout} for the answer"
    if delayed := spoiled.by_delay(facts).total():
        yield f"the peer closed {delayed:,} that we were to close before"
    if spoiled.late_dials(facts):
        yield f"whether all were established within {dial_timeout} is not known"
    if spoiled.late_answers(facts):
        yield f"whether all were served within {probe_timeout} is not known"


def _cause(facts: Facts) -> _Cause:
    """Why it was slow."""
    strain = facts.strain
    if strain.throttled_s >= max(strain.lag_s, strain.waited_s) / 2:
        throttled = age(strain.throttled_s)
        commands = lift.cores(facts.limits, strain.cores)
        return f" (its CPU quota held it up for {throttled})", "give its cgroup more CPU time", commands
    if strain.cpu_share >= BUSY * strain.cores:
        used = f"{strain.cpu_share:.0%} of {'a core' if strain.cores == 1 else f'{strain.cores} cores'}"
        why = f" ({'all of them' if strain.workers else 'it'} used {used})"
        return why, "ask for fewer dials at once (--max-dialing, --rate), or dial from a faster machine", ()
    if strain.slowest is not None and not _had_to_wait(facts) and (own := strain.share_of(strain.slowest)) >= BUSY:
        why = f" (it used {own:.0%} of a core)"
        return why, "share the connections among more processes (--workers), or ask for fewer dials at once", ()
    remedy = "leave this client enough CPU time, and do not stop it: something else had the machine"
    return "", remedy, ("vmstat 1  # while it runs: r is who waits for a core, st is what the hypervisor took",)


def _evidence(facts: Facts) -> dict[str, Evidence]:
    strain, metrics = facts.strain, facts.metrics
    return {
        "lag_s": strain.lag_s,
        "ramp_lag_s": strain.ramp_lag_s,
        "waited_s": strain.waited_s,
        "workers": len(strain.workers),
        "worker_pid": strain.slowest.pid if strain.slowest else None,
        "cpu_share": round(strain.cpu_share, 3),
        "cores": strain.cores,
        "throttled_s": strain.throttled_s,
        "lateness_p90_s": metrics.lateness.p90_s if metrics.lateness else None,
        "handshake_rtt_p90_s": metrics.handshake_rtt.p90_s if metrics.handshake_rtt else None,
        "slowest_dial_s": metrics.slowest_dial_s,
        "slowest_answer_s": metrics.slowest_answer_s,
    }


def dropped_packets(facts: Facts) -> Iterator[Finding]:
    """TG105: the queue of what our host received was full, and it dropped what came."""
    silent = spoiled.by_softnet(facts).total()
    if not silent:
        return
    dropped = facts.strain.softnet_dropped
    yield Finding(
        code="TG105",
        side=Side.CLIENT,
        confidence=Confidence.POSSIBLE,  # they may have been anybody's
        sentence=f"{silent:,} connection{_s(silent)} ended in silence, and this client's host dropped {dropped:,} "
        "packets that it had received, since their queue was full",
        remedy="dial and confirm more slowly (--rate, --confirm-rate), or make that queue longer",
        commands=(f"sysctl -w {_BACKLOG}={_LONGER_BACKLOG}  # as root",),
        evidence={"softnet_dropped": dropped, "silent": silent},
        accounts_for=silent,
    )


RULES = (conntrack, slow, dropped_packets)


def _s(count: int) -> str:
    return "s" * (count != 1)
