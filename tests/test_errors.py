"""The tree in the docstring is the tree in the code, and the exit statuses are the published ones."""

import inspect
import re
from collections.abc import Iterator

import pytest

from tcpgoon import errors
from tcpgoon.errors import (
    Bug,
    Declined,
    DiscoveryError,
    ExitStatus,
    IllegalTransition,
    ListenError,
    NoInstance,
    PlanError,
    ResolutionError,
    SavedFileError,
    TcpgoonError,
    Unanswerable,
    UnknownService,
    UsageError,
)

_DRAWN = re.compile(r"(?P<branches>[│├└─ ]*)(?P<name>[A-Z]\w+)(?:  .*?)?(?:exit (?P<exit>\d+))?")


def drawn() -> Iterator[tuple[int, str, str | None]]:
    """Depth, name and exit status of each line of the tree in the docstring."""
    _, _, tree = inspect.cleandoc(errors.__doc__ or "").partition("::\n\n")
    for line in inspect.cleandoc(tree.partition("\n\n")[0]).splitlines():
        match = _DRAWN.fullmatch(line)
        assert match is not None, line
        yield len(match["branches"]) // 4, match["name"], match["exit"]


def real(cls: type[TcpgoonError], depth: int = 0) -> Iterator[tuple[int, str]]:
    """Depth and name of ``cls`` and of all that is derived from it in `tcpgoon.errors`, in the order of the file."""
    yield depth, cls.__name__
    for derived in cls.__subclasses__():
        if derived.__module__ == errors.__name__:
            yield from real(derived, depth + 1)


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    assert [(depth, name) for depth, name, _ in drawn()] == list(real(TcpgoonError))


def test_the_tree_in_the_docstring_names_the_exit_statuses() -> None:
    branches = {name: exit_status for depth, name, exit_status in drawn() if depth == 1}

    assert branches == {"UsageError": "64", "Unanswerable": "3", "Declined": "1", "Bug": "70"}
    assert {name: str(int(getattr(errors, name).exit_status)) for name in branches} == branches


def test_exit_statuses() -> None:
    assert {status.name: int(status) for status in ExitStatus} == {
        "PASS": 0,
        "INTERRUPTED": 1,
        "FAIL": 2,
        "INCONCLUSIVE": 3,
        "USAGE": 64,
        "BUG": 70,
        "UNREPORTED": 74,
    }


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TcpgoonError, 70),
        (UsageError, 64),
        (PlanError, 64),
        (ListenError, 64),
        (SavedFileError, 64),
        (Unanswerable, 3),
        (ResolutionError, 3),
        (DiscoveryError, 3),
        (UnknownService, 3),
        (NoInstance, 3),
        (Declined, 1),
        (Bug, 70),
        (IllegalTransition, 70),
    ],
)
def test_exit_status_of_each_error(error: type[TcpgoonError], status: int) -> None:
    raised = error("what is wrong")

    assert (raised.exit_status, str(raised)) == (status, "what is wrong")
