import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.errors import PlanError
from tcpgoon.server.banner import format_banner, parse_banner


@pytest.mark.parametrize(
    ("text", "banner"),
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
def test_what_a_text_means(text: str, banner: bytes) -> None:
    assert parse_banner(text) == banner


@pytest.mark.parametrize(("text", "escape"), [(r"\q", r"\q"), ("end\\", "\\"), (r"\x4", r"\x"), (r"\xgg", r"\x")])
def test_an_unknown_escape_is_refused(text: str, escape: str) -> None:
    line = rf"'{escape}' means nothing in a banner: there are \r \n \t \0 \\ and \x00 to \xff"
    with pytest.raises(PlanError, match=f"^{re.escape(line)}$"):
        parse_banner(text)


@given(st.binary(max_size=100))
def test_any_bytes_survive_the_way_through_a_command_line(banner: bytes) -> None:
    text = format_banner(banner)
    assert text.isascii()
    assert text.isprintable() or not text
    assert parse_banner(text) == banner
