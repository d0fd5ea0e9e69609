"""``srv://_http._tcp.checkout.example.com``: the instances that the SRV records of a name have (RFC 2782).

All is asked once, and pinned: the records, and the addresses of their targets, at the same name servers.
"""

import socket
from collections.abc import Callable, Iterable

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from tcpgoon.discovery.instance import Listing
from tcpgoon.discovery.near import clipped, did_you_mean
from tcpgoon.discovery.registries.name_servers import NameServers
from tcpgoon.discovery.registries.srv_data import Found, addresses_in, instance_of, offers_in, spoken
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, NoInstance, PlanError, UnknownService
from tcpgoon.plan.endpoint import Endpoint, Family, is_address, is_loopback, parse_target
from tcpgoon.plan.lookup import Lookup

DNS_PORT = 53
RESOLV_CONF = "/etc/resolv.conf"

_PARAMS = ("server",)
_FORM = "srv://_service._proto.name, as srv://_http._tcp.checkout.example.com"
_KINDS = {
    Family.ANY: (dns.rdatatype.AAAA, dns.rdatatype.A),
    Family.IPV4: (dns.rdatatype.A,),
    Family.IPV6: (dns.rdatatype.AAAA,),
}


def find(lookup: Lookup, terms: Terms) -> Listing:
    """The instances, in the order of priority, weight and name.

    Raises `UnknownService` where the name has no SRV records, `NoInstance` where they say that the service is not
    offered, and `DiscoveryError` where no name server answers.
    """
    name, given = name_of(lookup), server_of(lookup)
    servers = NameServers([given] if given else servers_of_the_system(), terms)
    found = servers.find(name, dns.rdatatype.SRV)
    offers, who = offers_in(found), str(servers.first)
    if not offers:
        raise _none_there(name, found, who)
    targets = dict.fromkeys(offer.target for offer in offers)
    known = {target: _addresses(target, found, servers, terms.family) for target in targets}
    return Listing(
        service=spoken(name),
        registry=who,
        instances=tuple(instance_of(offer, found.ttl, *known[offer.target]) for offer in offers),
        # Whom the user has named. A resolver on this machine is not meant: it passes on what others say.
        is_local=given is not None and is_loopback(given.address),
    )


def name_of(lookup: Lookup) -> dns.name.Name:
    """The name to ask for. Raises `PlanError` where there is none, or what has no meaning here."""
    whole = clipped(str(lookup))
    if len(lookup.servers) != 1 or lookup.path.strip("/") or lookup.user or lookup.transport:
        raise PlanError(f"{whole} is not of the form {_FORM}")
    if ":" in lookup.servers[0]:
        raise PlanError(f"{whole}: the port is what the SRV record says: {_FORM}")
    for param in lookup.params:
        if param not in _PARAMS:
            near = did_you_mean(param, _PARAMS)
            raise PlanError(f"{whole}: there is no {clipped(param)}{near or ', only server'}")
    try:
        name = dns.name.from_text(lookup.servers[0], idna_codec=dns.name.IDNA_2008_Practical)
    except dns.exception.DNSException as exc:
        raise PlanError(f"{whole}: this is no name of DNS: {clipped(str(exc))}") from exc
    if name == dns.name.root:
        raise PlanError(f"{whole} is not of the form {_FORM}")
    return name


def server_of(lookup: Lookup) -> Endpoint | None:
    """The name server that is to be asked, if one is given. Raises `PlanError` unless that is an address."""
    text = lookup.params.get("server")
    if text is None:
        return None
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if is_address(bare):
        return Endpoint(bare, DNS_PORT)
    try:
        target = parse_target(text)
    except PlanError:
        target = None
    if target is None or not target.by_address:
        raise PlanError(
            f"{clipped(str(lookup))}: {clipped(text)!r} is no address of a name server: write server=192.0.2.53, "
            "server=192.0.2.53:5353 or server=[2001:db8::53]:5353"
        )
    return Endpoint(target.host, target.port)


def servers_of_the_system(path: str = RESOLV_CONF) -> list[Endpoint]:
    """The name servers that ``path`` names. Raises `DiscoveryError` where there are none."""
    try:
        known = dns.resolver.Resolver(path).nameservers
    except (dns.exception.DNSException, ValueError) as exc:  # the latter for what is no address, or no text
        raise DiscoveryError(f"there is no name server to ask: {path} names none (?server=ADDRESS asks one)") from exc
    return [Endpoint(server, DNS_PORT) for server in known if isinstance(server, str) and is_address(server)]


def has_route(address: str) -> bool:
    """Whether this machine could send a packet to ``address``; none is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((address, DNS_PORT))
    except OSError:
        return False
    return True


def in_order(addresses: Iterable[str], is_usable: Callable[[str], bool] = has_route) -> tuple[str, ...]:
    """``addresses``, first those that can be reached, among them those of IPv6 first: as RFC 6724 has it, in short."""
    return tuple(sorted(addresses, key=lambda address: (not is_usable(address), ":" not in address)))


def _addresses(
    target: dns.name.Name, services: Found, servers: NameServers, family: Family
) -> tuple[tuple[str, ...], str]:
    """The addresses of ``target``, and why there are none.

    Where the servers do not tell, as who knows one zone only, there is neither: the system's resolver may know.
    """
    kinds = _KINDS[family]
    told = [services.additional.get((target, kind), ()) for kind in kinds]
    if not any(told):
        try:
            told = [addresses_in(servers.find(target, kind).records) for kind in kinds]
        except DiscoveryError:
            if not servers.left_s:
                raise
            return (), ""
    which = "" if family is Family.ANY else f"{family.value} "
    found = in_order(address for addresses in told for address in addresses)
    return found, "" if found else f"it has no {which}address, says {servers.first}"


def _none_there(name: dns.name.Name, found: Found, who: str) -> DiscoveryError:
    """Why there is no instance."""
    if found.records:
        return NoInstance(f"{spoken(name)} is not offered, says {who}: the target of its SRV record is the root")
    missing = "has no SRV records" if found.exists else "does not exist"
    is_of_form = [label[:1] for label in name.labels[:2]] == [b"_", b"_"]
    return UnknownService(f"{spoken(name)} {missing}, says {who}{'' if is_of_form else f'; the form is {_FORM}'}")
