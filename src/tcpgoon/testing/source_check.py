"""Whether something is a source of targets: what we rely on, tried with a registry of yours, and with bad ones.

::

    check_source(
        find,
        known=[Known("acme://127.0.0.1:4000/checkout", {"a": Status.UP, "b": Status.DOWN})],
        unknown="acme://127.0.0.1:4000/chekout",
        at="acme://alice@{server}/checkout",
    )

What is known and unknown is asked of a registry that runs meanwhile. Where ``at`` says ``{server}``, servers of our own
are put: one that is not there, one that never answers, and some that answer garbage.
"""

import random
import socketserver
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tcpgoon.discovery.checked import checked, conforming
from tcpgoon.discovery.instance import Listing, Status
from tcpgoon.discovery.sources import Source
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, PlanError, UnknownService
from tcpgoon.plan.lookup import parse_lookup

SECRET = "s3cr3t-0f-the-check"  # noqa: S105 - it is no one's
"""The password that the terms have; it must not be seen again."""

NO_PARAM = "no-such-parameter"

SHORT_S = 0.5
"""The time that a source has where nobody answers."""

PATIENCE_S = 20.0
"""How long it is waited for beyond its time: machines are busy."""

LONGEST_LINE = 1_000
"""Characters of what it says is wrong."""

_HEAD = "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
_BODIES = (b"", b"null", b"7", b'"x"', b"{}", b"[]", b"[null]", b'[{"a":[]}]', b"[" * 100_000, b"\xff\xfe", b"<a><b>")


class SourceFault(AssertionError):  # noqa: N818 - a finding, not a crash
    """It is no source; the text says why."""


class Known(msgspec.Struct, frozen=True):
    """A target that the registry knows."""

    expression: str
    instances: Mapping[str, Status]
    """All of its instances, whatever their status, by their ids, the first to pick first."""


def check_source(find: Source, *, known: Iterable[Known], unknown: str = "", at: str = "", seed: int = 0) -> None:
    """Raises `SourceFault` where ``find`` is no source.

    ``unknown``: an expression with a name that the registry does not know; ``at``: one with ``{server}`` in it. Either
    may be missing where a source has no such thing. ``seed`` is for the garbage.
    """
    with tempfile.TemporaryDirectory() as folder:
        password = Path(folder) / "password"
        password.write_text(SECRET)
        asking = _Asking(find, str(password))
        for one in known:
            _check_known(asking, one)
            _check_parameter(asking, one.expression)
        if unknown:
            _check_unknown(asking, unknown)
        if at:
            _check_down(asking, at)
            _check_silence(asking, at)
            _check_garbage(asking, at, seed)


class _Asking:
    """Asks the source, in a thread that may stay behind."""

    def __init__(self, find: Source, password_file: str) -> None:
        self._find = find
        self._password_file = password_file

    def __call__(self, expression: str, timeout_s: float = PATIENCE_S) -> Listing | Exception:
        """What it answers or raises."""
        terms = Terms(timeout_s=timeout_s, password_file=self._password_file)
        found: list[Listing | BaseException] = []

        def work() -> None:
            try:
                found.append(self._find(parse_lookup(expression), terms))
            except BaseException as exc:  # noqa: BLE001 - it is judged
                found.append(exc)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(timeout_s + PATIENCE_S)
        _require(
            bool(found), f"{expression}: it was told to take {timeout_s} s, and goes on after {PATIENCE_S:.0f} more"
        )
        return _judged(found[0], expression)


def _judged(answer: Listing | BaseException, expression: str) -> Listing | Exception:
    """``answer``, if it is one that a source may give."""
    if isinstance(answer, DiscoveryError | PlanError):
        line = str(answer)
        _require(line.isprintable() and 0 < len(line) <= LONGEST_LINE, f"{expression}: no line to show: {line[:200]!r}")
        _require(SECRET not in line, f"{expression}: the password is in what is wrong")
        return answer
    _require(
        isinstance(answer, Listing), f"{expression}: it gives neither Listing, DiscoveryError nor PlanError: {answer!r}"
    )
    assert isinstance(answer, Listing)  # noqa: S101 - for the types
    try:
        same = conforming(answer, "it")
    except DiscoveryError as exc:
        raise SourceFault(f"{expression}: {exc}") from exc
    _require(same == answer, f"{expression}: what it gives cannot be saved and read back as it is")
    _require(SECRET not in repr(answer), f"{expression}: the password is in the listing")
    return answer


