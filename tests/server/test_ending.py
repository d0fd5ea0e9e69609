import os
import select
import time

from tcpgoon.server.ending import Ending


def ready(ending: Ending) -> list[int]:
    poll = select.poll()
    for fd in ending.filenos():
        poll.register(fd, select.POLLIN)
    return [fd for fd, _ in poll.poll(0)]


def test_stop_ends_it_and_wakes_who_waits() -> None:
    ending = Ending()
    assert not ending.is_over()
    assert ready(ending) == []
    ending.stop()
    assert ending.is_over()
    assert ready(ending) == ending.filenos()
    ending.close()


def test_stop_and_close_may_come_in_any_order_and_number() -> None:
    ending = Ending()
    ending.close()
    ending.stop()
    ending.close()
    ending.stop()
    assert ending.is_over()


def test_the_time_is_over_after_the_duration() -> None:
    ending = Ending(duration_s=60)
    now = time.monotonic()
    assert 59 < (ending.remaining_s(now) or 0) <= 60
    assert ending.remaining_s(now + 61) == 0
    assert not ending.is_over()
    ending.close()
    over = Ending(duration_s=0)
    assert over.is_over()
    over.close()


def test_only_the_end_of_the_lifeline_ends_it() -> None:
    lifeline, other_end = os.pipe()
    ending = Ending(lifeline=lifeline)
    os.write(other_end, b"anything")
    assert ready(ending) == [lifeline]
    ending.heed(lifeline)
    assert not ending.is_over()
    assert ready(ending) == []
    os.close(other_end)
    ending.heed(lifeline)
    assert ending.is_over()
    ending.close()
    os.close(lifeline)


def test_what_somebody_else_read_from_the_lifeline_first_is_no_end() -> None:
    lifeline, other_end = os.pipe()
    os.set_blocking(lifeline, False)
    ending = Ending(lifeline=lifeline)
    ending.heed(lifeline)
    assert not ending.is_over()
    ending.close()
    os.close(other_end)
    os.close(lifeline)


def test_a_lifeline_that_cannot_be_read_has_ended() -> None:
    directory = os.open("/", os.O_RDONLY)
    ending = Ending(lifeline=directory)
    ending.heed(directory)
    assert ending.is_over()
    ending.close()
    os.close(directory)
