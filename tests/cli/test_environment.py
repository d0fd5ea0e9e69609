"""Every flag can be given by the environment; the command line comes first; what is mistyped is refused."""

from collections.abc import Callable
from typing import Any

import click
import pytest
from click.core import ParameterSource

from tcpgoon.cli.environment import OVERRULED, Environment, flag_of, is_switch, says, variables
from tcpgoon.cli.main import COMMANDS, commands, main
from tcpgoon.discovery.terms import PASSWORD
from tcpgoon.plan.endpoint import Family
from tcpgoon.server import ServerConfig, ServerProcess
from tests.cli.asked import asked, run_nothing, whole_command


def command_of(name: str) -> click.Command:
    found = commands.get_command(whole_command(), name)
    assert found
    return found


ALL = [(name, variable) for name in COMMANDS for variable in variables(command_of(name))]


def context(name: str, *words: str) -> click.Context:
    command = command_of(name)
    needed = [__file__ for param in command.params if isinstance(param, click.Argument) and param.required]
    made = command.make_context(name, [*words, *needed], parent=whole_command())
    assert isinstance(made, Environment)
    return made


def leave(*words: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(words))
    assert isinstance(caught.value.code, int)
    return caught.value.code


def example(option: click.Option) -> str:
    """A value that the command line would take, and that is not the default."""
    if option.is_bool_flag:
        return "no" if option.default is True else "yes"
    if is_switch(option):
        return str(option.flag_value)
    if isinstance(option.type, click.Choice):
        return str(option.type.choices[-1])
    if isinstance(option.type, click.Path):
        return __file__
    written = {"rate": "7/s", "duration": "7s", "requirement": "lost = 7", "text": "seven", "percentage": "7%"}
    return written.get(option.type.name, "7")


def words_of(option: click.Option) -> tuple[str, ...]:
    if option.is_bool_flag:
        return (flag_of(option) if example(option) == "yes" else option.secondary_opts[0],)
    return (flag_of(option),) if is_switch(option) else (flag_of(option), example(option))


