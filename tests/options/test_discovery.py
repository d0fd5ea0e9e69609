"""Options → which instances, and on which terms: alone, and where they contradict each other or do nothing."""

from pathlib import Path
from typing import Any

import click
import pytest
import trustme

from tcpgoon.cli.given import given
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import PlanError
from tcpgoon.options.discovery import choice_of, discovery_options, pick_options, terms_of, terms_options
from tcpgoon.plan.choice import Choice
from tcpgoon.plan.endpoint import Family, Target
from tcpgoon.plan.lookup import Lookup, parse_lookup

LOOKUP = parse_lookup("eureka://r/CHECKOUT")
NAME = Target("checkout.local", 80)


EXCLUSIVE = "--pick, --each and --spread exclude each other: one instance, each, or all at once"


def asked(words: str, what: Target | Lookup = LOOKUP) -> tuple[Choice, Terms]:
    @click.command
    @click.option("--spread", is_flag=True)
    @click.option("--target-pid", type=int)
    @discovery_options
    def command(**options: Any) -> tuple[Choice, Terms]:
        return choice_of(what, options), terms_of(what, options, given(options), Family.IPV4)

    found: tuple[Choice, Terms] = command.main(words.split(), standalone_mode=False)
    return found


@pytest.mark.parametrize(
    ("words", "choice"),
    [
        ("", Choice()),
        ("--pick first", Choice(pick="first")),
        ("--pick random --seed 7", Choice(pick="random", seed=7)),
        ("--pick checkout-1", Choice(pick="checkout-1")),
        ("--each", Choice(each=True)),
        ("--spread", Choice(spread=True)),
    ],
)
def test_which_instances(words: str, choice: Choice) -> None:
    assert asked(words)[0] == choice
    assert asked(words, NAME)[0] == choice


def test_terms(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(ca)
    terms = asked("")[1]
    assert (terms.timeout_s, terms.verify, terms.ca, terms.password_file) == (10.0, True, "", "")
    assert (terms.allow_local, terms.family) == (False, Family.IPV4)
    words = f"--registry-timeout 3s --no-registry-verify --registry-ca {ca} --registry-password-file pw --allow-local"
    terms = asked(words)[1]
    assert (terms.timeout_s, terms.verify, terms.ca, terms.password_file) == (3.0, False, str(ca), "pw")
    assert terms.allow_local
    assert 2 < terms.left_s() <= 3


@pytest.mark.parametrize(
    ("words", "what", "line"),
    [
        (
            "--pick random",
            Target("10.0.0.5", 80),
            "--pick chooses among instances, and 10.0.0.5:80 is one address: give a name, or a registry",
        ),
        (
            "--each",
            Target("::1", 80),
            "--each chooses among instances, and [::1]:80 is one address: give a name, or a registry",
        ),
        (
            "--allow-local",
            NAME,
            "--allow-local says how a registry is asked, and checkout.local:80 needs none: give a SCHEME:// target",
        ),
        (
            "--no-registry-verify",
            NAME,
            "--no-registry-verify says how a registry is asked, and checkout.local:80 needs none: "
            "give a SCHEME:// target",
        ),
        ("--registry-timeout 0", LOOKUP, "a registry timeout of 0 leaves no time to ask: it must be above 0"),
        (
            "--registry-ca /no/such",
            LOOKUP,
            "--registry-ca: '/no/such' cannot be used: No such file or directory",
        ),
        (
            "--pick a --each",
            LOOKUP,
            "--pick, --each and --spread exclude each other: one instance, each, or all at once",
        ),
        (
            "--each --target-pid 1",
            LOOKUP,
            "--target-pid is one process, and --each asks several instances: give it with --pick",
        ),
        ("--seed 1", LOOKUP, "--seed makes a random choice repeatable: give --pick random too"),
    ],
)
def test_what_makes_no_sense(words: str, what: Target | Lookup, line: str) -> None:
    with pytest.raises(PlanError) as caught:
        asked(words, what)
    assert str(caught.value) == line


def test_the_commands_have_what_they_need() -> None:
    def names(*decorators: Any) -> list[str]:
        command = click.command(lambda: None)
        for decorate in decorators:
            command = decorate(command)
        return [str(parameter.name) for parameter in command.params]

    terms = ["allow_local", "registry_timeout", "registry_verify", "registry_ca", "registry_password_file"]
    assert sorted(names(terms_options)) == sorted(terms)
    assert sorted(names(pick_options)) == sorted(["pick", "seed", *terms])
    assert sorted(names(discovery_options)) == sorted(["pick", "seed", "each", *terms])
