from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.welcome import MOST_BINS, Welcome, welcomes


def knock(held: int, time_s: float, fared: Fared = Fared.WELCOME) -> Knock:
    return Knock(at_s=0.0, held=held, fared=fared, time_s=time_s, gone_s=time_s)


def test_nobody_knocked() -> None:
    assert welcomes(()) == ()
    assert welcomes([knock(1, 1.0, Fared.UNASKED)]) == ()


def test_by_how_many_were_held() -> None:
    knocks = [
        knock(100, 0.4),
        knock(0, 0.1),
        knock(100, 0.3),
        knock(100, 5.0, Fared.WAITING),
        knock(98, 0.2),
        knock(2, 0.01, Fared.REFUSED),
        knock(100, 0.0, Fared.UNASKED),
    ]

    assert welcomes(knocks) == (
        Welcome(least_held=0, most_held=0, welcome=1, others=0, p50_s=0.1, max_s=0.1),
        Welcome(least_held=2, most_held=2, welcome=0, others=1, p50_s=None, max_s=None),
        Welcome(least_held=98, most_held=100, welcome=3, others=1, p50_s=0.3, max_s=0.4),
    )


def test_few_connections_are_no_part_of_one() -> None:
    assert [(one.least_held, one.most_held) for one in welcomes([knock(1, 1.0), knock(2, 1.0)])] == [(1, 1), (2, 2)]


def test_of_very_many_there_are_a_few() -> None:
    found = welcomes([knock(held, 1.0) for held in range(10_001)])

    assert len(found) <= MOST_BINS + 1
    assert sum(one.welcome for one in found) == 10_001
    assert found[-1].most_held == 10_000
