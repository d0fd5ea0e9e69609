"""Columns → bytes → columns, for any rows; and what is refused."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.errors import SavedFileError
from tcpgoon.record.rows import Rows
from tcpgoon.record.table import COLUMNS, Table
from tcpgoon.saved import columns
from tcpgoon.saved.columns import packed, unpacked, write_pieces

MOST = {"state": 6, "assurance": 3, "phase": 8, "closed_by": 3, "unserved": 9}
"""The highest value that means something."""


class Members:
    """An archive in memory."""

    def __init__(self, table: Table) -> None:
        self.content = {f"rows/{name}": b"".join(pieces) for name, pieces in packed(table)}

    def read(self, name: str, length: int) -> bytes:
        assert len(self.content[name]) == length
        return self.content[name]


def values_of(name: str, kind: str) -> st.SearchStrategy[float]:
    if kind in "df":
        return st.floats(0, width=64 if kind == "d" else 32, allow_infinity=False)
    return st.integers(0, MOST.get(name, {"Q": 2**64, "I": 2**32, "H": 2**16}.get(kind, 1) - 1))


@st.composite
def tables(draw: st.DrawFn) -> Table:
    table = Table(draw(st.integers(0, 5)))
    for column in COLUMNS:
        for row in range(table.rows):
            getattr(table, column.name)[row] = draw(values_of(column.name, column.type))
    return table


def contents(table: Table) -> dict[str, list[float]]:
    return {column.name: getattr(table, column.name).tolist() for column in COLUMNS}


@given(tables())
def test_what_is_packed_is_what_comes_out(table: Table) -> None:
    assert contents(unpacked(table.rows, Members(table), "rows")) == contents(table)


def test_the_lowest_bytes_are_first() -> None:
    table = Table(2)
    table.local_port[0], table.local_port[1] = 0x1234, 0x5678

    assert Members(table).content["rows/local_port"] == bytes((0x34, 0x78, 0x12, 0x56))


def test_a_machine_that_counts_the_other_way_writes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has in memory is the other way round, and so is turned once."""
    table = Table(1)
    table.local_port[0] = 0x3412
    monkeypatch.setattr(columns.sys, "byteorder", "big")  # type: ignore[attr-defined]

    assert Members(table).content["rows/local_port"] == bytes((0x34, 0x12))


def test_a_column_is_written_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "AT_ONCE", 3)
    table = Table(4)
    table.received_bytes[3] = 7
    pieces = {name: [bytes(piece) for piece in pieces] for name, pieces in packed(table)}

    assert pieces["received_bytes"] == [bytes(3), b"\x07\0\0", *[bytes(3)] * 8, bytes(2)]
    file = io.BytesIO()
    write_pieces(dict(packed(table))["received_bytes"], file)
    assert file.getvalue() == b"".join(pieces["received_bytes"])


@pytest.mark.parametrize("name", ["start_s", "established_s", "end_s", "asked_s", "served_s", "tls_s"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_times_that_are_none(name: str, value: float) -> None:
    table = Table(3)
    getattr(table, name)[1] = value
    with pytest.raises(SavedFileError) as caught:
        unpacked(3, Members(table), "rows")

    assert str(caught.value) == f"rows/{name} has a time that is none"


@pytest.mark.parametrize(("name", "most"), MOST.items())
def test_values_without_a_meaning(name: str, most: int) -> None:
    table = Table(3)
    getattr(table, name)[1] = most
    assert getattr(unpacked(3, Members(table), "rows"), name)[1] == most

    getattr(table, name)[2] = most + 1
    with pytest.raises(SavedFileError) as caught:
        unpacked(3, Members(table), "rows")

    assert str(caught.value) == f"rows/{name} has the value {most + 1}, which means nothing"


def test_what_is_unpacked_is_a_table_like_any_other() -> None:
    table = unpacked(1, Members(Table(1)), "rows")
    table.dial(0, 0.5)

    assert Rows(table).column("start_s") == np.array([0.5])
