import pytest

from tcpgoon.plan.requirements import Bound, Field, Requirement, carries_all


@pytest.mark.parametrize(
    ("bound", "measured", "holds"),
    [
        (Bound.AT_LEAST, 99, False),
        (Bound.AT_LEAST, 100, True),
        (Bound.AT_LEAST, 101, True),
        (Bound.EXACTLY, 99, False),
        (Bound.EXACTLY, 100, True),
        (Bound.EXACTLY, 101, False),
    ],
)
def test_whether_a_requirement_holds(bound: Bound, measured: int, holds: bool) -> None:
    assert Requirement(Field.ESTABLISHED, bound, 100).holds(measured) is holds


def test_what_is_required_where_nothing_else_is_said() -> None:
    required = carries_all(100)

    assert required == (
        Requirement(Field.ESTABLISHED, Bound.AT_LEAST, 100),
        Requirement(Field.PEAK, Bound.AT_LEAST, 100),
        Requirement(Field.LOST, Bound.EXACTLY, 0),
    )
    assert [str(requirement) for requirement in required] == ["established >= 100", "peak >= 100", "lost = 0"]
