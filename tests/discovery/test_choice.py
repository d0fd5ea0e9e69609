"""Which instances are asked, and what is said where there is none."""

import pytest

from tcpgoon.discovery.choice import chosen, count_by_status, with_seed
from tcpgoon.discovery.instance import Instance, Listing, Status
from tcpgoon.errors import NoInstance
from tcpgoon.plan.choice import Choice


def instance(name: str, status: Status = Status.UP) -> Instance:
    return Instance(id=name, host="h", port=80, status=status)


DOWN, A, STARTING, B = instance("down", Status.DOWN), instance("a"), instance("s", Status.STARTING), instance("b")
SOME = Listing(service="checkout", registry="r", instances=(DOWN, A, STARTING, B))
NONE_UP = Listing(service="checkout", registry="r", instances=(DOWN, STARTING, instance("d2", Status.DOWN)))


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (Choice(), (A,)),
        (Choice(pick="first"), (A,)),
        (Choice(each=True), (A, B)),
        (Choice(spread=True), (A, B)),
        (Choice(pick="b"), (B,)),
        (Choice(pick="down"), (DOWN,)),
        (Choice(pick="1"), (DOWN,)),
        (Choice(pick="4"), (B,)),
    ],
)
def test_who_is_asked(choice: Choice, expected: tuple[Instance, ...]) -> None:
    assert chosen(SOME, choice) == expected


@pytest.mark.parametrize("status", [one for one in Status if one is not Status.UP])
@pytest.mark.parametrize("choice", [Choice(), Choice(pick="random"), Choice(each=True), Choice(spread=True)])
def test_who_is_not_up_is_not_asked_by_itself(status: Status, choice: Choice) -> None:
    with pytest.raises(NoInstance):
        chosen(Listing(service="x", registry="r", instances=(instance("a", status),)), choice)
    both = Listing(service="x", registry="r", instances=(instance("a", status), B))
    assert chosen(both, with_seed(choice)) == (B,)


def test_an_id_goes_before_a_number() -> None:
    """The report names the one that was picked."""
    odd = Listing(service="x", registry="r", instances=(instance("2"), instance("b")))
    assert chosen(odd, Choice(pick="2")) == (odd.instances[0],)


@pytest.mark.parametrize(
    ("listing", "choice", "text"),
    [
        (NONE_UP, Choice(), "no instance of checkout is UP: 2 DOWN, 1 STARTING (--pick ID asks one nevertheless; "
         "tcpgoon resolve lists them)"),
        (NONE_UP, Choice(each=True), "no instance of checkout is UP: 2 DOWN, 1 STARTING"),
        (SOME, Choice(pick="5"), "checkout has 4 instances: there is no number 5"),
        (SOME, Choice(pick="0"), "checkout has 4 instances: there is no number 0"),
        (SOME, Choice(pick="9" * 5_000), f"checkout has 4 instances: there is no number {'9' * 19}…"),
        (SOME, Choice(pick="-1"), "checkout has no instance -1: it has down, a, s …"),
        (SOME, Choice(pick="²"), "checkout has no instance ²: it has down, a, s …"),
        (SOME, Choice(pick="dwn"), "checkout has no instance dwn; did you mean down?"),
        (SOME, Choice(pick="\x1b[31m"), r"checkout has no instance \x1b[31m: it has down, a, s …"),
        (
            Listing(service="x\n", registry="r", instances=(instance("\x1b[2J"),)),
            Choice(pick="zz"),
            r"x\n has no instance zz: it has \x1b[2J",
        ),
    ],
)  # fmt: skip
def test_nobody(listing: Listing, choice: Choice, text: str) -> None:
    with pytest.raises(NoInstance) as caught:
        chosen(listing, choice)
    assert str(caught.value) == text


def test_a_seed_is_given_where_one_is_needed() -> None:
    assert with_seed(Choice()) == Choice()
    assert with_seed(Choice(pick="random", seed=7)).seed == 7
    found = with_seed(Choice(pick="random"))
    assert found.seed is not None
    assert chosen(SOME, found) == chosen(SOME, found)


def test_counts() -> None:
    assert count_by_status(SOME) == "1 DOWN, 2 UP, 1 STARTING"
