"""What is fuzzed (``make fuzz``), on what it begins with, on what it has found before, and on some bytes more."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.discovery.sources import BUILT_IN
from tests.fuzz.parsers import PARSERS


def test_each_of_our_sources_is_fuzzed() -> None:
    names = {"k8s": "kubernetes", "dns": "target"}
    assert {names.get(kind, kind) for kind in BUILT_IN} <= set(PARSERS)


@pytest.mark.parametrize("name", PARSERS)
def test_what_it_begins_with(name: str) -> None:
    parser = PARSERS[name]
    assert parser.seeds
    for seed in parser.seeds:
        parser.harness(seed)


@pytest.mark.parametrize("name", PARSERS)
@given(st.binary(max_size=400))
@example(b"\xff")
@example(b"[" * 10_000)
@example(b'{"a":' * 10_000)
@example(b'{"instances":[{"host":"a","port":1,"weight":-1}]}')
@example(b'{"instances":[{"host":"a","port":' + b"9" * 5_000 + b"}]}")
@example(b'{"instances":[{"host":"a\\ud800","port":1}]}')
@example(b'{"instances":[{"host":"\\u009b31m","port":1,"addresses":["192.0.2.1"]}]}')
@example(b'[{"host":"a","port":1,"id":"b"},{"host":"c","port":1,"id":"b"},{"host":"c","port":1,"id":"b"}]')
def test_any_bytes(name: str, data: bytes) -> None:
    PARSERS[name].harness(data)


@pytest.mark.parametrize("name", PARSERS)
@given(st.data())
def test_any_change_of_what_it_begins_with(name: str, data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from(PARSERS[name].seeds))
    at = data.draw(st.integers(0, len(seed)))
    until = data.draw(st.integers(at, min(len(seed), at + 40)))
    PARSERS[name].harness(seed[:at] + data.draw(st.binary(max_size=20)) + seed[until:])
