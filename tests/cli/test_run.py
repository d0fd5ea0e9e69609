"""Options → plan: every flag, alone and where two contradict each other; those of the proof are a file further."""

import subprocess
import sys

import pytest

from tcpgoon.cli import run as run_module
from tcpgoon.cli.main import main
from tcpgoon.discovery import places
from tcpgoon.errors import ResolutionError
from tcpgoon.plan.endpoint import Endpoint, Family, Target
from tcpgoon.plan.named_probes import named_probes
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate
from tcpgoon.plan.plan import Close, Plan
from tcpgoon.plan.requirements import parse_requirement
from tests.cli.asked import asked, run_nothing


@pytest.fixture(autouse=True)
def no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    run_nothing(monkeypatch)


DEFAULT = Plan(target=Target("host", 80))


def test_the_defaults_are_those_of_the_plan() -> None:
    found = asked("host", "80")
    assert found.plan == DEFAULT
    assert found.options["interval_s"] == 1.0
    assert found.options["endpoints"] == (Endpoint("192.0.2.1", 80),)
    assert not found.monitor.wants_events


@pytest.mark.parametrize(
    ("words", "target"),
    [
        (["host", "80"], Target("host", 80)),
        (["host:80"], Target("host", 80)),
        (["tcp://host:80"], Target("host", 80)),
        (["[::1]:80"], Target("::1", 80)),
        (["::1", "80"], Target("::1", 80)),
        (["[::1]", "80"], Target("::1", 80)),
    ],
)
def test_targets(words: list[str], target: Target) -> None:
    assert asked(*words).plan.target == target


@pytest.mark.parametrize(
    ("flags", "field", "value"),
    [
        ("-c 10k", "connections", 10_000),
        ("--connections 1.5m", "connections", 1_500_000),
        ("-s 20", "pacing", ConstantRate(0.020)),
        ("--sleep 0", "pacing", AllAtOnce()),
        ("--rate 5k/s", "pacing", ConstantRate(1 / 5_000)),
        ("--ramp 30s", "pacing", ConstantRate(0.3)),
        ("--ramp 0", "pacing", AllAtOnce()),
        ("-d 250", "dial_timeout_s", 0.25),
        ("-t 2s", "dial_timeout_s", 2.0),
        ("--dial-timeout 100", "dial_timeout_s", 0.1),
        ("--max-dialing 1k", "max_dialing", 1_000),
        ("--hold 1m30s", "hold_s", 90.0),
        ("--hold 0", "hold_s", 0.0),
        ("--close reset", "close", Close.RESET),
        ("--close fin", "close", Close.FIN),
        ("-4", "family", Family.IPV4),
        ("-6", "family", Family.IPV6),
        ("--source 127.0.0.2 --source 127.0.0.3", "sources", ("127.0.0.2", "127.0.0.3")),
        ("--source 10.0.0.0/24 --source eth0", "sources", ("10.0.0.0/24", "eth0")),
        ("--source auto", "sources", ("auto",)),
        ("--spread", "spread", True),
        ("--force", "force", True),
        (
            "--require established>=99% --require handshake<1s",
            "requirements",
            (parse_requirement("established >= 99%"), parse_requirement("handshake < 1s")),
        ),
    ],
)
def test_each_flag_changes_its_field(flags: str, field: str, value: object) -> None:
    assert getattr(asked(*flags.split(), "host", "80").plan, field) == value


@pytest.mark.parametrize("flag", ["-v", "--verbose", "--debug"])
def test_verbose_wants_events(flag: str) -> None:
    assert asked(flag, "host", "80").monitor.wants_events


