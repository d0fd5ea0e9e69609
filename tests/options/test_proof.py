"""Options → plan: what a connection has to prove."""

import json
import os
from pathlib import Path

import pytest

from tcpgoon.cli.main import main
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.named_probes import named_probes, parse_probe
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.probe import Exchange, ProbeAt, ProxyProtocol
from tcpgoon.plan.tls import TlsOptions, TlsVersion
from tests.cli.asked import asked, run_nothing


@pytest.fixture(autouse=True)
def no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    run_nothing(monkeypatch)


def plan_of(*flags: str) -> Plan:
    return asked(*flags, "host", "80").plan


def refused(capsys: pytest.CaptureFixture[str], *flags: str) -> str:
    """The one line that is said."""
    with pytest.raises(SystemExit) as caught:
        main(["run", "-y", *flags, "host", "80"])
    out, err = capsys.readouterr()
    assert (caught.value.code, out, err.count("\n")) == (64, "", 1)
    return err.removeprefix("tcpgoon: ").removesuffix("\n")


@pytest.mark.parametrize(
    ("flags", "fields"),
    [
        ("--assurance handshake", {"assurance": Assurance.HANDSHAKE}),
        ("--assurance acknowledged", {"assurance": Assurance.ACKNOWLEDGED}),
        ("--confirm-every 30s", {"confirm_every_s": 30.0}),
        ("--confirm-rate 1k", {"confirm_rate": 1_000.0}),
        ("--confirm-rate 600/min", {"confirm_rate": 10.0}),
        ("--canary", {"canary": True}),
        ("--no-canary", {"canary": False}),
        ("--canary --canary-every 250ms", {"canary": True, "canary_every_s": 0.25}),
        ("--canary-every 250ms", {"canary": True, "canary_every_s": 0.25}),
        ("--canary-every 1s", {"canary": True}),
        ("--proxy-protocol v1", {"proxy_protocol": ProxyProtocol.V1}),
        ("--proxy-protocol v2", {"proxy_protocol": ProxyProtocol.V2}),
        ("--tls", {"tls": TlsOptions(server_name="host")}),
        ("--tls --probe-timeout 1m", {"tls": TlsOptions(server_name="host"), "probe_timeout_s": 60.0}),
        ("--tls --probe-at end", {"tls": TlsOptions(server_name="host"), "probe_at": ProbeAt.END}),
    ],
)
def test_flags_and_the_fields_they_change(flags: str, fields: dict[str, object]) -> None:
    assert plan_of(*flags.split()) == Plan(target=Target("host", 80), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("flags", "fields"),
    [
        ("--probe-at open", {"probe_at": ProbeAt.OPEN}),
        ("--probe-at peak", {"probe_at": ProbeAt.PEAK}),
        ("--probe-at end", {"probe_at": ProbeAt.END}),
        ("--probe-every 10s", {"probe_every_s": 10.0}),
        ("--probe-timeout 250ms", {"probe_timeout_s": 0.25}),
        ("--assurance served", {"assurance": Assurance.SERVED}),
        ("--assurance acknowledged", {"assurance": Assurance.ACKNOWLEDGED}),
    ],
)
def test_flags_beside_a_probe(flags: str, fields: dict[str, object]) -> None:
    redis = parse_probe("redis", Target("host", 80))
    plan = Plan(target=Target("host", 80), probe=redis, **fields)  # type: ignore[arg-type]
    assert plan_of("--probe", "redis", *flags.split()) == plan


@pytest.mark.parametrize("name", [*named_probes(), "http:/health", "postgres:me", "echo:hello: world"])
def test_each_named_probe(name: str) -> None:
    assert plan_of("--probe", name) == Plan(target=Target("host", 80), probe=parse_probe(name, Target("host", 80)))


