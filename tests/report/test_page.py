"""The pages about findings, as the package has them."""

from pathlib import Path

import pytest

from tcpgoon.judge.codes import TITLES
from tcpgoon.report.page import page, without_links_to_files

DOCS = Path(__file__).parents[2] / "docs" / "findings"


@pytest.mark.parametrize("code", TITLES)
def test_the_package_has_the_page_of_the_documentation(code: str) -> None:
    assert page(code) == (DOCS / f"{code}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("markdown", "without"),
    [
        ("see [TG205](TG205.md), or [this](https://example.org/a)", "see TG205, or [this](https://example.org/a)"),
        (
            "- **[TG301](TG301.md), a queue:** [the *verdict*](../verdict.md#held)",
            "- **TG301, a queue:** the *verdict*",
        ),
        ("[plain](http://example.org) [1] (2)", "[plain](http://example.org) [1] (2)"),
    ],
)
def test_links_to_files_become_their_text(markdown: str, without: str) -> None:
    assert without_links_to_files(markdown) == without
