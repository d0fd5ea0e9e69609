"""Plans to test with: any valid one, and one whose every field differs from its default."""

from typing import Any

from hypothesis import strategies as st

from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Family, Target
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate
from tcpgoon.plan.plan import HIGHEST_PID, MOST_CONFIRM_RATE, MOST_CONNECTIONS, MOST_WORKERS, Close, Plan
from tcpgoon.plan.probe import Exchange, ProbeAt, ProxyProtocol
from tcpgoon.plan.requirements import TIMES, Bound, Field, Requirement, Statistic, Unit
from tcpgoon.plan.tls import TlsOptions, TlsVersion

A_YEAR_S = 366 * 86_400

exchanges = st.builds(
    Exchange,
    name=st.text(max_size=8),
    send=st.sampled_from(["", "PING", r"\x00\xff\r\n", "é"]),
    expect=st.sampled_from(["(?s).", "^a+", "é"]),
    refused=st.sampled_from(["", "(?P<reason>no)"]),
    anchored=st.booleans(),
    once=st.booleans(),
)

tls_options = st.builds(
    TlsOptions,
    server_name=st.sampled_from(["example.org", "::1"]),
    certificate=st.sampled_from(["", "client.pem"]),
    alpn=st.lists(st.sampled_from(["h2", "http/1.1"]), max_size=2).map(tuple),
    minimum_version=st.sampled_from(TlsVersion),
)


