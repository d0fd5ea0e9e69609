"""On which line a value stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.options.suites.lines import Lines, Path, spelled_path

TEXT = '''# a suite
name = "x"

[defaults]
hold = "30s"
text = """
[[check]]
name = "not this"
"""

[[check]]
name = "a"
require = [
  "p99 establishment < 50ms",  # a comment with ]
  "lost = 0",
]
[[check]]
"target" = 'b:1'
[ "tool".tcpgoon ]
check = [{ name = "one" }, { name = "two" }]
a.b.c = 3
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("name",), 2),
        (("defaults",), 4),
        (("defaults", "hold"), 5),
        (("defaults", "text"), 6),
        (("check",), 11),
        (("check", 0), 11),
        (("check", 0, "name"), 12),
        (("check", 0, "require"), 13),
        (("check", 0, "require", 1), 13),
        (("check", 1), 17),
        (("check", 1, "target"), 18),
        (("tool",), 19),
        (("tool", "tcpgoon"), 19),
        (("tool", "tcpgoon", "check", 1, "name"), 20),
        (("tool", "tcpgoon", "a", "b", "c"), 21),
        (("check", 1, "hold"), 17),
        (("check", 7), 11),
        (("check", "x"), 11),
        (("name", 3), 2),
        (("nowhere",), 1),
    ],
)
def test_each_value_is_found(path: Path, line: int) -> None:
    assert Lines(TEXT).of(path) == line


@given(st.lists(st.sampled_from(["# c", "", 'k{0} = """\n\\"""\n"""', "k{0} = [\n1,\n]", "[t{0}]", "k{0} = 1"])))
def test_whatever_stands_before_it(parts: list[str]) -> None:
    before = "\n".join(part.format(number) for number, part in enumerate(parts))
    text = f"{before}\n[[check]]\nwanted = 1\n"
    assert Lines(text).of(("check", 0, "wanted")) == before.count("\n") + 3


def test_a_path_as_it_is_said() -> None:
    assert spelled_path(("tool", "tcpgoon", "check", 1, "hold")) == "tool.tcpgoon.check[1].hold"
    assert spelled_path(()) == ""
