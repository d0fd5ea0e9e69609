"""A table in an archive: one member per column, its bytes sorted by their weight.

The times of a million connections differ in their last bytes and hardly in their first: all first bytes together, then
all second ones, take half the room that the numbers take one after another, and are packed in half the time.
"""

import sys
from collections.abc import Iterator
from enum import IntEnum
from typing import IO, Any, Protocol

import numpy as np
import numpy.typing as npt

from tcpgoon.errors import SavedFileError
from tcpgoon.plan.assurance import Assurance
from tcpgoon.record.connection import State
from tcpgoon.record.outcome import ClosedBy, Phase
from tcpgoon.record.rows import Rows
from tcpgoon.record.table import COLUMNS, ROW_BYTES, Table
from tcpgoon.record.unserved import Unserved

AT_ONCE = 1 << 20
"""Bytes that are packed at a time: what has been packed of a column is gone from memory before it ends."""

_MEANT: dict[str, type[IntEnum]] = {
    "state": State,
    "assurance": Assurance,
    "phase": Phase,
    "closed_by": ClosedBy,
    "unserved": Unserved,
}
"""The columns whose numbers have a meaning each, counted from 0."""


class Members(Protocol):
    """An archive that is read: its members are had by their names, in the length that they have to have."""

    def read(self, name: str, length: int) -> bytes:
        """The member ``name``, all of it. Raises `SavedFileError` unless it is there and ``length`` bytes long."""
        ...


def packed(table: Table) -> Iterator[tuple[str, Iterator[memoryview]]]:
    """Name and content of the member for each column of ``table``."""
    rows = Rows(table)
    for column in COLUMNS:
        yield column.name, _pieces(_planes(rows.column(column.name)))


def unpacked(rows: int, members: Members, folder: str) -> Table:
    """The table of so many ``rows`` whose columns are in ``folder``. Raises `SavedFileError` for what cannot be."""
    table = Table(rows, bytearray(rows * ROW_BYTES))
    there = Rows(table)
    for column in COLUMNS:
        values, name = there.column(column.name), f"{folder}/{column.name}"
        values[:] = _values(members.read(name, values.nbytes), values.dtype, rows)
        _check(name, column.name, values)
    return table


def _planes(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """The bytes of ``values``, the lowest of each first, then the second of each, and so on."""
    low_first = values if sys.byteorder == "little" else values.byteswap()
    return np.ascontiguousarray(low_first.view(np.uint8).reshape(len(values), values.itemsize).T)


def _values(planes: bytes, dtype: "np.dtype[Any]", rows: int) -> npt.NDArray[Any]:
    """What `_planes` was made of."""
    sorted_bytes = np.frombuffer(planes, np.uint8).reshape(dtype.itemsize, rows)
    return np.ascontiguousarray(sorted_bytes.T).view(dtype.newbyteorder("<")).reshape(rows)


def _pieces(planes: npt.NDArray[np.uint8]) -> Iterator[memoryview]:
    whole = planes.reshape(-1)
    for start in range(0, len(whole), AT_ONCE):
        yield whole[start : start + AT_ONCE].data


def _check(member: str, name: str, values: npt.NDArray[Any]) -> None:
    if values.dtype.kind == "f":
        if not (np.isfinite(values) & (values >= 0)).all():
            raise SavedFileError(f"{member} has a time that is none")
    elif name in _MEANT and values.max(initial=0) >= len(_MEANT[name]):
        raise SavedFileError(f"{member} has the value {values.max()}, which means nothing")


def write_pieces(pieces: Iterator[memoryview], member: IO[bytes]) -> None:
    """All of ``pieces`` into ``member``."""
    for piece in pieces:
        member.write(piece)
