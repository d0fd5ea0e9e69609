"""Expressions, and answers that no API of Kubernetes gives: a small HTTP server says them."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tcpgoon.discovery.find import find
from tcpgoon.discovery.instance import Instance, Listing
from tcpgoon.discovery.registries.kubernetes import Asked, asked_by
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, PlanError
from tcpgoon.plan.lookup import parse_lookup
from tests.discovery.hostile import says_for_ever, serving

FORM = "k8s://NAMESPACE/SERVICE:PORT, or k8s:///SERVICE for the namespace of the context and the only port"
LIST = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"


@pytest.mark.parametrize(
    ("expression", "asked"),
    [
        ("k8s://shop/checkout:http", Asked("shop", "checkout", "http")),
        ("k8s://shop/checkout:8080", Asked("shop", "checkout", 8080)),
        ("k8s://shop/checkout", Asked("shop", "checkout", "")),
        ("k8s:///checkout:http?context=test", Asked("", "checkout", "http")),
        ("K8S:///a:1", Asked("", "a", 1)),
    ],
)
def test_what_is_asked_for(expression: str, asked: Asked) -> None:
    assert asked_by(parse_lookup(expression)) == asked


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("k8s://checkout:http", f"'k8s://checkout:http' is not of the form {FORM}"),
        ("k8s://", f"'k8s://' is not of the form {FORM}"),
        ("k8s:///:http", f"'k8s:///:http' is not of the form {FORM}"),
        ("k8s:///checkout:", f"'k8s:///checkout:' is not of the form {FORM}"),
        ("k8s://a,b/checkout", f"'k8s://a,b/checkout' is not of the form {FORM}"),
        ("k8s://me@shop/checkout", f"'k8s://me@shop/checkout' is not of the form {FORM}"),
        ("k8s+https://shop/checkout", f"'k8s+https://shop/checkout' is not of the form {FORM}"),
        ("k8s:///Checkout", "'Checkout' is no name of a service: those have a-z, 0-9 and -, 63 at most"),
        ("k8s:///a/b", "'a/b' is no name of a service: those have a-z, 0-9 and -, 63 at most"),
        ("k8s:///a,b%3Dc", "'a,b=c' is no name of a service: those have a-z, 0-9 and -, 63 at most"),
        ("k8s://shop:1/a", "'shop:1' is no name of a namespace: those have a-z, 0-9 and -, 63 at most"),
        ("k8s:///a:b:c", "'b:c' is no name of a port: those have a-z, 0-9 and -, 63 at most"),
        ("k8s:///a:-1", "'-1' is no name of a port: those have a-z, 0-9 and -, 63 at most"),
        ("k8s:///a:0", "port 0 is not between 1 and 65535"),
        ("k8s:///a:65536", "port 65536 is not between 1 and 65535"),
        ("k8s:///a?contxt=b", "'k8s:///a?contxt=b': k8s:// knows no contxt; did you mean context?"),
        ("k8s:///a?zone=b", "'k8s:///a?zone=b': k8s:// knows no zone; there are context and kubeconfig"),
    ],
)
def test_what_is_not_of_the_form(expression: str, words: str) -> None:
    with pytest.raises(PlanError) as raised:
        asked_by(parse_lookup(expression))
    assert str(raised.value) == words


class Said(NamedTuple):
    """What a server says."""

    status: int = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = ()


class Server(NamedTuple):
    """One that says what a test has it say, and what it was asked."""

    url: str
    asked: list[str]


Answer = Callable[[BaseHTTPRequestHandler], Said]


@contextmanager
def answering(answer: Answer) -> Iterator[Server]:
    """A server on loopback, for a while."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            with suppress(ConnectionError):
                said = answer(self)
                self.send_response(said.status)
                for name, value in {"Content-Length": str(len(said.body)), **dict(said.headers)}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said.body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Server(f"http://127.0.0.1:{server.server_port}", asked)
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Listing]:
    """Looks up ``checkout:http`` where ``url`` is; all but loopback is off the way of proxies."""
    monkeypatch.setenv("no_proxy", "*")

    def find_it(url: str, expression: str = "k8s:///checkout:http", **terms: Any) -> Listing:
        config = {
            "clusters": [{"name": "c", "cluster": {"server": url}}],
            "users": [{"name": "u", "user": {"token": "of-the-user"}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        (tmp_path / "config").write_text(yaml.safe_dump(config))
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
        return find(parse_lookup(expression), Terms(**terms))

    return find_it


def a_slice(*addresses: str) -> dict[str, Any]:
    return {
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": 80}],
        "endpoints": [{"addresses": [one]} for one in addresses],
    }


def page(*slices: dict[str, Any], following: str = "") -> Said:
    return Said(body=json.dumps({"items": slices, "metadata": {"continue": following}}).encode())


def test_how_it_asks(look: Callable[..., Listing]) -> None:
    """What follows a page is asked for with the same words; where the API has a path, what is asked follows it."""
    heard: list[dict[str, str]] = []

    def answer(request: BaseHTTPRequestHandler) -> Said:
        heard.append(dict(request.headers))
        return page(a_slice("10.0.0.2")) if "continue=" in request.path else page(a_slice("10.0.0.1"), following="a b")

    with answering(answer) as server:
        listing = look(f"{server.url}/k8s/clusters/c-1/")
    first = f"/k8s/clusters/c-1{LIST}?limit=100&labelSelector=kubernetes.io%2Fservice-name%3Dcheckout"
    assert server.asked == [first, f"{first}&continue=a+b"]
    assert (
        heard[0]
        == heard[1]
        == {
            "Host": server.url.removeprefix("http://"),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "tcpgoon",
            "authorization": "Bearer of-the-user",
        }
    )
    assert listing == Listing(
        service="default/checkout:http",
        registry=server.url,
        instances=(
            Instance(id="10.0.0.1:80", host="10.0.0.1", port=80),
            Instance(id="10.0.0.2:80", host="10.0.0.2", port=80),
        ),
        is_local=True,
    )


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Said(500), "{url} answers 500"),
        (Said(503, b'{"message": "etcd is\\nslow"}'), "{url} answers 503: etcd is\\nslow"),
        (Said(302, headers=(("Location", "http://127.0.0.1:1/"),)), "{url} redirects to another place (302): refused"),
        (
            Said(200, gzip.compress(b"{}"), (("Content-Encoding", "gzip"),)),
            "{url} sends a compressed answer (gzip): refused",
        ),
        (Said(200, b" " * 2_000), "{url} sends an answer of more than 1,000 bytes: refused"),
        (Said(500, b" " * 2_000), "{url} sends an answer of more than 1,000 bytes: refused"),
    ],
)
def test_answers_that_are_none(look: Callable[..., Listing], said: Said, words: str) -> None:
    with answering(lambda _: said) as server, pytest.raises(DiscoveryError) as raised:
        look(server.url, most_bytes=1_000)
    assert str(raised.value) == words.format(url=server.url)
    assert len(server.asked) == 1


