"""What is asked of a target, and the plan for each place that it turns out to be."""

import json
from pathlib import Path
from typing import Any

import pytest

from tcpgoon.discovery.place import ANY_INSTANCE
from tcpgoon.errors import PlanError
from tcpgoon.options.asked import Asked
from tcpgoon.options.spelled import spelled
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.plan.named_probes import parse_probe
from tcpgoon.plan.plan import Plan

HOST = Target("127.0.0.1", 80)


def listed(tmp_path: Path, *hosts: str) -> str:
    """A target that stands for these, at port 8080."""
    found = [{"host": host, "port": 8080, "addresses": [f"192.0.2.{number}"]} for number, host in enumerate(hosts, 1)]
    (tmp_path / "targets").write_text(json.dumps(found))
    return f"file://{tmp_path}/targets"


def asked_of(target: str, **options: Any) -> Asked:
    return spelled(target, options)


def test_an_address_is_one_place() -> None:
    asked = asked_of("127.0.0.1:80", connections=5)
    (place,) = asked.places()
    assert (place.target, place.endpoints, place.origin) == (HOST, (Endpoint("127.0.0.1", 80),), None)
    assert asked.plan_for(place.target) == asked.draft == Plan(target=HOST, connections=5)


def test_what_is_looked_up_is_a_place_for_each_instance(tmp_path: Path) -> None:
    asked = asked_of(listed(tmp_path, "a.example", "b.example"), each=True, probe="http:/", connections=5)
    assert asked.draft.target == ANY_INSTANCE
    places = asked.places()
    assert [place.target for place in places] == [Target("a.example", 8080), Target("b.example", 8080)]
    assert [asked.plan_for(place.target) for place in places] == [
        Plan(target=place.target, connections=5, probe=parse_probe("http:/", place.target)) for place in places
    ]


def test_what_is_spread_is_one_place_with_all_their_addresses(tmp_path: Path) -> None:
    asked = asked_of(listed(tmp_path, "a.example", "b.example"), spread=True, connections=5)
    (place,) = asked.places()
    assert place.endpoints == (Endpoint("192.0.2.1", 8080), Endpoint("192.0.2.2", 8080))
    asked = asked_of(listed(tmp_path, "a.example", "b.example"), spread=True, connections=1)
    with pytest.raises(PlanError):
        asked.places()


def test_what_cannot_be_asked_is_said_before_anybody_is_asked() -> None:
    with pytest.raises(PlanError, match="there is nothing that could be asked again"):
        asked_of("eureka://192.0.2.1/X", tls=True, probe_every="1s")


def test_terms_of_a_registry_are_none_of_a_host() -> None:
    with pytest.raises(PlanError, match="--registry-timeout says how a registry is asked"):
        asked_of("127.0.0.1:80", registry_timeout="1s").places()