@pytest.mark.parametrize(("name", "variable"), ALL)
def test_each_variable_does_what_its_flag_does(name: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    option = variables(command_of(name))[variable][0]
    expected = context(name, *words_of(option)).params
    assert expected != context(name).params
    monkeypatch.setenv(variable, example(option))
    from_environment = context(name)
    assert from_environment.params == expected
    assert from_environment.get_parameter_source(option.name) is ParameterSource.DEFAULT_MAP


@pytest.mark.parametrize(("name", "variable"), ALL)
def test_the_command_line_comes_first(name: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    option = variables(command_of(name))[variable][0]
    monkeypatch.setenv(variable, "what nobody understands")
    assert context(name, *words_of(option)).params[option.name] is not None


@pytest.mark.parametrize(("name", "variable"), ALL)
def test_an_empty_variable_is_none(name: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = context(name).params
    monkeypatch.setenv(variable, "")
    assert context(name).params == expected


def test_every_flag_has_a_variable() -> None:
    options = [
        (name, param)
        for name in COMMANDS
        for param in command_of(name).params
        if isinstance(param, click.Option) and not param.hidden
    ]
    having = [(name, flag) for name in COMMANDS for flags in variables(command_of(name)).values() for flag in flags]
    assert having == options


def test_a_variable_means_the_same_to_each_command_that_has_it() -> None:
    """Where this fails a flag of the new command means something else: see OWN_NAMES."""
    kinds: dict[str, set[object]] = {}
    for name, variable in ALL:
        flags = variables(command_of(name))[variable]
        kinds.setdefault(variable, set()).add(
            tuple((str(flag.type.to_info_dict()), flag.multiple, flag.is_flag, flag.name) for flag in flags)
        )
    assert {variable: kind for variable, kind in kinds.items() if len(kind) > 1} == {}


def test_their_names() -> None:
    assert {"TCPGOON_CONNECTIONS", "TCPGOON_RATE", "TCPGOON_DIAL_TIMEOUT", "TCPGOON_FAMILY", "TCPGOON_CANARY"} <= set(
        variables(command_of("run"))
    )
    assert "TCPGOON_SERVER_WORKERS" in variables(command_of("server"))
    assert "TCPGOON_RESOLVE_OUTPUT" in variables(command_of("resolve"))
    assert PASSWORD not in {variable for _, variable in ALL}


@pytest.mark.parametrize("separated", ["lost = 0; peak >= 99%", "lost = 0\npeak >= 99%\n", " lost = 0 ;;peak >= 99%;"])
def test_several_values(separated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TCPGOON_REQUIRE", separated)
    assert [str(one) for one in context("run").params["requirements"]] == ["lost = 0", "peak >= 99%"]


def test_a_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TCPGOON_FAMILY", "ipv6")
    assert context("run").params["family"] == Family.IPV6.value
    assert context("run", "-4").params["family"] == Family.IPV4.value


OTHER_FLAG: list[tuple[str, str, list[str], dict[str, Any]]] = [
    ("TCPGOON_RATE", "5/s", ["-s", "0"], {"sleep": 0.0, "rate": None}),
    ("TCPGOON_RAMP", "5s", ["-s", "0"], {"sleep": 0.0, "ramp": None}),
    ("TCPGOON_SLEEP", "5", ["--rate", "7/s"], {"sleep": None, "rate": 7.0}),
    ("TCPGOON_RAMP", "5s", ["--rate", "7/s"], {"ramp": None, "rate": 7.0}),
    ("TCPGOON_RATE", "5/s", ["--ramp", "7s"], {"rate": None, "ramp": 7.0}),
    ("TCPGOON_SLEEP", "5", ["--ramp", "7s"], {"sleep": None, "ramp": 7.0}),
    ("TCPGOON_SEND", "x", ["--probe", "http"], {"send": None, "probe": "http"}),
    ("TCPGOON_EXPECT", "x", ["--probe", "http"], {"expect": None, "probe": "http"}),
    ("TCPGOON_EXPECT", "x", ["--send", "y"], {"expect": "x", "send": "y"}),
    ("TCPGOON_PROBE", "http", ["--send", "y"], {"probe": None, "send": "y"}),
    ("TCPGOON_PROBE", "http", ["--expect", "y"], {"probe": None, "expect": "y"}),
    ("TCPGOON_EACH", "1", ["--pick", "first"], {"each": False, "pick": "first"}),
    ("TCPGOON_SPREAD", "1", ["--pick", "first"], {"spread": False, "pick": "first"}),
    ("TCPGOON_SEED", "1", ["--pick", "first"], {"seed": None, "pick": "first"}),
    ("TCPGOON_SEED", "1", ["--pick", "random"], {"seed": 1, "pick": "random"}),
    ("TCPGOON_PICK", "first", ["--each"], {"each": True, "pick": None}),
    ("TCPGOON_SPREAD", "1", ["--each"], {"each": True, "spread": False}),
    ("TCPGOON_PICK", "first", ["--spread"], {"spread": True, "pick": None}),
    ("TCPGOON_EACH", "1", ["--spread"], {"spread": True, "each": False}),
    ("TCPGOON_CANARY_EVERY", "5s", ["--no-canary"], {"canary": False, "canary_every": 1.0}),
    ("TCPGOON_CANARY_EVERY", "5s", ["--canary"], {"canary": True, "canary_every": 5.0}),
    ("TCPGOON_CANARY", "no", ["--canary-every", "5s"], {"canary": None, "canary_every": 5.0}),
    ("TCPGOON_QUIET", "1", ["--plain"], {"quiet": False, "plain": True}),
    ("TCPGOON_PLAIN", "1", ["-q"], {"quiet": True, "plain": False}),
    ("TCPGOON_CONFIRM_EVERY", "5s", ["--assurance", "handshake"], {"confirm_every": None}),
    ("TCPGOON_CONFIRM_RATE", "5/s", ["--assurance", "handshake"], {"confirm_rate": 20_000.0}),
    ("TCPGOON_CONFIRM_RATE", "5/s", ["--assurance", "served"], {"confirm_rate": 5.0}),
    ("TCPGOON_REGISTRY_TIMEOUT", "5s", ["localhost", "80"], {"registry_timeout": 10.0}),
    ("TCPGOON_REGISTRY_TIMEOUT", "5s", ["localhost:80"], {"registry_timeout": 10.0}),
    ("TCPGOON_REGISTRY_TIMEOUT", "5s", ["srv://a.test"], {"registry_timeout": 5.0}),
]


@pytest.mark.parametrize(("variable", "value", "words", "expected"), OTHER_FLAG)
def test_the_command_line_comes_first_where_another_flag_says_the_same(
    variable: str, value: str, words: list[str], expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    params = context("run", *words).params
    assert {name: params[name] for name in expected} == expected


def test_what_is_overruled_are_parameters() -> None:
    known = {param.name for param in command_of("run").params}
    assert {name for rule in OVERRULED for name in (rule.name, *rule.those)} <= known


def test_a_run_is_as_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    run_nothing(monkeypatch)
    command_of("run")  # from here on it looks at the environment
    monkeypatch.setenv("TCPGOON_CONNECTIONS", "2k")
    monkeypatch.setenv("TCPGOON_TLS", "true")
    plan = asked("localhost", "80").plan
    assert (plan.connections, plan.tls is not None) == (2000, True)


REFUSED: list[tuple[dict[str, str], list[str], str]] = [
    (
        {"TCPGOON_RATE": "soon"},
        ["localhost:80"],
        "Invalid value for '--rate': 'soon' is not a rate: write it like 100/s, 5k/s or 600/min (--rate is from "
        "TCPGOON_RATE) (see 'tcpgoon run --help')",
    ),
    (
        {"TCPGOON_FAMILY": "ipv5\x1b"},
        ["localhost:80"],
        "TCPGOON_FAMILY is 'ipv5\\x1b': it must be IPv4 or IPv6",
    ),
    (
        {"TCPGOON_SEED": "7"},
        ["localhost:80"],
        "--seed makes a random choice repeatable: give --pick random too (--seed is from TCPGOON_SEED)",
    ),
    (
        {"TCPGOON_CANARY": "no", "TCPGOON_CANARY_EVERY": "2s"},
        ["localhost:80"],
        "--canary-every says how often newcomers knock, and --no-canary that none does: give one of them "
        "(--canary is from TCPGOON_CANARY, --canary-every is from TCPGOON_CANARY_EVERY)",
    ),
    (
        {"TCPGOON_RATE": "1/s", "TCPGOON_RAMP": "1s"},
        ["localhost:80"],
        "-s, --rate and --ramp say the same thing: give one of them (--rate is from TCPGOON_RATE, --ramp is from "
        "TCPGOON_RAMP)",
    ),
    (
        {"TCPGOON_CONNECTIONS": "0"},
        ["localhost:80"],
        "the number of connections is 0: it must be from 1 to 100,000,000 (--connections is from TCPGOON_CONNECTIONS)",
    ),
    (
        {"TCPGOON_REQIURE": "lost = 0"},
        ["localhost:80"],
        "there is no variable TCPGOON_REQIURE: did you mean TCPGOON_REQUIRE?",
    ),
    (
        {"TCPGOON_SERVER_PROT": "80"},
        ["localhost:80"],
        "there is no variable TCPGOON_SERVER_PROT: did you mean TCPGOON_SERVER_PORT?",
    ),
]


@pytest.mark.parametrize(("variables", "words", "said"), REFUSED)
def test_what_is_wrong_is_one_line_that_names_the_variable(
    variables: dict[str, str],
    words: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert leave(*words) == 64
    assert capsys.readouterr() == ("", f"tcpgoon: {said}\n")


@pytest.mark.parametrize(("variable", "value"), [("TCPGOON_FAMILY", "ipv5"), ("TCPGOON_RATE", "x")])
def test_help_is_there_whatever_the_environment_says(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, value)
    assert leave("run", "--help") == 0
    assert capsys.readouterr().out.startswith("Usage: tcpgoon run")


@pytest.fixture
def declined() -> Callable[..., int]:
    """A run that would dial: nobody is there to agree to it."""
    return lambda: leave("run", "127.0.0.1:9")


NO_TERMINAL = "tcpgoon: there is no terminal to ask for confirmation on: give -y to run without being asked\n"


def test_what_means_nothing_is_said_and_does_nothing(
    declined: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TCPGOON_IMAGE", "tcpgoon:2")
    assert declined() == 1
    assert capsys.readouterr().err == f"tcpgoon: the variable TCPGOON_IMAGE means nothing to tcpgoon\n{NO_TERMINAL}"


@pytest.mark.parametrize(
    "variable",
    [
        "TCPGOON_SERVICE_HOST",
        "TCPGOON_SERVICE_PORT",
        "TCPGOON_SERVICE_PORT_HTTP",
        "TCPGOON_PORT",
        "TCPGOON_PORT_80_TCP",
        "TCPGOON_PORT_80_TCP_ADDR",
        "TCPGOON_TARGET_PORT",
        "TCPGOON_WORKERS",
        PASSWORD,
    ],
)
def test_what_a_cluster_sets_and_what_is_ours_is_no_mistake(
    variable: str, declined: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, "1")
    assert declined() == 1
    assert capsys.readouterr().err == NO_TERMINAL


def test_a_service_called_tcpgoon_server_is_no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TCPGOON_SERVER_PORT", "tcp://10.96.0.1:80")
    assert context("server").params["port"] == 0
    monkeypatch.setenv("TCPGOON_SERVER_PORT", "8080")
    assert context("server").params["port"] == 8080


def test_commands_without_flags_do_not_look(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TCPGOON_CONECTIONS", "5")
    assert leave("version") == 0
    assert capsys.readouterr().err == ""


def test_a_server_of_our_own_is_as_its_knobs_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TCPGOON_SERVER_HOST", "192.0.2.1")
    with ServerProcess(ServerConfig()) as server:
        assert server.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("text", "flag", "named"),
    [
        ("--rate and --ramp", "--rate", True),
        ("--no-canary is", "--canary", True),
        ("--canary-every is", "--canary", False),
        ("give --probe", "--probe-at", False),
        ("a rate", "--rate", False),
        ("-4/-6 do not agree", "-4", True),
    ],
)
def test_whether_a_flag_is_named(text: str, flag: str, named: bool) -> None:
    assert says(text, flag) is named
