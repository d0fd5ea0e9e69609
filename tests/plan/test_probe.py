import re
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.errors import PlanError
from tcpgoon.plan.escapes import parse_escapes
from tcpgoon.plan.probe import ANYTHING, LONGEST_PATTERN, MOST_SENT, Exchange, compile_pattern, parse_exchange

texts = st.text() | st.text(alphabet=r"\x0a@(?P<>)[]{}*+.|^$-,:smLu19 é", max_size=24)
"""Anything, and much that is nearly right."""


def no_file(name: str) -> bytes:
    raise AssertionError(f"{name} is read")


def test_what_is_asked_where_nothing_else_is_said() -> None:
    exchange = Exchange(name="x")

    assert exchange == Exchange(name="x", send="", expect=ANYTHING, refused="", anchored=False, once=False)
    assert exchange.payload == b""


def test_what_is_sent_has_escapes() -> None:
    assert Exchange(name="x", send=r"PING\r\n\x00\\é").payload == b"PING\r\n\0\\\xc3\xa9"


@pytest.mark.parametrize(
    ("knobs", "line"),
    [
        ({"send": r"\q"}, r"'\q' means nothing here: there are \r \n \t \0 \\ and \x00 to \xff"),
        ({"send": "x" * (MOST_SENT + 1)}, "the probe sends 16,385 bytes: at most 16,384 are sent"),
        ({"send": "\udcff"}, r"'x' is not UTF-8, or what it sends is not: write such bytes as \xff"),
        ({"name": "\udcff"}, r"'\udcff' is not UTF-8, or what it sends is not: write such bytes as \xff"),
        ({"expect": ""}, "'' matches where nothing was said: it would prove nothing"),
        ({"expect": "a*"}, "'a*' matches where nothing was said: it would prove nothing"),
        ({"expect": "("}, "'(' is no regular expression: missing ), unterminated subpattern at position 0"),
        ({"refused": "|x"}, "'|x' matches where nothing was said: it would prove nothing"),
        ({"refused": "["}, "'[' is no regular expression: unterminated character set at position 0"),
    ],
)
def test_what_is_no_exchange_is_one_clear_line(knobs: dict[str, Any], line: str) -> None:
    with pytest.raises(PlanError, match=f"^{re.escape(line)}$"):
        Exchange(**{"name": "x", **knobs})


@pytest.mark.parametrize(
    ("knobs", "repeatable"),
    [({}, False), ({"send": "x"}, True), ({"once": True}, False), ({"send": "x", "once": True}, False)],
)
def test_what_can_be_asked_again(knobs: dict[str, Any], repeatable: bool) -> None:
    assert Exchange(name="x", **knobs).repeatable is repeatable


def test_the_longest_message_may_be_sent() -> None:
    assert Exchange(name="x", send=r"\x00" * MOST_SENT).payload == bytes(MOST_SENT)


@pytest.mark.parametrize(
    ("send", "expect", "payload", "pattern"),
    [
        (r"PING\r\n", r"^\+PONG", b"PING\r\n", r"^\+PONG"),
        ("GET", None, b"GET", ANYTHING),
        (None, r"^220[ -]", b"", r"^220[ -]"),
        ("", None, b"", ANYTHING),
        (r"\x40home", "x", b"@home", "x"),
        ("\udcff", "x", b"\xff", "x"),
    ],
)
def test_send_and_expect(send: str | None, expect: str | None, payload: bytes, pattern: str) -> None:
    exchange = parse_exchange(send, expect, no_file)

    assert (exchange.payload, exchange.expect) == (payload, pattern)
    assert (exchange.name, exchange.refused, exchange.anchored) == ("send/expect", "", False)


def test_one_of_the_two_is_needed() -> None:
    line = "a probe sends something or expects something: give --send, --expect or both"
    with pytest.raises(PlanError, match=f"^{re.escape(line)}$"):
        parse_exchange(None, None, no_file)


def test_a_file_is_sent_as_it_is_and_a_pattern_ends_with_its_line() -> None:
    files = {"question": b"a\\n\x00\xff\n", "answer": b"^caf\xc3\xa9$\r\n"}

    exchange = parse_exchange("@question", "@answer", files.__getitem__)

    assert exchange.payload == b"a\\n\x00\xff\n"
    assert exchange.expect == "^café$"
    assert exchange.send.isascii()


