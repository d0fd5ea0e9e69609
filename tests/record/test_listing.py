"""Rows in words: each fact of a table, and what stands where there is none."""

import errno

from tcpgoon.plan.assurance import Assurance
from tcpgoon.record.listing import Listed, listing
from tcpgoon.record.outcome import FIN, ClosedBy, Phase
from tcpgoon.record.table import Table
from tcpgoon.record.unserved import Unserved

ENDPOINTS = [("192.0.2.1", 80), ("192.0.2.2", 81)]
SOURCES = ["127.0.0.1", "127.0.0.2"]


def filled() -> Table:
    """One of each: never dialled, opening, served and closed, lost, failed, phantom."""
    table = Table(6)
    table.dial(1, 0.0)
    table.dial(2, 0.5, source=1, endpoint=1)
    table.establish(2, 1.0, rtt_us=250, retransmits=2)
    table.local_port[2] = 40_001
    table.ask(2, 1.5)
    table.shake_hands(2, 1.75)
    table.serve(2, 2.0)
    table.received_bytes[2] = 12
    table.close(2, 9.0)
    table.dial(3, 0.5)
    table.establish(3, 1.0, 0, 0)
    table.refuse(3, Unserved.REFUSED)
    table.lose(3, 3.0, FIN)
    table.dial(4, 0.5)
    table.fail(4, 0.75, errno.ECONNREFUSED, Phase.HANDSHAKE)
    table.dial(5, 0.5)
    table.establish(5, 1.0, 0, 0)
    table.vanish(5, 4.0, errno.ETIMEDOUT, ClosedBy.PATH)
    return table


FIRST, SECOND = ("192.0.2.1", 80), ("192.0.2.2", 81)
EXPECTED = [
    Listed(0, "PLANNED", "", *FIRST, "127.0.0.1", None, None, None, None, None, None, None, 0, None, 0, "", "", "", ""),
    Listed(1, "OPENING", "", *FIRST, "127.0.0.1", None, 0.0, None, None, None, None, None, 0, None, 0, "", "", "", ""),
    Listed(
        2, "CLOSED", "served", *SECOND, "127.0.0.2", 40_001, 0.5, 1.0, 1.5, 2.0, 9.0, 250, 2, 0.25, 12, "", "us", "", ""
    ),
    Listed(
        3, "LOST", "handshake", *FIRST, "127.0.0.1", None, 0.5, 1.0, None, None, 3.0, None, 0, None, 0,
        "held", "peer", "FIN", "refused",
    ),
    Listed(
        4, "FAILED", "", *FIRST, "127.0.0.1", None, 0.5, None, None, None, 0.75, None, 0, None, 0,
        "handshake", "", "ECONNREFUSED", "",
    ),
    Listed(
        5, "LOST", "handshake", *FIRST, "127.0.0.1", None, 0.5, 1.0, None, None, 4.0, None, 0, None, 0,
        "phantom", "path", "ETIMEDOUT", "",
    ),
]  # fmt: skip


def test_each_row_in_words() -> None:
    assert list(listing(filled(), ENDPOINTS, SOURCES)) == EXPECTED


def test_the_pieces_are_no_matter() -> None:
    for piece in (1, 4, 6):
        assert list(listing(filled(), ENDPOINTS, SOURCES, piece)) == EXPECTED


def test_without_sources_the_kernel_chose() -> None:
    (row,) = listing(Table(1), ENDPOINTS, ())
    assert row.source_address == ""


def test_nothing_is_nothing() -> None:
    assert list(listing(Table(0), (), ())) == []


def test_all_levels_and_ways_have_names() -> None:
    table = Table(4)
    for row, level in enumerate(Assurance):
        table.assurance[row] = level
        table.closed_by[row] = row
    rows = list(listing(table, ENDPOINTS, SOURCES))
    assert [row.assurance for row in rows] == ["", "handshake", "acknowledged", "served"]
    assert [row.closed_by for row in rows] == ["", "us", "peer", "path"]
