from tcpgoon.engine.probes.probe import PASSED, PENDING, Progress, Status, failed
from tcpgoon.record.unserved import Unserved


def test_what_there_can_be() -> None:
    assert Progress(Status.PENDING, Unserved.NONE, "") == PENDING
    assert Progress(Status.PASSED, Unserved.NONE, "") == PASSED
    assert failed(Unserved.REFUSED, "-ERR") == Progress(Status.FAILED, Unserved.REFUSED, "-ERR")


def test_the_same_failure_is_one_object() -> None:
    assert failed(Unserved.REFUSED, "-ERR") is failed(Unserved.REFUSED, "-" + "ERR")
