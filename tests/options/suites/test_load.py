"""A file becomes a suite, or a list of all that is wrong with it."""

from pathlib import Path

import pytest

from tcpgoon.errors import UsageError
from tcpgoon.options.suites.load import MOST_SAID, load_suite
from tcpgoon.options.suites.suite import Suite
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.pacing import ConstantRate
from tcpgoon.plan.requirements import parse_requirement

SECRET = "hunter2'\n"
ENVIRONMENT = {"DB": "db.local", "PASSWORD": SECRET, "MANY": "many"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(text: str, name: str = "tcpgoon.toml") -> Suite:
    Path(name).write_text(text)
    return load_suite(Path(name), ENVIRONMENT)


def faults(text: str, name: str = "tcpgoon.toml") -> list[str]:
    with pytest.raises(UsageError) as caught:
        load(text, name)
    return str(caught.value).splitlines()


WHOLE = """
name = "acceptance"
[defaults]
connections = 500
hold = "30s"
ramp = "1s"
[[check]]
name = "db"
target = "${DB}:5432"
probe = "postgres"
require = ["p99 establishment < 50ms", "lost = 0"]
parallel = "stores"
[[check]]
name = "web"
target = "web.local:80"
connections = "10k"
rate = "5k/s"
parallel = true
dial-timeout = "2s"
"""


def test_a_suite(folder: Path) -> None:
    suite = load(WHOLE)
    db, web = suite.checks
    assert (suite.name, suite.note) == ("acceptance", "")
    assert [(check.name, check.parallel) for check in suite.checks] == [("db", "stores"), ("web", True)]
    plan = db.asked.draft
    assert (plan.target, plan.connections, plan.hold_s) == (Target("db.local", 5432), 500, 30.0)
    assert plan.pacing == ConstantRate(1 / 500)
    assert plan.probe
    assert plan.probe.name == "postgres"
    assert plan.requirements == (parse_requirement("p99 establishment < 50ms"), parse_requirement("lost = 0"))
    plan = web.asked.draft
    assert (plan.connections, plan.pacing, plan.dial_timeout_s) == (10_000, ConstantRate(1 / 5_000), 2.0)


def test_a_suite_in_pyproject_toml(folder: Path) -> None:
    suite = load('[project]\nname = "x"\n[[tool.tcpgoon.check]]\nname = "a"\ntarget = "b:1"\n', "pyproject.toml")
    assert [(check.name, check.asked.target) for check in suite.checks] == [("a", Target("b", 1))]
    assert suite.name == "pyproject.toml"


def test_a_default_target(folder: Path) -> None:
    (check,) = load('[defaults]\ntarget = "b:1"\nparallel = true\n[[check]]\nname = "a"\n').checks
    assert (check.asked.target, check.parallel) == (Target("b", 1), True)


@pytest.mark.parametrize(
    ("default", "own"),
    [
        ('probe = "banner"', 'send = "PING"'),
        ('send = "PING"\nexpect = "PONG"', 'probe = "banner"'),
        ('tls-name = "x"\nprobe-timeout = "2s"\ncanary-every = "200ms"', 'send = "x"'),
        ('confirm-every = "1s"', 'assurance = "handshake"'),
        ('canary-every = "100ms"', "canary = false"),
        ('pick = "random"\nseed = 3', 'pick = "first"'),
    ],
)
def test_a_default_that_means_nothing_beside_what_a_check_says_is_no_fault(
    folder: Path, default: str, own: str
) -> None:
    assert load(f'[defaults]\n{default}\n[[check]]\nname = "a"\ntarget = "b:1"\n{own}\n').checks


def test_a_default_of_how_often_newcomers_knock_wants_them(folder: Path) -> None:
    (check,) = load('[defaults]\ncanary-every = "1s"\n[[check]]\nname = "a"\ntarget = "b:1"\n').checks
    assert check.asked.draft.canary is True


def test_files_are_found_beside_the_suite(folder: Path) -> None:
    (folder / "ci").mkdir()
    (folder / "ci/request").write_text("PING")
    (folder / "ci/ca.pem").write_text("")
    text = '[[check]]\nname="a"\ntarget="file://hosts"\neach=true\nsend="@request"\ntls=true\nca="ca.pem"\n'
    (check,) = load(text, "ci/tcpgoon.toml").checks
    assert str(check.asked.target) == "file://ci/hosts"
    plan = check.asked.draft
    assert plan.probe
    assert plan.probe.payload == b"PING"
    assert plan.tls
    assert plan.tls.ca == "ci/ca.pem"
    absolute = f'[[check]]\nname="a"\ntarget="file:///hosts"\nsend="@{folder}/ci/request"\n'
    (check,) = load(absolute, "ci/tcpgoon.toml").checks
    assert str(check.asked.target) == "file:///hosts"


def test_all_faults_are_said_at_once_each_with_its_line(folder: Path) -> None:
    text = """\
nam = "x"
name = 3
[defaults]
hold = 30
name = "all"
[[check]]
name = "db"
target = "db.local"
requirements = ["lost = 0"]
dial_timeout = "3s"
[[check]]
name = "db"
target = "${NOWHERE}:1"
hold = "10"
require = [
  "lost = 0",
  "p98 established",
]
parallel = 3
[[check]]
connections = 1.5
each = "yes"
"""
    assert faults(text) == [
        "16 things are wrong with this suite:",
        "tcpgoon.toml:1: nam: a suite has no such key; did you mean name?; it has name, defaults, check",
        "tcpgoon.toml:2: name: 3 is not a name",
        "tcpgoon.toml:4: defaults.hold: 30 is not a duration with its unit, such as '5s' or '250ms'",
        "tcpgoon.toml:5: defaults.name: a name is of one check alone",
        "tcpgoon.toml:8: check[0].target of 'db': 'db.local' has no port; write host:port, [v6]:port or tcp://host:port",
        "tcpgoon.toml:9: check[0].requirements of 'db': a check has no such key; did you mean require?",
        "tcpgoon.toml:10: check[0].dial_timeout of 'db': a check has no such key; did you mean dial-timeout or "
        "registry-timeout or probe-timeout?",
        "tcpgoon.toml:12: check[1].name: 'db' is the name of check[0], too",
        "tcpgoon.toml:13: check[1].target of 'db': the environment variable NOWHERE is not set: set it, or write "
        "${NOWHERE:-default}",
        "tcpgoon.toml:14: check[1].hold of 'db': '10' is not a duration with its unit, such as '5s' or '250ms'",
        "tcpgoon.toml:15: check[1].require of 'db': 'p98 established' is no requirement: write it like 'established >= "
        "99.9%', 'p99 establishment < 50ms' or 'lost = 0'",
        "tcpgoon.toml:19: check[1].parallel of 'db': 3 is neither true, nor false, nor the name of a group",
        "tcpgoon.toml:20: check[2]: this check has no name",
        "tcpgoon.toml:20: check[2]: this check has no target",
        "tcpgoon.toml:21: check[2].connections: 1.5 is not a whole number, or a text",
        "tcpgoon.toml:22: check[2].each: 'yes' is not true or false",
    ]


ONE = '[[check]]\nname = "a"\ntarget = "b:1"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "tcpgoon.toml:1: check: there are no checks: write [[check]] above the keys of each"),
        ("check = []", "tcpgoon.toml:1: check: there are no checks: write [[check]] above the keys of each"),
        ("[check]", "tcpgoon.toml:1: check: there are no checks: write [[check]] above the keys of each"),
        ("check = [3]", "tcpgoon.toml:1: check[0]: a check is a table: write [[check]] above its keys"),
        (f"defaults = 3\n{ONE}", "tcpgoon.toml:1: defaults: the defaults are a table: write [defaults] above its keys"),
        (f'name = " "\n{ONE}', "tcpgoon.toml:1: name: ' ' is not a name"),
        (
            f"{ONE}probe-timeout = '1s'",
            "tcpgoon.toml:4: check[0].probe-timeout of 'a': probe-timeout says how the application is asked: give "
            "probe, send, expect or tls too",
        ),
        (
            f"{ONE}sleep = '1s'\nrate = 10",
            "tcpgoon.toml:4: check[0].sleep of 'a': sleep, rate and ramp say the same thing: give one of them",
        ),
        (
            f"{ONE}connections = 0",
            "tcpgoon.toml:4: check[0].connections of 'a': the number of connections is 0: it must be from 1 to "
            "100,000,000",
        ),
        (
            f"{ONE}hold = 1979-05-27",
            "tcpgoon.toml:4: check[0].hold of 'a': datetime.date(1979, 5, 27) is not a duration with its unit, such as "
            "'5s' or '250ms'",
        ),
        (
            f'{ONE}ca = "\\u0000"\ntls = true',
            r"tcpgoon.toml:4: check[0].ca of 'a': '\x00' is not the name of a file",
        ),
        (
            f'{ONE}send = "@\\u0000"',
            r"tcpgoon.toml:4: check[0].send of 'a': send: '\x00' cannot be read: embedded null byte",
        ),
        (f"{ONE}ca = 'none.pem'\ntls = true", "tcpgoon.toml:4: check[0].ca of 'a': Path 'none.pem' does not exist"),
        (f'{ONE}connections = "${{MANY}}"', None),
        ('[[check]]\nname = ""\ntarget = "b:1"', "tcpgoon.toml:2: check[0].name: '' is not a name"),
        ('[[check]]\nname = 3\ntarget = "b:1"', "tcpgoon.toml:2: check[0].name: 3 is not a name"),
        (
            '[[check]]\nname = "a\\u001b[2J"\ntarget = "b:1"',
            "tcpgoon.toml:2: check[0].name: a name is one line of at most 100 characters",
        ),
        (
            '[[check]]\nname = "a / b"\ntarget = "b:1"',
            "tcpgoon.toml:2: check[0].name: 'a / b' has ' / ' in it, which stands before the name of an instance",
        ),
        (
            '[[check]]\nname = "a"\ntarget = "-"',
            "tcpgoon.toml:3: check[0].target of 'a': standard input is no target of a suite: give the name of a file, "
            "as file://targets.txt",
        ),
        (
            '[[check]]\nname = "a"\ntarget = 80',
            "tcpgoon.toml:3: check[0].target of 'a': 80 is not a target: write it like 'db.local:5432'",
        ),
        (f'"\\u001b[2J" = 1\n{ONE}', "tcpgoon.toml:1: \\x1b[2J: a suite has no such key; it has name, defaults, check"),
    ],
)
def test_one_fault_is_one_line(folder: Path, text: str, said: str | None) -> None:
    if said is None:
        said = (
            "tcpgoon.toml:4: check[0].connections of 'a': '${MANY}' is not what this key takes; what MANY holds is not "
            "shown"
        )
    assert faults(text) == [said]


