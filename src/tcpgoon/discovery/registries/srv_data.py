"""What name servers answer, taken apart: records, and the instances that SRV records name. Nothing is asked here.

Answers are untrusted: whatever their bytes were, there is a result or a `DiscoveryError`.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA
from dns.rdtypes.IN.SRV import SRV

from tcpgoon.discovery.instance import Instance, Status
from tcpgoon.discovery.near import clipped
from tcpgoon.errors import DiscoveryError
from tcpgoon.plan.endpoint import host_port

_HOST_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


class Found(NamedTuple):
    """The answer to a question."""

    name: dns.name.Name
    """What was asked for, or what that is an alias of."""
    exists: bool
    """Whether there is such a name; it may still have none of the records that were asked for."""
    records: tuple[dns.rdata.Rdata, ...]
    ttl: int
    """Seconds that it holds for, each alias on the way included."""
    additional: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], tuple[str, ...]]
    """Addresses that nobody has asked for yet, by name and type."""


def found_in(answer: dns.message.Message) -> Found:
    """What ``answer`` says. Raises `DiscoveryError`, whose words follow the name of the server."""
    if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise DiscoveryError(f"answers with error {dns.rcode.to_text(answer.rcode())}{_remark(answer)}")
    if not isinstance(answer, dns.message.QueryMessage):
        raise DiscoveryError("answers what was not asked")
    if answer.flags & dns.flags.TC:  # by UDP it is asked again by TCP, and there is nothing beyond that
        raise DiscoveryError("answers with less than there is, by TCP, too")
    try:
        chain = answer.resolve_chaining()
    except dns.exception.DNSException as exc:
        raise nonsense(exc) from exc
    return Found(
        name=chain.canonical_name,
        exists=answer.rcode() == dns.rcode.NOERROR,
        records=tuple(chain.answer or ()),
        ttl=chain.minimum_ttl,
        additional={(rrset.name, rrset.rdtype): addresses_in(rrset) for rrset in answer.additional},
    )


def nonsense(exc: Exception) -> DiscoveryError:
    """The error for an answer that is none, in dnspython's words."""
    return DiscoveryError(f"answers what makes no sense: {clipped(str(exc) or type(exc).__name__)}")


def addresses_in(records: Iterable[dns.rdata.Rdata]) -> tuple[str, ...]:
    """The addresses among ``records``, each once."""
    return tuple(dict.fromkeys(record.address for record in records if isinstance(record, A | AAAA)))


def offers_in(found: Found) -> tuple[SRV, ...]:
    """The SRV records, the one to use first first; each target and port once.

    The root is no target: it says that the service is decidedly not there (RFC 2782).
    """
    offers = (record for record in found.records if isinstance(record, SRV) and record.target != dns.name.root)
    best = sorted(offers, key=lambda offer: (offer.priority, -offer.weight, offer.target, offer.port))
    first: dict[tuple[dns.name.Name, int], SRV] = {}
    for offer in best:
        first.setdefault((offer.target, offer.port), offer)
    return tuple(first.values())


def instance_of(offer: SRV, ttl: int, addresses: tuple[str, ...] = (), fault: str = "") -> Instance:
    """The instance that an SRV record names; ``fault``: why it cannot be dialled."""
    host = spoken(offer.target).lower()
    if not _HOST_NAME.fullmatch(host):
        fault = "its target is not the name of a host"
    return Instance(
        id=host_port(host, offer.port),
        host=host,
        port=offer.port,
        status=Status.UNKNOWN if fault else Status.UP,
        said=fault,
        metadata={"ttl": str(ttl)},
        priority=offer.priority,
        weight=offer.weight,
        addresses=addresses,
    )


def spoken(name: dns.name.Name) -> str:
    """``name`` without its last dot; what is not printable is escaped."""
    return name.to_text(omit_final_dot=True)


def _remark(answer: dns.message.Message) -> str:
    """What the server says on its failure (RFC 8914), if anything."""
    for option in answer.options:
        if isinstance(option, dns.edns.EDEOption):
            code = dns.edns.EDECode.to_text(option.code)
            return f" ({clipped(f'{code}: {option.text}' if option.text else code)})"
    return ""
