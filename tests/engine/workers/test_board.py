import itertools

import pytest

from tcpgoon.engine.gates import Gate
from tcpgoon.engine.workers.board import Board


@pytest.mark.parametrize(
    ("turns", "workers", "size"), [(1, 1, 4_096), (1, 252, 4_096), (1, 253, 8_192), (51, 51, 4_096)]
)
def test_it_takes_whole_pages(turns: int, workers: int, size: int) -> None:
    assert Board.size(turns, workers) == size


def test_every_number_has_its_own_place() -> None:
    memory = memoryview(bytearray(Board.size(3, 4)))
    board, seen = Board(memory, 3, 4), Board(memory, 3, 4)
    gates = [*((Gate.DIAL, turn) for turn in range(3)), *((gate, 0) for gate in list(Gate)[1:])]
    assert [seen.opened_s(*gate) for gate in gates] == [None] * 8
    assert [seen.looked_s(worker) for worker in range(4)] == [0.0] * 4
    assert not seen.is_over
    for (gate, turn), at_s in zip(gates, itertools.count(1.5), strict=False):
        board.open(gate, turn, at_s)
    for worker in range(4):
        board.look(worker, 100.0 + worker, 200.0 + worker)
    assert [seen.opened_s(*gate) for gate in gates] == [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5]
    assert [seen.looked_s(worker) for worker in range(4)] == [100.0, 101.0, 102.0, 103.0]
    assert [seen.lag_s(worker) for worker in range(4)] == [200.0, 201.0, 202.0, 203.0]
    assert not seen.is_over
    board.end()
    assert seen.is_over


def test_a_gate_that_opens_at_the_very_beginning_is_open() -> None:
    board = Board(memoryview(bytearray(Board.size(1, 1))), 1, 1)
    board.open(Gate.DIAL, 0, 0.0)
    assert board.opened_s(Gate.DIAL, 0) == pytest.approx(0.0, abs=1e-6)


def test_the_turn_counts_for_dialling_alone() -> None:
    board = Board(memoryview(bytearray(Board.size(2, 1))), 2, 1)
    board.open(Gate.ASK, 1, 4.0)
    assert (board.opened_s(Gate.ASK, 0), board.opened_s(Gate.DIAL, 1)) == (4.0, None)
