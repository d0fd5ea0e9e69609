"""A process of ours that died: what is said of it, and when nothing is."""

from typing import Any

import msgspec
import pytest

from tcpgoon.judge import lift
from tcpgoon.judge.client_workers import died
from tcpgoon.judge.facts import Confidence, Facts, Finding
from tcpgoon.judge.limits import BYTES_PER_CONNECTION, ClientLimits
from tcpgoon.judge.strain import Strain, Worker
from tcpgoon.record.outcome import Side

from .fates import CLOSED_BY_PEER, ENOUGH, HELD, ORPHAN, ORPHANED_DIAL, PLANNED, REFUSED, Fate, facts_of

LOG = (
    "dmesg -T | grep -iE 'oom|killed process'  # as root",
    "journalctl -k --grep 'oom|killed process'  # there, too",
)
LOOK = (
    "look in the kernel's log for its OOM killer, which ends processes where memory has run out; if it was not that, "
    "somebody killed it"
)


def worker(number: int, ended: str = "", ended_s: float | None = None) -> Worker:
    return Worker(number=number, pid=4_700 + number, connections=100, ended=ended, ended_s=ended_s)


def crew(*dead: Worker, size: int = 51) -> tuple[Worker, ...]:
    numbers = {one.number: one for one in dead}
    return tuple(numbers.get(number, worker(number)) for number in range(size))


def facts(fates: list[Fate], *dead: Worker, limits: ClientLimits = ENOUGH, **strain: Any) -> Facts:
    return facts_of(fates, limits=limits, strain=Strain(workers=crew(*dead), **strain))


def test_a_worker_that_was_killed() -> None:
    fates = [HELD] * 4 + [ORPHAN] * 1_000 + [ORPHANED_DIAL] * 20 + [PLANNED] * 3
    assert list(died(facts(fates, worker(7, "SIGKILL", 12.3456)))) == [
        Finding(
            code="TG107",
            side=Side.CLIENT,
            confidence=Confidence.CERTAIN,
            sentence="1 of 51 worker processes of this client died (pid 4707: SIGKILL after 12.35s), "
            "and 1,023 connections went with it",
            remedy=LOOK,
            commands=LOG,
            evidence={
                "workers": 51,
                "pids": [4_707],
                "ended": ["SIGKILL"],
                "ended_s": [12.346],
                "held": 1_000,
                "dialling": 20,
                "never_dialled": 3,
                "oom_kills": 0,
                "memory_refused": 0,
                "memory_available": None,
            },
            accounts_for=1_023,
        )
    ]


@pytest.mark.parametrize(
    ("dead", "who"),
    [
        ([worker(0, "exit status 70")], "1 of 51 worker processes of this client died (pid 4700: exit status 70)"),
        (
            [worker(0, "SIGKILL", 1.0), worker(1, "stalled", 31.0)],
            "2 of 51 worker processes of this client died (pid 4700: SIGKILL after 1s, pid 4701: stalled after 31s)",
        ),
        (
            [worker(number, "SIGKILL", 1.0) for number in range(5)],
            "5 of 51 worker processes of this client died (pid 4700: SIGKILL after 1s, pid 4701: SIGKILL after 1s, "
            "pid 4702: SIGKILL after 1s, and 2 more)",
        ),
        (
            [Worker(number=3, pid=0, connections=9, ended="EAGAIN", ended_s=0.125)],
            "1 of 51 worker processes of this client died (worker 3 was not started: EAGAIN after 120ms)",
        ),
        ([], "worker processes of this client died"),
    ],
)
def test_who_died(dead: list[Worker], who: str) -> None:
    (finding,) = died(facts([HELD, ORPHAN], *dead))

    assert finding.sentence == f"{who}, and 1 connection went with {'it' if len(dead) == 1 else 'them'}"


def test_the_only_worker() -> None:
    (finding,) = died(facts_of([ORPHAN] * 2, strain=Strain(workers=crew(worker(0, "SIGKILL"), size=1))))

    assert finding.sentence == (
        "1 of 1 worker process of this client died (pid 4700: SIGKILL), and 2 connections went with it"
    )


def test_what_had_not_been_dialled_had_nobody_left_to_dial_it() -> None:
    (finding,) = died(facts([HELD, PLANNED, PLANNED], worker(0, "SIGKILL")))

    assert (finding.accounts_for, finding.evidence["never_dialled"]) == (2, 2)


def test_what_had_not_been_dialled_when_the_user_stopped_the_run_is_no_loss() -> None:
    strain = Strain(workers=crew(worker(0, "SIGKILL")))

    assert list(died(facts_of([HELD, PLANNED], strain=strain, interrupted=True))) == []
    assert [one.accounts_for for one in died(facts_of([ORPHAN, PLANNED], strain=strain, interrupted=True))] == [1]


