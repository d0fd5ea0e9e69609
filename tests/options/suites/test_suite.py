"""Which checks of a suite are meant, and which may be asked at the same time."""

import pytest

from tcpgoon.errors import UsageError
from tcpgoon.options.spelled import spelled
from tcpgoon.options.suites.suite import Check, Suite, name_of_part

ASKED = spelled("db.local:5432", {})


def suite(**parallel: bool | str) -> Suite:
    return Suite("tcpgoon.toml", tuple(Check(name, ASKED, how) for name, how in parallel.items()))


ABC = suite(db=False, web=False, web_2=False)


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ((), ["db", "web", "web_2"]),
        (("web",), ["web"]),
        (("web*",), ["web", "web_2"]),
        (("web_?", "db"), ["db", "web_2"]),
        (("[dw]*b",), ["db", "web"]),
    ],
)
def test_some_are_chosen_in_their_order(patterns: tuple[str, ...], names: list[str]) -> None:
    assert [check.name for check in ABC.only(patterns).checks] == names


def test_a_name_may_have_what_patterns_have() -> None:
    odd = suite(**{"a[1]": False, "a1": False})
    assert [check.name for check in odd.only(["a[1]"]).checks] == ["a[1]", "a1"]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("wbe", "tcpgoon.toml has no check 'wbe'; did you mean web?"),
        ("WEB", "tcpgoon.toml has no check 'WEB'; did you mean web or web_2?"),
        ("x*", "tcpgoon.toml has no check 'x*'"),
    ],
)
def test_a_name_that_is_none_is_refused(pattern: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        ABC.only(["web", pattern])
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("marks", "groups"),
    [
        ((False, False), ["a", "b"]),
        ((True, True, False, True), ["ab", "c", "d"]),
        (("x", "x", "y", "x"), ["ab", "c", "d"]),
        ((True, "x", "x"), ["a", "bc"]),
        ((True,), ["a"]),
    ],
)
def test_neighbours_that_say_the_same_are_together(marks: tuple[bool | str, ...], groups: list[str]) -> None:
    found = suite(**dict(zip("abcd", marks, strict=False))).groups
    assert ["".join(check.name for check in group) for group in found] == groups


def test_the_name_of_a_part() -> None:
    assert name_of_part("db", "db-1") == "db / db-1"
