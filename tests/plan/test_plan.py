import math
import re
from typing import Any

import pytest

from tcpgoon.errors import PlanError
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Family, Target
from tcpgoon.plan.pacing import ConstantRate
from tcpgoon.plan.plan import HIGHEST_PID, MOST_CONNECTIONS, Close, Plan
from tcpgoon.plan.probe import Exchange, ProbeAt, ProxyProtocol
from tcpgoon.plan.requirements import Bound, Field, Requirement, carries_all, parse_requirement
from tcpgoon.plan.tls import TlsOptions
from tests.plan.examples import A_YEAR_S, PLAIN, PLAN

TARGET = Target("example.org", 80)
REDIS = Exchange(name="redis", send=r"PING\r\n", expect=r"\+PONG")
TLS = TlsOptions(server_name="example.org")


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
        keepalive_s=None,
        close=Close.FIN,
        family=Family.ANY,
        sources=(),
        spread=False,
        assurance=None,
        probe=None,
        tls=None,
        proxy_protocol=None,
        probe_at=ProbeAt.PEAK,
        probe_every_s=None,
        probe_timeout_s=5.0,
        confirm_every_s=None,
        confirm_rate=20_000.0,
        canary=None,
        canary_every_s=1.0,
        requirements=(),
        target_pid=None,
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
        {"target_pid": 1},
        {"target_pid": HIGHEST_PID},
        {"workers": 1},
        {"workers": 1_000},
        {"hold_s": 0},
        {"hold_s": A_YEAR_S},
        {"dial_timeout_s": 1e-6},
        {"dial_timeout_s": A_YEAR_S},
        {"probe_timeout_s": 1e-6},
        {"probe_timeout_s": A_YEAR_S},
        {"probe": REDIS, "probe_every_s": 0.1},
        {"probe": REDIS, "probe_every_s": A_YEAR_S},
        {"keepalive_s": 1},
        {"keepalive_s": 32_767},
        {"confirm_every_s": 0.1},
        {"confirm_every_s": A_YEAR_S},
        {"confirm_rate": 1},
        {"confirm_rate": 50_000},
        {"canary_every_s": 0.1},
        {"canary_every_s": A_YEAR_S},
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
    bounds = r"it must be (from 1 to 100,000,000|from 0 to 31,622,400)"
    with pytest.raises(PlanError, match=f"^{re.escape(said)}{bounds}$"):
        Plan(target=TARGET, **knobs)


@pytest.mark.parametrize(
    ("knobs", "line"),
    [
        ({"workers": 0}, "the number of workers is 0: it must be from 1 to 1,000"),
        ({"workers": 1_001}, "the number of workers is 1001: it must be from 1 to 1,000"),
        ({"target_pid": 0}, "the process id of the target is 0: it must be from 1 to 4,194,304"),
        ({"target_pid": HIGHEST_PID + 1}, "the process id of the target is 4194305: it must be from 1 to 4,194,304"),
        ({"probe_timeout_s": math.nan}, "the probe timeout is nan: it must be from 0 to 31,622,400"),
        ({"probe_timeout_s": math.inf}, "the probe timeout is inf: it must be from 0 to 31,622,400"),
        (
            {"probe": REDIS, "probe_every_s": 0.09},
            "the time between two probes is 0.09: it must be from 0.1 to 31,622,400",
        ),
        (
            {"probe": REDIS, "probe_every_s": math.nan},
            "the time between two probes is nan: it must be from 0.1 to 31,622,400",
        ),
        ({"keepalive_s": 0.5}, "the time between two keepalives is 0.5: it must be from 1 to 32,767"),
        ({"keepalive_s": 32_768}, "the time between two keepalives is 32768: it must be from 1 to 32,767"),
        ({"keepalive_s": math.nan}, "the time between two keepalives is nan: it must be from 1 to 32,767"),
        ({"keepalive_s": 1.5}, "keepalives are sent every so many whole seconds: not every 1.5 s"),
        ({"confirm_every_s": 0}, "the time between two confirmations is 0: it must be from 0.1 to 31,622,400"),
        ({"confirm_rate": 0.9}, "the rate of confirmation is 0.9: it must be from 1 to 50,000"),
        ({"confirm_rate": 50_001}, "the rate of confirmation is 50001: it must be from 1 to 50,000"),
        ({"confirm_rate": math.nan}, "the rate of confirmation is nan: it must be from 1 to 50,000"),
        ({"canary_every_s": 0}, "the time between two newcomers is 0: it must be from 0.1 to 31,622,400"),
        ({"canary_every_s": math.inf}, "the time between two newcomers is inf: it must be from 0.1 to 31,622,400"),
    ],
)
def test_a_proof_out_of_range_is_one_clear_line(knobs: dict[str, Any], line: str) -> None:
    with pytest.raises(PlanError, match=f"^{re.escape(line)}$"):
        Plan(target=TARGET, **knobs)


