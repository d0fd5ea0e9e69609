import json
import math
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.errors import PlanError
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Family, Target
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate
from tcpgoon.plan.plan import MOST_CONNECTIONS, Close, Plan
from tcpgoon.plan.requirements import Bound, Field, Requirement, carries_all

TARGET = Target("example.org", 80)

A_YEAR_S = 366 * 86_400


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any valid plan."""
    family = draw(st.sampled_from([Family.IPV4, Family.IPV6]))
    addresses = st.ip_addresses(v=4 if family is Family.IPV4 else 6).map(str)
    connections = draw(st.integers(1, MOST_CONNECTIONS))
    return Plan(
        target=Target(draw(addresses | st.sampled_from(["localhost", "example.org."])), draw(st.integers(1, 65_535))),
        connections=connections,
        pacing=draw(st.just(AllAtOnce()) | st.builds(ConstantRate, st.floats(1e-9, A_YEAR_S))),
        dial_timeout_s=draw(st.floats(1e-6, A_YEAR_S)),
        max_dialing=draw(st.integers(1, MOST_CONNECTIONS)),
        hold_s=draw(st.floats(0, A_YEAR_S)),
        close=draw(st.sampled_from(Close)),
        family=draw(st.sampled_from([Family.ANY, family])),
        sources=tuple(draw(st.lists(addresses, max_size=3, unique=True))),
        requirements=tuple(
            draw(
                st.lists(
                    st.builds(Requirement, st.sampled_from(Field), st.sampled_from(Bound), st.integers(0, connections)),
                    max_size=3,
                )
            )
        ),
        force=draw(st.booleans()),
    )


def test_what_is_asked_where_nothing_else_is_said() -> None:
    plan = Plan(target=TARGET)

    assert plan.required == carries_all(100)
    assert plan.dialled_family is Family.ANY
    assert plan == Plan(
        target=TARGET,
        connections=100,
        pacing=ConstantRate(0.01),
        dial_timeout_s=5.0,
        max_dialing=512,
        hold_s=1.0,
        close=Close.FIN,
        family=Family.ANY,
        sources=(),
        assurance=Assurance.HANDSHAKE,
        requirements=(),
        force=False,
    )


def test_a_plan_does_not_change() -> None:
    with pytest.raises(AttributeError, match=r"^immutable type: 'Plan'$"):
        Plan(target=TARGET).connections = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    "knobs",
    [
        {"connections": 1},
        {"connections": MOST_CONNECTIONS},
        {"max_dialing": 1},
        {"max_dialing": MOST_CONNECTIONS},
        {"hold_s": 0},
        {"hold_s": A_YEAR_S},
        {"dial_timeout_s": 1e-6},
        {"dial_timeout_s": A_YEAR_S},
    ],
)
def test_the_bounds_themselves_are_allowed(knobs: dict[str, Any]) -> None:
    plan = Plan(target=TARGET, **knobs)

    assert {name: getattr(plan, name) for name in knobs} == knobs


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({"connections": 0}, "the number of connections is 0: "),
        ({"connections": -1}, "the number of connections is -1: "),
        ({"connections": MOST_CONNECTIONS + 1}, "the number of connections is 100000001: "),
        ({"connections": math.nan}, "the number of connections is nan: "),
        ({"connections": math.inf}, "the number of connections is inf: "),
        ({"max_dialing": 0}, "the number of dials in flight is 0: "),
        ({"max_dialing": MOST_CONNECTIONS + 1}, "the number of dials in flight is 100000001: "),
        ({"hold_s": -0.001}, "the hold is -0.001: "),
        ({"hold_s": math.nan}, "the hold is nan: "),
        ({"hold_s": math.inf}, "the hold is inf: "),
        ({"hold_s": -math.inf}, "the hold is -inf: "),
        ({"dial_timeout_s": math.nan}, "the dial timeout is nan: "),
        ({"dial_timeout_s": math.inf}, "the dial timeout is inf: "),
    ],
)
def test_a_value_out_of_range_is_one_clear_line(knobs: dict[str, Any], said: str) -> None:
    bounds = r"it must be (from 1 to 100,000,000|at least 0 and finite|from 0 to 31,622,400)"
    with pytest.raises(PlanError, match=f"^{re.escape(said)}{bounds}$"):
        Plan(target=TARGET, **knobs)


@pytest.mark.parametrize("timeout_s", [0, 0.0, -1, -math.inf])
def test_a_dial_timeout_is_above_0(timeout_s: float) -> None:
    with pytest.raises(PlanError, match=r"^a dial timeout of 0 fails every dial: it must be above 0$"):
        Plan(target=TARGET, dial_timeout_s=timeout_s)


@pytest.mark.parametrize(
    "knobs",
    [
        {"connections": 10**400},
        {"max_dialing": 10**400},
        {"hold_s": 10**400},
        {"dial_timeout_s": 10**400},
        {"hold_s": 1e303},
        {"dial_timeout_s": 1e303},
    ],
    ids=lambda knobs: "-".join(f"{name}-1e{math.log10(value):.0f}" for name, value in knobs.items()),
)
def test_a_value_beyond_all_reason_is_a_plan_error(knobs: dict[str, Any]) -> None:
    with pytest.raises(PlanError, match=r": it must be "):
        Plan(target=TARGET, **knobs)


@pytest.mark.parametrize(
    "knobs",
    [
        {"target": Target("127.0.0.1", 80), "family": Family.IPV6},
        {"target": Target("::1", 80), "family": Family.IPV4},
        {"target": Target("127.0.0.1", 80), "sources": ("::1",)},
        {"target": Target("::1", 80), "sources": ("127.0.0.1",)},
        {"sources": ("127.0.0.1", "::1")},
        {"sources": ("127.0.0.1", "127.0.0.2"), "family": Family.IPV6},
    ],
)
def test_families_that_do_not_agree_are_refused(knobs: dict[str, Any]) -> None:
    line = "target, sources and -4/-6 do not agree: some are IPv4, some are IPv6"
    with pytest.raises(PlanError, match=f"^{re.escape(line)}$"):
        Plan(**{"target": TARGET, **knobs})


@pytest.mark.parametrize("source", ["", "localhost", "127.0.0.1:0", "[::1]", "127.0.0.0/8"])
def test_a_source_is_an_address(source: str) -> None:
    with pytest.raises(PlanError, match=f"^{re.escape(repr(source))} is not an IP address$"):
        Plan(target=TARGET, sources=("127.0.0.1", source))


@pytest.mark.parametrize(
    ("knobs", "family"),
    [
        ({}, Family.ANY),
        ({"family": Family.IPV4}, Family.IPV4),
        ({"family": Family.IPV6}, Family.IPV6),
        ({"sources": ("127.0.0.1", "127.0.0.2")}, Family.IPV4),
        ({"sources": ("::1",)}, Family.IPV6),
        ({"sources": ("::1",), "family": Family.IPV6}, Family.IPV6),
        ({"target": Target("127.0.0.1", 80), "sources": ("127.0.0.2",)}, Family.IPV4),
    ],
)
def test_the_family_that_a_name_is_resolved_to(knobs: dict[str, Any], family: Family) -> None:
    assert Plan(**{"target": TARGET, **knobs}).dialled_family is family


def test_a_source_that_is_given_twice_would_seem_to_have_twice_the_ports() -> None:
    with pytest.raises(PlanError, match=r"^a source is given twice: its ports are no more for that$"):
        Plan(target=TARGET, sources=("127.0.0.1", "127.0.0.2", "127.0.0.1"))


def test_more_sources_than_the_table_can_number_are_refused() -> None:
    sources = tuple(f"127.{k >> 16}.{k >> 8 & 255}.{k & 255}" for k in range(65_537))

    assert len(Plan(target=TARGET, sources=sources[:65_536]).sources) == 65_536
    with pytest.raises(PlanError, match=r"65,?536"):
        Plan(target=TARGET, sources=sources)


@pytest.mark.parametrize(
    "requirement",
    [
        Requirement(Field.ESTABLISHED, Bound.AT_LEAST, 101),
        Requirement(Field.ESTABLISHED, Bound.EXACTLY, 101),
        Requirement(Field.ESTABLISHED, Bound.EXACTLY, -1),
        Requirement(Field.LOST, Bound.EXACTLY, 101),
        Requirement(Field.LOST, Bound.EXACTLY, -1),
    ],
    ids=str,
)
def test_a_requirement_that_no_target_can_meet_is_refused(requirement: Requirement) -> None:
    with pytest.raises(PlanError, match=re.escape(str(requirement))):
        Plan(target=TARGET, connections=100, requirements=(requirement,))


@pytest.mark.parametrize("assurance", [Assurance.NONE, Assurance.ACKNOWLEDGED, Assurance.SERVED], ids=str)
def test_an_assurance_that_no_engine_gives_yet_is_refused(assurance: Assurance) -> None:
    with pytest.raises(PlanError, match="assurance"):
        Plan(target=TARGET, assurance=assurance)


def test_the_users_requirements_are_those_in_force() -> None:
    most = (Requirement(Field.ESTABLISHED, Bound.AT_LEAST, 90),)

    assert Plan(target=TARGET, requirements=most).required == most


PLAIN: dict[str, Any] = {
    "target": {"host": "127.0.0.1", "port": 80},
    "connections": 7,
    "pacing": {"type": "constant-rate", "interval_s": 0.25},
    "dial_timeout_s": 2.5,
    "max_dialing": 3,
    "hold_s": 0.5,
    "close": "reset",
    "family": "IPv4",
    "sources": ["127.0.0.2", "127.0.0.3"],
    "assurance": 1,
    "requirements": [
        {"field": "established", "bound": ">=", "limit": 5},
        {"field": "lost", "bound": "=", "limit": 2},
    ],
    "force": True,
}

PLAN = Plan(
    target=Target("127.0.0.1", 80),
    connections=7,
    pacing=ConstantRate(0.25),
    dial_timeout_s=2.5,
    max_dialing=3,
    hold_s=0.5,
    close=Close.RESET,
    family=Family.IPV4,
    sources=("127.0.0.2", "127.0.0.3"),
    assurance=Assurance.HANDSHAKE,
    requirements=(
        Requirement(Field.ESTABLISHED, Bound.AT_LEAST, 5),
        Requirement(Field.LOST, Bound.EXACTLY, 2),
    ),
    force=True,
)


def through_json(plain: dict[str, Any]) -> dict[str, Any]:
    again: dict[str, Any] = json.loads(json.dumps(plain))
    return again


def test_a_plan_as_plain_data() -> None:
    assert through_json(PLAN.to_dict()) == PLAIN
    assert Plan.from_dict(PLAIN) == PLAN


def test_the_plain_data_has_lists_and_no_tuples() -> None:
    assert PLAN.to_dict() == PLAIN


def test_what_is_left_out_has_its_default() -> None:
    assert Plan.from_dict({"target": {"host": "h", "port": 1}}) == Plan(target=Target("h", 1))


@given(plans())
def test_a_plan_goes_through_json_unchanged(plan: Plan) -> None:
    plain = through_json(plan.to_dict())

    assert Plan.from_dict(plain) == plan
    assert through_json(Plan.from_dict(plain).to_dict()) == plain


@pytest.mark.parametrize(
    ("knobs", "line"),
    [
        ({"connections": "7"}, "not a plan: Expected `int`, got `str` - at `$.connections`"),
        ({"connections": 7.5}, "not a plan: Expected `int`, got `float` - at `$.connections`"),
        ({"connections": None}, "not a plan: Expected `int`, got `null` - at `$.connections`"),
        ({"hold_s": "1s"}, "not a plan: Expected `float`, got `str` - at `$.hold_s`"),
        ({"force": 1}, "not a plan: Expected `bool`, got `int` - at `$.force`"),
        ({"close": "slam"}, "not a plan: Invalid enum value 'slam' - at `$.close`"),
        ({"family": "4"}, "not a plan: Invalid enum value '4' - at `$.family`"),
        ({"assurance": 9}, "not a plan: Invalid enum value 9 - at `$.assurance`"),
        ({"sources": "127.0.0.1"}, "not a plan: Expected `array`, got `str` - at `$.sources`"),
        ({"sources": [1]}, "not a plan: Expected `str`, got `int` - at `$.sources[0]`"),
        ({"target": "h:1"}, "not a plan: Expected `object`, got `str` - at `$.target`"),
        ({"target": {"host": "h"}}, "not a plan: Object missing required field `port` - at `$.target`"),
        ({"pacing": {"type": "bursts"}}, "not a plan: Invalid value 'bursts' - at `$.pacing.type`"),
        ({"pacing": {"interval_s": 1}}, "not a plan: Object missing required field `type` - at `$.pacing`"),
        (
            {"requirements": [{"field": "p99", "bound": "=", "limit": 1}]},
            "not a plan: Invalid enum value 'p99' - at `$.requirements[0].field`",
        ),
        (
            {"requirements": [{"field": "lost", "bound": "=", "limit": 0.5}]},
            "not a plan: Expected `int`, got `float` - at `$.requirements[0].limit`",
        ),
        ({"conections": 7}, "not a plan: Object contains unknown field `conections`"),
    ],
)
def test_plain_data_that_is_no_plan_names_the_path(knobs: dict[str, Any], line: str) -> None:
    with pytest.raises(PlanError, match=f"^{re.escape(line)}$"):
        Plan.from_dict({**PLAIN, **knobs})


@pytest.mark.parametrize(
    ("knobs", "path", "said"),
    [
        ({"target": {"host": "h", "port": 0}}, "$.target", "port 0 does not exist: ports are 1 to 65535"),
        ({"target": {"host": "", "port": 1}}, "$.target", "'' is not a host name or address"),
        (
            {"pacing": {"type": "constant-rate", "interval_s": 0}},
            "$.pacing",
            "the time between two dials is 0.0 s: it must be above 0",
        ),
    ],
)
def test_a_part_that_is_out_of_range_names_its_path(knobs: dict[str, Any], path: str, said: str) -> None:
    with pytest.raises(PlanError, match=f"{re.escape(said)}.*{re.escape(path)}"):
        Plan.from_dict({**PLAIN, **knobs})


@pytest.mark.parametrize(
    "knobs",
    [
        {"target": {"host": "h", "port": 1, "prot": 2}},
        {"pacing": {"type": "constant-rate", "interval_s": 1, "jitter": 1}},
        {"pacing": {"type": "all-at-once", "interval_s": 1}},
        {"requirements": [{"field": "lost", "bound": "=", "limit": 0, "unless": 1}]},
    ],
)
def test_unknown_fields_are_refused_in_the_parts_too(knobs: dict[str, Any]) -> None:
    with pytest.raises(PlanError, match=r"^not a plan: Object contains unknown field `\w+` - at `\$\.\w+"):
        Plan.from_dict({**PLAIN, **knobs})


@pytest.mark.parametrize(
    "plain",
    [{**PLAIN, "\udc80": 1}, {**PLAIN, "close": "\udc80"}, {**PLAIN, "requirements": [{"field": "\udc80"}]}],
    ids=["key", "enum", "nested enum"],
)
def test_text_that_is_no_text_is_a_plan_error(plain: dict[str, Any]) -> None:
    with pytest.raises(PlanError, match=r"^not a plan: "):
        Plan.from_dict(plain)


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["fin", "any"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(name=st.sampled_from(sorted(PLAIN)), value=plain_values)
@example(name="connections", value=10**18)
@example(name="connections", value=10**400)
@example(name="hold_s", value=10**400)
@example(name="dial_timeout_s", value=5e-324)
@example(name="pacing", value={"type": "constant-rate", "interval_s": math.nan})
def test_bad_plain_data_raises_nothing_but_a_plan_error(name: str, value: object) -> None:
    try:
        plan = Plan.from_dict({**PLAIN, name: value})
    except PlanError:
        return
    assert Plan.from_dict(plan.to_dict()) == plan


@given(plain=plain_values)
def test_what_is_no_plan_at_all_is_a_plan_error(plain: Any) -> None:
    with pytest.raises(PlanError, match=r"^not a plan: "):
        Plan.from_dict(plain)