def _check_known(asking: _Asking, known: Known) -> None:
    listing = asking(known.expression)
    if not isinstance(listing, Listing):
        raise SourceFault(f"{known.expression}: {listing}") from listing
    found = [(instance.id, instance.status) for instance in listing.instances]
    _require(found == list(known.instances.items()), f"{known.expression}: it lists {_shown(found)}")
    for name, value in (("service", listing.service), ("registry", listing.registry)):
        _require(bool(value) and value.isprintable(), f"{known.expression}: no {name} to speak of: {value!r}")
    try:
        same = checked(listing, Terms())
    except DiscoveryError as exc:
        raise SourceFault(f"{known.expression}: {exc}") from exc
    for before, after in zip(listing.instances, same.instances, strict=True):
        _require(before == after, f"{known.expression}: instance {before.id!r}: {after.said}")
    again = asking(known.expression)
    _require(again == listing, f"{known.expression}: asked again it gives something else")


def _shown(found: Iterable[tuple[str, Status]]) -> str:
    return ", ".join(f"{name!r} {status}" for name, status in found) or "nothing"


def _check_parameter(asking: _Asking, expression: str) -> None:
    asked = f"{expression}{'&' if '?' in expression else '?'}{NO_PARAM}=1"
    answer = asking(asked)
    is_said = isinstance(answer, PlanError) and NO_PARAM in str(answer)
    _require(is_said, f"{asked}: a parameter that there is not has to be a PlanError that names it, not {answer!r}")


def _check_unknown(asking: _Asking, expression: str) -> None:
    lookup = parse_lookup(expression)
    name = lookup.path.rpartition("/")[2] or lookup.servers[0]
    answer = asking(expression)
    is_said = isinstance(answer, UnknownService) and name in str(answer)
    _require(is_said, f"{expression}: a name that is not known has to be an UnknownService with {name}, not {answer!r}")


def _check_down(asking: _Asking, at: str) -> None:
    with _registry(b"") as server:
        pass  # it was there
    _check_failure(asking(at.replace("{server}", server)), f"{at}, with nobody there")


def _check_silence(asking: _Asking, at: str) -> None:
    with _registry(None) as server:
        _check_failure(asking(at.replace("{server}", server), SHORT_S), f"{at}, with a server that never answers")


def _check_failure(answer: Listing | Exception, where: str) -> None:
    is_failure = isinstance(answer, DiscoveryError) and not isinstance(answer, UnknownService)
    _require(is_failure, f"{where}: that has to be a DiscoveryError, and not that a service is unknown: {answer!r}")


def _check_garbage(asking: _Asking, at: str, seed: int) -> None:
    """Whatever is answered, it is an error or a listing; which has been seen to already."""
    for garbage in _garbage(random.Random(seed)):  # noqa: S311 - no secret
        with _registry(garbage) as server:
            answer = asking(at.replace("{server}", server))
        is_sense = isinstance(answer, Listing | DiscoveryError)
        _require(is_sense, f"{at}, with a server that answers {garbage[:60]!r}…: that is no DiscoveryError: {answer!r}")


def _garbage(noise: random.Random) -> Iterator[bytes]:
    yield b""
    yield b"\0" * 1_000
    yield noise.randbytes(1_000)
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
    yield b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n"
    for status in ("200 OK", "401 Unauthorized", "404 Not Found", "500 Internal Server Error"):
        for body in (*_BODIES, noise.randbytes(100)) if status == "200 OK" else (b"{}",):
            for kind in ("application/json", "application/xml"):
                yield _HEAD.format(status=status, kind=kind, length=len(body)).encode() + body


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answer: bytes | None) -> None:
        self.answer = answer
        self.over = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever has heard enough leaves."""


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.request.recv(65_536)
        if self.server.answer is None:
            self.server.over.wait()
        else:
            self.request.sendall(self.server.answer)


@contextmanager
def _registry(answer: bytes | None) -> Iterator[str]:
    """A server that answers so, once it was spoken to; None: never. Gives its ``host:port``."""
    with _Server(answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


def _require(holds: bool, fault: str) -> None:
    if not holds:
        raise SourceFault(fault)
