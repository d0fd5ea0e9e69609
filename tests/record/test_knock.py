import errno

from tcpgoon.record.knock import Fared, Knock


def test_how_it_fared_as_words() -> None:
    refused = Knock(at_s=1.0, held=2, fared=Fared.REFUSED, time_s=0.1, gone_s=1.1, error=errno.ECONNREFUSED)
    waiting = Knock(at_s=1.0, held=2, fared=Fared.WAITING, time_s=5.0, gone_s=6.0)

    assert (refused.name, waiting.name) == ("refused (ECONNREFUSED)", "left waiting")


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