@pytest.mark.parametrize(
    ("flags", "send", "expect"),
    [
        (["--send", r"PING\r\n"], r"PING\r\n", "(?s)."),
        (["--send", r"\x00é", "--expect", r"^\x00"], r"\x00\xc3\xa9", r"^\x00"),
        (["--expect", "^220"], "", "^220"),
        (["--send", ""], "", "(?s)."),
        (["--send", os.fsdecode(b"\xff")], r"\xff", "(?s)."),
    ],
)
def test_send_and_expect(flags: list[str], send: str, expect: str) -> None:
    exchange = Exchange(name="send/expect", send=send, expect=expect)
    assert plan_of(*flags) == Plan(target=Target("host", 80), probe=exchange)


def test_send_and_expect_from_files(tmp_path: Path) -> None:
    (tmp_path / "send").write_bytes(b"AUTH s\\3cret\r\n\x00")
    (tmp_path / "expect").write_bytes(b"^\\+OK\n")
    flags = ("--send", f"@{tmp_path}/send", "--expect", f"@{tmp_path}/expect")
    exchange = Exchange(name="send/expect", send=r"AUTH s\\3cret\r\n\x00", expect=r"^\+OK", secret=True)
    assert plan_of(*flags).probe == exchange


@pytest.mark.parametrize("flag", ["--send", "--expect"])
def test_a_file_that_cannot_be_read_is_named_with_its_flag(
    flag: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = f"{tmp_path}/missing"
    assert refused(capsys, flag, f"@{missing}") == f"{flag}: {missing!r} cannot be read: No such file or directory"
    assert refused(capsys, flag, f"@{tmp_path}") == f"{flag}: {str(tmp_path)!r} cannot be read: Is a directory"


def test_the_first_of_two_files_is_that_of_send(capsys: pytest.CaptureFixture[str]) -> None:
    line = refused(capsys, "--send", "@/missing", "--expect", "@/missing")
    assert line == "--send: '/missing' cannot be read: No such file or directory"


@pytest.mark.parametrize("flag", ["--send", "--expect"])
def test_a_file_without_an_end_is_not_read_to_its_end(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, flag, "@/dev/zero") == f"{flag}: '/dev/zero' is larger than 64 KiB"


def test_the_largest_file_that_is_read_is_judged_by_what_may_be_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_bytes(bytes(65_536))
    line = refused(capsys, "--send", f"@{tmp_path}/file")
    assert line == "the probe sends 65,536 bytes: at most 16,384 are sent"


def test_all_that_can_be_said_of_tls(tmp_path: Path) -> None:
    for name in ("ca", "cert", "key"):
        (tmp_path / name).touch()
    flags = f"--tls --tls-name example.org --tls-verify --ca {tmp_path}/ca --cert {tmp_path}/cert --key {tmp_path}/key"
    options = TlsOptions(
        server_name="example.org",
        verify=True,
        ca=f"{tmp_path}/ca",
        certificate=f"{tmp_path}/cert",
        key=f"{tmp_path}/key",
        alpn=("h2", "http/1.1"),
        minimum_version=TlsVersion.TLS_1_3,
    )
    assert plan_of(*flags.split(), *["--alpn", "h2", "--alpn", "http/1.1", "--tls-min", "1.3"]).tls == options


@pytest.mark.parametrize(
    ("words", "flags", "name", "verify"),
    [
        (["host", "443"], "", "host", True),
        (["127.0.0.1:443"], "", "127.0.0.1", True),
        (["[::1]:443"], "", "::1", True),
        (["127.0.0.1:443"], "--tls-name example.org", "example.org", True),
        (["host", "443"], "--no-tls-verify", "host", False),
        (["host", "443"], "--no-tls-verify --tls-name=", "", False),
    ],
)
def test_the_name_to_send_and_to_verify(words: list[str], flags: str, name: str, verify: bool) -> None:
    assert asked("--tls", *flags.split(), *words).plan.tls == TlsOptions(server_name=name, verify=verify)


def test_a_folder_of_certificates_can_be_trusted(tmp_path: Path) -> None:
    tls = plan_of("--tls", "--ca", str(tmp_path)).tls
    assert tls == TlsOptions(server_name="host", ca=str(tmp_path))


ASKS = "says how the application is asked: give --probe, --send, --expect or --tls too"
SPOKEN = "says how TLS is spoken: give --tls too"
HELP = " (see 'tcpgoon run --help')"


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ("--tls-name x", f"--tls-name {SPOKEN}"),
        ("--tls-verify", f"--tls-verify {SPOKEN}"),
        ("--no-tls-verify", f"--no-tls-verify {SPOKEN}"),
        ("--ca /", f"--ca {SPOKEN}"),
        ("--cert /dev/null", f"--cert {SPOKEN}"),
        ("--key /dev/null", f"--key {SPOKEN}"),
        ("--alpn h2", f"--alpn {SPOKEN}"),
        ("--tls-min 1.2", f"--tls-min {SPOKEN}"),
        ("--probe redis --tls-min 1.3", f"--tls-min {SPOKEN}"),
        ("--probe redis --send x", "--send and --probe both say what is asked: give one of them"),
        ("--probe redis --expect x", "--expect and --probe both say what is asked: give one of them"),
        ("--probe-at peak", f"--probe-at {ASKS}"),
        ("--probe-every 1s", f"--probe-every {ASKS}"),
        ("--probe-timeout 5s", f"--probe-timeout {ASKS}"),
        ("--proxy-protocol v1 --probe-timeout 5s", f"--probe-timeout {ASKS}"),
        (
            "--assurance handshake --confirm-every 1s",
            "--confirm-every asks for a sign of life, which proves more than a handshake: "
            "give --assurance acknowledged",
        ),
        (
            "--assurance handshake --confirm-rate 1k",
            "--confirm-rate asks for a sign of life, which proves more than a handshake: give --assurance acknowledged",
        ),
        (
            "--no-canary --canary-every 1s",
            "--canary-every says how often newcomers knock, and --no-canary that none does: give one of them",
        ),
        (
            "--assurance served",
            "the assurance served needs something to ask: give a probe (banner if the server speaks first) or TLS",
        ),
        (
            "--tls --probe-every 1s",
            "there is nothing that could be asked again: give a probe (a TLS handshake is made once)",
        ),
        ("--probe ssh --probe-every 1s", "the probe ssh cannot be asked again on the same connection"),
        ("--expect x --probe-every 1s", "the probe send/expect cannot be asked again on the same connection"),
        (
            "--probe redis --probe-every 1s --probe-at end",
            "what is asked at the end of the hold cannot be asked again: ask at open or peak",
        ),
        ("--probe telnet", f"'telnet' is no probe: there are {', '.join(sorted(named_probes()))}"),
        ("--probe=", f"'' is no probe: there are {', '.join(sorted(named_probes()))}"),
        (r"--send \q", r"'\q' means nothing here: there are \r \n \t \0 \\ and \x00 to \xff"),
        ("--expect (", "'(' is no regular expression: missing ), unterminated subpattern at position 0"),
        ("--expect=", "'' matches where nothing was said: it would prove nothing"),
        ("--probe redis --probe-timeout 0", "a probe timeout of 0 fails every probe: it must be above 0"),
        ("--confirm-every 1ms", "the time between two confirmations is 0.001: it must be from 0.1 to 31,622,400"),
        ("--confirm-rate 0", "the rate of confirmation is 0.0: it must be from 1 to 50,000"),
        ("--confirm-rate 1m", "the rate of confirmation is 1000000.0: it must be from 1 to 50,000"),
        ("--canary-every 0", "the time between two newcomers is 0.0: it must be from 0.1 to 31,622,400"),
        ("--tls --ca / --no-tls-verify", "certificates to trust are of no use where nothing is verified"),
        ("--tls --key /dev/null", "a key is of no use without its certificate"),
        ("--tls --alpn=", "'' is not the name of a protocol: h2 and http/1.1 are"),
        (
            "--tls --tls-name=",
            "there is no name that the certificate could be verified for: give one, or do not verify",
        ),
        ("--tls --tls-name a..b", "'a..b' cannot be sent as the name of a server"),
        ("--tls --ca /missing", f"Invalid value for '--ca': Path '/missing' does not exist{HELP}"),
        ("--tls --cert /missing", f"Invalid value for '--cert': File '/missing' does not exist{HELP}"),
        ("--tls --key /", f"Invalid value for '--key': File '/' is a directory{HELP}"),
        ("--tls --tls-min 1.1", f"Invalid value for '--tls-min': '1.1' is not one of '1.2', '1.3'{HELP}"),
        ("--probe-at noon", f"Invalid value for '--probe-at': 'noon' is not one of 'open', 'peak', 'end'{HELP}"),
        ("--proxy-protocol v3", f"Invalid value for '--proxy-protocol': 'v3' is not one of 'v1', 'v2'{HELP}"),
        (
            "--assurance none",
            "Invalid value for '--assurance': 'none' is not one of 'handshake', 'acknowledged', 'served'" + HELP,
        ),
        (
            "--probe-timeout soon",
            "Invalid value for '--probe-timeout': 'soon' is not a duration: write it like 250ms, 5s or 1m30s" + HELP,
        ),
    ],
)
def test_what_means_nothing_is_one_line_and_exit_64(flags: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, *flags.split()) == line


