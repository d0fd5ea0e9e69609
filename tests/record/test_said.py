import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.record.said import MOST_SAID, escape


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"-ERR max number of clients reached\r\n", r"-ERR max number of clients reached\r\n"),
        (b"\x1b[2J\x9b31m\a\\", r"\x1b[2J\x9b31m\x07\\"),
        (b"x" * 200, "x" * 200),
        (b"x" * 201, "x" * 200 + "…"),
    ],
)
def test_what_a_peer_said_as_text(data: bytes, text: str) -> None:
    assert escape(data) == text


def test_less_of_it() -> None:
    assert escape(b"\r\nab", most=3) == r"\r\na…"


@given(st.binary(max_size=300))
def test_a_terminal_obeys_none_of_it(data: bytes) -> None:
    text = escape(data)

    assert text.isprintable()
    assert text.endswith("…") == (len(data) > MOST_SAID)
    assert text.removesuffix("…").isascii()