def test_a_file_that_cannot_be_read_is_the_readers_affair() -> None:
    with pytest.raises(FileNotFoundError):
        parse_exchange("@nowhere", None, lambda name: open(name, "rb").read())  # noqa: PTH123, SIM115


@pytest.mark.parametrize(
    ("pattern", "data", "matches"),
    [
        ("é", "café".encode(), True),
        (r"\xff\r\n$", b"\xff\r\n", True),
        (".", b"\n", False),
        ("(?s).", b"\n", True),
        ("[[a]", b"[", True),
        ("(?i)pong", b"+PONG", True),
    ],
)
def test_patterns_are_over_bytes(pattern: str, data: bytes, matches: bool) -> None:
    assert bool(compile_pattern(pattern).search(data)) is matches


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        ("x" * (LONGEST_PATTERN + 1), "a regular expression of 4,097 characters: at most 4,096 are allowed"),
        ("\udcff", r"'\udcff' is not UTF-8: write such bytes as \xff"),
        ("(?u)x", "'(?u)x' is no regular expression: bad inline flags: cannot use 'u' flag with a bytes pattern"),
    ],
)
def test_what_is_no_pattern_is_one_clear_line(pattern: str, line: str) -> None:
    with pytest.raises(PlanError, match=f"^{re.escape(line)}"):
        compile_pattern(pattern)


def test_a_pattern_too_deep_is_no_traceback() -> None:
    with pytest.raises(PlanError, match=" is no regular expression: "):
        compile_pattern("(" * 2000 + ")" * 2000)


@given(send=texts | st.none(), expect=texts | st.none())
@example(send=None, expect="a{99999999999}")
@example(send="@x", expect="@x")
def test_no_words_raise_anything_but_a_plan_error(send: str | None, expect: str | None) -> None:
    try:
        exchange = parse_exchange(send, expect, lambda name: name.encode("utf-8", "surrogateescape"))
    except (PlanError, UnicodeEncodeError):  # the latter from the reader of this test: no file has such a name
        return
    assert msgspec.json.decode(msgspec.json.encode(exchange), type=Exchange) == exchange


@given(sent=st.binary(max_size=200))
def test_any_file_can_be_sent(sent: bytes) -> None:
    exchange = parse_exchange("@file", None, lambda name: sent)

    assert parse_escapes(exchange.send) == exchange.payload == sent


SECRET = parse_exchange("@password", "@answer", {"password": b"AUTH hunter2", "answer": b"hunter2"}.__getitem__)
TOLD = Exchange(name="send/expect", secret=True, withheld_bytes=12)


def test_what_was_read_from_a_file_is_told_to_nobody() -> None:
    assert Exchange(name="send/expect", send="AUTH hunter2", expect="hunter2", secret=True) == SECRET
    assert SECRET.as_told == TOLD
    assert repr(SECRET) == repr(TOLD)
    assert "hunter2" not in repr(SECRET)


@pytest.mark.parametrize(
    ("send", "expect", "secret"),
    [("@x", None, True), (None, "@x", True), ("@x", "OK", True), ("PING", "PONG", False), (r"\x40x", None, False)],
)
def test_only_what_was_read_from_a_file_is_a_secret(send: str | None, expect: str | None, secret: bool) -> None:
    exchange = parse_exchange(send, expect, lambda name: b"read")
    assert exchange.secret is secret
    assert (exchange.as_told is exchange) is not secret


def test_what_was_withheld_can_be_shown_but_not_asked() -> None:
    """Else a saved plan would ask for less than it did, and find it."""
    only_expected = parse_exchange(None, "@answer", lambda name: b"hunter2").as_told
    assert (only_expected.withheld_bytes, TOLD.withheld_bytes) == (0, 12)
    assert (only_expected.repeatable, TOLD.repeatable) == (False, True)
    assert TOLD.as_told is TOLD
    for told in (TOLD, only_expected):
        with pytest.raises(PlanError) as caught:
            _ = told.payload
        assert str(caught.value) == (
            "what the probe sends was secret when this plan was saved: it has to be given anew"
        )


@pytest.mark.parametrize("size", [-1, 16_385])
def test_no_more_is_withheld_than_could_be_sent(size: int) -> None:
    with pytest.raises(PlanError) as caught:
        Exchange(name="x", secret=True, withheld_bytes=size)
    assert str(caught.value) == f"the probe sent {size} bytes: it must be from 0 to 16,384"