@st.composite
def proofs(draw: st.DrawFn) -> dict[str, Any]:
    """The fields of any valid plan that say what a connection has to prove."""
    every_s = st.floats(0.1, A_YEAR_S)
    probe, tls = draw(st.none() | exchanges), draw(st.none() | tls_options)
    at = draw(st.sampled_from(ProbeAt))
    again = probe is not None and probe.repeatable and at is not ProbeAt.END
    most = Assurance.SERVED if probe or tls else Assurance.ACKNOWLEDGED
    assurance = draw(st.none() | st.sampled_from([level for level in Assurance if Assurance.NONE < level <= most]))
    return {
        "assurance": assurance,
        "probe": probe,
        "tls": tls,
        "proxy_protocol": draw(st.none() | st.sampled_from(ProxyProtocol)),
        "probe_at": at,
        "probe_every_s": draw(st.none() | every_s) if again else None,
        "probe_timeout_s": draw(st.floats(1e-6, A_YEAR_S)),
        "confirm_every_s": None if assurance is Assurance.HANDSHAKE else draw(st.none() | every_s),
        "confirm_rate": draw(st.floats(1, MOST_CONFIRM_RATE)),
        "canary": draw(st.none() | st.booleans()),
        "canary_every_s": draw(every_s),
    }


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any valid plan."""
    family = draw(st.sampled_from([Family.IPV4, Family.IPV6]))
    addresses = st.ip_addresses(v=4 if family is Family.IPV4 else 6).map(str)
    connections = draw(st.integers(1, MOST_CONNECTIONS))
    counts = st.sampled_from(sorted(set(Field) - TIMES))
    requirements = st.one_of(
        st.builds(Requirement, counts, st.sampled_from(Bound), st.integers(0, connections).map(float)),
        st.builds(Requirement, counts, st.sampled_from(Bound), st.floats(0, 1), st.just(Unit.SHARE)),
        st.builds(
            Requirement,
            st.sampled_from([Field.ESTABLISHMENT, Field.HANDSHAKE]),
            st.sampled_from(Bound),
            st.floats(0, A_YEAR_S),
            st.just(Unit.SECONDS),
            st.none() | st.sampled_from(Statistic),
        ),
    )
    return Plan(
        target=Target(draw(addresses | st.sampled_from(["localhost", "example.org."])), draw(st.integers(1, 65_535))),
        connections=connections,
        pacing=draw(st.just(AllAtOnce()) | st.builds(ConstantRate, st.floats(1e-9, A_YEAR_S))),
        dial_timeout_s=draw(st.floats(1e-6, A_YEAR_S)),
        max_dialing=draw(st.integers(1, MOST_CONNECTIONS)),
        hold_s=draw(st.floats(0, A_YEAR_S)),
        keepalive_s=draw(st.none() | st.integers(1, 32_767).map(float)),
        close=draw(st.sampled_from(Close)),
        family=draw(st.sampled_from([Family.ANY, family])),
        sources=tuple(draw(st.lists(addresses | st.sampled_from(["lo", "eth0"]), max_size=3, unique=True))),
        spread=draw(st.booleans()),
        requirements=tuple(draw(st.lists(requirements, max_size=3))),
        target_pid=draw(st.none() | st.integers(1, HIGHEST_PID)),
        workers=draw(st.none() | st.integers(1, MOST_WORKERS)),
        force=draw(st.booleans()),
        **draw(proofs()),
    )


PLAIN: dict[str, Any] = {
    "target": {"host": "127.0.0.1", "port": 80},
    "connections": 7,
    "pacing": {"type": "constant-rate", "interval_s": 0.25},
    "dial_timeout_s": 2.5,
    "max_dialing": 3,
    "hold_s": 0.5,
    "keepalive_s": 30.0,
    "close": "reset",
    "family": "IPv4",
    "sources": ["127.0.0.2", "127.0.1.0/24", "eth0"],
    "spread": True,
    "assurance": 2,
    "probe": {
        "name": "mine",
        "send": r"\x00?\r\n",
        "expect": "^yes",
        "refused": "^(?P<reason>no)",
        "anchored": True,
        "once": False,
        "secret": False,
        "withheld_bytes": None,
    },
    "tls": {
        "server_name": "example.org",
        "verify": True,
        "ca": "ca.pem",
        "certificate": "client.pem",
        "key": "client.key",
        "alpn": ["h2", "http/1.1"],
        "minimum_version": "1.3",
    },
    "proxy_protocol": "v2",
    "probe_at": "open",
    "probe_every_s": 30.0,
    "probe_timeout_s": 1.5,
    "confirm_every_s": 60.0,
    "confirm_rate": 500.0,
    "canary": True,
    "canary_every_s": 0.25,
    "requirements": [
        {"field": "established", "bound": ">=", "limit": 0.95, "unit": "share", "statistic": None},
        {"field": "lost", "bound": "=", "limit": 2.0, "unit": "count", "statistic": None},
        {"field": "answer", "bound": "<", "limit": 0.05, "unit": "seconds", "statistic": "p99"},
    ],
    "target_pid": 4711,
    "workers": 3,
    "force": True,
}

PLAN = Plan(
    target=Target("127.0.0.1", 80),
    connections=7,
    pacing=ConstantRate(0.25),
    dial_timeout_s=2.5,
    max_dialing=3,
    hold_s=0.5,
    keepalive_s=30.0,
    close=Close.RESET,
    family=Family.IPV4,
    sources=("127.0.0.2", "127.0.1.0/24", "eth0"),
    spread=True,
    assurance=Assurance.ACKNOWLEDGED,
    probe=Exchange(name="mine", send=r"\x00?\r\n", expect="^yes", refused="^(?P<reason>no)", anchored=True, once=False),
    tls=TlsOptions(
        server_name="example.org",
        ca="ca.pem",
        certificate="client.pem",
        key="client.key",
        alpn=("h2", "http/1.1"),
        minimum_version=TlsVersion.TLS_1_3,
    ),
    proxy_protocol=ProxyProtocol.V2,
    probe_at=ProbeAt.OPEN,
    probe_every_s=30.0,
    probe_timeout_s=1.5,
    confirm_every_s=60.0,
    confirm_rate=500.0,
    canary=True,
    canary_every_s=0.25,
    requirements=(
        Requirement(Field.ESTABLISHED, Bound.AT_LEAST, 0.95, Unit.SHARE),
        Requirement(Field.LOST, Bound.EXACTLY, 2),
        Requirement(Field.ANSWER, Bound.LESS, 0.05, Unit.SECONDS, Statistic.P99),
    ),
    target_pid=4_711,
    workers=3,
    force=True,
)
