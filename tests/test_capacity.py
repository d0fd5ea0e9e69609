import msgspec

from tcpgoon.capacity import Capacity, Next, Step, searched
from tcpgoon.judge.carried import Answer, Bound
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.search import Search
from tcpgoon.record.knock import Fared
from tests.example import example

STEP = Step(at_s=0.0, duration_s=0.1, level=7, good=True, left=7, per_s=1_000.0, reason="7 of 7")


def found(verdict: Verdict = Verdict.PASS) -> Capacity:
    result = example()
    return Capacity(
        plan=Plan(target=Target("127.0.0.1", 80), connections=10),
        search=Search(most=10),
        endpoint=Endpoint("127.0.0.1", 80),
        endpoints=(Endpoint("127.0.0.1", 80),),
        environment=result.environment,
        limits=result.limits,
        duration_s=1.0,
        answer=Answer(bound=Bound.TARGET, carries=7, bad=8),
        next=Next(fared=Fared.REFUSED, time_s=0.001, error=111),
        steps=(STEP,),
        verdict=verdict,
        reason="carries 7 connections\x1b",
        confirmed=result,
    )


def test_what_it_says_of_itself() -> None:
    one = found()
    assert (one.carries, one.bound, one.passed) == (7, Bound.TARGET, True)
    assert str(one) == r"PASS: carries 7 connections\x1b"
    assert repr(one) == r"<Capacity PASS: 127.0.0.1:80: carries 7 connections\x1b>"
    assert not found(Verdict.INCONCLUSIVE).passed


def test_what_happened_to_one_more_has_a_name() -> None:
    assert Next(fared=Fared.REFUSED, time_s=0.001, error=111).name == "refused (ECONNREFUSED)"
    assert Next(fared=Fared.WELCOME, time_s=0.001).name == "welcome"


def test_it_is_plain_data() -> None:
    one = found()
    plain = one.to_dict()
    assert (plain["format"], plain["kind"], plain["verdict"]) == (1, "capacity", "PASS")
    assert plain["answer"]["carries"] == 7
    assert plain["steps"][0]["level"] == 7
    assert one.confirmed is not None
    assert plain["confirmed"] == one.confirmed.to_dict()


def test_whether_it_is_enough() -> None:
    asked = msgspec.structs.replace(found(), search=Search(most=10, at_least=7))
    more = msgspec.structs.replace(asked, search=Search(most=10, at_least=8))
    ours = msgspec.structs.replace(more, answer=Answer(bound=Bound.CLIENT, carries=7))
    assert [one.is_enough for one in (found(), asked, more, ours)] == [None, True, False, None]


def test_a_part_that_is_a_search() -> None:
    one = found()
    (part,) = one.parts
    assert searched(part) is one
    assert searched(example().parts[0]) is None