@pytest.mark.parametrize("timeout_s", [0, 0.0, -1, -math.inf])
@pytest.mark.parametrize("what", ["dial", "probe"])
def test_a_timeout_is_above_0(what: str, timeout_s: float) -> None:
    knobs: dict[str, Any] = {f"{what}_timeout_s": timeout_s}
    with pytest.raises(PlanError, match=f"^a {what} timeout of 0 fails every {what}: it must be above 0$"):
        Plan(target=TARGET, **knobs)


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


def test_what_is_no_source_is_refused() -> None:
    with pytest.raises(PlanError, match=r"^'127\.0\.0\.1:0' is not an IP address$"):
        Plan(target=TARGET, sources=("127.0.0.1", "127.0.0.1:0"))


@pytest.mark.parametrize(
    ("knobs", "family"),
    [
        ({}, Family.ANY),
        ({"family": Family.IPV4}, Family.IPV4),
        ({"family": Family.IPV6}, Family.IPV6),
        ({"sources": ("127.0.0.1", "127.0.0.2")}, Family.IPV4),
        ({"sources": ("::1",)}, Family.IPV6),
        ({"sources": ("lo", "2001:db8::/64")}, Family.IPV6),
        ({"sources": ("lo",)}, Family.ANY),
        ({"sources": ("auto",)}, Family.ANY),
        ({"sources": ("::1",), "family": Family.IPV6}, Family.IPV6),
        ({"target": Target("127.0.0.1", 80), "sources": ("127.0.0.2",)}, Family.IPV4),
    ],
)
def test_the_family_that_a_name_is_resolved_to(knobs: dict[str, Any], family: Family) -> None:
    assert Plan(**{"target": TARGET, **knobs}).dialled_family is family


@pytest.mark.parametrize(
    "requirement",
    [
        Requirement(Field.ESTABLISHED, Bound.AT_LEAST, 101),
        Requirement(Field.ESTABLISHED, Bound.EXACTLY, 101),
        Requirement(Field.LOST, Bound.EXACTLY, 101),
    ],
    ids=str,
)
def test_a_requirement_that_no_target_can_meet_is_refused(requirement: Requirement) -> None:
    with pytest.raises(PlanError, match=re.escape(str(requirement))):
        Plan(target=TARGET, connections=100, requirements=(requirement,))


@pytest.mark.parametrize(
    ("knobs", "level"),
    [
        ({}, Assurance.ACKNOWLEDGED),
        ({"proxy_protocol": ProxyProtocol.V1}, Assurance.ACKNOWLEDGED),
        ({"probe": REDIS}, Assurance.SERVED),
        ({"tls": TLS}, Assurance.SERVED),
        ({"probe": REDIS, "tls": TLS}, Assurance.SERVED),
        ({"assurance": Assurance.HANDSHAKE}, Assurance.HANDSHAKE),
        ({"assurance": Assurance.HANDSHAKE, "probe": REDIS}, Assurance.HANDSHAKE),
        ({"assurance": Assurance.ACKNOWLEDGED, "tls": TLS}, Assurance.ACKNOWLEDGED),
        ({"assurance": Assurance.SERVED, "tls": TLS}, Assurance.SERVED),
    ],
)
def test_the_level_that_the_verdict_is_about(knobs: dict[str, Any], level: Assurance) -> None:
    assert Plan(target=TARGET, **knobs).level is level


