"""``dns://name:port``: each address of a name is an instance, as the system's resolver has them."""

from tcpgoon.discovery.instance import Instance, Listing
from tcpgoon.discovery.resolver import resolve
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import PlanError
from tcpgoon.plan.endpoint import Target, parse_target
from tcpgoon.plan.lookup import Lookup

RESOLVER = "the system's resolver"


def find(lookup: Lookup, terms: Terms) -> Listing:
    """The addresses of the name. Raises `ResolutionError` where it has none."""
    if len(lookup.servers) != 1 or lookup.path.strip("/") or lookup.params or lookup.user:
        raise PlanError(f"{str(lookup)!r} is not of the form dns://name:port")
    return listing_of(parse_target(lookup.servers[0]), terms)


def listing_of(target: Target, terms: Terms) -> Listing:
    """The addresses of ``target``, an instance each. Raises `ResolutionError` where it has none."""
    endpoints = resolve(target, terms.family)
    return Listing(
        service=str(target),
        registry=RESOLVER,
        instances=tuple(
            Instance(id=str(endpoint), host=target.host, port=target.port, addresses=(endpoint.address,))
            for endpoint in endpoints
        ),
        # Who says localhost, or an address, has said where: nobody else has a say in it.
        is_local=target.by_address or _is_localhost(target.host),
    )


def _is_localhost(host: str) -> bool:
    """RFC 6761 §6.3: such a name means loopback."""
    name = host.rstrip(".").casefold()
    return name == "localhost" or name.endswith(".localhost")