def test_the_line_is_that_of_pyproject_toml(folder: Path) -> None:
    text = '[project]\nname = "x"\n\n[[tool.tcpgoon.check]]\nname = "a"\ntarget = "b:1"\nhold = 3\n'
    assert faults(text, "pyproject.toml") == [
        "pyproject.toml:7: tool.tcpgoon.check[0].hold of 'a': 3 is not a duration with its unit, such as '5s' or "
        "'250ms'"
    ]
    assert faults("[tool]\ntcpgoon = 3\n", "pyproject.toml") == ["pyproject.toml:2: tool.tcpgoon: a suite is a table"]


@pytest.mark.parametrize(
    "line",
    [
        'hold = "${PASSWORD}"',
        'probe = "http:${PASSWORD}"',
        'send = "${PASSWORD}\\\\q"',
        'expect = "(${PASSWORD}"',
        'tls = true\ntls-name = "${PASSWORD}\\u0000"',
        'require = ["${PASSWORD} < 3"]',
        'target = "${PASSWORD}"',
        'source = ["${PASSWORD}"]',
        'pick = "${PASSWORD}"',
        'parallel = "${PASSWORD}"\nhold = "x"',
    ],
)
def test_what_a_variable_holds_is_in_no_message(folder: Path, line: str) -> None:
    head = '[[check]]\nname = "a"\n' + ("" if line.startswith("target") else 'target = "127.0.0.1:1"\n')
    said = "\n".join(faults(head + line + "\n"))
    assert "hunter2" not in said
    assert "tcpgoon.toml:" in said


def test_many_faults_are_counted(folder: Path) -> None:
    said = faults("\n".join(f"a{number} = 1" for number in range(60)) + f"\n{ONE}")
    assert (said[0], len(said), said[-1]) == ("60 things are wrong with this suite:", MOST_SAID + 2, "and 10 more")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ('send = "AUTH ${DB}"', True),
        ('expect = "${DB}"', True),
        ('send = "AUTH"', False),
        ('send = "${NONE:-AUTH}"', False),
        ('send = "AUTH"\ntls-name = "${DB}"\ntls = true', False),
    ],
)
def test_what_a_probe_sends_is_told_to_nobody_where_a_variable_is_in_it(folder: Path, text: str, secret: bool) -> None:
    (check,) = load(f"{ONE}{text}\n").checks
    assert check.asked.is_secret is secret
    (check,) = load(f"[defaults]\n{text}\n{ONE}").checks
    assert check.asked.is_secret is secret
    (check,) = load(f'[defaults]\n{text}\n{ONE}send = "own"\nexpect = "own"\n').checks
    assert not check.asked.is_secret
    (check,) = load(f'[defaults]\n{text}\n{ONE}probe = "banner"\n').checks
    assert not check.asked.is_secret
