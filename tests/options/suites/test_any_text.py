"""Whatever is in a file: a suite, or what is wrong with it; never anything else."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tcpgoon.errors import UsageError
from tcpgoon.options.spelled import spelled_options
from tcpgoon.options.suites.load import load_suite
from tcpgoon.plan.escapes import is_text

KEYS = st.sampled_from(["name", "target", "parallel", *(name.replace("_", "-") for name in spelled_options())])
VALUES = st.sampled_from(
    ["true", "3", "-1", "1.5", "nan", "inf", "1979-05-27", "[]", "[[1]]", "{}", "'10s'", "'5k'", "'first'", "'auto'",
     "'a:1'", "'[::1]:80'", "'file://x'", "'http:/'", "'lost = 0'", "['lost = 0']", "'@/dev/null'", "'/'", "'${A}'",
     "'${B:-3s}'", "'$$'", "'${'", "''", "99999999999999999999", "'\\u0000'", '"\\u0000\\u001b"', "'\u202e'"]
)  # fmt: skip
LINES = st.one_of(
    st.builds("{} = {}".format, KEYS, VALUES),
    st.sampled_from(["[defaults]", "[[check]]", "[check]", "name = 'a'", "target = 'a:1'", "check = 3", "# c", "["]),
)


def loaded(content: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        file.write(content)
        file.flush()
        try:
            load_suite(Path(file.name), {"A": "secret\n"})
        except UsageError as exc:
            said = str(exc)
            assert all(line.isprintable() for line in said.splitlines())
            assert "secret" not in said
            assert is_text(said)


@given(st.lists(LINES, max_size=12))
@settings(max_examples=200)
def test_any_lines(lines: list[str]) -> None:
    loaded("\n".join(["[[check]]", *lines]).encode())


@given(st.binary(max_size=60))
def test_any_bytes(content: bytes) -> None:
    loaded(content)
