"""What is asked, spelled by name: it means what the flags of that name mean, and nothing else is taken."""

from pathlib import Path
from typing import Any

import pytest

from tcpgoon.errors import PlanError
from tcpgoon.options.spelled import spelled, spelled_options
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.choice import Choice
from tcpgoon.plan.endpoint import Family, Target
from tcpgoon.plan.lookup import parse_lookup
from tcpgoon.plan.named_probes import parse_probe
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate
from tcpgoon.plan.plan import Close, Plan
from tcpgoon.plan.probe import Exchange
from tcpgoon.plan.requirements import parse_requirement
from tcpgoon.plan.tls import TlsOptions

HOST = Target("host", 80)
REQUIRED = "p99 establishment < 50ms"


def exchange(send: str) -> Exchange:
    return Exchange(name="send/expect", send=send, expect="(?s).")


def plan_of(**options: Any) -> Plan:
    return spelled("host:80", options).draft


def test_without_options_it_is_what_the_command_does() -> None:
    asked = spelled("host:80", {})
    assert (asked.target, asked.choice, asked.is_secret) == (HOST, Choice(), False)
    assert asked.draft == plan_of(connections=None, tls=None) == Plan(target=HOST)


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({"connections": 5_000}, {"connections": 5_000}),
        ({"connections": "10k"}, {"connections": 10_000}),
        ({"hold": "1m30s"}, {"hold_s": 90.0}),
        ({"keepalive": "30s"}, {"keepalive_s": 30.0}),
        ({"sleep": "0s"}, {"pacing": AllAtOnce()}),
        ({"sleep": "5ms"}, {"pacing": ConstantRate(0.005)}),
        ({"rate": "2k/s"}, {"pacing": ConstantRate(0.0005)}),
        ({"rate": 200}, {"pacing": ConstantRate(0.005)}),
        ({"rate": 0.5}, {"pacing": ConstantRate(2.0)}),
        ({"ramp": "1s"}, {"pacing": ConstantRate(0.01)}),
        ({"dial_timeout": "250ms"}, {"dial_timeout_s": 0.25}),
        ({"max_dialing": 7}, {"max_dialing": 7}),
        ({"close": "reset"}, {"close": Close.RESET}),
        ({"family": "IPv4"}, {"family": Family.IPV4}),
        ({"family": "ipv6"}, {"family": Family.IPV6}),
        ({"source": "127.0.0.2"}, {"sources": ("127.0.0.2",)}),
        ({"source": ["127.0.0.2", "127.0.0.3"]}, {"sources": ("127.0.0.2", "127.0.0.3")}),
        ({"target_pid": 1}, {"target_pid": 1}),
        ({"workers": 3}, {"workers": 3}),
        ({"workers": "auto"}, {"workers": None}),
        ({"force": True}, {"force": True}),
        ({"require": REQUIRED}, {"requirements": (parse_requirement(REQUIRED),)}),
        ({"require": (REQUIRED, "lost = 0")}, {"requirements": tuple(map(parse_requirement, (REQUIRED, "lost = 0")))}),
        ({"assurance": "handshake"}, {"assurance": Assurance.HANDSHAKE}),
        ({"canary": False}, {"canary": False}),
        ({"canary_every": "2s"}, {"canary": True, "canary_every_s": 2.0}),
        ({"probe": "http:/health"}, {"probe": parse_probe("http:/health", HOST)}),
        ({"send": r"PING\r\n"}, {"probe": exchange(r"PING\r\n")}),
        ({"send": b"\x00\\"}, {"probe": exchange(r"\x00\\")}),
        ({"tls": True, "tls_verify": False}, {"tls": TlsOptions(server_name="host", verify=False)}),
        ({"tls": True, "ca": Path("/")}, {"tls": TlsOptions(server_name="host", ca="/")}),
        ({"tls": True, "alpn": "h2"}, {"tls": TlsOptions(server_name="host", alpn=("h2",))}),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else None,
)
def test_an_option_is_what_the_flag_of_its_name_says(options: dict[str, Any], fields: dict[str, Any]) -> None:
    assert plan_of(**options) == Plan(target=HOST, **fields)


