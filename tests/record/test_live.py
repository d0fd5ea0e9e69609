"""What there is to see of a run while it goes on: values, all of them known from the beginning."""

from tcpgoon.record.live import Course, Live, Stage, Window


def test_at_first_nothing_is_there() -> None:
    assert Live() == Live(course=Course(stage=Stage.START, since_s=0.0, until_s=None, lag_s=0.0, knock=None))
    assert (Live().handshake, Live().acknowledged, Live().served, Live().dials_per_s) == (0, 0, 0, 0.0)
    assert (Live().windows, Live().failed, Live().lost) == ((), (), ())


def test_a_window() -> None:
    window = Window(3, 0.001, 0.2)
    assert (window.count, window.p50_s, window.max_s) == (3, 0.001, 0.2)


def test_the_stages_are_the_words_that_are_shown() -> None:
    assert list(Stage) == ["start", "establishment", "asking", "hold", "proof", "tear-down", "stopping"]
