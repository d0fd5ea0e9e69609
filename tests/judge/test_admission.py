import pytest

from tcpgoon.judge.admission import Admission, admission
from tcpgoon.judge.seen import Seen

from .fates import LATE, TAKEN
from .runs import Lot, facts, repeated


def waves(each: int, count: int) -> list[Lot]:
    """So many are let in of each wave of SYNs."""
    return [(each, repeated(TAKEN, k)) for k in range(count)]


def admitted(*lots: Lot, every_s: float = 0.001, dial_timeout_s: float = 15) -> Admission | None:
    return admission(Seen(facts(*lots, every_s=every_s, dial_timeout_s=dial_timeout_s)))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Admission(50.4, 50.4, 0), "at about 50/s"),
        (Admission(8.2, 33.9, 11), "at 8 to 34/s"),
        (Admission(11, None, 11), "11 at a time"),
    ],
)
def test_in_words(found: Admission, words: str) -> None:
    assert str(found) == words


def test_so_many_of_each_wave() -> None:
    assert admitted(*waves(20, 10), every_s=0) == Admission(20.0, None, 20)


def test_so_many_in_each_second() -> None:
    found = admitted(*waves(50, 8), every_s=0.002)
    assert found is not None
    assert (round(found.least), found.most, found.at_a_time) == (51, found.least, 0)


def test_the_last_few_that_wait_for_longer_do_not_matter() -> None:
    last = [(2, repeated(TAKEN, 9)), (1, repeated(TAKEN, 11)), (1, repeated(TAKEN, 12))]
    found = admitted(*waves(50, 6), *last, every_s=0.002)
    assert found is not None
    assert round(found.least) == pytest.approx(50, abs=5)


@pytest.mark.parametrize(
    "lots",
    [
        pytest.param([(200, TAKEN)], id="all at once"),
        pytest.param([(100, TAKEN), (100, LATE)], id="some never"),
        pytest.param([(190, TAKEN), (10, repeated(TAKEN, 4))], id="most were in time"),
        pytest.param(
            [(100, TAKEN), (50, repeated(TAKEN, 1)), (25, repeated(TAKEN, 2)), (12, repeated(TAKEN, 3))],
            id="a share of what is left",
        ),
        pytest.param([(1, repeated(TAKEN, k)) for k in range(8)], id="a handful"),
        pytest.param([(50, TAKEN), (60, repeated(TAKEN, 4))], id="two waves"),
    ],
)
def test_no_rate_of_its_own(lots: list[Lot]) -> None:
    assert admitted(*lots) is None
