r"""Banners as people write them on a command line: ``220 ready\r\n``, ``\x00\x01``."""

import re

from tcpgoon.errors import PlanError

_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.|$)", re.DOTALL)
_PLAIN = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}


def parse_banner(text: str) -> bytes:
    r"""The bytes that ``text`` means: UTF-8, with the escapes ``\r``, ``\n``, ``\t``, ``\0``, ``\\`` and ``\x00``.

    Raises `PlanError` for any other escape.
    """
    banner, end = b"", 0
    for escape in _ESCAPE.finditer(text):
        banner += _encoded(text[end : escape.start()]) + _byte(escape[1])
        end = escape.end()
    return banner + _encoded(text[end:])


def format_banner(banner: bytes) -> str:
    """``banner`` as text that `parse_banner` reads, in plain ASCII."""
    return "".join(chr(byte) if _is_plain(byte) else f"\\x{byte:02x}" for byte in banner)


def _is_plain(byte: int) -> bool:
    return 0x20 <= byte < 0x7F and byte != ord("\\")


def _byte(escape: str) -> bytes:
    if len(escape) == 3:
        return bytes.fromhex(escape[1:])
    if escape not in _PLAIN:
        raise PlanError(rf"'\{escape}' means nothing in a banner: there are \r \n \t \0 \\ and \x00 to \xff")
    return _PLAIN[escape].encode()


def _encoded(text: str) -> bytes:
    # What of an argument is no UTF-8 reaches us as surrogates; it goes out as the bytes that it was.
    return text.encode("utf-8", "surrogateescape")
