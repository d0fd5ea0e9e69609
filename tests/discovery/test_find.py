"""Sources that never answer, answer nonsense, or raise whatever they like."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tcpgoon.discovery.find import find, within
from tcpgoon.discovery.instance import Instance, Listing
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import (
    Bug,
    Declined,
    DiscoveryError,
    ListenError,
    NoInstance,
    PlanError,
    ResolutionError,
    UnknownService,
    UsageError,
)
from tcpgoon.plan.lookup import parse_lookup
from tests.discovery.acme import install

LOOKUP = parse_lookup("acme://registry/checkout")
ONE = Instance(id="a", host="192.0.2.1", port=80)
LISTING = Listing(service="checkout", registry="acme://registry", instances=(ONE,))


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    return partial(install, tmp_path, monkeypatch)


def fault(kind: type[Exception] = DiscoveryError, terms: Terms | None = None) -> str:
    with pytest.raises(kind) as caught:
        find(LOOKUP, terms or Terms())
    assert type(caught.value) is kind
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_a_source_of_another_package(acme: Callable[[Any], None]) -> None:
    seen = []

    def source(*args: object) -> Listing:
        seen.append(args)
        return LISTING

    acme(source)
    terms = Terms()
    assert find(LOOKUP, terms) == LISTING
    assert seen == [(LOOKUP, terms)]


def test_one_that_answers_plain_data(acme: Callable[[Any], None]) -> None:
    """It says the same."""
    instance = {"id": "a", "host": "192.0.2.1", "port": 80}
    acme(lambda *_: {"service": "checkout", "registry": "acme://registry", "instances": [instance]})
    assert find(LOOKUP, Terms()) == LISTING


def test_one_that_never_returns(acme: Callable[[Any], None]) -> None:
    over = threading.Event()
    acme(lambda *_: over.wait())
    try:
        text = fault(terms=Terms(timeout_s=0.1))
    finally:
        over.set()
    assert text == "acme://registry/checkout: no whole answer within 100ms (--registry-timeout)"


def test_one_that_is_late(acme: Callable[[Any], None]) -> None:
    """What it answers then is not taken."""
    terms = Terms(timeout_s=0)
    returned = threading.Event()

    def source(*_: object) -> Listing:
        waiting.wait()
        returned.set()
        return LISTING

    waiting = threading.Event()
    acme(source)
    assert fault(terms=terms) == "acme://registry/checkout: no whole answer within 0s (--registry-timeout)"
    waiting.set()
    assert returned.wait(10)


def raising(exc: BaseException) -> Callable[..., None]:
    def source(*_: object) -> None:
        raise exc

    return source


class Nested(NoInstance):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} of {two}\n")


FAILED = "the source for acme:// failed: "


@pytest.mark.parametrize(
    ("exc", "kind", "text"),
    [
        (ValueError("a\x1b[31m\nb"), DiscoveryError, rf"{FAILED}ValueError: a\x1b[31m\nb"),
        (KeyError("x"), DiscoveryError, f"{FAILED}KeyError: 'x'"),
        (RecursionError("deep"), DiscoveryError, f"{FAILED}RecursionError: deep"),
        (MemoryError(), DiscoveryError, f"{FAILED}MemoryError: "),
        (StopIteration(), DiscoveryError, f"{FAILED}StopIteration: "),
        (SystemExit(0), DiscoveryError, f"{FAILED}SystemExit: 0"),
        (KeyboardInterrupt(), DiscoveryError, f"{FAILED}KeyboardInterrupt: "),
        (GeneratorExit(), DiscoveryError, f"{FAILED}GeneratorExit: "),
        (ExceptionGroup("both", [ValueError("a")]), DiscoveryError, f"{FAILED}ExceptionGroup: both (1 sub-exception)"),
        (ValueError("x" * 1_000_000), DiscoveryError, f"{FAILED}ValueError: {'x' * 87}…"),
        (Declined("yes"), DiscoveryError, f"{FAILED}Declined"),
        (Bug("ours"), DiscoveryError, f"{FAILED}Bug"),
        (DiscoveryError("a\x1b[31m\nb"), DiscoveryError, r"a\x1b[31m\nb"),
        (UnknownService("x" * 1_000_000), UnknownService, f"{'x' * 999}…"),
        (Nested(1, 2), NoInstance, r"1 of 2\n"),
        (NoInstance("none"), NoInstance, "none"),
        (ResolutionError("name"), ResolutionError, "name"),
        (PlanError("form"), PlanError, "form"),
        (ListenError("\r"), ListenError, r"\r"),
        (UsageError("\x9b"), UsageError, r"\x9b"),
    ],
)
def test_one_that_raises(acme: Callable[[Any], None], exc: BaseException, kind: type[Exception], text: str) -> None:
    """None of it ends the process, and so its status is never somebody else's word."""
    acme(raising(exc))
    assert fault(kind) == text


