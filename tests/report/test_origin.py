"""Where a target was found, in lines of the report, the prompt and the heading of each run."""

import msgspec
import pytest

from tcpgoon.discovery.instance import Instance, Origin, Status
from tcpgoon.discovery.place import Place
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.record.metrics import AtEndpoint
from tcpgoon.report.origin import heading, instance_lines, not_asked, origin_lines
from tcpgoon.report.text import text_report
from tcpgoon.result import Result
from tests.report.results import metrics, result

ONE = Instance(id="checkout-1", host="node1.example", port=8080, zone="eu-west-1a")
TWO = Instance(id="10.0.0.6:8080", host="10.0.0.6", port=8080)
DOWN = Instance(id="checkout-3", host="10.0.0.7", port=8080, status=Status.DOWN, said="disk full")
SAME = Instance(id="checkout-4", host="10.0.0.6", port=8080)
EVIL = Instance(id="\x1b[2Jx\nPASS: y", host="10.0.0.8", port=80, zone="\x07", status=Status.UNKNOWN, said="\u202e")


def origin(*dialled: Instance, how: str = "first", others: tuple[Instance, ...] = ()) -> Origin:
    return Origin(
        lookup="eureka://r/CHECKOUT",
        service="CHECKOUT",
        registry="http://r:8761/eureka",
        how=how,
        dialled=dialled,
        others=others,
    )


def found(at: Origin | None, *endpoints: str) -> Result:
    there = tuple(Endpoint(address, 8080) for address in endpoints or ("10.0.0.5",))
    counts = tuple(AtEndpoint(10, 10 - number) for number in range(len(there) - 1))
    made_up = result(metrics(by_endpoint=counts), origin=at, endpoint=there[0], endpoints=there)
    plan = msgspec.structs.replace(made_up.plan, spread=len(there) > 1)
    return msgspec.structs.replace(made_up, plan=plan)


@pytest.mark.parametrize(
    ("at", "lines"),
    [
        (None, []),
        (
            origin(ONE),
            ["Instance: checkout-1 of CHECKOUT at http://r:8761/eureka (picked: first, zone eu-west-1a)"],
        ),
        (
            origin(DOWN, how="checkout-3", others=(ONE, TWO)),
            [
                "Instance: checkout-3 of CHECKOUT at http://r:8761/eureka (picked: checkout-3, DOWN: disk full)",
                "Not asked: checkout-1 (UP), 10.0.0.6:8080 (UP)",
            ],
        ),
        (origin(TWO, how="each", others=(DOWN,)), ["Instance: 10.0.0.6:8080 of CHECKOUT at http://r:8761/eureka"]),
        (
            origin(EVIL, how="random (seed 7)"),
            [
                r"Instance: \x1b[2Jx\nPASS: y of CHECKOUT at http://r:8761/eureka "
                r"(picked: random (seed 7), zone \x07, UNKNOWN: \u202e)"
            ],
        ),
    ],
)
def test_one_instance(at: Origin | None, lines: list[str]) -> None:
    assert list(origin_lines(found(at))) == lines


def test_a_registry_that_is_the_service_is_named_once() -> None:
    at = Origin(lookup="-", service="standard input", registry="standard input", how="first", dialled=(TWO,))
    assert list(origin_lines(found(at))) == ["Instance: 10.0.0.6:8080 of standard input (picked: first)"]


def test_several_at_once_with_what_each_holds() -> None:
    """The last was not dialled: there were fewer connections than instances."""
    several = found(origin(ONE, TWO, EVIL, how="spread", others=(DOWN,)), "10.0.0.5", "10.0.0.6", "10.0.0.8")
    assert list(origin_lines(several)) == [
        "Instances of CHECKOUT at http://r:8761/eureka: checkout-1 (10.0.0.5:8080) 10 of 10 established, "
        "10.0.0.6:8080 9 of 10 established, "
        r"\x1b[2Jx\nPASS: y (10.0.0.8:8080) 0 of 0 established",
        "Not asked: checkout-3 (DOWN: disk full)",
    ]
    report = text_report(several).splitlines()
    assert report[0] == "--- CHECKOUT tcp test statistics ---"
    assert not any(line.startswith("Addresses of") for line in report)
    assert [line for line in report if line.startswith(("Instances", "Not asked"))] == list(origin_lines(several))


def test_two_at_the_same_address() -> None:
    """All that are up are dialled, but no address twice."""
    several = found(origin(ONE, TWO, how="spread", others=(DOWN, EVIL, SAME)), "10.0.0.5", "10.0.0.6")
    assert list(origin_lines(several))[1:] == [
        "At an address that is dialled already: checkout-4",
        r"Not asked: checkout-3 (DOWN: disk full), \x1b[2Jx\nPASS: y (UNKNOWN: \u202e)",
    ]


def test_of_many_the_first_ones_are_named() -> None:
    many = [Instance(id=f"i{number}", host="h", port=1) for number in range(12)]
    assert not_asked(many) == "Not asked: " + ", ".join(f"i{number} (UP)" for number in range(10)) + " and 2 more"


def test_the_heading_of_each_run() -> None:
    assert heading(1, 3, origin(ONE), Endpoint("10.0.0.5", 8080)) == (
        "=== instance 1 of 3: checkout-1 (10.0.0.5:8080) ==="
    )
    assert heading(2, 3, origin(EVIL), None) == r"=== instance 2 of 3: \x1b[2Jx\nPASS: y (10.0.0.8:80) ==="


def test_the_instances_of_a_prompt() -> None:
    single = Place(target=Target("h", 80), endpoints=(Endpoint("10.0.0.5", 8080),), origin=origin(ONE))
    lost = Place(target=Target("h", 80), endpoints=(), origin=origin(EVIL), problem="its name is private")
    both = Place(
        target=Target("h", 80),
        endpoints=(Endpoint("10.0.0.5", 8080), Endpoint("10.0.0.6", 8080)),
        origin=origin(ONE, TWO),
    )
    plain = Place(target=Target("h", 80), endpoints=(Endpoint("10.0.0.5", 80),))
    assert list(instance_lines([single, lost])) == [
        "checkout-1 (10.0.0.5:8080)",
        r"\x1b[2Jx\nPASS: y (cannot be dialled)",
    ]
    assert list(instance_lines([both])) == ["checkout-1 (10.0.0.5:8080)", "10.0.0.6:8080"]
    assert list(instance_lines([plain])) == []
    assert list(instance_lines([single] * 12)) == ["checkout-1 (10.0.0.5:8080)"] * 10 + ["and 2 more"]
