import errno
import math
from typing import Any

import msgspec
import pytest

from tcpgoon.record import newcomers as module
from tcpgoon.record.distribution import Distribution
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.newcomers import Newcomers, kept_out, newcomers, pushed_out
from tcpgoon.record.outcome import FIN, ClosedBy, Phase
from tcpgoon.record.rows import Rows
from tcpgoon.record.table import Table
from tcpgoon.record.unserved import Unserved


def knock(at_s: float, held: int, fared: Fared = Fared.WELCOME, time_s: float = 0.5, **knobs: Any) -> Knock:
    return Knock(at_s=at_s, held=held, fared=fared, time_s=time_s, gone_s=at_s + time_s, **knobs)


def summary(least_held: int, most_held: int, welcome: Distribution | None, *others: tuple[str, int]) -> Newcomers:
    return Newcomers(least_held=least_held, most_held=most_held, welcome=welcome, others=others)


def beside_all(*of: Any) -> Newcomers:
    """The summary of those that knocked when all were open."""
    return msgspec.structs.replace(summary(*of), beside_all=True)


def once(time_s: float) -> Distribution:
    return Distribution(
        count=1, min_s=time_s, mean_s=time_s, max_s=time_s, deviation_s=0.0, p50_s=time_s, p90_s=time_s, p99_s=time_s
    )


def test_nobody_knocked() -> None:
    assert newcomers([], 5.0) == ()


def test_before_the_first_during_the_ramp_and_once_all_are_open() -> None:
    knocks = [
        knock(0.0, 0, time_s=0.25),
        knock(2.0, 400),
        knock(3.0, 600, Fared.REFUSED, error=errno.ECONNREFUSED),
        knock(5.0, 1000, time_s=3.0),
        knock(6.0, 999, Fared.WAITING),
        knock(7.0, 1000, Fared.RESET),
        knock(8.0, 1000, Fared.WAITING),
        knock(9.0, 1000, time_s=1.0),
    ]
    at_full = Distribution(count=2, min_s=1.0, mean_s=2.0, max_s=3.0, deviation_s=1.0, p50_s=1.0, p90_s=3.0, p99_s=3.0)

    assert newcomers(knocks, 5.0) == (
        summary(0, 0, once(0.25)),
        summary(400, 600, once(0.5), ("refused (ECONNREFUSED)", 1)),
        beside_all(999, 1000, at_full, ("left waiting", 2), ("reset", 1)),
    )


def test_those_that_came_once_all_were_open() -> None:
    knocks = [knock(9.0, 1000), knock(0.0, 0), knock(5.0, 999, Fared.REFUSED), knock(7.0, 1000)]
    first, second, third = sorted(knocks, key=lambda one: one.at_s)[1:]

    assert module.beside_all(newcomers(knocks, 5.0), knocks) == [first, second, third]
    assert module.beside_all(newcomers(knocks[2:3], 5.0), knocks) == [third]
    assert module.beside_all(newcomers(knocks, 10.0), knocks) == []
    assert module.beside_all((), []) == []


def test_one_that_came_when_all_were_lost_did_not_come_before_the_first() -> None:
    assert newcomers([knock(0.0, 0), knock(6.0, 0, Fared.CLOSED)], 5.0) == (
        summary(0, 0, once(0.5)),
        beside_all(0, 0, None, ("closed", 1)),
    )


def test_where_no_dial_was_decided_nothing_is_open() -> None:
    assert newcomers([knock(0.0, 0), knock(6.0, 3)], math.inf) == (summary(0, 0, once(0.5)), summary(3, 3, once(0.5)))


def table_of(*losses_s: float, error: int = FIN) -> Table:
    """Connections that were lost so late."""
    table = Table(len(losses_s))
    for row, lost_s in enumerate(losses_s):
        table.dial(row, 0.0)
        table.establish(row, 1.0, 100, 0)
        table.lose(row, lost_s, error)
    return table


@pytest.mark.parametrize(
    ("losses_s", "knocks", "count"),
    [
        pytest.param([10.25], [], 0, id="no newcomer"),
        pytest.param([10.25], [knock(10.0, 5)], 1, id="while it was there"),
        pytest.param([10.0], [knock(10.0, 5)], 1, id="as it came"),
        pytest.param([10.59], [knock(10.0, 5)], 1, id="just after it had gone"),
        pytest.param([9.99], [knock(10.0, 5)], 0, id="before it came"),
        pytest.param([10.61], [knock(10.0, 5)], 0, id="long after it had gone"),
        pytest.param([4.25], [knock(4.0, 5)], 0, id="not all were open"),
        pytest.param([10.25], [knock(10.0, 5, Fared.UNASKED)], 0, id="it never left this host"),
        pytest.param([10.25], [knock(10.0, 5, Fared.REFUSED)], 0, id="it was refused"),
        pytest.param([10.25], [knock(10.0, 5, Fared.CLOSED)], 0, id="it was thrown out itself"),
        pytest.param([10.25], [knock(10.0, 5, Fared.WAITING)], 1, id="it was let in and kept waiting"),
        pytest.param([20.1, 10.3], [knock(20.0, 5), knock(10.0, 5)], 2, id="two newcomers, in any order"),
        pytest.param([10.1] * 8, [knock(10.0, 8)], 0, id="so many make no room for one"),
        pytest.param([10.1, 10.2, *[30.0] * 6], [knock(10.0, 8)], 2, id="a quarter may"),
        pytest.param([10.1, 10.2, 10.3, *[30.0] * 5], [knock(10.0, 8)], 0, id="more than a quarter"),
        pytest.param([10.25, 30.0], [knock(10.0, 5), knock(20.0, 5)], 1, id="the other one is too late"),
        pytest.param([16.0], [knock(10.0, 5, time_s=9.0), knock(11.0, 5)], 1, id="one that waits for long"),
    ],
)
def test_whom_a_newcomer_may_have_pushed_out(losses_s: list[float], knocks: list[Knock], count: int) -> None:
    assert pushed_out(Rows(table_of(*losses_s)), knocks, 5.0) == count


