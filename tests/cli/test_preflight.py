"""Options → what is looked at → an exit status; what is found here is in the tests of the engine."""

from collections.abc import Sequence

import msgspec
import pytest

from tcpgoon.cli import preflight
from tcpgoon.cli.main import main
from tcpgoon.discovery import places
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.plan.endpoint import Endpoint, Family, Target

LIMITS = ClientLimits(descriptors_soft=1_024, descriptors_hard=1_024, descriptors_in_use=24, ports=28_232)
Asked = list[tuple[object, ...]]


FOUND = Endpoint("192.0.2.1", 80), Endpoint("192.0.2.2", 80)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What was resolved and looked at; every client is like `LIMITS`."""
    seen: Asked = []

    def resolve(target: Target, family: Family) -> tuple[Endpoint, ...]:
        seen.append((target, family))
        return FOUND

    def look(endpoints: Sequence[Endpoint], sources: Sequence[str], addresses: int, automatic: bool) -> ClientLimits:
        assert automatic is not bool(sources)
        seen.append((endpoints, sources, addresses))
        return msgspec.structs.replace(LIMITS, sources=len(sources) or 1)

    monkeypatch.setattr(places, "resolve", resolve)
    monkeypatch.setattr(preflight, "look", look)
    return seen


def status(*words: str) -> object:
    with pytest.raises(SystemExit) as caught:
        main(["preflight", *words])
    return caught.value.code


@pytest.mark.parametrize(
    ("words", "looked_at"),
    [
        ("", [((), (), 1)]),
        ("-c 10 host 80", [(Target("host", 80), Family.ANY), (FOUND[:1], (), 2)]),
        ("-6 host:80", [(Target("host", 80), Family.IPV6), (FOUND[:1], (), 2)]),
        ("-4 host:80", [(Target("host", 80), Family.IPV4), (FOUND[:1], (), 2)]),
        ("--spread host:80", [(Target("host", 80), Family.ANY), (FOUND, (), 2)]),
        ("--source 127.0.0.2-3", [((), ("127.0.0.2", "127.0.0.3"), 1)]),
        ("--source 127.0.0.2 --source 127.0.0.3", [((), ("127.0.0.2", "127.0.0.3"), 1)]),
    ],
)
def test_what_is_looked_at(words: str, looked_at: Asked, asked: Asked) -> None:
    assert status(*words.split()) == 0
    assert asked == looked_at


@pytest.mark.parametrize(
    ("words", "exit_status", "last"),
    [
        ("", 0, "This client can hold 100 connections to any one target: at most 1,000 (descriptors)"),
        (
            "-c 1k host 80",
            0,
            "This client can hold 1,000 connections to host:80 (192.0.2.1): at most 1,000 (descriptors)",
        ),
        (
            "-c 1001 192.0.2.1:80",
            3,
            "This client cannot hold 1,001 connections to 192.0.2.1:80: at most 1,000 (descriptors)",
        ),
    ],
)
def test_the_exit_status(
    words: str, exit_status: int, last: str, asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(*words.split()) == exit_status
    out, errors = capsys.readouterr()
    assert out.splitlines()[-1] == last
    assert errors == ""


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("-c 0", "the number of connections is 0: it must be from 1 to 100,000,000"),
        (
            "-c many",
            "Invalid value for '-c' / '--connections': 'many' is not a number of connections: "
            "write it like 100, 10k or 1.5m (see 'tcpgoon preflight --help')",
        ),
        ("host", "'host' has no port; write host:port, [v6]:port or tcp://host:port"),
        ("a b c", "'a b c' is not a target: give HOST PORT or HOST:PORT (see 'tcpgoon preflight --help')"),
        ("--source nowhere:1", "'nowhere:1' is not an IP address"),
        ("--source 127.0.0.1 --source 127.0.0.1", "a source is given twice: its ports are no more for that"),
        ("-6 --source 127.0.0.1", "target, sources and -4/-6 do not agree: some are IPv4, some are IPv6"),
        ("-6 127.0.0.1:80", "target, sources and -4/-6 do not agree: some are IPv4, some are IPv6"),
        ("--source 192.0.2.9", "the source 192.0.2.9 cannot be dialled from: Cannot assign requested address"),
    ],
)
def test_bad_input_is_one_line_and_exit_64(words: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(*words.split()) == 64
    assert capsys.readouterr() == ("", f"tcpgoon: {line}\n")


def test_a_name_that_does_not_resolve(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("no-such-host.invalid:80") == 3
    out, errors = capsys.readouterr()
    assert out == ""
    assert errors.startswith("tcpgoon: no-such-host.invalid does not resolve: ")
