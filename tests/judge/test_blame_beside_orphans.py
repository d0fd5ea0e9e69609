"""What is said of others where a process of ours died: no more than without it, and nothing that its death explains."""

import errno
from collections.abc import Callable

import pytest

from tcpgoon.judge.diagnose import diagnose
from tcpgoon.judge.facts import Facts
from tcpgoon.judge.strain import Strain, Worker
from tcpgoon.record.knock import Fared
from tcpgoon.record.unserved import Unserved

from .fates import (
    ACKNOWLEDGED,
    CLOSED_BY_PEER,
    HELD,
    LATE,
    LOST_BY_PATH,
    ORPHAN,
    ORPHANED_DIAL,
    PHANTOM,
    SERVED,
    SILENT_PHANTOM,
    TAKEN,
    Fate,
    unserved,
)
from .runs import NEVER_TAKEN, ONE_TOO_MANY, Lot, aged, died, facts, knock

LATER = 20.0
"""After the last dial and all that the target does."""

DEAD = Strain(workers=(Worker(number=0, pid=4_711, connections=1, ended="SIGKILL", ended_s=LATER),))
WELCOME = (knock(0, 0), knock(9, 100))
REFUSED_LAST = (knock(0, 0), knock(12, 100, Fared.REFUSED, error=errno.ECONNREFUSED))


def gone(at_s: float, fate: Fate = ORPHAN) -> Callable[[float], Fate]:
    """It goes with a process of ours, at that moment."""
    return died(fate, at_s)


def run(*lots: Lot, hold_s: float = LATER, **knobs: object) -> Facts:
    return facts(*lots, hold_s=hold_s, strain=DEAD, **knobs)  # type: ignore[arg-type]


def found(seen: Facts) -> list[tuple[str, str]]:
    """What is found beside the death itself."""
    first, *others = diagnose(seen)
    assert first.code == "TG107"
    return [(finding.code, finding.sentence) for finding in others]


def codes(seen: Facts) -> list[str]:
    return [code for code, _ in found(seen)]


ANSWERED_THEN_CLOSED = aged(CLOSED_BY_PEER._replace(answer_s=1.0), 1.01)


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(run((50, TAKEN), (50, gone(LATER))), id="half of a healthy run"),
        pytest.param(run((100, gone(LATER))), id="all of it"),
        pytest.param(run((100, ORPHANED_DIAL)), id="all of it, while it was dialled"),
        pytest.param(run((50, HELD), (50, gone(0.6)), level=SERVED), id="before they were asked"),
        pytest.param(
            run((50, aged(CLOSED_BY_PEER, 2.0)), (50, gone(LATER))), id="no idle timeout: as many outlived it"
        ),
        pytest.param(
            run((8, ANSWERED_THEN_CLOSED), (90, gone(LATER)), (2, HELD), level=SERVED),
            id="not all are closed after the answer: most were not",
        ),
        pytest.param(
            run((40, TAKEN), (5, ONE_TOO_MANY), (100, gone(LATER))),
            id="no limit of the newest: more were held after them",
        ),
        pytest.param(
            run((50, died(CLOSED_BY_PEER, 9.0)), (50, gone(LATER)), newcomers=REFUSED_LAST),
            id="no death of the target: others lived on",
        ),
        pytest.param(
            run((30, NEVER_TAKEN), (70, gone(LATER)), level=SERVED, newcomers=WELCOME),
            id="not all took nothing any more",
        ),
        pytest.param(run((50, died(LOST_BY_PATH, 9.0)), (50, gone(LATER))), id="not all fell silent"),
        pytest.param(
            run((60, ONE_TOO_MANY), (50, gone(LATER, ORPHAN._replace(proved=ACKNOWLEDGED)))),
            id="nobody who turns everybody away: others were kept",
        ),
        pytest.param(
            run((50, unserved(Unserved.SILENT, ORPHAN)), (50, HELD), level=SERVED), id="silent, and then gone with ours"
        ),
    ],
)
def test_nothing_is_said_of_the_target(seen: Facts) -> None:
    assert found(seen) == []


@pytest.mark.parametrize(
    ("with_orphans", "without"),
    [
        pytest.param(
            run((50, aged(CLOSED_BY_PEER, 2.0)), (50, aged(ORPHAN, 0.5))),
            facts((50, aged(CLOSED_BY_PEER, 2.0))),
            id="an idle timeout that none of them came to",
        ),
        pytest.param(
            run((50, died(CLOSED_BY_PEER, 9.0)), (50, gone(6.0)), newcomers=REFUSED_LAST),
            facts((50, died(CLOSED_BY_PEER, 9.0)), newcomers=REFUSED_LAST),
            id="a death of the target, after that of ours",
        ),
        pytest.param(
            run((20, HELD), (40, gone(LATER)), (40, LATE), level=SERVED),
            facts((60, HELD), (40, LATE), level=SERVED),
            id="a cap: ours were let in and served, too",
        ),
        pytest.param(
            run((50, PHANTOM), (50, gone(LATER)), newcomers=WELCOME, hold_s=5.0),
            facts((50, PHANTOM), newcomers=WELCOME),
            id="all others are forgotten",
        ),
        pytest.param(
            run(
                (50, SILENT_PHANTOM),
                (50, gone(LATER, unserved(Unserved.SILENT, ORPHAN))),
                newcomers=WELCOME,
                hold_s=5.0,
            ),
            facts((50, SILENT_PHANTOM), newcomers=WELCOME),
            id="silent phantoms, whatever ours came to",
        ),
    ],
)
def test_what_is_the_targets_is_said_as_before(with_orphans: Facts, without: Facts) -> None:
    expected = [(finding.code, finding.sentence) for finding in diagnose(without)]

    assert expected != []
    assert found(with_orphans) == expected


def test_whether_those_that_are_gone_were_in_the_queue_is_not_known() -> None:
    assert found(run((30, TAKEN), (30, gone(LATER)), (40, LATE)))[0] == (
        "TG301",
        "the accept queue of the target overflowed: its kernel held 30 of 100 connections and had no room for 40, 30 "
        "more in doubt; it stayed full: nobody accepts, or too slowly, and slower dialling hardly helps",
    )


def test_a_number_of_connections_is_named_after_no_product() -> None:
    whole = facts((512, HELD), (88, unserved(Unserved.SILENT)), level=SERVED)
    part = run((512, HELD), (88, unserved(Unserved.SILENT)), (1, gone(LATER)), level=SERVED)

    assert [finding.sentence.partition("; ")[2] for finding in diagnose(whole)] != [""]
    assert [sentence.partition("; ")[2] for _, sentence in found(part)] == [""]
