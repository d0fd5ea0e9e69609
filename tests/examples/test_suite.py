"""The suite to copy, and those on the page about suites: they are loaded, and the schema for editors takes them."""

import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from tcpgoon.errors import UsageError
from tcpgoon.options.suites.load import load_suite
from tcpgoon.options.suites.schema import suite_schema
from tests.examples.files import REPOSITORY, SUITE

PAGE = (REPOSITORY / "docs" / "howto" / "suites.md").read_text()
SUITES = [SUITE.read_text(), *re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)]


@pytest.mark.parametrize("text", SUITES)
def test_they_are_suites(text: str, tmp_path: Path) -> None:
    file = tmp_path / "tcpgoon.toml"
    file.write_text(text)
    assert load_suite(file, {}).checks[0].name.startswith("checkout")
    jsonschema.validate(tomllib.loads(text), suite_schema())


def test_the_example_takes_its_hosts_from_the_environment() -> None:
    suite = load_suite(SUITE, {"DB": "db-2.local"})
    assert suite.name == "acceptance"
    assert [str(check.asked.target) for check in suite.checks] == [
        "checkout.acceptance:8080",
        "checkout.acceptance:8080",
        "db-2.local:5432",
        "cache.acceptance:6379",
        "mail.acceptance:25",
    ]
    assert [[check.name for check in group] for group in suite.groups] == [
        ["checkout"],
        ["checkout, how many"],
        ["db"],
        ["cache", "mail"],
    ]


def test_the_page_shows_the_faults_as_they_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    wrong = "[[check]]\nname = 'db'\ntarget = 'db:1'\nhold = 3\nrequirements = []\n"
    Path("tcpgoon.toml").write_text(wrong)
    with pytest.raises(UsageError) as caught:
        load_suite(Path("tcpgoon.toml"), {})
    assert f"tcpgoon: {caught.value}\n" in PAGE
