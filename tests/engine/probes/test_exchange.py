from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.engine.probes.exchange import MOST_BYTES, WINDOW, ExchangeProbe, Script
from tcpgoon.engine.probes.probe import PASSED, PENDING, Progress, Status, failed
from tcpgoon.plan.probe import Exchange
from tcpgoon.record.unserved import Unserved
from tcpgoon.testing import Conversation, check_probe, says

REDIS = Exchange(
    name="redis", send=r"PING\r\n", expect=r"\+PONG\r\n", refused=r"(?P<reason>-[^\r\n]*)\r\n", anchored=True
)


def probe_of(expect: str = "(?s).", *, refused: str = "", anchored: bool = False) -> ExchangeProbe:
    return ExchangeProbe(Script(Exchange(name="x", expect=expect, refused=refused, anchored=anchored)))


def hear(probe: ExchangeProbe, pieces: Iterable[bytes]) -> Progress:
    progress = PENDING
    for piece in pieces:
        progress = probe.received(piece)
    return progress


def one_by_one(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def test_a_question_and_its_answer() -> None:
    probe = ExchangeProbe(Script(REDIS))

    assert probe.start() == b"PING\r\n"
    assert probe.received(b"+PO") is PENDING
    assert probe.to_send() == b""
    assert probe.received(b"NG\r\n") is PASSED
    assert probe.eof() is PASSED
    assert probe.said == b"+PONG\r\n"


def test_a_refusal_is_reported_in_its_own_words() -> None:
    probe = ExchangeProbe(Script(REDIS))

    assert probe.received(b"-ERR \x1b[31mno\r") is PENDING
    assert probe.received(b"\n") == failed(Unserved.REFUSED, r"-ERR \x1b[31mno")
    assert probe.eof() == failed(Unserved.REFUSED, r"-ERR \x1b[31mno")


def test_a_refusal_without_a_named_reason_is_reported_whole() -> None:
    assert probe_of("ok", refused=r"no\n").received(b"oh no\n") == failed(Unserved.REFUSED, r"no\n")


def test_a_reason_that_is_not_there_is_the_whole_refusal() -> None:
    assert probe_of("ok", refused="no(?P<reason>!)?").received(b"no") == failed(Unserved.REFUSED, "no")


def test_a_refusal_goes_before_the_answer() -> None:
    assert probe_of("ok", refused="no").received(b"ok no").status is Status.FAILED


@pytest.mark.parametrize(("said", "reason"), [(b"", "closed without a word"), (b"+PON", "closed before the answer")])
def test_who_closes_has_not_answered(said: bytes, reason: str) -> None:
    probe = ExchangeProbe(Script(REDIS))
    hear(probe, [said])

    assert probe.eof() == failed(Unserved.ENDED, reason)
    assert probe.received(b"+PONG\r\n") == failed(Unserved.ENDED, reason)
    assert probe.said == said


def test_a_beginning_is_not_found_further_on() -> None:
    assert probe_of("ok", anchored=True).received(b"not ok") is PENDING
    assert probe_of("ok").received(b"not ok") is PASSED


@pytest.mark.parametrize("size", [1, 7, 4_096, 65_536, 100_000])
def test_an_answer_is_found_within_so_many_bytes(size: int) -> None:
    noise = b"x" * (MOST_BYTES - 2)
    said = noise + b"ok" + b"x" * 10

    assert hear(probe_of("ok"), [said[i : i + size] for i in range(0, len(said), size)]) is PASSED


@pytest.mark.parametrize("size", [1, 7, 4_096, 65_536, 100_000])
def test_no_answer_is_found_behind_them(size: int) -> None:
    said = b"x" * (MOST_BYTES - 1) + b"ok"
    progress = hear(probe_of("ok"), [said[i : i + size] for i in range(0, len(said), size)])

    assert progress == failed(Unserved.ENDLESS, "no answer within the first 65,536 bytes")


@pytest.mark.parametrize("size", [1, 7, 4_096, 65_536])
def test_a_beginning_is_looked_for_in_less(size: int) -> None:
    pattern = "x*ok"
    found, lost = b"x" * (WINDOW - 2) + b"ok", b"x" * (WINDOW - 1) + b"ok"

    for said, expected in [
        (found, PASSED),
        (lost, failed(Unserved.ENDLESS, "no answer within the first 4,096 bytes")),
    ]:
        pieces = [said[i : i + size] for i in range(0, len(said), size)]
        assert hear(probe_of(pattern, anchored=True), pieces) == expected


def test_the_longest_match_is_found_one_byte_at_a_time() -> None:
    answer = b"a" + b"." * (WINDOW - 2) + b"b"
    assert hear(probe_of(r"a\.*b"), one_by_one(b"-" * 5_000 + answer)) is PASSED


@pytest.mark.parametrize("anchor", [r"\A", "^"])
def test_where_the_beginning_is_forgotten_nothing_else_is_taken_for_it(anchor: str) -> None:
    assert hear(probe_of(anchor + "ok"), one_by_one(b"ok")) is PASSED
    assert hear(probe_of(anchor + "[ok]"), one_by_one(b"x" * 3 * WINDOW + b"ok")) is PENDING


def test_lines_begin_wherever_they_are() -> None:
    assert hear(probe_of("(?m)^ok$"), one_by_one(b"x" * 3 * WINDOW + b"\nok\n")) is PASSED
    assert hear(probe_of("(?m)^ok$"), one_by_one(b"x" * 3 * WINDOW + b"ok\n")) is PENDING


def test_what_is_kept_for_the_report() -> None:
    probe = probe_of("never")
    hear(probe, [b"a" * 150, b"b" * 150, b"c"])

    assert probe.said == b"a" * 150 + b"b" * 50


def test_it_is_a_probe() -> None:
    ends = Unserved.ENDED
    check_probe(
        lambda: ExchangeProbe(Script(REDIS)),
        [
            Conversation("served", says(b"+PONG\r\n"), Status.PASSED),
            Conversation("refused", says(b"-ERR\r\n"), Status.FAILED, Unserved.REFUSED),
            Conversation("refused, then closed", says(b"-ERR\r\n"), Status.FAILED, Unserved.REFUSED, ends=True),
            Conversation("closed", says(), Status.FAILED, ends, ends=True),
            Conversation("cut off", says(b"+PON"), Status.FAILED, ends, ends=True),
            Conversation("silent", says(), Status.PENDING),
        ],
    )


@given(noise=st.binary(max_size=9_000), cuts=st.lists(st.integers(1, 3_000), min_size=1, max_size=50))
def test_the_outcome_does_not_depend_on_how_it_comes(noise: bytes, cuts: list[int]) -> None:
    said, pieces = noise + b"<ok>", []
    for cut in cuts:
        pieces.append(said[:cut])
        said = said[cut:]

    assert hear(probe_of("<ok>"), [*pieces, said, b""]) is PASSED
    assert hear(probe_of("<ok>"), one_by_one(noise + b"<ok>")) is PASSED
