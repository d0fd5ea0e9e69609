import ipaddress
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcpgoon.errors import PlanError
from tcpgoon.plan.endpoint import (
    Endpoint,
    Family,
    Target,
    family_of,
    family_of_or_none,
    host_port,
    is_address,
    is_loopback,
    parse_host_and_port,
    parse_port,
    parse_target,
)

texts = st.text() | st.text(alphabet="[]:./%tcp-019af \n", max_size=24)
"""Anything, and much that is nearly right."""

addresses = st.ip_addresses().map(str)
zoned = st.builds(
    "{}%{}".format, st.ip_addresses(v=6), st.text("abcdefgh0123456789:.-_", min_size=1, max_size=8)
).filter(is_address)
names = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z]{2,8}){0,3}\.?", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("localhost:80", "localhost", 80),
        ("127.0.0.1:1", "127.0.0.1", 1),
        ("[::1]:65535", "::1", 65_535),
        ("[fe80::1%eth0]:22", "fe80::1%eth0", 22),
        ("tcp://example.org:443", "example.org", 443),
        ("TCP://example.org:443/", "example.org", 443),
        ("tcp://[2001:db8::1]:443", "2001:db8::1", 443),
        (" example.org.:0080\n", "example.org.", 80),
        ("пример.рф:80", "пример.рф", 80),
        ("my_service:80", "my_service", 80),
        (f"{'x' * 253}:80", "x" * 253, 80),
        (f"{'x' * 253}.:80", f"{'x' * 253}.", 80),
    ],
)
def test_targets(text: str, host: str, port: int) -> None:
    assert parse_target(text) == Target(host, port)


_FORMS = "; write host:port, [v6]:port or tcp://host:port"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "'' has no port" + _FORMS),
        ("localhost", "'localhost' has no port" + _FORMS),
        ("127.0.0.1", "'127.0.0.1' has no port" + _FORMS),
        ("tcp://localhost/", "'tcp://localhost/' has no port" + _FORMS),
        ("::1", "'::1' is an IPv6 address without brackets and port" + _FORMS),
        ("2001:db8::1:80", "'2001:db8::1:80' is an IPv6 address without brackets and port" + _FORMS),
        ("a:b:80", "'a:b:80' is not a target" + _FORMS),
        ("[::1]", "'[::1]' is not a target" + _FORMS),
        ("[::1]80", "'[::1]80' is not a target" + _FORMS),
        ("http://localhost:80", "'http://localhost:80': http:// is not known here" + _FORMS),
        ("localhost:", "'' is not a port: ports are 1 to 65535"),
        ("localhost:0", "'0' is not a port: ports are 1 to 65535"),
        ("localhost:http", "'http' is not a port: ports are 1 to 65535"),
        ("tcp://localhost:80/path", "'80/path' is not a port: ports are 1 to 65535"),
        ("tcp://localhost:80//", "'80/' is not a port: ports are 1 to 65535"),
        (":80", "'' is not a host name or address"),
        ("a b:80", "'a b' is not a host name or address"),
        ("a/b:80", "'a/b' is not a host name or address"),
        ("a\x9b31m:80", "'a\\x9b31m' is not a host name or address"),
        ("a\u202eb:80", "'a\\u202eb' is not a host name or address"),
        ("a\0b:80", "'a\\x00b' is not a host name or address"),
        (f"{'x' * 255}:80", f"'{'x' * 255}' is not a host name or address"),
        ("[]:80", "'[]:80': '' in brackets is not an IPv6 address"),
        ("[localhost]:80", "'[localhost]:80': 'localhost' in brackets is not an IPv6 address"),
        ("[127.0.0.1]:80", "'[127.0.0.1]:80': '127.0.0.1' in brackets is not an IPv6 address"),
    ],
)
def test_what_is_not_a_target_is_one_clear_line(text: str, line: str) -> None:
    with pytest.raises(PlanError, match=f"^{re.escape(line)}$"):
        parse_target(text)


@pytest.mark.parametrize(
    ("host", "port", "target"),
    [
        ("localhost", "80", Target("localhost", 80)),
        ("127.0.0.1", "80", Target("127.0.0.1", 80)),
        ("::1", "80", Target("::1", 80)),
        ("[::1]", "80", Target("::1", 80)),
    ],
)
def test_host_and_port_as_two_words(host: str, port: str, target: Target) -> None:
    assert parse_host_and_port(host, port) == target


@pytest.mark.parametrize(
    ("host", "port", "line"),
    [
        ("localhost:80", "80", "'localhost:80' is not a host name or address"),
        ("tcp://localhost", "80", "'tcp://localhost' is not a host name or address"),
        ("[::1", "80", "'[::1' is not a host name or address"),
        ("[localhost]", "80", "'[localhost]:80': 'localhost' in brackets is not an IPv6 address"),
        ("localhost", "-80", "'-80' is not a port: ports are 1 to 65535"),
    ],
)
def test_two_words_that_are_no_target_are_one_clear_line(host: str, port: str, line: str) -> None:
    with pytest.raises(PlanError, match=f"^{re.escape(line)}$"):
        parse_host_and_port(host, port)