def endless() -> Iterator[Instance]:
    while True:
        yield ONE


def nested() -> dict[str, Any]:
    circle: dict[str, Any] = {}
    circle["x"] = circle
    return circle


WRONG: tuple[dict[str, Any], ...] = (
    {"id": 7},
    {"id": "\ud800"},
    {"port": "80"},
    {"port": 80.5},
    {"port": True},
    {"port": float("nan")},
    {"status": "up"},
    {"metadata": {"a": {"b": "c"}}},
    {"metadata": {"a": 1}},
    {"metadata": nested()},
    {"metadata": [["a", "b"]]},
    {"addresses": "192.0.2.1"},
    {"addresses": [1]},
    {"others": (None,)},
    {"weight": None},
)
"""Fields of an instance that are of another type."""

NO_LISTING = "the source for acme:// answers no listing: "


@pytest.mark.parametrize(
    "answer",
    [
        None,
        7,
        "checkout",
        [ONE],
        {},
        nested(),
        {"service": "a", "registry": "b", "instances": nested()},
        {"service": "a", "registry": "b", "instances": [], "more": 1},
        Listing(service=7, registry="b", instances=()),  # type: ignore[arg-type]
        Listing(service="a", registry="b", instances=endless()),  # type: ignore[arg-type]
        Listing(service="a", registry="b", instances=(None,)),  # type: ignore[arg-type]
        *(
            Listing(service="a", registry="b", instances=(Instance(**{"id": "a", "host": "h", "port": 1, **wrong}),))
            for wrong in WRONG
        ),
    ],
)
def test_one_that_answers_no_listing(acme: Callable[[Any], None], answer: object) -> None:
    acme(lambda *_: answer)
    assert fault().startswith(NO_LISTING)


@pytest.mark.parametrize("source", [None, 7, "find", lambda: LISTING])
def test_one_that_is_no_function(acme: Callable[[Any], None], source: object) -> None:
    acme(source)
    assert fault().startswith(f"{FAILED}TypeError: ")


def test_a_million_instances(acme: Callable[[Any], None]) -> None:
    acme(lambda *_: Listing(service="checkout", registry="r", instances=(ONE,) * 1_000_000))
    assert fault(terms=Terms(timeout_s=100)) == "checkout at r has 1,000,000 instances: 10,000 are allowed"


def test_one_of_ours_says_what_it_is_about(tmp_path: Path) -> None:
    """A fault in it is our bug, and no source's failure."""
    path = tmp_path / "targets.txt"
    path.write_text("192.0.2.1:80\n")
    (instance,) = find(parse_lookup(f"file://{path}"), Terms()).instances
    assert str(instance) == "192.0.2.1:80"
    with pytest.raises(ZeroDivisionError):
        within(Terms(), lambda: 1 // 0, "x")


def test_what_comes_in_time() -> None:
    assert within(Terms(), lambda: 7, "x") == 7
    assert within(Terms(), lambda: None, "x") is None


def test_where_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(DiscoveryError, match="this client may start no thread to ask a registry with"):
        within(Terms(), lambda: 7, "x")


def test_who_waits_can_be_interrupted() -> None:
    """By a signal, as any other wait."""
    over = threading.Event()

    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGUSR1)
        over.wait()

    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            within(Terms(timeout_s=100), interrupt, "x")
    finally:
        signal.signal(signal.SIGUSR1, before)
        over.set()


def test_the_process_does_not_wait_for_what_was_left_alone() -> None:
    begun = time.monotonic()
    with pytest.raises(DiscoveryError):
        within(Terms(timeout_s=0.01), threading.Event().wait, "x")
    (left,) = [thread for thread in threading.enumerate() if thread.name == "tcpgoon-discovery"][-1:]
    assert left.daemon
    assert time.monotonic() - begun < 60
