"""Where connections come from, as the user gives it."""

import re
from contextlib import suppress
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpgoon.errors import PlanError
from tcpgoon.plan.endpoint import Family
from tcpgoon.plan.sources import Addresses, Interface, check_sources, is_automatic, parse_source

FORMS = "write an address, a range (10.0.0.1-9), a network (10.0.0.0/24), an interface or auto"
RANGES = "write 10.0.0.1-10.0.0.9 or 10.0.0.1-9"


def addresses(text: str, first: str, last: str) -> Addresses:
    family = Family.IPV6 if ":" in first else Family.IPV4
    return Addresses(text, family, int(ip_address(first)), int(ip_address(last)))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("10.0.0.1", "10.0.0.1", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1-10.0.0.9", "10.0.0.1", "10.0.0.9"),
        ("10.0.0.1-9", "10.0.0.1", "10.0.0.9"),
        ("10.0.0.250-10.0.1.5", "10.0.0.250", "10.0.1.5"),
        ("10.0.0.7-7", "10.0.0.7", "10.0.0.7"),
        ("2001:db8::1-2001:db8::f", "2001:db8::1", "2001:db8::f"),
        ("10.0.0.0/24", "10.0.0.1", "10.0.0.254"),
        ("10.0.0.77/24", "10.0.0.1", "10.0.0.254"),
        ("127.0.0.0/8", "127.0.0.1", "127.255.255.254"),
        ("10.0.0.4/30", "10.0.0.5", "10.0.0.6"),
        ("10.0.0.4/31", "10.0.0.4", "10.0.0.5"),
        ("10.0.0.4/32", "10.0.0.4", "10.0.0.4"),
        ("2001:db8::/126", "2001:db8::", "2001:db8::3"),
    ],
)
def test_addresses(text: str, first: str, last: str) -> None:
    found = parse_source(text)
    assert found == addresses(text, first, last)
    assert isinstance(found, Addresses)
    assert found.is_one is (first == last)


def test_a_single_address_keeps_its_zone() -> None:
    assert parse_source("fe80::1%eth0") == addresses("fe80::1%eth0", "fe80::1", "fe80::1")


@pytest.mark.parametrize("name", ["lo", "eth0", "br-3f2a", "wg0.7", "ens5f0np0", "x" * 15])
def test_an_interface(name: str) -> None:
    assert parse_source(name) == Interface(name)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", f"'' is no source: {FORMS}"),
        ("eth 0", f"'eth 0' is no source: {FORMS}"),
        ("\x1b[2J", f"'\\x1b[2J' is no source: {FORMS}"),
        ("x" * 16, f"'{'x' * 16}' is no source: {FORMS}"),
        ("127.0.0.1:0", "'127.0.0.1:0' is not an IP address"),
        ("[::1]", "'[::1]' is not an IP address"),
        ("10.0.0", "'10.0.0' is not an IP address"),
        ("10.0.0.256", "'10.0.0.256' is not an IP address"),
        ("10.0.0.1-", f"'10.0.0.1-' is not a range: {RANGES}"),
        ("10.0.0.1-300", f"'10.0.0.1-300' is not a range: {RANGES}"),
        ("10.0.0.1-\N{SUPERSCRIPT TWO}", f"'10.0.0.1-\N{SUPERSCRIPT TWO}' is not a range: {RANGES}"),
        ("10.0.0.1-eth0", f"'10.0.0.1-eth0' is not a range: {RANGES}"),
        ("::1-9", f"'::1-9' is not a range: {RANGES}"),
        ("10.0.0.9-1", "the range '10.0.0.9-1' ends before it begins"),
        ("10.0.0.1-::1", "the range '10.0.0.1-::1' goes from one family to the other"),
        ("fe80::1%lo-fe80::9%lo", "the range 'fe80::1%lo-fe80::9%lo' has a zone: give its addresses one by one"),
        ("10.0.0.0/33", "'10.0.0.0/33' is not a network: write 10.0.0.0/24 or 2001:db8::/64"),
        ("eth0/24", "'eth0/24' is not a network: write 10.0.0.0/24 or 2001:db8::/64"),
        ("10.0.0.1-10.0.0.0/24", "'10.0.0.1-10.0.0.0/24' is not a network: write 10.0.0.0/24 or 2001:db8::/64"),
    ],
)
def test_what_is_no_source(text: str, line: str) -> None:
    with pytest.raises(PlanError, match=f"^{re.escape(line)}$"):
        parse_source(text)


@given(st.text(max_size=40))
def test_of_what_is_a_mistake_nothing_but_what_can_be_printed_is_said(text: str) -> None:
    said = ""
    with suppress(PlanError):
        try:
            parse_source(text)
        except PlanError as mistake:
            said = str(mistake)
            raise
    assert said.isprintable()


@pytest.mark.parametrize(
    ("sources", "families"),
    [
        ((), set()),
        (("auto",), set()),
        (("lo",), set()),
        (("lo", "10.0.0.1", "10.0.0.0/24"), {Family.IPV4}),
        (("2001:db8::/64",), {Family.IPV6}),
        (("::1", "127.0.0.1"), {Family.IPV4, Family.IPV6}),
    ],
)
def test_families(sources: tuple[str, ...], families: set[Family]) -> None:
    assert check_sources(sources) == families


def test_a_source_that_is_given_twice_would_seem_to_have_twice_the_ports() -> None:
    with pytest.raises(PlanError, match=r"^a source is given twice: its ports are no more for that$"):
        check_sources(("127.0.0.1", "127.0.0.2", "127.0.0.1"))


def test_auto_stands_alone() -> None:
    line = "the source auto stands for as many addresses as are needed: give no other beside it"
    with pytest.raises(PlanError, match=f"^{line}$"):
        check_sources(("127.0.0.1", "auto"))


def test_more_sources_than_the_table_can_number_are_refused() -> None:
    sources = tuple(f"127.{k >> 16}.{k >> 8 & 255}.{k & 255}" for k in range(65_537))
    assert check_sources(sources[:65_536]) == {Family.IPV4}
    with pytest.raises(PlanError, match=r"^the number of sources is 65537: it must be from 0 to 65,536$"):
        check_sources(sources)


@pytest.mark.parametrize(("sources", "automatic"), [((), True), (("auto",), True), (("127.0.0.1",), False)])
def test_whether_it_is_for_us_to_say(sources: tuple[str, ...], automatic: bool) -> None:
    assert is_automatic(sources) is automatic
