"""The times of each connection; that the metrics are made of them is seen in test_metrics.py."""

import pytest

from tcpgoon.plan.assurance import Assurance
from tcpgoon.record.outcome import FIN
from tcpgoon.record.rows import Rows
from tcpgoon.record.samples import known_s, response_s, samples
from tcpgoon.record.table import Table


def table() -> Table:
    """One that was served; one that was not, after a repeated SYN; one that was lost; one that was never dialled."""
    table = Table(4)
    for row, (took_s, rtt_us, retransmits) in enumerate([(0.5, 100_000, 0), (1.5, 1_250_000, 1), (0.25, 500_000, 0)]):
        table.dial(row, 1.0)
        table.establish(row, 1.0 + took_s, rtt_us, retransmits)
    table.ask(0, 4.0)
    table.shake_hands(0, 4.5)
    table.serve(0, 4.75)
    table.lose(2, 3.0, FIN)
    table.close(0, 5.0)
    table.close(1, 5.0)
    return table


def test_the_times_of_those_that_were_served() -> None:
    found = samples(Rows(table()), Assurance.SERVED)

    assert {name: times.tolist() for name, times in found._asdict().items()} == {
        "establishment": [0.5],
        "establishment_known": [0.1],
        "handshake_rtt": [0.1, 0.5],
        "lateness": [0.4, 0.0],
        "tls": [0.5],
        "answers": [0.25],
    }


def test_the_times_of_all_that_were_established() -> None:
    found = samples(Rows(table()), Assurance.HANDSHAKE)

    assert found.establishment.tolist() == [0.5, 1.5, 0.25]
    assert found.establishment_known.tolist() == [0.1, 1.5, 0.25]


def test_the_kernels_time_of_repeated_syns_is_taken_where_there_is_no_other() -> None:
    repeated = Table(1)
    repeated.dial(0, 0.0)
    repeated.establish(0, 1.5, 1_250_000, 1)
    found = samples(Rows(repeated), Assurance.HANDSHAKE)

    assert (found.handshake_rtt.tolist(), found.lateness.tolist()) == ([1.25], [])


def test_where_tls_was_all_there_is_no_answer() -> None:
    only_tls = table()
    only_tls.served_s[0] = 4.5
    assert samples(Rows(only_tls), Assurance.SERVED).answers.tolist() == []


def test_of_nothing_there_are_no_times() -> None:
    assert [len(times) for times in samples(Rows(Table(0)), Assurance.SERVED)] == [0] * 6


def test_the_times_of_all_rows() -> None:
    rows = Rows(table())
    assert response_s(rows).tolist() == [0.5, 1.5, 0.25, 0.0]
    assert known_s(rows).tolist() == pytest.approx([0.1, 1.5, 0.25, 0.0])
