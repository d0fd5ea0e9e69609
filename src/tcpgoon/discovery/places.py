"""A target as it was asked for becomes the places that runs go to."""

from tcpgoon.discovery.place import Place
from tcpgoon.discovery.resolver import resolve
from tcpgoon.discovery.terms import Terms
from tcpgoon.plan.choice import Choice
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.lookup import Lookup


def places(asked: Target | Lookup, choice: Choice, terms: Terms) -> tuple[Place, ...]:
    """The places that ``asked`` and ``choice`` mean: one, or as many as there are instances where each is asked.

    Raises `DiscoveryError` and `ResolutionError` where there are none; `UsageError` for what cannot be looked up.
    """
    if isinstance(asked, Target) and not (choice.pick or choice.each):
        return (Place(target=asked, endpoints=resolve(asked, terms.family)),)
    from tcpgoon.discovery.looked_up import looked_up  # whoever names host and port does not wait for all that it needs

    return looked_up(asked, choice, terms)