def test_by_a_reset_as_well() -> None:
    assert pushed_out(Rows(table_of(10.25, error=errno.ECONNRESET)), [knock(10.0, 5)], 5.0) == 1


def test_neither_the_path_nor_we_push_anybody_out() -> None:
    for error in (errno.ETIMEDOUT, errno.ENOMEM):
        assert pushed_out(Rows(table_of(10.25, error=error)), [knock(10.0, 5)], 5.0) == 0


def test_whom_a_process_of_ours_took_along_no_newcomer_pushed_out_or_kept_out() -> None:
    table = Table(3)
    for row in range(3):
        table.dial(row, 0.0)
    table.establish(0, 1.0, 100, 0)
    table.establish(1, 10.0, 100, 0)
    for row in range(3):
        table.orphan(row, 10.25)

    assert pushed_out(Rows(table), [knock(10.0, 5)], 5.0) == 0
    assert kept_out(Rows(table), [knock(0.0, 0, kept_place=True)], 50.0) == 0


def test_a_phantom_was_not_there_to_be_pushed_out() -> None:
    table = Table(1)
    table.dial(0, 0.0)
    table.establish(0, 1.0, 100, 0)
    table.vanish(0, 10.25, errno.ECONNRESET, ClosedBy.PEER)

    assert pushed_out(Rows(table), [knock(10.0, 5)], 5.0) == 0


@pytest.mark.parametrize(
    ("asked_s", "served_s", "why", "count"),
    [
        pytest.param(0.0, 0.0, Unserved.NONE, 1, id="not asked yet"),
        pytest.param(2.0, 3.0, Unserved.NONE, 1, id="served"),
        pytest.param(2.0, 3.0, Unserved.ENDED, 1, id="served, and asked once more"),
        pytest.param(2.0, 0.0, Unserved.ENDED, 0, id="asked in vain"),
        pytest.param(0.0, 0.0, Unserved.REFUSED, 0, id="refused before it was asked"),
    ],
)
def test_one_that_was_of_no_use_was_not_pushed_out(asked_s: float, served_s: float, why: Unserved, count: int) -> None:
    table = Table(1)
    table.dial(0, 0.0)
    table.establish(0, 1.0, 100, 0)
    table.ask(0, asked_s)
    if served_s:
        table.serve(0, served_s)
    table.refuse(0, why)
    table.lose(0, 10.25, FIN)

    assert pushed_out(Rows(table), [knock(10.0, 5)], 5.0) == count


PHANTOM, REFUSED, NO_SOCKET, CLOSED_AT_ONCE, CLOSED_LATER, OUT_OF_REACH = range(6)


def table_without_places(*fates: int) -> Table:
    table = Table(len(fates))
    for row, fate in enumerate(fates):
        table.dial(row, 0.0)
        if fate in (REFUSED, NO_SOCKET):
            table.fail(row, 1.0, errno.ETIMEDOUT, Phase.HANDSHAKE if fate == REFUSED else Phase.SOCKET)
            continue
        table.establish(row, 1.0, 100, 0)
        if fate == PHANTOM:
            table.vanish(row, 9.0, errno.ECONNRESET, ClosedBy.PEER)
        else:
            table.lose(row, 2.0 if fate == CLOSED_LATER else 1.5, errno.ETIMEDOUT if fate == OUT_OF_REACH else FIN)
    return table


@pytest.mark.parametrize(
    ("fates", "knocks", "count"),
    [
        pytest.param([PHANTOM], [knock(1.0, 0)], 0, id="its place was free again"),
        pytest.param([PHANTOM], [knock(1.0, 0, kept_place=True)], 1, id="a phantom"),
        pytest.param([REFUSED], [knock(1.0, 0, Fared.WAITING, kept_place=True)], 1, id="a dial"),
        pytest.param([CLOSED_AT_ONCE], [knock(1.0, 0, kept_place=True)], 1, id="closed at once"),
        pytest.param([CLOSED_LATER], [knock(1.0, 0, kept_place=True)], 0, id="closed later"),
        pytest.param([OUT_OF_REACH], [knock(1.0, 0, kept_place=True)], 0, id="lost on the path"),
        pytest.param([NO_SOCKET], [knock(1.0, 0, kept_place=True)], 0, id="refused by our own kernel"),
        pytest.param([PHANTOM], [knock(5.0, 1, kept_place=True)], 0, id="it came when all were open"),
        pytest.param([PHANTOM] * 3, [knock(1.0, 0, kept_place=True), knock(2.0, 2, kept_place=True)], 2, id="two"),
        pytest.param([PHANTOM], [knock(1.0, 0, kept_place=True), knock(2.0, 2, kept_place=True)], 1, id="one"),
    ],
)
def test_who_found_no_place_since_a_newcomer_kept_it(fates: list[int], knocks: list[Knock], count: int) -> None:
    assert kept_out(Rows(table_without_places(*fates)), knocks, 5.0) == count
