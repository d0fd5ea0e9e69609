"""The lines about a target on this machine, to the letter."""

import pytest

from tcpgoon.judge.cost import Cost
from tcpgoon.judge.on_site import Look, OnSite, Process
from tcpgoon.report.on_site import on_site
from tcpgoon.report.text import text_report

from .results import metrics, result

IDLE = Look(at_s=0.0, held=0, listening=True, listeners=1, backlog=10)
SERVER = Process(
    pid=4_711, name="myserver", descriptors=1_013, descriptors_limit=1_024, threads=12, rss=48_200_000
)  # fmt: skip


def peak(*processes: Process, **changes: object) -> Look:
    values: dict[str, object] = {"queued": 11, "backlog": 10, "listeners": 1, "processes_count": len(processes)}
    return Look(at_s=1.0, held=99, listening=True, processes=processes, **{**values, **changes})  # type: ignore[arg-type]


def lines(at_peak: Look, cost: Cost | None = None, before: Look = IDLE, **changes: object) -> list[str]:
    seen = OnSite(before=before, peak=at_peak, after=IDLE, **changes)  # type: ignore[arg-type]
    return list(on_site(result(metrics(), on_site=seen, cost=cost)))


def test_a_target_elsewhere() -> None:
    assert list(on_site(result(metrics()))) == []


def test_the_example_of_the_issue() -> None:
    cost = Cost(connections=1_013, descriptors=1.0, threads=0.0, rss=3_400.0, rss_error=259.0, limit=1_024, fits=1_013)

    assert lines(peak(SERVER), cost, listen_overflows=49) == [
        "At the target (pid 4711, myserver): 1,013 of 1,024 descriptors, 12 threads, 48.2 MB; "
        "accept queue 11 of 10 (ListenOverflows +49)",
        "Cost of a held connection at the target: 3.4 KB RSS and 1 descriptor: the limit of 1,024 is reached at "
        "1,013 connections",
    ]


def test_it_stands_before_what_is_missing_and_the_findings() -> None:
    seen = OnSite(before=IDLE, peak=peak(SERVER), after=IDLE)
    report = text_report(result(metrics(), on_site=seen)).splitlines()
    assert report[-2:] == [*on_site(result(metrics(), on_site=seen)), "PASS: all is well"]


@pytest.mark.parametrize(
    ("look", "line"),
    [
        (peak(queued=0, backlog=128), "At the target: accept queue 0 of 128"),
        (peak(queued=3, backlog=None), "At the target: accept queue 3"),
        (peak(queued=7, backlog=384, listeners=3), "At the target: accept queue 7 of 384 over 3 listeners"),
        (
            peak(Process(pid=7, name="hidden"), queued=0),
            "At the target (pid 7, hidden): accept queue 0 of 10",
        ),
        (
            peak(Process(pid=7, name="a", threads=1, descriptors=1), queued=0),
            "At the target (pid 7, a): 1 descriptor, 1 thread; accept queue 0 of 10",
        ),
        (
            peak(Process(pid=7, name="a", descriptors=90, descriptors_limit=9_000), SERVER, queued=0),
            "At the target (2 processes, the fullest with pid 4711, myserver): 1,013 of 1,024 descriptors, 12 threads, "
            "48.2 MB; accept queue 0 of 10",
        ),
        (
            peak(SERVER, children=90, queued=0),
            "At the target (91 processes, the fullest with pid 4711, myserver): 1,013 of 1,024 descriptors, "
            "12 threads, 48.2 MB; accept queue 0 of 10",
        ),
        (Look(at_s=1.0, held=0, listening=False), "At the target: nobody listens any more"),
    ],
)
def test_what_is_known(look: Look, line: str) -> None:
    assert lines(look) == [line]


def test_nobody_ever_listened() -> None:
    nobody = Look(at_s=0.0, held=0, listening=False)
    assert lines(nobody, before=nobody) == ["At the target: nobody listens"]


def test_how_long_the_queue_was_in_between() -> None:
    assert lines(peak(queued=4), most_queued=9, listen_overflows=1_200) == [
        "At the target: accept queue 4 of 10 (at most 9, ListenOverflows +1,200)"
    ]


def test_what_could_not_be_seen_is_said_once() -> None:
    assert lines(peak(queued=0), hidden="it is dark: run with a lamp") == [
        "At the target: accept queue 0 of 10",
        "Not seen at the target: it is dark: run with a lamp",
    ]


@pytest.mark.parametrize(
    ("cost", "line"),
    [
        (Cost(connections=200), ""),
        (Cost(connections=200, processes=1.0), "1 process"),
        (Cost(connections=200, descriptors=2.0, limit=None, fits=None), "2 descriptors"),
        (
            Cost(connections=200, descriptors=1.503, limit=20_000, fits=9_000),
            "1.5 descriptors: the limit of 20,000 is reached at 9,000 connections",
        ),
        (
            Cost(connections=200, descriptors=1.0, threads=2.0, rss=82.0, rss_error=1.0),
            "82 B RSS, 1 descriptor and 2 threads",
        ),
        (Cost(connections=200, rss=1_310.0, rss_error=1_310.72), "under 2.6 KB RSS"),
    ],
)
def test_what_each_costs(cost: Cost, line: str) -> None:
    expected = [f"Cost of a held connection at the target: {line}"] if line else []
    assert lines(peak(queued=0), cost)[1:] == expected
