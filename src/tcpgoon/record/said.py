"""What a peer said, as text that is safe to print and to log."""

from tcpgoon.plan.escapes import format_escapes

MOST_SAID = 200
"""Bytes of what a peer said that are kept."""


def escape(data: bytes, most: int = MOST_SAID) -> str:
    r"""The first ``most`` bytes of ``data``: printable ASCII as it is, ``\r``, ``\n``, ``\t``, ``\\``, else ``\x1b``.

    An ellipsis says that there was more.
    """
    return format_escapes(data[:most]) + ("…" if len(data) > most else "")
