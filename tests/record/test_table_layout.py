"""Where the columns lie in the table's memory, and whose memory that may be."""

import mmap
import struct
import subprocess
import sys
from multiprocessing.shared_memory import SharedMemory

from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.record.table import COLUMNS, ROW_BYTES, Table

WIDTH = {"d": 8, "Q": 8, "I": 4, "f": 4, "H": 2, "B": 1}


def distinct(column: int, row: int) -> int:
    """A value that no other cell near it has, of any width; its lowest byte is that of no other column in the row."""
    return {"d": 10**9, "Q": 2**56, "I": 2**24, "f": 2**20, "H": 2**8, "B": 0}[COLUMNS[column].type] + (
        row * 13 + column
    ) % 251


def fill(table: Table) -> None:
    for k, column in enumerate(COLUMNS):
        for row in range(table.rows):
            getattr(table, column.name)[row] = distinct(k, row)


def read(table: Table) -> list[list[float]]:
    return [list(getattr(table, column.name)) for column in COLUMNS]


def filled(rows: int) -> list[list[int]]:
    return [[distinct(k, row) for row in range(rows)] for k in range(len(COLUMNS))]


def packed(rows: int) -> bytes:
    """The block, column after column, as `struct` packs it."""
    return b"".join(
        struct.pack(f"={rows}{column.type}", *values) for column, values in zip(COLUMNS, filled(rows), strict=True)
    )


def test_the_columns_and_their_types() -> None:
    assert {column.name: column.type for column in COLUMNS} == {
        "start_s": "d",
        "established_s": "d",
        "end_s": "d",
        "asked_s": "d",
        "served_s": "d",
        "received_bytes": "Q",
        "rtt_us": "I",
        "tls_s": "f",
        "local_port": "H",
        "error": "H",
        "retransmits": "H",
        "source": "H",
        "endpoint": "H",
        "state": "B",
        "assurance": "B",
        "phase": "B",
        "closed_by": "B",
        "unserved": "B",
    }
    assert all(column.meaning for column in COLUMNS)
    assert ROW_BYTES == sum(WIDTH[column.type] for column in COLUMNS) == 71


@given(rows=st.integers(1, 70), spare=st.integers(0, 9))
@example(rows=1, spare=0)
@example(rows=3, spare=0)
@example(rows=7, spare=1)
def test_columns_do_not_overlap_in_a_buffer_of_the_caller(rows: int, spare: int) -> None:
    memory = bytearray(rows * ROW_BYTES + spare)
    table = Table(rows, memory)
    fill(table)

    assert read(table) == filled(rows)
    assert bytes(memory) == packed(rows) + bytes(spare)


@given(rows=st.integers(1, 1_000))
def test_each_column_starts_at_a_multiple_of_its_width(rows: int) -> None:
    starts = [rows * sum(WIDTH[before.type] for before in COLUMNS[:k]) for k in range(len(COLUMNS))]

    assert [start % WIDTH[column.type] for start, column in zip(starts, COLUMNS, strict=True)] == [0] * len(COLUMNS)


def test_a_map_of_the_caller() -> None:
    memory = mmap.mmap(-1, 5 * ROW_BYTES)
    fill(Table(5, memory))

    assert memory[:] == packed(5)
    assert read(Table(5, memory)) == filled(5)


def test_memory_that_other_processes_know_by_its_name() -> None:
    memory = SharedMemory(create=True, size=3 * ROW_BYTES)
    assert memory.buf is not None
    table = Table(3, memory.buf)
    fill(table)
    other = SharedMemory(memory.name)
    assert other.buf is not None
    seen = bytes(other.buf[: 3 * ROW_BYTES])
    for column in COLUMNS:
        getattr(table, column.name).release()
        delattr(table, column.name)
    other.close()
    memory.close()
    memory.unlink()

    assert seen == packed(3)


def test_a_part_of_a_view() -> None:
    memory = bytearray(16 * ROW_BYTES)
    fill(Table(2, memoryview(memory)[ROW_BYTES : 3 * ROW_BYTES]))

    assert bytes(memory) == bytes(ROW_BYTES) + packed(2) + bytes(13 * ROW_BYTES)


def test_its_own_memory_is_shared_with_the_children_of_a_fork() -> None:
    # In a process of its own: what else a test run has started does not take a fork well.
    script = """if True:
        import os
        from tcpgoon.record.table import Table
        table = Table(2)
        if not os.fork():
            table.dial(1, 4.5, 3)
            os._exit(0)
        os.wait()
        print(list(table.state), list(table.start_s), list(table.source))
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout == "[0, 1] [0.0, 4.5] [0, 3]\n"
