"""Requirements: as they are written, what they hold of, and what is required besides."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.errors import PlanError
from tcpgoon.plan.requirements import (
    FORM,
    TIMES,
    Bound,
    Field,
    Requirement,
    Statistic,
    Unit,
    carries_all,
    in_force,
    parse_requirement,
)

ALL = "established >= 100", "peak >= 100", "lost = 0"


def established(bound: Bound, limit: float, unit: Unit = Unit.COUNT) -> Requirement:
    return Requirement(Field.ESTABLISHED, bound, limit, unit)


@pytest.mark.parametrize(
    ("text", "requirement"),
    [
        ("established >= 99.9%", established(Bound.AT_LEAST, 0.999, Unit.SHARE)),
        ("established>=100%", established(Bound.AT_LEAST, 1.0, Unit.SHARE)),
        (" established  >  10k ", established(Bound.MORE, 10_000.0)),
        ("lost = 0", Requirement(Field.LOST, Bound.EXACTLY, 0.0)),
        ("lost == 0", Requirement(Field.LOST, Bound.EXACTLY, 0.0)),
        ("lost<=5", Requirement(Field.LOST, Bound.AT_MOST, 5.0)),
        ("peak >= 1013", Requirement(Field.PEAK, Bound.AT_LEAST, 1_013.0)),
        ("retransmitted < 0.5 %", Requirement(Field.RETRANSMITTED, Bound.LESS, 0.005, Unit.SHARE)),
        (
            "p99 establishment < 50ms",
            Requirement(Field.ESTABLISHMENT, Bound.LESS, 0.05, Unit.SECONDS, Statistic.P99),
        ),
        ("newcomer < 100ms", Requirement(Field.NEWCOMER, Bound.LESS, 0.1, Unit.SECONDS)),
        ("max tls <= 1m30s", Requirement(Field.TLS, Bound.AT_MOST, 90.0, Unit.SECONDS, Statistic.MAX)),
        ("mean answer > 0", Requirement(Field.ANSWER, Bound.MORE, 0.0, Unit.SECONDS, Statistic.MEAN)),
    ],
)
def test_the_forms(text: str, requirement: Requirement) -> None:
    assert parse_requirement(text) == requirement
    assert parse_requirement(str(requirement)) == requirement
    assert msgspec.convert(msgspec.to_builtins(requirement), Requirement) == requirement


@pytest.mark.parametrize(
    ("requirement", "text"),
    [
        (established(Bound.AT_LEAST, 0.999, Unit.SHARE), "established >= 99.9%"),
        (established(Bound.AT_LEAST, 0.333333333, Unit.SHARE), "established >= 33.3333333%"),
        (established(Bound.AT_LEAST, 1_000_000.0), "established >= 1000000"),
        (Requirement(Field.ANSWER, Bound.LESS, 0.0015, Unit.SECONDS, Statistic.P50), "p50 answer < 1.5ms"),
    ],
)
def test_as_text(requirement: Requirement, text: str) -> None:
    assert str(requirement) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", FORM),
        ("established", FORM),
        ("p99 establishment < ", FORM),
        ("established >= 99%!", "'99%!' is not a number of connections: write it like 100, 10k or 1.5m"),
        ("establisched >= 1", "there is no field 'establisched'; did you mean established?"),
        ("Established >= 1", "there is no field 'Established'; did you mean established?"),
        (
            "rps > 5",
            "there is no field 'rps'; there are established, lost, peak, retransmitted, establishment, handshake, tls, "
            "answer, newcomer",
        ),
        ("p95 answer < 5ms", "there is no statistic 'p95'; did you mean p99?"),
        ("q answer < 5ms", "there is no statistic 'q'; there are min, mean, p50, p90, p99, max"),
        ("p99 lost < 5", "lost is a number of connections: it has no p99"),
        ("answer < 50", "'50' is not a duration: write it like 250ms, 5s or 1m30s"),
        ("answer < 5%", "'5%' is not a duration: write it like 250ms, 5s or 1m30s"),
        ("lost < 5s", "'5s' is not a number of connections: write it like 100, 10k or 1.5m"),
        ("lost <= 100.1%", "the limit of lost is 1.001: it must be 0 or more, and 100% at most"),
        ("lost < -1", "'-1' is not a number of connections: write it like 100, 10k or 1.5m"),
    ],
)
def test_a_typo_is_said_with_what_was_meant(text: str, why: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse_requirement(text)
    assert str(caught.value) == (f"{text!r} is no requirement: {why}" if why is FORM else f"{text!r}: {why}")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (
            (Field.LOST, Bound.LESS, 1.0, Unit.SECONDS),
            "a requirement on lost takes a number, or a percentage such as 99.9%",
        ),
        ((Field.TLS, Bound.LESS, 1.0, Unit.SHARE), "a requirement on tls takes a duration, such as 50ms"),
        ((Field.LOST, Bound.LESS, -1.0), "the limit of lost is -1.0: it must be 0 or more, and 100% at most"),
        ((Field.LOST, Bound.LESS, 0.5), "the limit of lost is 0.5: there is no part of a connection"),
        ((Field.LOST, Bound.LESS, float("nan")), "the limit of lost is nan: it must be 0 or more, and 100% at most"),
        ((Field.LOST, Bound.LESS, float("inf")), "the limit of lost is inf: it must be 0 or more, and 100% at most"),
    ],
)
def test_what_means_nothing(fields: tuple[object, ...], why: str) -> None:
    with pytest.raises(PlanError) as caught:
        Requirement(*fields)  # type: ignore[arg-type]
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("bound", "holds_below", "holds_at", "holds_above"),
    [
        (Bound.AT_LEAST, False, True, True),
        (Bound.MORE, False, False, True),
        (Bound.AT_MOST, True, True, False),
        (Bound.LESS, True, False, False),
        (Bound.EXACTLY, False, True, False),
    ],
)
def test_whether_a_requirement_holds(bound: Bound, holds_below: bool, holds_at: bool, holds_above: bool) -> None:
    requirement = established(bound, 100)
    assert [requirement.holds(measured, 1_000) for measured in (99, 100, 101)] == [holds_below, holds_at, holds_above]
    assert requirement.may_hold(0, 99, 1_000) is holds_below
    assert requirement.may_hold(100, 100, 1_000) is holds_at
    assert requirement.may_hold(101, 1_000, 1_000) is holds_above
    assert requirement.may_hold(0, 1_000, 1_000)


def test_a_share_is_of_the_connections_of_the_plan_and_exact() -> None:
    most = established(Bound.AT_LEAST, 0.29, Unit.SHARE)
    assert [most.holds(count, 100) for count in (28, 29)] == [False, True]
    assert [most.holds(count, 7) for count in (2, 3)] == [False, True]
    assert established(Bound.EXACTLY, 0.07, Unit.SHARE).holds(7, 100)


@pytest.mark.parametrize(
    ("asked", "besides"),
    [
        ([], ALL),
        (["p99 establishment < 50ms", "retransmitted < 1%", "newcomer < 1s"], ALL),
        (["established >= 99.9%"], ["peak >= 99.9%"]),
        (["established > 90", "lost < 5"], ["peak > 90"]),
        (["established = 90"], ["peak >= 90"]),
        (["established <= 90"], []),
        (["established >= 90", "peak >= 95"], []),
        (["peak >= 90"], ["established >= 100", "lost = 0"]),
        (["lost = 0"], ALL[:2]),
        (["lost <= 5"], ["established >= 95", "peak >= 95"]),
        (["lost < 5"], ["established >= 96", "peak >= 96"]),
        (["lost < 0.5%"], ALL[:2]),
        (["lost <= 5%", "lost <= 3"], ["established >= 97", "peak >= 97"]),
        (["lost < 0"], ALL[:2]),
        (["lost > 3"], ALL[:2]),
        (["lost <= 5", "peak >= 1"], ["established >= 95"]),
    ],
)
def test_what_is_required_besides(asked: list[str], besides: list[str]) -> None:
    """Whoever bounds a time means connections that are there."""
    required = in_force([parse_requirement(text) for text in asked], 100)
    assert [str(one) for one in required] == [str(parse_requirement(text)) for text in (*asked, *besides)]


def test_what_is_required_where_nothing_else_is_said() -> None:
    assert [str(one) for one in carries_all(100)] == list(ALL)


@given(
    st.sampled_from(Field),
    st.sampled_from(Bound),
    st.integers(0, 10**9),
    st.none() | st.sampled_from(Statistic),
)
def test_what_is_written_is_read_again(field: Field, bound: Bound, limit: int, statistic: Statistic | None) -> None:
    if field in TIMES:
        requirement = Requirement(field, bound, limit / 1e6, Unit.SECONDS, statistic)
    else:
        requirement = Requirement(field, bound, float(limit))
    assert parse_requirement(str(requirement)) == requirement


@given(st.text(max_size=40) | st.from_regex(r"(p99 |max )?[a-z]{1,14} ?[<>=]{1,3} ?[0-9.%smk]{0,8}", fullmatch=True))
@example("a b c < 1")
@example("lost <= ٣")
def test_whatever_the_text_it_is_a_requirement_or_a_plan_error(text: str) -> None:
    with suppress(PlanError):
        requirement = parse_requirement(text)
        assert parse_requirement(str(requirement)).limit == pytest.approx(requirement.limit, rel=1e-9, abs=1e-6)
