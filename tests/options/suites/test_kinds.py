"""Checks that are searches or soaks: what their keys mean, and what is no key of theirs."""

from pathlib import Path

import pytest

from tcpgoon.errors import UsageError
from tcpgoon.options.search import DIAL_TIMEOUT, PROBE_TIMEOUT
from tcpgoon.options.suites.kinds import Kind
from tcpgoon.options.suites.load import load_suite
from tcpgoon.options.suites.suite import Suite
from tcpgoon.plan.search import Search
from tcpgoon.plan.units import parse_duration_s

DEFAULTS = """
[defaults]
connections = 500
hold = "30s"
rate = "1k/s"
canary = false
parallel = true
max = "5k"
for = "1h"
"""


def load(folder: Path, text: str) -> Suite:
    path = folder / "tcpgoon.toml"
    path.write_text(text)
    return load_suite(path, {})


def check(rest: str) -> str:
    return f'[[check]]\nname = "a"\ntarget = "b:1"\n{rest}\n'


def test_a_search_has_its_own_keys_and_no_default_of_a_run(tmp_path: Path) -> None:
    text = check(
        'kind = "capacity"\nfrom = 10\nmax = "2k"\nstep = 100\nprecision = "5%"\nconfirm-hold = "2s"\n'
        'time-limit = "1m"\nat-least = "1k"\nrecovery = true\nprobe = "echo"'
    )
    (found,) = load(tmp_path, DEFAULTS + text).checks
    assert found.kind is Kind.CAPACITY
    assert found.search == Search(
        most=2_000,
        first=10,
        step=100,
        precision=0.05,
        confirm_hold_s=2.0,
        time_limit_s=60.0,
        at_least=1_000,
        recovery=True,
    )
    assert (found.connections, found.parallel) == (2_000, False)
    plan = found.asked.draft
    assert plan.dial_timeout_s == parse_duration_s(DIAL_TIMEOUT)
    assert plan.probe_timeout_s == parse_duration_s(PROBE_TIMEOUT)
    assert plan.connections != 500


def test_a_search_ends_at_ten_thousand_unless_it_says_more(tmp_path: Path) -> None:
    (found,) = load(tmp_path, check('kind = "capacity"')).checks
    assert found.search == Search()
    assert found.connections == 10_000


def test_a_search_takes_how_long_is_waited_from_the_defaults(tmp_path: Path) -> None:
    text = '[defaults]\ndial-timeout = "7s"\nmax = 300\n' + check('kind = "capacity"')
    (found,) = load(tmp_path, text).checks
    assert (found.asked.draft.dial_timeout_s, found.connections) == (7.0, 300)


def test_newcomers_that_are_bounded_are_looked_at(tmp_path: Path) -> None:
    (found,) = load(tmp_path, check('kind = "capacity"\nrequire = "newcomer < 100ms"')).checks
    assert [str(bound) for bound in found.asked.draft.requirements] == ["newcomer < 100ms"]


def test_a_soak_is_a_run_of_some_length(tmp_path: Path) -> None:
    by_default, own, none = load(
        tmp_path,
        DEFAULTS
        + check('kind = "soak"').replace('"a"', '"by default"')
        + check('kind = "soak"\nfor = "2m"').replace('"a"', '"own"')
        + check("").replace('"a"', '"none"'),
    ).checks
    assert [one.kind for one in (by_default, own, none)] == [Kind.SOAK, Kind.SOAK, Kind.RUN]
    assert [one.asked.draft.hold_s for one in (by_default, own, none)] == [3_600.0, 120.0, 30.0]
    assert (own.connections, own.search) == (500, None)


@pytest.mark.parametrize(
    ("rest", "line", "said"),
    [
        ('kind = "kapacity"', 4, "'kapacity' is no kind of check: it is run, capacity or soak; did you mean capacity?"),
        ("kind = 3", 4, "3 is no kind of check"),
        ("max = 100", 4, 'max is a key of kind = "capacity"'),
        ('kind = "soak"\nat-least = 100', 5, 'at-least is a key of kind = "capacity"'),
        ('for = "1h"', 4, 'for is a key of kind = "soak"'),
        ('kind = "capacity"\nfor = "1h"', 5, 'for is a key of kind = "soak"'),
        ('kind = "capacity"\nhold = "1h"', 5, "hold is no key of a search, which paces itself"),
        ('kind = "capacity"\nconnections = 5', 5, "connections is no key of a search, which paces itself"),
        ('kind = "capacity"\nparallel = true', 5, "parallel is no key of a search"),
        ('kind = "capacity"\neach = true', 5, "each is no key of a search"),
        ('kind = "capacity"\nmax = "many"', 5, "many"),
        ('kind = "capacity"\nmax = 5\nfrom = 9', 6, "the number to begin with is 9: it must be from 1 to 5"),
        ('kind = "capacity"\nrequire = "established >= 99%"', 5, "is searched for"),
        ('kind = "soak"\nhold = "1h"', 5, "hold is no key of a soak: for says how long it lasts"),
        ('kind = "soak"\nassurance = "handshake"', 5, "would miss whoever is gone without a word"),
        ('kind = "soak"\nfor = "soon"', 5, "soon"),
    ],
)
def test_what_a_kind_does_not_have_is_a_fault_with_its_line(tmp_path: Path, rest: str, line: int, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, check(rest))
    (fault,) = str(caught.value).splitlines()
    assert said in fault
    assert f"tcpgoon.toml:{line}:" in fault, fault