@pytest.mark.parametrize("fates", [[HELD] * 9, [HELD, REFUSED, CLOSED_BY_PEER]])
def test_a_worker_that_died_when_all_had_ended_took_none_with_it(fates: list[Fate]) -> None:
    assert list(died(facts(fates, worker(0, "SIGKILL", 9.0)))) == []


def test_nobody_died() -> None:
    assert list(died(facts([HELD, REFUSED, CLOSED_BY_PEER, PLANNED]))) == []


# What to do about it.

TIGHT = msgspec.structs.replace(ENOUGH, memory_available=2 * BYTES_PER_CONNECTION)
ROOMY = msgspec.structs.replace(ENOUGH, memory_available=3 * BYTES_PER_CONNECTION)


@pytest.mark.parametrize("ended", ["SIGKILL", "SIGBUS", "killed", "ENOMEM"])
@pytest.mark.parametrize(
    ("limits", "strain", "remedy", "commands"),
    [
        pytest.param(
            ENOUGH,
            {"memory_refused": 1},
            "give the cgroup of this client more memory: its limit was hit 1 time",
            lift.group_memory(ENOUGH, 2),
            id="the limit of its cgroup",
        ),
        pytest.param(
            TIGHT,
            {"memory_refused": 12, "oom_kills": 2},
            "give the cgroup of this client more memory: its limit was hit 12 times, and the OOM killer ended 2 "
            "processes",
            lift.group_memory(TIGHT, 2),
            id="its OOM killer as well",
        ),
        pytest.param(
            ROOMY,
            {"oom_kills": 1},
            "leave this client more memory: this host has too little, and the OOM killer ended 1 process",
            lift.memory(ROOMY, 2),
            id="the OOM killer of the host",
        ),
        pytest.param(
            TIGHT, {}, "leave this client more memory: this host has too little", lift.memory(TIGHT, 2), id="tight"
        ),
        pytest.param(ROOMY, {}, LOOK, (), id="memory to spare"),
    ],
)
def test_who_is_killed_may_have_had_no_memory(
    ended: str, limits: ClientLimits, strain: dict[str, int], remedy: str, commands: tuple[str, ...]
) -> None:
    (finding,) = died(facts([HELD, ORPHAN], worker(0, ended), limits=limits, **strain))

    assert (finding.remedy, finding.commands) == (remedy, (*commands, *LOG))
    assert finding.evidence["memory_available"] == limits.memory_available


def test_the_log_of_a_container_is_that_of_its_host() -> None:
    limits = msgspec.structs.replace(ENOUGH, container="docker")
    (finding,) = died(facts([HELD, ORPHAN], worker(0, "SIGKILL"), limits=limits))

    assert finding.commands[0] == "dmesg -T | grep -iE 'oom|killed process'  # on the host of the container"


CRASHED = "that is a bug of tcpgoon or of its Python: report it, with what was written to standard error"
STALLED = (
    "leave this client enough CPU time, and do not stop its processes: one that did not move for long was given up"
)
SOMEBODY = "look who ends processes here: an administrator, a supervisor, a limit of CPU time"


@pytest.mark.parametrize(
    ("ended", "remedy", "commands"),
    [
        ("exit status 70", CRASHED, ("tcpgoon version", "coredumpctl info  # if it dumped core")),
        ("SIGSEGV", CRASHED, ("tcpgoon version", "coredumpctl info  # if it dumped core")),
        (
            "stalled",
            STALLED,
            (*lift.cores(ENOUGH, 2), "vmstat 1  # while it runs: r is who waits for a core"),
        ),
        (
            "EAGAIN",
            "let this client start more processes",
            (*lift.tasks(ENOUGH, 2), "ulimit -u  # processes that its user may have"),
        ),
        (
            "SIGTERM",
            SOMEBODY,
            ("ulimit -t  # seconds of CPU time that a process may use", "journalctl -n 100 --no-pager"),
        ),
    ],
)
def test_what_to_do_where_something_else_ended_it(ended: str, remedy: str, commands: tuple[str, ...]) -> None:
    (finding,) = died(facts([HELD, ORPHAN], worker(0, ended), cores=2))

    assert (finding.remedy, finding.commands) == (remedy, commands)


def test_what_ended_most_of_them_is_what_to_do_something_about() -> None:
    dead = [worker(0, "SIGTERM"), worker(1, "stalled"), worker(2, "stalled")]

    assert [one.remedy for one in died(facts([HELD, ORPHAN], *dead))] == [STALLED]


def test_where_it_is_not_known_what_ended_them() -> None:
    assert [one.remedy for one in died(facts([HELD, ORPHAN]))] == [SOMEBODY]
