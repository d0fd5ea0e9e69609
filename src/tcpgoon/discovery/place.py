"""Where one run goes, and why there."""

import msgspec

from tcpgoon.discovery.instance import Origin
from tcpgoon.errors import PlanError
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.plan.plan import Plan

ANY_INSTANCE = Target("instance", 1)
"""In the place of one that is not known yet: a name, so that it is of neither family."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where one run goes."""

    target: Target
    endpoints: tuple[Endpoint, ...]
    """The one to dial first; none where there is a problem."""
    origin: Origin | None = None
    """None: the target is one host and port, as the user gave them."""
    problem: str = ""
    """Why nothing can be dialled there; empty where it can."""


def check_spread(plan: Plan, place: Place) -> None:
    """Raise `PlanError` where ``plan`` cannot be spread over all instances, or addresses, of ``place``.

    It has a connection for each of them: one that was asked for none would seem to have passed. And where it has to
    know one name for all of them, these do not have several.
    """
    many, what = len(place.endpoints), "instances" if place.origin else "addresses"
    if plan.connections < many:
        raise PlanError(
            f"{plan.connections:,} connection{'s' * (plan.connections != 1)} cannot be spread over {many:,} {what}: "
            f"give -c {many} or more"
        )
    hosts = {instance.host for instance in place.origin.dialled} if place.origin else set()
    if plan.tls and plan.tls.verify and plan.tls.server_name == ANY_INSTANCE.host and len(hosts) > 1:
        raise PlanError("the instances have different names: --tls-name says which one their certificates are for")