@pytest.mark.parametrize("flags", ["-i 0.5", "--interval 500ms"])
def test_the_interval(flags: str) -> None:
    assert asked(*flags.split(), "host", "80").options["interval_s"] == 0.5


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ("host", "'host' has no port; write host:port, [v6]:port or tcp://host:port"),
        ("host 0", "'0' is not a port: ports are 1 to 65535"),
        ("host 65536", "'65536' is not a port: ports are 1 to 65535"),
        ("host -- -1", "'-1' is not a port: ports are 1 to 65535"),
        ("host http", "'http' is not a port: ports are 1 to 65535"),
        ("-c 0 host 80", "the number of connections is 0: it must be from 1 to 100,000,000"),
        (
            "-c -1 host 80",
            "Invalid value for '-c' / '--connections': '-1' is not a number of connections: "
            "write it like 100, 10k or 1.5m (see 'tcpgoon run --help')",
        ),
        (
            "-i -1 host 80",
            "Invalid value for '-i' / '--interval': '-1' is out of range: "
            "a duration is between 0 and a year (see 'tcpgoon run --help')",
        ),
        ("-i 0 host 80", "the interval is 0.0 s: it must be above 0, and a year at most"),
        ("-s 10 --rate 5 host 80", "-s, --rate and --ramp say the same thing: give one of them"),
        ("--ramp 1s --rate 5 host 80", "-s, --rate and --ramp say the same thing: give one of them"),
        ("--ramp 1s -c 0 host 80", "the number of connections is 0: it must be from 1 to 100,000,000"),
        ("--rate 0 host 80", "a rate of 0/s starts nothing: it must be above 0"),
        ("-d 0 host 80", "a dial timeout of 0 fails every dial: it must be above 0"),
        ("--max-dialing 0 host 80", "the number of dials in flight is 0: it must be from 1 to 100,000,000"),
        (
            "--close rudely host 80",
            "Invalid value for '--close': 'rudely' is not one of 'fin', 'reset' (see 'tcpgoon run --help')",
        ),
        (
            "--require handshake<5 host 80",
            "Invalid value for '--require': 'handshake<5': '5' is not a duration: write it like 250ms, 5s or 1m30s "
            "(see 'tcpgoon run --help')",
        ),
        ("--require tls<5s host 80", "'tls < 5s' needs TLS: give --tls"),
        ("--source nowhere:1 host 80", "'nowhere:1' is not an IP address"),
        (
            "--source no/where host 80",
            "'no/where' is not a network: write 10.0.0.0/24 or 2001:db8::/64",
        ),
        ("-6 --source 127.0.0.1 host 80", "target, sources and -4/-6 do not agree: some are IPv4, some are IPv6"),
        ("a b c", "'a b c' is not a target: give HOST PORT or HOST:PORT (see 'tcpgoon run --help')"),
    ],
)
def test_bad_input_is_one_line_and_exit_64(args: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["run", "-y", *args.split()])
    assert caught.value.code == 64
    assert capsys.readouterr() == ("", f"tcpgoon: {line}\n")


def test_no_target_is_exit_64(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["run"])
    assert caught.value.code == 64
    assert capsys.readouterr().err == "tcpgoon: give a target: HOST PORT or HOST:PORT (see 'tcpgoon run --help')\n"


def test_the_family_of_the_sources_is_what_the_name_is_resolved_to(monkeypatch: pytest.MonkeyPatch) -> None:
    families = []

    def resolve(target: Target, family: Family) -> tuple[Endpoint, ...]:
        families.append(family)
        raise ResolutionError("enough seen")

    monkeypatch.setattr(places, "resolve", resolve)
    for flags in ("", "-4", "-6", "--source ::1", "--source 127.0.0.1"):
        with pytest.raises(ResolutionError):
            run_module.run.main(["-y", *flags.split(), "host", "80"], standalone_mode=False)
    assert families == [Family.ANY, Family.IPV4, Family.IPV6, Family.IPV6, Family.IPV4]


def test_the_help_has_its_options_under_headings_and_then_the_probes(capsys: pytest.CaptureFixture[str]) -> None:
    run_module.run.main(["--help"], standalone_mode=False)
    out = capsys.readouterr().out
    headings = [line for line in out.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings == [
        "Load:",
        "Hold:",
        "From where, and to where:",
        "Verdict:",
        "Discovery:",
        "Proof:",
        "What is asked of the application:",
        "TLS:",
        "Options:",
        "Probes:",
        "Examples:",
        "Environment:",
    ]
    probes = out.partition("Probes:\n")[2].partition("\n\n")[0]
    listed = [line.split()[0] for line in probes.splitlines() if line[2:3].strip()]
    assert listed == [probe.spelling(name) for name, probe in named_probes().items()]


def test_a_run_that_asks_nothing_reads_no_probes_and_no_tls() -> None:
    """They are for those who use them: a run starts in no time."""
    code = (
        "import sys\n"
        "here = set(sys.modules)\n"  # whoever measures coverage is here already
        "from tcpgoon.cli import run\n"
        "try:\n    run.run.main(['-y', '-c', '1', 'x..y', '1'], standalone_mode=False)\n"
        "except Exception as exc:\n    print(type(exc).__name__)\n"
        "print([name for name in ('ssl', 'tomllib', 'importlib.resources') if name in set(sys.modules) - here])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("ResolutionError\n[]\n", "")
