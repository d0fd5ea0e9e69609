r"""Bytes as people write them on a command line, and as a terminal may show them: ``PING\r\n``, ``\x00\x01``."""

import re

from tcpgoon.errors import PlanError

_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.|$)", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}
_SHORT = {13: r"\r", 10: r"\n", 9: r"\t", 92: r"\\"}
_TEXT = [_SHORT.get(byte, chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}") for byte in range(256)]
"""What each byte is written as."""


def parse_escapes(text: str) -> bytes:
    r"""The bytes that ``text`` means: UTF-8, with the escapes ``\r``, ``\n``, ``\t``, ``\0``, ``\\`` and ``\x00``.

    Raises `PlanError` for any other escape.
    """
    data, end = bytearray(), 0
    for escape in _ESCAPE.finditer(text):
        data += _encoded(text[end : escape.start()]) + _byte(escape[1])
        end = escape.end()
    return bytes(data + _encoded(text[end:]))


def format_escapes(data: bytes) -> str:
    """``data`` as text that `parse_escapes` reads: plain ASCII, and nothing that a terminal would obey."""
    return "".join([_TEXT[byte] for byte in data])


def printable(text: str) -> str:
    """``text`` with what is not printable escaped: nothing in it moves a cursor, and it stays on its line."""
    return "".join([char if char.isprintable() else repr(char)[1:-1] for char in text])


def is_text(text: str) -> bool:
    """Whether ``text`` can be saved: what of an argument is no UTF-8 reaches us as surrogates, which JSON has not."""
    return not _SURROGATE.search(text)


def _byte(escape: str) -> bytes:
    if len(escape) == 3:
        return bytes.fromhex(escape[1:])
    if escape not in _PLAIN:
        raise PlanError(rf"'\{escape}' means nothing here: there are \r \n \t \0 \\ and \x00 to \xff")
    return _PLAIN[escape].encode()


def _encoded(text: str) -> bytes:
    # What of an argument is no UTF-8 reaches us as surrogates; it goes out as the bytes that it was.
    return text.encode("utf-8", "surrogateescape")
