import json

import msgspec
import pytest

from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.probe import Exchange
from tcpgoon.record.series import series
from tcpgoon.result import FORMAT, Environment, Result
from tests.example import PLAIN, example


@pytest.fixture
def result() -> Result:
    return example()


def test_a_result_as_plain_data(result: Result) -> None:
    assert json.loads(json.dumps(result.to_dict())) == PLAIN
    assert FORMAT == 1


def test_one_result_is_one_part(result: Result) -> None:
    (part,) = result.parts
    assert (part.name, part.verdict, part.reason) == ("localhost:80", result.verdict, result.reason)
    assert part.result is result


def test_what_was_dialled(result: Result) -> None:
    """One of the endpoints; all of them, where the plan spreads."""
    assert result.dialled == (result.endpoint,) == result.endpoints[:1]
    spread = msgspec.structs.replace(result, plan=msgspec.structs.replace(result.plan, spread=True))
    assert spread.dialled == result.endpoints


def test_the_connections_one_by_one(result: Result) -> None:
    endpoint = result.endpoint
    places = [(row.connection, row.address, row.port, row.source_address) for row in result.connections()]
    source = result.sources[0] if result.sources else ""
    assert places == [(row, endpoint.address, endpoint.port, source) for row in range(result.table.rows)]
    assert [row.state for row in result.connections()].count("LOST") == result.lost


def test_no_secret_is_in_the_plain_data(result: Result) -> None:
    probe = Exchange(name="send/expect", send="AUTH hunter2", expect="hunter2", secret=True)
    plan = msgspec.structs.replace(result.plan, probe=probe)
    plain = msgspec.structs.replace(result, plan=plan).to_dict()
    assert "hunter2" not in str(plain)
    assert plain["plan"] == plan.to_dict()


def test_the_series_are_about_its_rows_the_level_asked_for_and_its_newcomers(result: Result) -> None:
    found = result.series()

    assert found == series(result.table, result.metrics.asked, result.newcomers)
    assert found.establishment
    assert result.metrics.establishment
    assert found.establishment.count == result.metrics.establishment.count


def test_all_but_the_rows_is_there_in_the_order_of_the_fields(result: Result) -> None:
    fields = [name for name in Result.__struct_fields__ if name != "table"]

    assert list(result.to_dict()) == ["format", "kind", *fields]


def test_the_plain_data_has_lists_and_no_tuples(result: Result) -> None:
    assert result.to_dict() == PLAIN


def test_nothing_is_missing_where_nothing_is_said() -> None:
    environment = Environment(tcpgoon="0", python="3", system="s", cpus=1, begun_at="t")

    assert environment.missing == ()


def test_nothing_was_heard_where_nothing_is_said(result: Result) -> None:
    given = {name: getattr(result, name) for name in Result.__struct_fields__}
    silent = Result(**{name: given[name] for name in given if name not in ("sayings", "tls", "newcomers")})

    assert (silent.sayings, silent.tls, silent.newcomers) == ((), (), ())


def test_the_numbers_that_are_asked_for_most_are_at_hand(result: Result) -> None:
    assert (result.established, result.peak, result.lost) == (1, 1, 1)
    assert result.establishment is result.metrics.establishment
    assert result.establishment
    assert result.establishment.p99 == 0.25


@pytest.mark.parametrize("verdict", Verdict)
def test_only_a_pass_passed(verdict: Verdict, result: Result) -> None:
    assert msgspec.structs.replace(result, verdict=verdict).passed is (verdict is Verdict.PASS)


def test_it_is_printed_in_a_line(result: Result) -> None:
    """Neither a million rows, nor what the probe sends, nor what a peer wants a terminal to do."""
    hostile = msgspec.structs.replace(result, reason="said \x1b[2J")
    assert str(hostile) == r"FAIL: said \x1b[2J"
    assert repr(hostile) == r"<Result FAIL: localhost:80: said \x1b[2J>"
