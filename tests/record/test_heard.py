import pytest

from tcpgoon.record.heard import MOST_DISTINCT, OTHER_WORDS, Agreed, Heard, Saying
from tcpgoon.record.tls_facts import TlsFacts
from tcpgoon.record.unserved import Unserved

MODERN = TlsFacts(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384")
OLD = TlsFacts(version="TLSv1.2", cipher="ECDHE-RSA-AES128-GCM-SHA256")


def test_nothing_was_heard() -> None:
    heard = Heard()

    assert (heard.sayings, heard.tls) == ((), ())


def test_what_was_said_is_kept_once_with_its_count_and_is_safe_to_print() -> None:
    heard = Heard()
    heard.said(b"")
    heard.said(b"bye\x1b[2J\r\n")
    for _ in range(3):
        heard.refused(Unserved.REFUSED, "-ERR max number of clients reached")
    heard.said(b"bye\x1b[2J\r\n")
    heard.refused(Unserved.NO_TLS, "-ERR max number of clients reached")

    assert heard.sayings == (
        Saying("-ERR max number of clients reached", 3, Unserved.REFUSED),
        Saying(r"bye\x1b[2J\r\n", 2, Unserved.NONE),
        Saying("-ERR max number of clients reached", 1, Unserved.NO_TLS),
    )


def test_what_a_peer_makes_us_keep_is_bounded() -> None:
    heard = Heard()
    for number in range(MOST_DISTINCT + 20):
        heard.said(b"%d" % number)
    heard.said(b"7")

    assert len(heard.sayings) == MOST_DISTINCT + 1
    assert heard.sayings[:2] == (Saying(OTHER_WORDS, 20, Unserved.NONE), Saying("7", 2, Unserved.NONE))
    assert sum(saying.count for saying in heard.sayings) == MOST_DISTINCT + 21


def test_what_was_agreed_on_is_kept_once_with_its_count() -> None:
    heard = Heard()
    for facts in (OLD, MODERN, MODERN):
        heard.agreed(facts)

    assert heard.tls == (Agreed(MODERN, 2), Agreed(OLD, 1))


def test_what_is_beyond_the_bound_is_not_said_to_be_agreed_on() -> None:
    heard = Heard()
    for number in range(MOST_DISTINCT + 2):
        heard.agreed(TlsFacts(version="TLSv1.3", cipher="", expires_at=str(number)))

    assert len(heard.tls) == MOST_DISTINCT


def test_what_others_heard_is_added() -> None:
    heard, other = Heard(), Heard()
    for one in (heard, other, other):
        one.said(b"hello")
        one.agreed(OLD)
    other.refused(Unserved.REFUSED, "no")
    heard.add(other.sayings, other.tls)

    assert heard.sayings == (Saying("hello", 3, Unserved.NONE), Saying("no", 1, Unserved.REFUSED))
    assert heard.tls == (Agreed(OLD, 3),)


def test_what_others_heard_is_bounded_too() -> None:
    heard, other = Heard(), Heard()
    for number in range(MOST_DISTINCT + 3):
        heard.said(b"%d" % number)
        other.said(b"other %d" % number)
    heard.add(other.sayings, other.tls)

    assert len(heard.sayings) == MOST_DISTINCT + 1
    assert heard.sayings[0] == Saying(OTHER_WORDS, MOST_DISTINCT + 6, Unserved.NONE)


@pytest.mark.parametrize("why", Unserved, ids=lambda why: why.name)
def test_whose_words_they_are(why: Unserved) -> None:
    theirs = {Unserved.NONE, Unserved.REFUSED, Unserved.UNEXPECTED, Unserved.LATE}

    assert Saying("x", 1, why).is_quoted == (why in theirs)
