"""Plans as plain data: any valid one goes there and back, and what is none is refused in one line."""

import json
import math
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.errors import PlanError
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.probe import Exchange
from tests.plan.examples import PLAIN, PLAN, plans


def through_json(plain: dict[str, Any]) -> dict[str, Any]:
    again: dict[str, Any] = json.loads(json.dumps(plain))
    return again


def test_the_plain_data_is_that_of_json() -> None:
    assert through_json(PLAN.to_dict()) == PLAN.to_dict() == PLAIN


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
        ({"probe": "redis"}, "not a plan: Expected `object | null`, got `str` - at `$.probe`"),
        ({"probe": {"name": "x", "sent": "y"}}, "not a plan: Object contains unknown field `sent` - at `$.probe`"),
        (
            {"tls": {"server_name": "x", "minimum_version": "1.1"}},
            "not a plan: Invalid enum value '1.1' - at `$.tls.minimum_version`",
        ),
        ({"proxy_protocol": "v3"}, "not a plan: Invalid enum value 'v3' - at `$.proxy_protocol`"),
        ({"probe_at": "never"}, "not a plan: Invalid enum value 'never' - at `$.probe_at`"),
        ({"canary": 1}, "not a plan: Expected `bool | null`, got `int` - at `$.canary`"),
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
            "not a plan: the limit of lost is 0.5: there is no part of a connection - at `$.requirements[0]`",
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
        ({"probe": {"name": "x", "expect": "a*"}}, "$.probe", "'a*' matches where nothing was said"),
        ({"tls": {}}, "$.tls", "there is no name that the certificate could be verified for"),
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
@example(name="probe_timeout_s", value=5e-324)
@example(name="confirm_rate", value=10**400)
@example(name="assurance", value=3)
@example(name="probe", value={"name": "x", "send": "\udcff"})
@example(name="tls", value={"server_name": "x", "ca": "\udcff"})
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


def test_plain_data_has_no_secret() -> None:
    probe = Exchange(name="send/expect", send="AUTH hunter2", expect="hunter2", secret=True)
    plan = Plan(target=Target("host", 80), probe=probe, probe_every_s=1.0)
    assert "hunter2" not in str(plan.to_dict())
    assert Plan.from_dict(plan.to_dict()) == plan.as_told