def test_a_name_that_tls_has_no_room_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "-y", "--tls", "a..b", "443"])
    assert capsys.readouterr().err == "tcpgoon: 'a..b' cannot be sent as the name of a server\n"


def of_instance(tmp_path: Path, *flags: str) -> Plan:
    """What is asked of an instance that was looked up."""
    return asked(*flags, looked_up(tmp_path, "checkout.example")).plan


def looked_up(tmp_path: Path, *hosts: str) -> str:
    """A target that stands for these, at port 8080."""
    found = [{"host": host, "port": 8080, "addresses": [f"192.0.2.{number}"]} for number, host in enumerate(hosts)]
    (tmp_path / "targets").write_text(json.dumps(found))
    return f"file://{tmp_path}/targets"


def test_the_instance_gives_its_name_to_what_is_asked(tmp_path: Path) -> None:
    target = Target("checkout.example", 8080)
    plan = of_instance(tmp_path, "--tls", "--probe", "http:/health")
    asks = parse_probe("http:/health", target)
    assert plan == Plan(target=target, probe=asks, tls=TlsOptions(server_name="checkout.example"))
    assert plan.probe
    assert b"Host: checkout.example:8080\r\n" in plan.probe.payload
    named = of_instance(tmp_path, "--tls", "--tls-name", "example.org")
    assert named == Plan(target=target, tls=TlsOptions(server_name="example.org"))


def test_a_file_that_can_be_read_but_once_is_read_once(tmp_path: Path) -> None:
    """What a shell makes of @<(pass checkout) is a pipe."""
    reading, writing = os.pipe()
    os.write(writing, b"AUTH secret\r\n")
    os.close(writing)
    plan = of_instance(tmp_path, "--send", f"@/dev/fd/{reading}")
    os.close(reading)
    assert plan.probe
    assert plan.probe.payload == b"AUTH secret\r\n"


def test_instances_of_several_names_need_one_for_their_certificates(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = looked_up(tmp_path, "a.example", "b.example")
    with pytest.raises(SystemExit) as caught:
        main(["run", "-y", "--spread", "--tls", target])
    assert (caught.value.code, capsys.readouterr().err) == (
        64,
        "tcpgoon: the instances have different names: --tls-name says which one their certificates are for\n",
    )
    for flags in (["--tls-name", "example.org"], ["--no-tls-verify"]):
        assert asked("--spread", "--tls", *flags, target).plan.spread
