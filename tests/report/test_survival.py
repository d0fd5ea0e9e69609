"""How old connections became, in lines and as a picture."""

from collections.abc import Callable

import msgspec
import pytest

from tcpgoon.judge.facts import Facts
from tcpgoon.judge.lifetimes import Lifetimes, lifetimes
from tcpgoon.judge.seen import Seen
from tcpgoon.record.outcome import FIN
from tcpgoon.record.survival import Survival, survival
from tcpgoon.record.table import Table
from tcpgoon.report.html import html
from tcpgoon.report.json import json
from tcpgoon.report.markdown import markdown
from tcpgoon.report.survival import survival_lines
from tcpgoon.report.survival_figure import survival_figure
from tcpgoon.report.text import text_report
from tcpgoon.result import Result
from tests.example import example


def soaked(deaths: int = 3, of: int = 4, age_s: float = 60.0, end_s: float = 120.0) -> Lifetimes:
    """So many died at one age; the others were closed at the end."""
    table = Table(of)
    for row in range(of):
        table.dial(row, 0.0)
        table.establish(row, 0.0, 100, 0)
        table.acknowledge(row)
        if row < deaths:
            table.lose(row, age_s + row / 100, FIN)
        else:
            table.close(row, end_s)
    result = example()
    facts = Facts(plan=result.plan, limits=result.limits, metrics=result.metrics, newcomers=result.newcomers)
    found = survival(table)
    assert found
    return lifetimes(Seen(facts), found)


def soak() -> Result:
    return msgspec.structs.replace(example(), lifetimes=soaked())


def test_the_curve_is_a_table_with_bars() -> None:
    first, *table, who, shape, hint = survival_lines(soaked())
    assert first == "Survival: 1 of 4 lived on to the end, the oldest for 2m0s"
    assert table == [
        "    age  reached it   alive",
        "     0s           4  100.0%  ████████████████████",
        "    16s           4  100.0%  ████████████████████",
        "    30s           4  100.0%  ████████████████████",
        "    44s           4  100.0%  ████████████████████",
        "     1m           4   75.0%  ███████████████",
        "   1m2s           1   25.0%  █████",
        "  1m16s           1   25.0%  █████",
        "  1m30s           1   25.0%  █████",
        "  1m44s           1   25.0%  █████",
        "     2m           1   25.0%  █████",
    ]
    assert who == "Who ended the others: the target closed (FIN) × 3"
    assert shape == (
        "A cliff: 3 of the 4 that came to it died at an age of 1m0.01s: an idle timeout, or a maximum age "
        "(or something happened at that moment: all were opened together)"
    )
    assert hint.startswith("Next: try --keepalive 20s: if all live on then, it is an idle timeout on the path; ")


def test_where_all_live_on_there_is_no_curve_to_see() -> None:
    assert list(survival_lines(soaked(0))) == [
        "Survival: 4 of 4 lived on to the end, the oldest for 2m0s",
        "Neither cliff nor slope: all 4 connections lived on, for 2m0s at the longest",
    ]


def test_a_run_that_is_no_soak_says_nothing_of_it() -> None:
    assert list(survival_lines(None)) == []
    assert list(survival_figure(None)) == []
    assert "Survival" not in text_report(example())
    assert "Survival" not in html(example())


def test_all_that_died_at_once_are_no_curve() -> None:
    found = soaked(4, 4, age_s=0.0)
    assert list(survival_figure(msgspec.structs.replace(found, survival=_of_one_point()))) == []
    assert next(survival_lines(found)) == "Survival: 0 of 4 lived on to the end, the oldest for 30ms"


def _of_one_point() -> Survival:
    table = Table(1)
    table.dial(0, 0.0)
    table.establish(0, 0.0, 100, 0)
    table.lose(0, 0.0, FIN)
    found = survival(table)
    assert found
    return found


def test_the_curve_is_a_figure() -> None:
    (figure,) = survival_figure(soaked())
    assert figure.title == "Survival by age"
    assert figure.note.startswith("The share that is alive, by age. A cliff: 3 of the 4 ")
    assert figure.head == ("age", "reached it", "alive")
    assert (figure.rows[0], figure.rows[-1], len(figure.rows)) == (("0s", "4", "100.00%"), ("2m", "1", "25.00%"), 61)
    assert "<path" in figure.plot


@pytest.mark.parametrize("report", [text_report, html, markdown])
def test_each_report_for_people_has_it(report: Callable[[Result], str]) -> None:
    said = report(soak())
    assert "3 of the 4 that came to it died at an age of 1m0.01s" in said


def test_and_the_one_for_machines() -> None:
    plain = msgspec.json.decode("".join(json(soak())))
    assert plain["lifetimes"]["fate"] == "cliff"
    assert plain["lifetimes"]["survival"]["band"]["count"] == 3
    assert len(plain["lifetimes"]["survival"]["steps"]) == 61