def test_bytes_to_send_are_never_the_name_of_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"AUTH s3cret")
    probe = plan_of(send=f"@{secret}").probe
    assert probe
    assert probe.payload == b"AUTH s3cret"
    sent = f"@{secret}".encode()
    probe = plan_of(send=sent).probe
    assert probe
    assert probe.payload == sent
    assert spelled("host:80", {"send": f"@{secret}"}).is_secret
    assert not spelled("host:80", {"send": sent}).is_secret


def test_the_options_of_a_look_up() -> None:
    lookup = "eureka://registry/CHECKOUT"
    asked = spelled(lookup, {"pick": "random", "seed": 7, "registry_timeout": "2s", "allow_local": True})
    assert (asked.target, asked.choice) == (parse_lookup(lookup), Choice(pick="random", seed=7))
    assert spelled(lookup, {"each": True}).choice == Choice(each=True)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"conections": 5}, "there is no option conections; did you mean connections?"),
        ({"dial-timeout": "5s"}, "there is no option dial-timeout; did you mean dial_timeout?"),
        ({"interval": "1s"}, "there is no option interval"),
        ({"\x1b[2J": 1}, r"there is no option \x1b[2J"),
        ({"connections": 5.5}, "connections: 5.5 is not a whole number, or a text"),
        ({"connections": True}, "connections: True is not a whole number, or a text"),
        (
            {"connections": "many"},
            "connections: 'many' is not a number of connections: write it like 100, 10k or 1.5m",
        ),
        ({"rate": [5]}, "rate: [5] is not a number, or a text"),
        ({"rate": float("nan")}, "rate: 'nan' is not a rate: write it like 100/s, 5k/s or 600/min"),
        ({"target_pid": 1.5}, "target-pid: 1.5 is not a whole number"),
        ({"target_pid": "x"}, "target-pid: 'x' is not a valid integer"),
        ({"hold": 5}, "hold: 5 is not a duration with its unit, such as '5s' or '250ms'"),
        ({"sleep": "10"}, "sleep: '10' is not a duration with its unit, such as '5s' or '250ms'"),
        ({"hold": "5 apples"}, "hold: '5 apples' is not a duration: write it like 250ms, 5s or 1m30s"),
        ({"probe": 5}, "probe: 5 is not a text"),
        ({"send": 5}, "send: 5 is not a text"),
        ({"close": 1}, "close: 1 is not a text"),
        ({"close": "slam"}, "close: 'slam' is not one of 'fin', 'reset'"),
        ({"tls": "yes"}, "tls: 'yes' is not true or false"),
        ({"require": 5}, "require: 5 is not a list of texts"),
        ({"alpn": ["h2", 5]}, "alpn: ['h2', 5] is not a list of texts"),
        (
            {"require": "p98 establishment < 5s"},
            "require: 'p98 establishment < 5s': there is no statistic 'p98'; did you mean p99?",
        ),
        ({"tls": True, "key": "/missing"}, "key: File '/missing' does not exist"),
        ({"tls_min": "1.3"}, "--tls-min says how TLS is spoken: give --tls too"),
        ({"rate": 5, "ramp": "1s"}, "-s, --rate and --ramp say the same thing: give one of them"),
        ({"connections": "x" * 500}, None),
    ],
    ids=lambda value: ",".join(map(ascii, value)) if isinstance(value, dict) else "",
)
def test_what_means_nothing_is_one_line(options: dict[str, Any], line: str | None) -> None:
    with pytest.raises(PlanError) as caught:
        plan_of(**options)
    if line is not None:
        assert str(caught.value) == line
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("target", [8080, None, b"host:80", ["host", 80]])
def test_a_target_is_a_text(target: Any) -> None:
    with pytest.raises(PlanError) as caught:
        spelled(target, {})
    assert str(caught.value) == f"{target!r} is no target: write it like 'host:8080'"


def test_no_environment_variable_is_an_option_in_files_or_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in spelled_options():
        for prefix in ("TCPGOON", "TCPGOON_RUN", "ASKED", "TCPGOON_ASKED"):
            monkeypatch.setenv(f"{prefix}_{name.upper()}", "7")
    assert plan_of() == Plan(target=HOST)
