import msgspec

from tcpgoon.discovery.instance import Instance
from tcpgoon.judge.verdict import Verdict
from tcpgoon.report.properties import properties
from tcpgoon.results import EachResult, InstanceResult
from tests.example import example
from tests.report.results import metrics, result

FAILED = [
    ("verdict", "FAIL"),
    ("reason", example().reason),
    ("target", "localhost:80"),
    ("connections", 3),
    ("established", 1),
    ("peak", 1),
    ("lost", 1),
    ("p50_s", 0.25),
    ("p90_s", 0.25),
    ("p99_s", 0.25),
    ("max_s", 0.25),
    ("findings", "TG101"),
]


def test_the_figures_of_a_result() -> None:
    assert list(properties(example())) == FAILED


def test_what_was_not_measured_is_not_there() -> None:
    found = properties(result(metrics(establishment=None), reason="a\nb"))
    assert list(found) == [
        ("verdict", "PASS"),
        ("reason", r"a\nb"),
        ("target", "myhttpsamplehost.com:80"),
        ("connections", 10),
        ("established", 10),
        ("peak", 10),
        ("lost", 0),
    ]


def test_of_several_each_has_its_name() -> None:
    def instance(name: str) -> Instance:
        return Instance(id=name, host="h", port=1)

    failed = msgspec.structs.replace(example())
    each = EachResult(
        lookup="x://y",
        service="y",
        registry="x",
        results=(
            InstanceResult(instance=instance("a"), verdict=failed.verdict, reason=failed.reason, result=failed),
            InstanceResult(instance=instance("b\x1b"), verdict=Verdict.INCONCLUSIVE, reason="private"),
        ),
    )
    assert list(properties(each)) == [
        ("verdict", "FAIL"),
        ("reason", "of 2 instances 1 failed, 1 could not be judged"),
        *((f"a.{name}", value) for name, value in FAILED),
        (r"b\x1b.verdict", "INCONCLUSIVE"),
        (r"b\x1b.reason", "private"),
    ]
