import errno

from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.record.outcome import ClosedBy, Phase
from tcpgoon.record.rows import Rows
from tcpgoon.record.table import Table
from tcpgoon.record.timeline import MOST_STEPS, Timeline, timeline


def test_nothing_was_dialled() -> None:
    assert timeline(Rows(Table(0))) is None
    assert timeline(Rows(Table(3))) is None


def test_each_state_at_each_moment() -> None:
    table = Table(7)
    for row in range(6):  # the last is never dialled
        table.dial(row, float(row))
    for row in range(4):
        table.establish(row, row + 10.0, 100, 0)
    table.close(0, 60.0)
    table.lose(1, 20.0, errno.ECONNRESET)
    table.vanish(2, 60.0, errno.ETIMEDOUT, ClosedBy.PATH)
    table.fail(4, 30.0, errno.ECONNREFUSED, Phase.HANDSHAKE)
    table.abandon(5, 55.0)  # and 3 is still there
    found = timeline(Rows(table))

    assert found is not None
    assert found.step_s == 0.5
    assert found.at_s[:3] == (0.0, 0.5, 1.0)
    assert found.at_s[-1] == 60.0
    moments = (0, 9, 20, 26, 39, 60, 110, 120)  # 0 s, 4.5 s, 10 s, 13 s, 19.5 s, 30 s, 55 s, 60 s
    assert {name: [getattr(found, name)[at] for at in moments] for name in found.__struct_fields__[1:]} == {
        "planned": [6, 2, 1, 1, 1, 1, 1, 1],
        "opening": [1, 5, 5, 2, 2, 1, 0, 0],
        "established": [0, 0, 1, 4, 4, 3, 3, 1],
        "closed": [0, 0, 0, 0, 0, 0, 0, 1],
        "lost": [0, 0, 0, 0, 0, 1, 1, 2],
        "failed": [0, 0, 0, 0, 0, 1, 1, 1],
        "abandoned": [0, 0, 0, 0, 0, 0, 1, 1],
    }


def test_all_at_the_very_beginning() -> None:
    table = Table(1)
    table.dial(0, 0.0)

    assert timeline(Rows(table)) == Timeline(
        step_s=1.0,
        planned=(0, 0),
        opening=(1, 1),
        established=(0, 0),
        closed=(0, 0),
        lost=(0, 0),
        failed=(0, 0),
        abandoned=(0, 0),
    )


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 1e4), st.floats(0, 1e4)), min_size=1))
def test_at_each_moment_they_add_up_to_all(lives: list[tuple[float, float, float]]) -> None:
    table = Table(len(lives))
    for row, (start_s, took_s, lived_s) in enumerate(lives):
        table.dial(row, start_s)
        table.establish(row, start_s + took_s, 100, 0)
        table.close(row, start_s + took_s + lived_s)
    found = timeline(Rows(table))

    assert found is not None
    columns = [getattr(found, name) for name in found.__struct_fields__[1:]]
    assert {sum(at_once) for at_once in zip(*columns, strict=True)} == {len(lives)}
    assert min(min(column) for column in columns) == 0
    assert found.closed[-1] == len(lives)
    assert len(found.at_s) <= MOST_STEPS + 1
