import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.errors import PlanError
from tcpgoon.plan.escapes import format_escapes, is_text, parse_escapes, printable


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", b""),
        ("220 ready", b"220 ready"),
        (r"220 ready\r\n", b"220 ready\r\n"),
        (r"\x00\xfF\t\0", b"\x00\xff\t\x00"),
        (r"a\\nb", b"a\\nb"),
        (r"\\\n", b"\\\n"),
        ("grüß", "grüß".encode()),
        ("\udcff", b"\xff"),
        ("two\nlines", b"two\nlines"),
    ],
)
def test_what_a_text_means(text: str, data: bytes) -> None:
    assert parse_escapes(text) == data


@pytest.mark.parametrize(("text", "escape"), [(r"\q", r"\q"), ("end\\", "\\"), (r"\x4", r"\x"), (r"\xgg", r"\x")])
def test_an_unknown_escape_is_refused(text: str, escape: str) -> None:
    line = rf"'{escape}' means nothing here: there are \r \n \t \0 \\ and \x00 to \xff"
    with pytest.raises(PlanError, match=f"^{re.escape(line)}$"):
        parse_escapes(text)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"+PONG\r\n", r"+PONG\r\n"),
        (b"\x1b[2J\t\x00\x7f\xff", r"\x1b[2J\t\x00\x7f\xff"),
        (b"a\\nb", r"a\\nb"),
        ("é".encode(), r"\xc3\xa9"),
    ],
)
def test_what_bytes_are_written_as(data: bytes, text: str) -> None:
    assert format_escapes(data) == text


@given(st.binary(max_size=100))
def test_any_bytes_survive_the_way_through_a_command_line(data: bytes) -> None:
    text = format_escapes(data)
    assert text.isascii()
    assert text.isprintable() or not text
    assert parse_escapes(text) == data


@given(text=st.text(alphabet=st.characters(exclude_categories=())))
@example(text="\ud7ff\ue000")
@example(text="\ud800")
@example(text="x\udfff")
def test_text_is_what_can_be_written_as_utf_8(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        assert not is_text(text)
    else:
        assert is_text(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("checkout-1 (10.0.0.5)", "checkout-1 (10.0.0.5)"),
        ("caf\u00e9 \u2713", "caf\u00e9 \u2713"),
        ("a\nb\r\x1b[2J\x07", r"a\nb\r\x1b[2J\x07"),
        ("\u202eevil\u2028", r"\u202eevil\u2028"),
        ("\udc80", r"\udc80"),
    ],
)
def test_what_is_printed_stays_on_its_line_and_is_obeyed_by_no_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown
