from tcpgoon.judge.ages import is_of_one_age, outlived
from tcpgoon.record.losses import Losses
from tests.judge.fates import CLOSED_BY_PEER, TAKEN
from tests.judge.runs import Lot, aged, facts


def losses(*lots: Lot) -> Losses:
    (group,) = facts(*lots).shape.losses
    return group


def test_how_many_outlived_it() -> None:
    none, one = losses((300, aged(CLOSED_BY_PEER, 2.0))), losses((300, aged(CLOSED_BY_PEER, 2.0)), (1, TAKEN))
    assert (outlived(none), outlived(one)) == ("none outlived it", "only 1 outlived it")


def test_whether_they_were_of_one_age() -> None:
    assert is_of_one_age(losses((300, aged(CLOSED_BY_PEER, 2.0, 0.2))))
    assert not is_of_one_age(losses((300, aged(CLOSED_BY_PEER, 2.0, 0.5))))
    assert is_of_one_age(losses((300, aged(CLOSED_BY_PEER, 20.0, 0.5))))
