"""The schema for editors: it takes what suites may say, refuses what they may not, and never takes more than we do."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcpgoon.options.spelled import converted, converted_by, spelled_options
from tcpgoon.options.suites.kinds import kind_options
from tcpgoon.options.suites.load import TOP
from tcpgoon.options.suites.schema import keys, suite_schema

SCHEMA = jsonschema.Draft7Validator(suite_schema())
KEYS = keys()
OPTIONS = sorted(KEYS.keys() - {"target", "parallel", "kind"})
CHECK = {"name": "db", "target": "db.local:5432"}


def is_valid(suite: Any) -> bool:
    return bool(SCHEMA.is_valid(suite))


def takes(key: str, value: Any) -> bool:
    return bool(jsonschema.Draft7Validator(KEYS[key]).is_valid(value))


def read(key: str, value: Any) -> None:
    if option := kind_options().get(key):
        converted_by(option, value)
    else:
        converted(key.replace("-", "_"), value)


def test_it_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(suite_schema())
    assert tuple(sorted(suite_schema()["properties"])) == tuple(sorted(TOP))


def test_every_key_is_there_and_says_what_it_is() -> None:
    options = (name.replace("_", "-") for name in spelled_options())
    assert KEYS.keys() == {"target", "parallel", "kind", *options, *kind_options()}
    assert [key for key, schema in KEYS.items() if not schema["description"]] == []


@pytest.mark.parametrize(
    "suite",
    [
        {"check": [CHECK]},
        {"name": "x", "defaults": {"connections": 500, "target": "a:1"}, "check": [{"name": "a"}]},
        {"check": [CHECK | {"hold": "1m30s", "require": ["lost = 0"], "parallel": "g", "each": True}]},
        {"check": [CHECK | {"require": "lost = 0", "parallel": True, "connections": "${N:-5}", "hold": "${HOLD}"}]},
        {"check": [CHECK | {"connections": "1.5m", "rate": "5k/s", "workers": "auto", "close": "reset"}]},
        {"check": [CHECK | {"kind": "capacity", "max": "2k", "precision": "0.5%", "recovery": True}]},
        {"check": [CHECK | {"kind": "soak", "for": "1h"}]},
        {"check": [CHECK | {"family": "IPv4", "tls-min": "1.3", "alpn": ["h2"], "target-pid": 7, "sleep": "0s"}]},
    ],
)
def test_what_a_suite_may_say(suite: dict[str, Any]) -> None:
    SCHEMA.validate(suite)


@pytest.mark.parametrize(
    "suite",
    [
        {},
        {"check": []},
        {"check": [{"target": "a:1"}]},
        {"check": [CHECK], "checks": []},
        {"check": [CHECK], "name": " "},
        {"check": [CHECK], "defaults": {"name": "x"}},
        {"check": [CHECK | {"requirements": []}]},
        {"check": [CHECK | {"dial_timeout": "3s"}]},
        {"check": [CHECK | {"hold": 30}]},
        {"check": [CHECK | {"hold": "30"}]},
        {"check": [CHECK | {"hold": "30 s"}]},
        {"check": [CHECK | {"connections": "many"}]},
        {"check": [CHECK | {"connections": 0}]},
        {"check": [CHECK | {"close": "politely"}]},
        {"check": [CHECK | {"each": "yes"}]},
        {"check": [CHECK | {"require": [3]}]},
        {"check": [CHECK | {"parallel": ""}]},
        {"check": [CHECK | {"kind": "limit"}]},
        {"check": [CHECK | {"kind": "soak", "for": 30}]},
    ],
)
def test_what_it_may_not(suite: dict[str, Any]) -> None:
    assert not is_valid(suite)


@pytest.mark.parametrize("key", OPTIONS)
def test_the_default_of_each_option_is_valid(key: str) -> None:
    schema = KEYS[key]
    assert "default" not in schema or takes(key, schema["default"])


SCALARS = (
    st.booleans()
    | st.integers(-3, 10**19)
    | st.floats(-1, 1e6)
    | st.sampled_from(["fin", "reset", "served", "auto", "1.3", "IPv6", "random", "banner", "peak", "v1", "lost = 0"])
    | st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,7})?(k|M|ms|s|us|h)?(/s|/min|5s)?", fullmatch=True)
)


@pytest.mark.parametrize("key", [key for key in OPTIONS if KEYS[key].get("type") != "string"])
@given(value=SCALARS | st.lists(SCALARS, max_size=2))
@settings(max_examples=25)
def test_what_it_takes_is_of_a_form_that_we_take(key: str, value: Any) -> None:
    if key == "require" and value != "lost = 0" and value != ["lost = 0"]:
        return  # the grammar of requirements is not in the schema
    if isinstance(value, float) and value.is_integer():
        return  # to JSON Schema 1.0 is an integer, to TOML it is none
    if takes(key, value):
        read(key, value)


@pytest.mark.parametrize("key", [key for key in OPTIONS if KEYS[key].get("type") == "string"])
def test_texts_are_texts_for_both(key: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert takes(key, str(file))
    read(key, str(file))
