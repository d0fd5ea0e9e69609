"""All that a target stands for, from Python."""

import json
from pathlib import Path

import msgspec
import pytest

import tcpgoon
from tcpgoon.discovery.instance import Instance, Located, Status
from tcpgoon.discovery.resolution import Found
from tcpgoon.errors import PlanError
from tcpgoon.plan.endpoint import Endpoint, Family


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "targets"
    path.write_text(
        '[{"id": "a", "host": "192.0.2.1", "port": 80}, {"host": "b.invalid", "port": 80, "status": "DOWN"},'
        '"169.254.1.1:80"]'
    )
    found = tcpgoon.resolve(f"file://{path}")
    a, b, c = found.instances
    assert (found.lookup, found.service, found.registry) == (f"file://{path}", str(path), str(path))
    assert a == Located(
        instance=Instance(id="a", host="192.0.2.1", port=80), host="192.0.2.1", endpoints=(Endpoint("192.0.2.1", 80),)
    )
    assert (b.instance.status, b.endpoints) == (Status.DOWN, ())
    assert b.problem.startswith("b.invalid does not resolve: ")
    assert c.problem.startswith("169.254.1.1 is a link-local address")
    assert found.can_be_asked
    assert not msgspec.structs.replace(found, instances=(b, c)).can_be_asked
    assert tcpgoon.resolve(f"file://{path}", allow_local=True).instances[2].problem == ""
    # It is a target itself.
    path.write_text(json.dumps(found.to_dict()))
    assert [one.instance.id for one in tcpgoon.resolve(f"file://{path}").instances] == [
        "a",
        "b.invalid:80",
        "169.254.1.1:80",
    ]


def test_an_address() -> None:
    found = tcpgoon.resolve("127.0.0.1:80", family=Family.IPV4)
    one = Instance(id="127.0.0.1:80", host="127.0.0.1", port=80, addresses=("127.0.0.1",))
    assert found == Found(
        lookup="127.0.0.1:80",
        service="127.0.0.1:80",
        registry="the system's resolver",
        instances=(Located(instance=one, host="127.0.0.1", endpoints=(Endpoint("127.0.0.1", 80),)),),
    )


@pytest.mark.parametrize(
    ("target", "timeout_s"), [("host", 1.0), ("nope://x", 1.0), ("dns://a:80", float("nan")), ("dns://a:80", -1.0)]
)
def test_what_cannot_be_asked(target: str, timeout_s: float) -> None:
    with pytest.raises(PlanError):
        tcpgoon.resolve(target, timeout_s=timeout_s)
