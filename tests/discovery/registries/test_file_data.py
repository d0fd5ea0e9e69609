"""Lists of targets in all their forms, and what is said of those that are none."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.discovery.checked import checked
from tcpgoon.discovery.instance import Instance, Listing, Located, Status
from tcpgoon.discovery.registries.file_data import parse
from tcpgoon.discovery.resolution import Found
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError
from tcpgoon.plan.endpoint import Endpoint


def plain(target: str, **fields: Any) -> Instance:
    host, _, port = target.rpartition(":")
    return Instance(id=target, host=host.strip("[]"), port=int(port), **fields)


A, B = plain("192.0.2.1:80"), plain("b.example:8080")


@pytest.mark.parametrize(
    "text",
    [
        "192.0.2.1:80\nb.example:8080\n",
        "  192.0.2.1:80  # the first\n\n# none\n\tb.example:8080",
        "192.0.2.1:80\r\nb.example:8080\r\n",
        "\ufefftcp://192.0.2.1:80/\nb.example:8080",
        "192.0.2.1:80\n192.0.2.1:80\nb.example:8080\nb.example:8080",
        '["192.0.2.1:80", "b.example:8080"]',
        '\n\t ["192.0.2.1:80", "b.example:8080", "192.0.2.1:80"]',
        '[{"host": "192.0.2.1", "port": 80}, {"host": "b.example", "port": 8080, "owner": {"x": [1]}}]',
        '{"instances": ["192.0.2.1:80", {"host": "b.example", "port": 8080}], "more": null}',
        '[{"targets": ["192.0.2.1:80"]}, {"targets": ["b.example:8080"]}]',
        '[{"targets": []}, "192.0.2.1:80", {"targets": ["b.example:8080"], "labels": {}}]',
    ],
)
def test_the_forms(text: str) -> None:
    assert parse(text.encode(), "x") == (A, B)


def test_an_ipv6_address_is_written_with_brackets() -> None:
    (lines,) = parse(b"[2001:db8::1]:80", "x")
    (described,) = parse(b'[{"host": "2001:db8::1", "port": 80}]', "x")
    assert lines == described == plain("[2001:db8::1]:80")


def test_all_fields() -> None:
    fields = {
        "id": "a",
        "host": "a.example",
        "port": 80,
        "status": "OUT_OF_SERVICE",
        "said": "terminating",
        "zone": "eu",
        "metadata": {"x": "y"},
        "priority": 1,
        "weight": 2,
        "addresses": ["192.0.2.1", "nonsense", "2001:db8::1", "fe80::1%\u001b[31m"],
        "others": ["b.example"],
    }
    (found,) = parse(json.dumps([fields]).encode(), "x")
    addresses = ("192.0.2.1", "2001:db8::1")
    expected = fields | {"status": Status.OUT_OF_SERVICE, "addresses": addresses, "others": ("b.example",)}
    assert found == Instance(**expected)  # type: ignore[arg-type]


def test_file_sd_of_prometheus() -> None:
    """Its documentation: a list of groups, each of targets and labels."""
    text = '[{"targets": ["192.0.2.1:80", "b.example:8080"], "labels": {"job": "checkout", "__meta_x": "y"}}]'
    labels = {"job": "checkout", "__meta_x": "y"}
    assert parse(text.encode(), "x") == (
        plain("192.0.2.1:80", metadata=labels),
        plain("b.example:8080", metadata=labels),
    )


def test_two_of_one_id_are_told_apart() -> None:
    targets = [("a", "h", 1), ("a", "h", 2), ("a#2", "i", 1)]
    text = json.dumps([{"id": one, "host": host, "port": port} for one, host, port in targets])
    assert [(one.id, str(one)) for one in parse(text.encode(), "x")] == [("a", "h:1"), ("a#2", "h:2"), ("a#2#2", "i:1")]


def test_the_same_twice_is_one_wherever_it_stands() -> None:
    """Also where it had to be told apart from another."""
    one, two = '{"id": "a", "host": "h", "port": 1}', '{"id": "a", "host": "h", "port": 2}'
    assert [str(found) for found in parse(f"[{one}, {two}, {two}, {one}, {two}]".encode(), "x")] == ["h:1", "h:2"]


def test_ten_thousand_of_one_id() -> None:
    text = json.dumps([{"id": "a", "host": "h", "port": port} for port in range(1, 10_001)])
    assert len({one.id for one in parse(text.encode(), "x")}) == 10_000


def test_more_than_there_may_be() -> None:
    lines = "".join(f"h:{port}\nh:{port}\n" for port in range(1, 1_001)).encode()
    assert len(parse(lines, "x", 1_000)) == 1_000
    with pytest.raises(DiscoveryError, match=r"^x holds more than 999 targets: refused$"):
        parse(lines, "x", 999)
    with pytest.raises(DiscoveryError, match=r"^x holds more than 10,000 targets: refused$"):
        parse("".join(f"h{number}:1\n" for number in range(1_000_000)).encode(), "x")


NO_JSON = "x holds no JSON that lists targets: "


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "x holds no targets: write host:port, one on a line, or JSON"),
        (b"# nothing\n\n", "x holds no targets: write host:port, one on a line, or JSON"),
        (b"[]", "x holds no targets: write host:port, one on a line, or JSON"),
        (b'[{"targets": []}]', "x holds no targets: write host:port, one on a line, or JSON"),
        (b"192.0.2.1:80\nhost\n", "x, line 2: 'host' has no port; write host:port, [v6]:port or tcp://host:port"),
        (b"a:80\x1b[31m", r"x, line 1: '80\x1b[31m' is not a port: ports are 1 to 65535"),
        (b"a:80 b:80", "x, line 1: 'a:80 b:80' is not a target; write host:port, [v6]:port or tcp://host:port"),
        (b"a" * 1_000_000, f"x, line 1: '{'a' * 98}…"),
        (b"\xff\xfea\x00", "x holds no text: byte 1 is not UTF-8"),
        (b"a:80\n\x80", "x holds no text: byte 6 is not UTF-8"),
        (b'["a:80"', f"{NO_JSON}Input data was truncated"),
        (b'["a:80"] x', f"{NO_JSON}JSON is malformed: trailing characters (byte 10)"),
        (b"{}", f"{NO_JSON}Object missing required field `instances`"),
        (b'{"instances": {}}', f"{NO_JSON}Expected `array`, got `object` - at `$.instances`"),
        (b"[" * 1_000_000, None),
        (b'{"instances":' * 1_000_000, None),
        (b"[7]", "x, entry 1: Expected `object`, got `int`"),
        (b"[null]", "x, entry 1: Expected `object`, got `null`"),
        (b'["a:80", ["b:80"]]', "x, entry 2: Expected `object`, got `array`"),
        (b'[{"host": "a"}]', "x, entry 1: Object missing required field `port`"),
        (b'[{"host": "a", "port": "80"}]', "x, entry 1: Expected `int`, got `str` - at `$.port`"),
        (b'[{"host": "a", "port": 80, "status": "up"}]', "x, entry 1: Invalid enum value 'up' - at `$.status`"),
        (b'[{"targets": "a:80"}]', "x, entry 1: Expected `array`, got `str` - at `$.targets`"),
        (b'[{"targets": ["a"]}]', "x, entry 1: 'a' has no port; write host:port, [v6]:port or tcp://host:port"),
        (b'[{"host": "a\\ud800", "port": 80}]', None),
    ],
)
def test_what_is_no_list(data: bytes, text: str | None) -> None:
    with pytest.raises(DiscoveryError) as caught:
        parse(data, "x")
    assert str(caught.value).isprintable()
    assert text is None or str(caught.value) == text


NAMES = st.text("abcXYZ019-.é", min_size=1, max_size=12)
INSTANCES = st.builds(
    Instance,
    id=st.text(min_size=1, max_size=20).filter(lambda text: text[:1] >= "\x00"),
    host=st.text("abc019-.", min_size=1, max_size=12),
    port=st.integers(1, 65_535),
    status=st.sampled_from(Status),
    said=st.text(max_size=300),
    zone=st.text(max_size=300),
    metadata=st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=3),
    priority=st.integers(0, 65_535),
    weight=st.integers(0, 65_535),
    addresses=st.lists(st.ip_addresses().map(str), max_size=3).map(tuple),
    others=st.lists(NAMES, max_size=3).map(tuple),
)


@given(st.lists(INSTANCES, min_size=1, max_size=5, unique_by=lambda one: one.id))
def test_what_is_printed_is_read_back(instances: list[Instance]) -> None:
    """``tcpgoon resolve -o json`` makes a target: with the addresses that were found, whatever was known before."""
    listing = checked(Listing(service="s", registry="r", instances=tuple(instances)), Terms())
    located = tuple(
        Located(instance=one, host=one.host, endpoints=tuple(Endpoint(address, one.port) for address in one.addresses))
        for one in listing.instances
    )
    found = Found(lookup="x://y", service="s", registry="r", instances=located)
    assert parse(json.dumps(found.to_dict()).encode(), "x") == listing.instances


KEYS = st.sampled_from(["instances", "targets", "labels", "host", "port", "id", "metadata"])
PLAIN = st.none() | st.booleans() | st.integers() | st.text()


@given(st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner)))
def test_any_json(value: Any) -> None:
    try:
        found = parse(json.dumps(value).encode(), "x")
    except DiscoveryError as exc:
        assert str(exc).isprintable()  # noqa: PT017
    else:
        assert found


@given(st.text())
def test_any_text(text: str) -> None:
    try:
        found = parse(text.encode("utf-8", "surrogatepass"), "x")
    except DiscoveryError as exc:
        assert str(exc).isprintable()  # noqa: PT017
    else:
        assert all(str(one.target).isprintable() for one in found)
