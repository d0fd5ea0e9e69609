"""The rule about the processes of this client that did a run together: one of them died, and its connections with it.

What a worker took with it shows in the rows, and nobody else is to blame for it. A worker that died when all of its
connections had ended took none: that is told in the report, and is no finding.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tcpgoon.judge import lift
from tcpgoon.judge.facts import Evidence, Facts, Finding
from tcpgoon.judge.naming import age, plural
from tcpgoon.judge.strain import Worker
from tcpgoon.record.outcome import Side

MOST_NAMED = 3
"""So many dead workers are named, each with its number."""


class _Cure(NamedTuple):
    """What to do, and the commands that do it or that say more."""

    remedy: str
    commands: tuple[str, ...]


def died(facts: Facts) -> Iterator[Finding]:
    """TG107: worker processes of ours died before they were told to end, and connections went with them."""
    gone = facts.metrics.orphaned + _never_dialled(facts)
    if not gone:
        return
    dead, strain = facts.strain.died, facts.strain
    cure = _cure(facts)
    yield Finding(
        code="TG107",
        side=Side.CLIENT,
        sentence=f"{_who(dead, len(strain.workers))}, and {plural(gone, 'connection')} went with "
        f"{'it' if len(dead) == 1 else 'them'}",
        remedy=cure.remedy,
        commands=cure.commands,
        evidence={
            "workers": len(strain.workers),
            "pids": [one.pid for one in dead],
            "ended": [one.ended for one in dead],
            "ended_s": [round(one.ended_s, 3) for one in dead if one.ended_s is not None],
            "held": facts.metrics.breakdown.orphaned,
            "dialling": facts.metrics.orphaned_dials,
            "never_dialled": _never_dialled(facts),
            **_memory(facts),
        },
        accounts_for=gone,
    )


def _never_dialled(facts: Facts) -> int:
    """Connections that nobody was left to dial; where the user stopped the run it may have been that."""
    return facts.metrics.counts.planned if facts.strain.died and not facts.interrupted else 0


def _who(dead: tuple[Worker, ...], workers: int) -> str:
    """``1 of 51 worker processes of this client died (pid 1234: SIGKILL after 12.3s)``."""
    if not dead:
        return "worker processes of this client died"
    processes = plural(workers, "worker process", "worker processes")
    return f"{len(dead):,} of {processes} of this client died ({named(dead)})"


def named(dead: Sequence[Worker]) -> str:
    """``pid 1234: SIGKILL after 12.3s, pid 1240: stalled after 31s, and 48 more``."""
    more = len(dead) - MOST_NAMED
    return ", ".join([*map(_how, dead[:MOST_NAMED]), *([f"and {more:,} more"] if more > 0 else [])])


def _how(worker: Worker) -> str:
    after = "" if worker.ended_s is None else f" after {age(worker.ended_s)}"
    who = f"pid {worker.pid}" if worker.pid else f"worker {worker.number} was not started"
    return f"{who}: {worker.ended}{after}"


def _memory(facts: Facts) -> dict[str, Evidence]:
    return {
        "oom_kills": facts.strain.oom_kills,
        "memory_refused": facts.strain.memory_refused,
        "memory_available": facts.limits.memory_available,
    }


def _cure(facts: Facts) -> _Cure:
    """What helps against what ended most of them."""
    ways = Counter(one.ended for one in facts.strain.died).most_common(1)
    return _CURES.get(ways[0][0] if ways else "", _ended_by_somebody)(facts)


def _killed(facts: Facts) -> _Cure:
    """Nobody but the kernel or an administrator sends SIGKILL: the first does it where memory has run out."""
    strain, limits, connections = facts.strain, facts.limits, facts.plan.connections
    kills = f", and the OOM killer ended {plural(strain.oom_kills, 'process', 'processes')}" if strain.oom_kills else ""
    if hit := strain.memory_refused:
        remedy = f"give the cgroup of this client more memory: its limit was hit {plural(hit, 'time')}{kills}"
        return _Cure(remedy, (*lift.group_memory(limits, connections), *_kernel_log(facts)))
    if kills or _is_tight(facts):
        remedy = f"leave this client more memory: this host has too little{kills}"
        return _Cure(remedy, (*lift.memory(limits, connections), *_kernel_log(facts)))
    return _Cure(
        "look in the kernel's log for its OOM killer, which ends processes where memory has run out; if it was not "
        "that, somebody killed it",
        _kernel_log(facts),
    )


def _is_tight(facts: Facts) -> bool:
    """Whether this host had hardly the memory for all of them before the run."""
    allowed = facts.limits.connections_by_memory
    return allowed is not None and allowed < lift.at_ease(facts.plan.connections)


def _kernel_log(facts: Facts) -> tuple[str, ...]:
    where = "on the host of the container" if facts.limits.container else "as root"
    return (
        f"dmesg -T | grep -iE 'oom|killed process'  # {where}",
        "journalctl -k --grep 'oom|killed process'  # there, too",
    )


def _crashed(_facts: Facts) -> _Cure:
    return _Cure(
        "that is a bug of tcpgoon or of its Python: report it, with what was written to standard error",
        ("tcpgoon version", "coredumpctl info  # if it dumped core"),
    )


def _stalled(facts: Facts) -> _Cure:
    return _Cure(
        "leave this client enough CPU time, and do not stop its processes: one that did not move for long was given up",
        (*lift.cores(facts.limits, facts.strain.cores), "vmstat 1  # while it runs: r is who waits for a core"),
    )


def _without_task(facts: Facts) -> _Cure:
    """``fork()`` says EAGAIN where there may be no more tasks."""
    return _Cure(
        "let this client start more processes",
        (*lift.tasks(facts.limits, facts.plan.connections), "ulimit -u  # processes that its user may have"),
    )


def _ended_by_somebody(_facts: Facts) -> _Cure:
    return _Cure(
        "look who ends processes here: an administrator, a supervisor, a limit of CPU time",
        ("ulimit -t  # seconds of CPU time that a process may use", "journalctl -n 100 --no-pager"),
    )


_CURES: dict[str, Callable[[Facts], _Cure]] = {
    "SIGKILL": _killed,
    "killed": _killed,  # by whom nobody was left to say
    "ENOMEM": _killed,
    "EAGAIN": _without_task,
    "SIGBUS": _killed,  # of shared memory that cannot be had
    "SIGSEGV": _crashed,
    "SIGABRT": _crashed,
    "SIGILL": _crashed,
    "SIGFPE": _crashed,
    "exit status 70": _crashed,
    "stalled": _stalled,
}
"""What ended it → what to do about that."""