def test_an_answer_that_is_cut_off(look: Callable[..., Listing]) -> None:
    with (
        answering(lambda _: Said(200, b"{", (("Content-Length", "10"),))) as server,
        pytest.raises(DiscoveryError) as raised,
    ):
        look(server.url)
    assert str(raised.value).startswith(f"{server.url} cannot be asked: ")


def test_pages_without_end(look: Callable[..., Listing]) -> None:
    """It stops at what is too much, however small the pages are."""
    with (
        answering(lambda _: page(a_slice("10.0.0.1", "10.0.0.2"), following="more")) as server,
        pytest.raises(DiscoveryError) as raised,
    ):
        look(server.url, most_instances=4)
    assert str(raised.value) == f"{server.url} lists more than 10 endpoints of checkout: refused"
    assert len(server.asked) == 5


def test_pages_are_bounded_together(look: Callable[..., Listing]) -> None:
    with (
        answering(lambda _: page(a_slice("10.0.0.1"), following="more")) as server,
        pytest.raises(DiscoveryError) as raised,
    ):
        look(server.url, most_bytes=1_000)
    assert str(raised.value) == f"{server.url} sends an answer of more than 1,000 bytes: refused"
    assert len(server.asked) == 1_000 // len(page(a_slice("10.0.0.1"), following="more").body) + 1


def test_empty_pages_without_end(look: Callable[..., Listing]) -> None:
    """Nobody asks on when the time is over: neither whoever waits, nor the thread that is left alone."""
    others = set(threading.enumerate())
    with answering(lambda _: page(following="more")) as server:
        with pytest.raises(DiscoveryError, match="--registry-timeout"):
            look(server.url, timeout_s=0.3)
        for thread in set(threading.enumerate()) - others:
            if thread.name == "tcpgoon-discovery":
                thread.join(60)
                assert not thread.is_alive()


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (CHUNKED, b"1\r\n \r\n"),
        (CHUNKED + b"0\r\n", b"X-Trailer: y\r\n"),
        (CHUNKED + b"1;", b"extension=" + b"x" * 1_000),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b" " * 1_000),
    ],
)
def test_answers_without_end(look: Callable[..., Listing], first: bytes, then: bytes) -> None:
    """Within their bytes or their time they are over."""
    with serving(says_for_ever(first, then)) as server, pytest.raises(DiscoveryError) as raised:
        look(server.url, most_bytes=10_000, timeout_s=5)
    assert str(raised.value).startswith(server.url)


def test_a_server_that_says_nothing(look: Callable[..., Listing]) -> None:
    def wait(*_: object) -> None:
        server.wait_for_the_end()

    with serving(wait) as server, pytest.raises(DiscoveryError, match="--registry-timeout"):
        look(server.url, timeout_s=0.3)


def test_nobody_is_there(look: Callable[..., Listing]) -> None:
    with answering(lambda _: Said()) as server:
        pass
    with pytest.raises(DiscoveryError) as raised:
        look(server.url)
    assert str(raised.value) == f"{server.url} cannot be asked: Connection refused"


def test_who_may_not_know_namespaces_is_told_less(look: Callable[..., Listing]) -> None:
    def answer(request: BaseHTTPRequestHandler) -> Said:
        return page() if request.path.startswith(LIST) else Said(403)

    with answering(answer) as server, pytest.raises(DiscoveryError) as raised:
        look(server.url)
    assert str(raised.value) == f"{server.url} knows no service checkout in namespace default"


def test_a_number_that_the_service_may_not_be_asked_about(look: Callable[..., Listing]) -> None:
    def answer(request: BaseHTTPRequestHandler) -> Said:
        return page(a_slice("10.0.0.1")) if request.path.startswith(LIST) else Said(403)

    with answering(answer) as server, pytest.raises(DiscoveryError) as raised:
        look(server.url, "k8s:///checkout:8080")
    assert str(raised.value) == "service checkout in namespace default has no TCP port 8080; it has http (80)"
