import errno

from tcpgoon.record.knock import Fared, Knock


def test_how_it_fared_as_words() -> None:
    refused = Knock(at_s=1.0, held=2, fared=Fared.REFUSED, time_s=0.1, gone_s=1.1, error=errno.ECONNREFUSED)
    waiting = Knock(at_s=1.0, held=2, fared=Fared.WAITING, time_s=5.0, gone_s=6.0)

    assert (refused.name, waiting.name) == ("refused (ECONNREFUSED)", "left waiting")


def test_one_that_our_own_kernel_refused_asked_nobody() -> None:
    unasked = {fared for fared in Fared if not Knock(at_s=0, held=0, fared=fared, time_s=0, gone_s=0).was_asked}
    assert unasked == {Fared.UNASKED}


def test_the_words() -> None:
    assert [str(fared) for fared in Fared] == [
        "welcome",
        "refused",
        "reset",
        "closed",
        "turned away",
        "left waiting",
        "not asked",
    ]