@pytest.mark.parametrize(
    ("knobs", "asks"),
    [({}, False), ({"probe": REDIS}, True), ({"tls": TLS}, True), ({"probe": REDIS, "tls": TLS}, True)],
)
def test_whether_the_application_is_asked(knobs: dict[str, Any], asks: bool) -> None:
    assert Plan(target=TARGET, **knobs).asks is asks


@pytest.mark.parametrize(
    ("knobs", "knocks"),
    [
        ({}, False),
        ({"hold_s": 1.0}, False),
        ({"hold_s": 1.001}, True),
        ({"hold_s": 0, "canary": True}, True),
        ({"hold_s": 60, "canary": False}, False),
    ],
)
def test_whether_newcomers_knock(knobs: dict[str, Any], knocks: bool) -> None:
    assert Plan(target=TARGET, **knobs).knocks is knocks


BANNER = Exchange(name="banner")
ONCE = Exchange(name="mqtt", send="x", once=True)


@pytest.mark.parametrize(
    ("knobs", "line"),
    [
        (
            {"assurance": Assurance.NONE},
            "an assurance of none proves nothing: it is handshake, acknowledged or served",
        ),
        (
            {"assurance": Assurance.SERVED},
            "the assurance served needs something to ask: give a probe (banner if the server speaks first) or TLS",
        ),
        (
            {"probe_every_s": 1},
            "there is nothing that could be asked again: give a probe (a TLS handshake is made once)",
        ),
        (
            {"probe_every_s": 1, "tls": TLS},
            "there is nothing that could be asked again: give a probe (a TLS handshake is made once)",
        ),
        ({"probe_every_s": 1, "probe": BANNER}, "the probe banner cannot be asked again on the same connection"),
        ({"probe_every_s": 1, "probe": ONCE}, "the probe mqtt cannot be asked again on the same connection"),
        (
            {"probe_every_s": 1, "probe": REDIS, "probe_at": ProbeAt.END},
            "what is asked at the end of the hold cannot be asked again: ask at open or peak",
        ),
        (
            {"confirm_every_s": 1, "assurance": Assurance.HANDSHAKE},
            "a sign of life proves more than a handshake: ask for the assurance acknowledged",
        ),
    ],
)
def test_a_proof_that_means_nothing_is_refused(knobs: dict[str, Any], line: str) -> None:
    with pytest.raises(PlanError, match=f"^{re.escape(line)}$"):
        Plan(target=TARGET, **knobs)


def test_the_users_requirements_are_those_in_force() -> None:
    most, peak = (Requirement(field, Bound.AT_LEAST, 90) for field in (Field.ESTABLISHED, Field.PEAK))

    assert Plan(target=TARGET, requirements=(most,)).required == (most, peak)


@pytest.mark.parametrize(
    ("text", "knobs", "needed"),
    [
        ("p99 tls < 1s", {"tls": TlsOptions(server_name="h")}, "TLS: give --tls"),
        ("answer < 1s", {"probe": Exchange(name="banner")}, "an answer: give a probe"),
        ("newcomer < 1s", {"hold_s": 2.0}, "newcomers: hold for longer than 1s, or give --canary"),
    ],
)
def test_what_is_bounded_has_to_be_asked_for(text: str, knobs: dict[str, Any], needed: str) -> None:
    asked = (parse_requirement(text),)
    with pytest.raises(PlanError, match=f"^{re.escape(f'{str(asked[0])!r} needs {needed}')}$"):
        Plan(target=TARGET, requirements=asked)
    assert Plan(target=TARGET, requirements=asked, **knobs).requirements == asked


def test_a_plan_as_plain_data() -> None:
    assert PLAN.to_dict() == PLAIN
    assert Plan.from_dict(PLAIN) == PLAN


def test_what_is_no_plan() -> None:
    with pytest.raises(PlanError, match=r"^not a plan: Expected `object`, got `array`$"):
        Plan.from_dict([])  # type: ignore[arg-type]
