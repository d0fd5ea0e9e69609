"""A row per connection: what is read again is what was written, and nothing in it is run."""

import csv as standard
import io
from collections.abc import Iterator

import msgspec
import pytest

from tcpgoon.judge.verdict import Verdict
from tcpgoon.record.listing import PIECE, Listed
from tcpgoon.record.table import Table
from tcpgoon.report.csv import csv
from tcpgoon.result import Part, Result
from tests.example import suite_of
from tests.report.results import metrics, result


def of_rows(count: int) -> Result:
    table = Table(count)
    for row in range(count):
        table.dial(row, row / 8)
    return msgspec.structs.replace(result(metrics()), table=table)


def read(text: str) -> list[dict[str, str]]:
    return list(standard.DictReader(io.StringIO(text)))


def part(name: str, of: Result | None) -> Part:
    return Part(name=name, verdict=Verdict.PASS, reason="", result=of)


HEADER = (
    "part,connection,state,assurance,address,port,source_address,local_port,start_s,established_s,asked_s,served_s,"
    "end_s,handshake_rtt_us,syn_retransmits,tls_s,received_bytes,phase,closed_by,error,unserved\n"
)


def test_a_row_for_each_connection_under_a_header() -> None:
    assert "".join(csv(of_rows(2))) == (
        HEADER
        + "myhttpsamplehost.com:80,0,OPENING,,216.58.201.131,80,,,0.0,,,,,,0,,0,,,,\n"
        + "myhttpsamplehost.com:80,1,OPENING,,216.58.201.131,80,,,0.125,,,,,,0,,0,,,,\n"
    )


def test_without_rows_the_header_alone() -> None:
    assert "".join(csv(suite_of(part("one", None), part("two", of_rows(0))))) == HEADER


def test_of_several_parts_the_first_column_says_which() -> None:
    rows = read("".join(csv(suite_of(part("one", of_rows(1)), part("two", None), part("three", of_rows(2))))))
    assert [(row["part"], row["connection"]) for row in rows] == [("one", "0"), ("three", "0"), ("three", "1")]


def test_it_comes_in_pieces() -> None:
    pieces = csv(of_rows(2 * PIECE + 1))
    assert isinstance(pieces, Iterator)
    assert [len(piece.splitlines()) for piece in pieces] == [1, PIECE, PIECE, 1]


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ('a,b\n"c"\x1b[2J', r'a,b\n"c"\x1b[2J'),
        ("\t=1", r"\t=1"),
        ("plain", "plain"),
    ],
)
def test_no_name_is_run_or_leaves_its_cell(name: str, cell: str) -> None:
    (row,) = read("".join(csv(suite_of(part(name, of_rows(1))))))
    assert row["part"] == cell
    assert set(row) == {"part", *Listed._fields}
