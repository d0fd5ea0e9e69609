"""The manual pages are those of the commands as they are, and readers of such pages have nothing to say about them."""

import os
import subprocess
from collections.abc import Callable

import pytest

from scripts.manual import FOLDER, escaped, flag, metavars, pages

PAGES = sorted(pages())


def test_the_pages_are_up_to_date() -> None:
    """Where this fails: make man."""
    assert {path.name: path.read_text() for path in FOLDER.iterdir()} == pages()


@pytest.mark.requires("mandoc")
@pytest.mark.parametrize("name", PAGES)
def test_mandoc_has_nothing_to_say(name: str, program: Callable[[str], str]) -> None:
    done = subprocess.run(
        [program("mandoc"), "-Tlint", "-Wwarning", FOLDER / name], capture_output=True, text=True, timeout=60
    )
    # A page without a date is the same whenever it is made.
    assert [line for line in done.stdout.splitlines() if "missing date" not in line] == []


@pytest.mark.requires("man", "groff")
@pytest.mark.parametrize("name", PAGES)
def test_man_shows_it_without_a_warning(name: str, program: Callable[[str], str]) -> None:
    env = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"}
    done = subprocess.run(
        [program("man"), "--warnings", "-l", FOLDER / name], capture_output=True, text=True, timeout=60, env=env
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(name.removesuffix(".1").upper())


@pytest.mark.parametrize(
    ("text", "expected"),
    [(r"\r, \n", r"\er, \en"), (".netrc is", r"\&.netrc is"), ("'a' b", r"\&'a' b"), ("a\n  b", "a b")],
)
def test_what_means_something_to_roff(text: str, expected: str) -> None:
    assert escaped(text) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("-c, --connections NUMBER", r"\-c, \-\-connections \fINUMBER"),
        ("--close [fin|reset]", r"\-\-close \fI[fin|reset]"),
        ("--tls-verify / --no-tls-verify", r"\-\-tls\-verify / \-\-no\-tls\-verify"),
        ("-4", r"\-4"),
    ],
)
def test_the_value_of_a_flag_is_set_off(spec: str, expected: str) -> None:
    assert metavars(flag(spec)) == expected