@pytest.mark.parametrize(("text", "port"), [("1", 1), ("80", 80), ("00080", 80), ("65535", 65_535)])
def test_ports(text: str, port: int) -> None:
    assert parse_port(text) == port


@pytest.mark.parametrize(
    "text", ["", "0", "00000", "65536", "000080", "-1", "+1", " 1", "1_0", "٣", "²", "1.0", "http"]
)
def test_what_is_not_a_port_is_one_clear_line(text: str) -> None:
    with pytest.raises(PlanError, match=f"^{re.escape(repr(text))} is not a port: ports are 1 to 65535$"):
        parse_port(text)


@pytest.mark.parametrize("port", [0, -1, 65_536, 10**400])
def test_a_target_has_a_port_that_exists(port: int) -> None:
    with pytest.raises(PlanError, match=f"^port {port} does not exist: ports are 1 to 65535$"):
        Target("localhost", port)


@pytest.mark.parametrize(
    ("host", "family"),
    [
        ("127.0.0.1", Family.IPV4),
        ("0.0.0.0", Family.IPV4),
        ("::1", Family.IPV6),
        ("fe80::1%eth0", Family.IPV6),
        ("::ffff:127.0.0.1", Family.IPV6),
        ("localhost", None),
        ("127.0.0.256", None),
        ("127.1", None),
        ("[::1]", None),
        ("1", None),
        ("", None),
    ],
)
def test_the_family_of_an_address(host: str, family: Family | None) -> None:
    assert (family_of_or_none(host), is_address(host)) == (family, family is not None)


def test_the_family_of_what_is_no_address_is_an_error() -> None:
    assert (family_of("10.0.0.1"), family_of("::")) == (Family.IPV4, Family.IPV6)
    with pytest.raises(PlanError, match=r"^'localhost' is not an IP address$"):
        family_of("localhost")


@pytest.mark.parametrize(
    ("target", "by_address", "text"),
    [
        (Target("example.org", 80), False, "example.org:80"),
        (Target("10.0.0.1", 80), True, "10.0.0.1:80"),
        (Target("::1", 80), True, "[::1]:80"),
    ],
)
def test_a_target_knows_whether_there_is_anything_to_resolve(target: Target, by_address: bool, text: str) -> None:
    assert (target.by_address, str(target)) == (by_address, text)


@pytest.mark.parametrize(
    ("endpoint", "family", "text"),
    [
        (Endpoint("10.0.0.1", 80), Family.IPV4, "10.0.0.1:80"),
        (Endpoint("fe80::1%eth0", 80), Family.IPV6, "[fe80::1%eth0]:80"),
    ],
)
def test_an_endpoint(endpoint: Endpoint, family: Family, text: str) -> None:
    assert (endpoint.family, str(endpoint)) == (family, text)


@given(host=names | addresses | zoned, port=st.integers(1, 65_535))
def test_a_target_that_is_printed_is_read_back(host: str, port: int) -> None:
    target = Target(host, port)

    assert parse_target(str(target)) == target
    assert parse_target(f"tcp://{target}/") == target
    assert parse_host_and_port(host, str(port)) == target
    assert str(target) == host_port(host, port)


@given(host=texts)
@example(host="\u200b")
@example(host="\udc80")
def test_any_host_that_a_target_takes_is_read_back(host: str) -> None:
    try:
        target = Target(host, 80)
    except PlanError:
        return
    assert parse_target(str(target)) == target


@given(text=texts)
@example(text="[::1%]:1")
@example(text="[" * 100)
@example(text="\udc80:1")
def test_no_text_raises_anything_but_a_plan_error(text: str) -> None:
    try:
        target = parse_target(text)
    except PlanError:
        return
    assert 1 <= target.port <= 65_535
    assert parse_target(str(target)) == target


@given(host=texts, port=texts)
def test_no_two_words_raise_anything_but_a_plan_error(host: str, port: str) -> None:
    try:
        target = parse_host_and_port(host, port)
    except PlanError:
        return
    assert parse_target(str(target)) == target


@given(st.ip_addresses())
def test_the_family_is_that_of_the_standard_library(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert family_of(str(address)) is {4: Family.IPV4, 6: Family.IPV6}[address.version]


@pytest.mark.parametrize(
    ("address", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("192.0.2.1", False), ("2001:db8::1", False)],
)
def test_loopback(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback


@pytest.mark.parametrize("zone", ["eth 0", "\x1b[31m", "\u202e", "a\n", "a/b"])
def test_a_zone_that_no_interface_has(zone: str) -> None:
    """Python takes any text for one, and who prints an address prints it."""
    assert is_address("fe80::1%eth0")
    assert not is_address(f"fe80::1%{zone}")
