"""What a plan cannot be spread over; certificates are a matter of ``tests/cli/test_proof_options.py``."""

import pytest

from tcpgoon.discovery.instance import Instance, Origin
from tcpgoon.discovery.place import Place, check_spread
from tcpgoon.errors import PlanError
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.plan.plan import Plan

TARGET = Target("checkout.local", 80)
ENDPOINTS = tuple(Endpoint(f"192.0.2.{number}", 80) for number in range(1, 4))
INSTANCES = tuple(Instance(id=endpoint.address, host=endpoint.address, port=80) for endpoint in ENDPOINTS)
ORIGIN = Origin(lookup="-", service="s", registry="s", how="spread", dialled=INSTANCES)


@pytest.mark.parametrize(
    ("origin", "connections", "line"),
    [
        (None, 2, "2 connections cannot be spread over 3 addresses: give -c 3 or more"),
        (ORIGIN, 1, "1 connection cannot be spread over 3 instances: give -c 3 or more"),
    ],
)
def test_each_gets_one_connection_at_least(origin: Origin | None, connections: int, line: str) -> None:
    """One that was asked for none would seem to have passed."""
    place = Place(target=TARGET, endpoints=ENDPOINTS, origin=origin)
    with pytest.raises(PlanError) as caught:
        check_spread(Plan(target=TARGET, connections=connections, spread=True), place)
    assert str(caught.value) == line
    check_spread(Plan(target=TARGET, connections=3, spread=True), place)
