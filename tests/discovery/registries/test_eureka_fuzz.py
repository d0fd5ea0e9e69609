"""Whatever a Eureka server sends: sense, or one line that says why not."""

import json
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.discovery.instance import Instance
from tcpgoon.discovery.registries import eureka_data
from tcpgoon.discovery.registries.eureka_data import Registered, instance_of, parse
from tcpgoon.errors import DiscoveryError

RECORDED = Path(__file__).parent / "recorded" / "eureka"
ANSWERS = {path.name: path.read_bytes() for path in sorted(RECORDED.iterdir())}


def only_makes_sense_or_says_why(data: bytes) -> None:
    found: tuple[Registered, ...] = ()
    said = ""
    try:
        found = parse(data)
    except DiscoveryError as exc:
        said = str(exc)
    assert said.isprintable()
    for one in found:
        for address in ("", *eureka_data.ADDRESSES):
            for secure in (False, True):
                assert isinstance(instance_of(one, address, secure=secure), Instance)


@given(st.binary())
@example(b'{"application":{"instance":{"port":{"@enabled":{}}}}}')
@example(b"<application><instance><port enabled='true'/></instance></application>")
def test_any_bytes(data: bytes) -> None:
    only_makes_sense_or_says_why(data)


@given(st.data())
def test_any_mutation_of_an_answer(data: st.DataObject) -> None:
    whole = bytearray(ANSWERS[data.draw(st.sampled_from(sorted(ANSWERS)))])
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(whole)))
        end = start + data.draw(st.sampled_from([0, 1, 2, 7, 100, 10_000]))
        piece = st.one_of(
            st.binary(max_size=8), st.sampled_from([b"", b"null", b"{}", b"[[", b"<x>", b'"', b"&lt;", b"</instance>"])
        )
        whole[start:end] = data.draw(piece)
    only_makes_sense_or_says_why(bytes(whole))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
FIELDS = sorted(json.loads(ANSWERS["application.json"])["application"]["instance"][0])


@given(st.dictionaries(st.sampled_from(FIELDS), JSON), st.sampled_from([None, 0, 1]))
def test_any_type_of_any_field(fields: dict[str, object], depth: int | None) -> None:
    instance: object = fields if depth is None else [fields] * depth
    only_makes_sense_or_says_why(json.dumps({"application": {"name": "X", "instance": instance}}).encode())


@given(JSON)
def test_any_json(value: object) -> None:
    for wrapped in (value, {"applications": value}, {"application": value}, {"application": {"instance": value}}):
        only_makes_sense_or_says_why(json.dumps(wrapped).encode())
