"""Where connections come from: expressions for the local addresses to dial from, as the user gives them.

What an expression says can be known without this host; which addresses it stands for here cannot.
"""

import ipaddress
import re
from collections.abc import Sequence
from typing import NamedTuple

from tcpgoon.errors import PlanError
from tcpgoon.plan.endpoint import Family, family_of

AUTO = "auto"
"""The source that is the default: as many addresses of this host as are needed."""

MOST_SOURCES = 65_536
"""As many as the table can number."""

_INTERFACE = re.compile(r"[^\s/:\x00-\x1f\x7f]{1,15}")
"""``dev_valid_name()``, net/core/dev.c."""
_FORMS = "write an address, a range (10.0.0.1-9), a network (10.0.0.0/24), an interface or auto"


class Addresses(NamedTuple):
    """The addresses of one family from ``first`` to ``last`` (inclusive), by number."""

    text: str
    """As it was given."""
    family: Family
    first: int
    last: int

    @property
    def is_one(self) -> bool:
        """Whether it stands for a single address, which is `text`."""
        return self.first == self.last


class Interface(NamedTuple):
    """All addresses that an interface has."""

    name: str


Source = Addresses | Interface


def parse_source(text: str) -> Source:
    """What ``text`` stands for: an address, a range, a network, the name of an interface. Raises `PlanError`.

    The first and the last address of an IPv4 network are not for hosts, and left out where there are others.
    """
    first, dash, last = text.partition("-")
    if "/" in text:
        return _network(text)
    if dash and _is_numeric(first):
        return _range(text, first, last)
    if _is_numeric(text):
        return _one(text)
    if not _INTERFACE.fullmatch(text):
        raise PlanError(f"{text!r} is no source: {_FORMS}")
    return Interface(text)


def check_sources(sources: Sequence[str]) -> set[Family]:
    """The families of the addresses in ``sources``. Raises `PlanError` where these are none, or none together."""
    if len(sources) > MOST_SOURCES:
        raise PlanError(f"the number of sources is {len(sources)}: it must be from 0 to {MOST_SOURCES:,}")
    if len(set(sources)) < len(sources):
        raise PlanError("a source is given twice: its ports are no more for that")
    if AUTO in sources:
        if len(sources) > 1:
            raise PlanError("the source auto stands for as many addresses as are needed: give no other beside it")
        return set()
    return {one.family for one in map(parse_source, sources) if isinstance(one, Addresses)}


def is_automatic(sources: Sequence[str]) -> bool:
    """Whether it is not for the user to say where to dial from."""
    return not sources or AUTO in sources


def _is_numeric(text: str) -> bool:
    """Whether it is an address, or was meant to be one."""
    return ":" in text or bool(re.fullmatch(r"[0-9.]+", text))


def _one(text: str) -> Addresses:
    family, number = family_of(text), int(ipaddress.ip_address(text))
    return Addresses(text, family, number, number)


def _range(text: str, first: str, last: str) -> Addresses:
    if last.isascii() and last.isdigit() and "." in first:
        last = f"{first.rpartition('.')[0]}.{last}"
    try:
        ends = [ipaddress.ip_address(end) for end in (first, last)]
    except ValueError as exc:
        raise PlanError(f"{text!r} is not a range: write 10.0.0.1-10.0.0.9 or 10.0.0.1-9") from exc
    if family_of(first) is not family_of(last):
        raise PlanError(f"the range {text!r} goes from one family to the other")
    if "%" in text:
        raise PlanError(f"the range {text!r} has a zone: give its addresses one by one")
    low, high = map(int, ends)
    if low > high:
        raise PlanError(f"the range {text!r} ends before it begins")
    return Addresses(text, family_of(first), low, high)


def _network(text: str) -> Addresses:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as exc:
        raise PlanError(f"{text!r} is not a network: write 10.0.0.0/24 or 2001:db8::/64") from exc
    family = Family.IPV4 if network.version == 4 else Family.IPV6
    first, last = int(network.network_address), int(network.broadcast_address)
    if family is Family.IPV4 and last - first > 1:
        first, last = first + 1, last - 1
    return Addresses(text, family, first, last)
