"""What a held connection costs, from what the processes had before and then."""

import pytest

from tcpgoon.judge.cost import NOISE, Cost, cost_of
from tcpgoon.judge.on_site import Look, OnSite, Process


def process(
    descriptors: int | None, rss: int | None = 10_000_000, threads: int = 1, pid: int = 7, limit: int | None = 1_024
) -> Process:
    return Process(
        pid=pid, name="server", descriptors=descriptors, descriptors_limit=limit, threads=threads, rss=rss
    )  # fmt: skip


def look(held: int, *processes: Process, **changes: int | None) -> Look:
    values = {"processes_count": len(processes), **changes}
    return Look(at_s=1.0, held=held, listening=True, processes=processes, **values)  # type: ignore[arg-type]


def cost(before: Look, peak: Look) -> Cost | None:
    return cost_of(OnSite(before=before, peak=peak, after=before))


def test_the_example_of_the_issue() -> None:
    """487 wait in the accept queue: they cost the process nothing yet."""
    rss = 10_000_000
    found = cost(look(0, process(11)), look(1_500, process(1_024, rss + 1_013 * 3_400), queued=487))

    assert found == Cost(
        connections=1_013,
        descriptors=1.0,
        threads=0.0,
        rss=3_400.0,
        rss_error=NOISE / 1_013,
        processes=0.0,
        limit=1_024,
        fits=1_013,
    )
    assert not found.rss_is_noise


def test_a_limit_that_is_far_away() -> None:
    found = cost(look(0, process(11, limit=20_000)), look(500, process(512, limit=20_000)))

    assert found is not None
    assert (found.descriptors, found.limit, found.fits) == (1.0, 20_000, 500 + 19_488)


def test_the_connections_of_others_count_too() -> None:
    """Where they were counted, the limit is reached with theirs."""
    found = cost(look(0, process(61), accepted=50), look(500, process(561), accepted=550))

    assert found is not None
    assert (found.connections, found.fits) == (500, 550 + 463)


def test_a_proxy_that_opens_one_more_for_each() -> None:
    found = cost(look(0, process(10)), look(200, process(411)))

    assert found is not None
    assert (found.descriptors, found.fits) == (2.0, 200 + 613 // 2)


def test_what_is_no_whole_number() -> None:
    found = cost(look(0, process(10)), look(200, process(310)))

    assert found is not None
    assert (found.descriptors, found.fits) == (1.5, 200 + int(714 / 1.5))


def test_a_thread_for_each() -> None:
    found = cost(look(0, process(10, threads=2)), look(200, process(210, threads=202)))

    assert found is not None
    assert found.threads == 1.0


def test_memory_that_comes_and_goes() -> None:
    """What grew less than idle processes do is noise, what shrank was nothing."""
    grown = [cost(look(0, process(10)), look(1_000, process(1_010, 10_000_000 + more))) for more in (400_000, -50_000)]

    assert [(each.rss, each.rss_error, each.rss_is_noise) for each in grown if each] == [
        (400.0, NOISE / 1_000, True),
        (0.0, NOISE / 1_000, True),
    ]


def test_descriptors_that_nobody_pays() -> None:
    """They are fewer than before, as are those of a server that has closed a log meanwhile."""
    found = cost(look(0, process(300)), look(200, process(100)))

    assert found is not None
    assert (found.descriptors, found.limit, found.fits) == (0.0, None, None)


def test_several_processes_share_them() -> None:
    """How evenly they do is not known: then it is not said when a limit is reached."""
    before = look(0, process(10, pid=1), process(10, pid=2))
    peak = look(400, process(300, pid=2), process(120, pid=1))
    found = cost(before, peak)

    assert found is not None
    assert (found.descriptors, found.limit, found.fits, found.rss_error) == (1.0, None, None, 2 * NOISE / 400)


def test_only_one_of_several_pays() -> None:
    """A master, and its worker."""
    before = look(0, process(10, pid=1), process(10, pid=2, limit=512))
    peak = look(400, process(411, pid=2, limit=512), process(11, pid=1))
    found = cost(before, peak)

    assert found is not None
    assert (found.descriptors, found.limit, found.fits) == (1.0, 512, 501)


@pytest.mark.parametrize("limit", [None, 100])
def test_a_limit_that_is_not_known_or_was_passed(limit: int | None) -> None:
    found = cost(look(0, process(10, limit=limit)), look(400, process(410, limit=limit)))

    assert found is not None
    assert (found.limit, found.fits) == (limit, None if limit is None else 400)


def test_what_may_not_be_seen() -> None:
    found = cost(look(0, process(None, None)), look(400, process(None, None)))

    assert found == Cost(connections=400, threads=0.0, rss_error=NOISE / 400)


def test_a_process_for_each() -> None:
    found = cost(look(0, process(10)), look(200, process(11), children=200))

    assert found == Cost(connections=200, processes=1.0)


def test_other_processes_than_before() -> None:
    """Started again, or too many to be known one by one: then what they had before is not known."""
    assert cost(look(0, process(10)), look(200, process(210, pid=8))) == Cost(connections=200)
    many = [look(held, process(10 + held), processes_count=40) for held in (0, 200)]
    assert cost(*many) == Cost(connections=200)


@pytest.mark.parametrize(
    ("before", "peak"),
    [
        (look(0, process(10)), look(99, process(109))),
        (look(0, process(10)), look(500, process(21), queued=11, full=1)),
        (look(0), look(500)),
    ],
    ids=["too few", "some may be phantoms", "nobody to be seen"],
)
def test_what_says_nothing(before: Look, peak: Look) -> None:
    assert cost(before, peak) is None
