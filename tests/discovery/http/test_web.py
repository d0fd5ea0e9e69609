"""HTTP with servers that mean no good: each fault is one line, in time, without secrets."""

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme

from tcpgoon.discovery.find import within
from tcpgoon.discovery.http import web
from tcpgoon.discovery.http.web import Web, origin, reason
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, PlanError
from tests.discovery.hostile import Answer, routed, says, says_for_ever, serving, whole

SECRET = "s3cr3t-Pa55"
SMALL = 100_000
"""Bytes that an answer may have in these tests."""
SHORT_S = 0.5
"""For servers that never come to an end: so long each such test takes."""
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def asked(url: str, terms: Terms | None = None, **how: Any) -> requests.Response:
    return Web(terms or Terms(most_bytes=SMALL)).get(url, **how)


def fault(answer: Answer, terms: Terms | None = None) -> str:
    """What is said of a server that answers so, in which its own address is HERE."""
    with serving(answer) as server:
        return said(server.url, terms).replace(server.url, "HERE")


def said(url: str, terms: Terms | None = None, **how: Any) -> str:
    """The one line that asking there comes to."""
    with pytest.raises(DiscoveryError) as caught:
        asked(url, terms, **how)
    line = str(caught.value)
    assert line.isprintable()
    assert SECRET not in line
    assert len(line) < 600
    return line


def test_an_ordinary_answer() -> None:
    with serving(says(whole(b"x" * SMALL))) as server:
        response = asked(f"{server.url}/a", params={"b": "c"})
    assert (response.status_code, response.content) == (200, b"x" * SMALL)
    (head,) = server.asked
    assert head.decode().splitlines() == [
        "GET /a?b=c HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        "User-Agent: tcpgoon",
        "Accept-Encoding: identity",
        "Accept: */*",
        "Connection: keep-alive",
        "",
    ]


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "404 Not Found", "500 Internal Server Error"])
def test_a_status_is_for_whoever_asked(status: str) -> None:
    with serving(says(whole(b"no", status=status))) as server:
        response = asked(server.url)
    assert (f"{response.status_code} {response.reason}", response.content) == (status, b"no")


def test_a_connection_is_used_again() -> None:
    """Each answer is measured by itself."""

    def answer(sock: socket.socket, head: bytes) -> None:
        sock.sendall(whole(b"y" * SMALL))

    with serving(answer) as server, Web(Terms(most_bytes=SMALL)) as session:
        assert [len(session.get(server.url).content) for _ in range(20)] == [SMALL] * 20


def test_chunks() -> None:
    with serving(says(CHUNKED, b"3\r\nabc\r\n", b"2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n")) as server:
        assert asked(server.url).content == b"abcde"


TOO_LARGE = "HERE sends an answer of more than 100,000 bytes: refused"


@pytest.mark.parametrize(
    "answer",
    [
        says_for_ever(b"HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n", b"x" * 65_536),
        says_for_ever(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536),
        says_for_ever(CHUNKED, b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
        says_for_ever(CHUNKED, b"1\r\nx\r\n" * 10_000),
        says_for_ever(CHUNKED + b"1\r\nx\r\n0\r\n", b"Trailer: x\r\n" * 10_000),
        says_for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000),
        says_for_ever(b"", b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n" * 1_000),
    ],
    ids=["length", "until closed", "chunks", "tiny chunks", "trailers", "interim", "interim with headers"],
)
def test_an_answer_without_end(answer: Answer) -> None:
    """Where the body ends, and what stands around it, is what the server says: all is measured."""
    assert fault(answer) == TOO_LARGE


def test_an_answer_that_is_a_byte_too_large() -> None:
    assert fault(says(whole(b"x" * (SMALL + 1)))) == TOO_LARGE


def test_a_line_without_end() -> None:
    for first in (b"", b"HTTP/1.1 200 OK\r\nA: ", CHUNKED, CHUNKED + b"0\r\nA: "):
        text = fault(says_for_ever(first, b"1" * 65_536))
        assert text.startswith("HERE ")
        assert "\n" not in text


def test_headers_without_end() -> None:
    text = fault(says_for_ever(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 1_000))
    assert text == "HERE cannot be asked: got more than 100 headers"


@pytest.mark.parametrize(
    "first",
    [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", CHUNKED, CHUNKED + b"5\r\n"],
    ids=["nothing", "a status", "a head", "the head of chunks", "a chunk"],
)
def test_silence(first: bytes) -> None:
    def answer(sock: socket.socket, head: bytes) -> None:
        sock.sendall(first)
        server.wait_for_the_end()

    with serving(answer) as server:
        text = said(server.url, Terms(timeout_s=SHORT_S)).replace(server.url, "HERE")
    assert text in (
        "HERE cannot be asked: no answer in time (--registry-timeout)",
        "HERE has not answered in full within 500ms (--registry-timeout)",  # a busy machine took long to ask
    )


@pytest.mark.parametrize(
    "first",
    [b"", b"HTTP/1.1 200 OK\r\nA: ", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", CHUNKED],
    ids=["a status", "a header", "a body", "the size of a chunk"],
)
def test_dripping(first: bytes) -> None:
    """No step takes long, and all take for ever: the thread that asks comes to an end by itself."""
    ended = threading.Event()

    def drip(sock: socket.socket, head: bytes) -> None:
        sock.sendall(first)
        while not ended.wait(0.01):
            sock.sendall(b"1")

    terms = Terms(timeout_s=SHORT_S)
    with serving(drip) as server:
        try:
            line = said(server.url, terms)
        finally:
            ended.set()
    assert terms.left_s() == 0
    assert line in (
        f"{server.url} has not answered in full within 500ms (--registry-timeout)",
        f"{server.url} cannot be asked: no answer in time (--registry-timeout)",
    )


def test_no_time_is_left() -> None:
    with serving(says(whole(b""))) as server:
        text = said(server.url, Terms(timeout_s=0))
    assert text == f"{server.url} has not answered in full within 0s (--registry-timeout)"
    assert server.asked == []


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip", "\x1b[31m"])
def test_compressed(encoding: str) -> None:
    shown = encoding.replace("\x1b", r"\x1b")
    text = fault(says(whole(b"x", f"Content-Encoding: {encoding}")))
    assert text == f"HERE sends a compressed answer ({shown}): refused"


def _reset(sock: socket.socket, _: bytes) -> None:
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (_reset, "Connection reset by peer"),
        (says(b""), "Remote end closed connection without response"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"), "IncompleteRead(3 bytes read, 97 more expected)"),
        (says(CHUNKED, b"5\r\nab"), "IncompleteRead(2 bytes read, 3 more expected)"),
        (says(CHUNKED, b"zz\r\n"), None),
        (says(b"SSH-2.0-OpenSSH_9.2 \x1b[31m\r\n"), r"SSH-2.0-OpenSSH_9.2 \x1b[31m"),
        (says(b"\0" * 100), None),
        (says(b"HTTP/1.1 2000000000 OK\r\n\r\n"), "HTTP/1.1 2000000000 OK"),
        (says(b"HTTP/9.9 200 OK\r\n\r\n"), "HTTP/9.9"),
    ],
    ids=["reset", "closed", "truncated", "chunk cut off", "no size", "ssh", "zeros", "status", "version"],
)
def test_garbage(answer: Answer, text: str | None) -> None:
    found = fault(answer)
    assert found.startswith("HERE cannot be asked: ")
    if text:
        assert found == f"HERE cannot be asked: {text}"


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    assert said(f"http://127.0.0.1:{port}/x") == f"http://127.0.0.1:{port} cannot be asked: Connection refused"
    text = said("http://no-such-host.invalid:1/x")
    assert text.startswith("http://no-such-host.invalid:1 cannot be asked: ")


@pytest.mark.parametrize(
    "url", ["http://[", "http://a b/", "http://.x/", "http://h:99999/", "ftp://h/", "http://\x1b/"]
)
def test_no_url(url: str) -> None:
    with pytest.raises((DiscoveryError, PlanError)) as caught:
        asked(url)
    assert "cannot be asked: " in str(caught.value)
    assert str(caught.value).isprintable()


class TestRedirects:
    def test_to_the_same_host(self) -> None:
        hops = {
            "root": ("Location: a",),
            "a": ("Location: /b",),
            "b": ("Location: //127.0.0.1:PORT/c",),
            "c": "here",
        }

        def answer(sock: socket.socket, head: bytes) -> None:
            given = {
                name: what if isinstance(what, str) else [line.replace("PORT", str(server.port)) for line in what]
                for name, what in hops.items()
            }
            routed(**given)(sock, head)

        with serving(answer) as server:
            response = asked(server.url, auth=("alice", SECRET))
        assert (response.url, response.text) == (f"{server.url}/c", "here")
        assert [b"\r\nAuthorization: Basic " in head for head in server.asked] == [True] * 4

    @pytest.mark.parametrize(
        "location",
        [
            "http://example.com/",
            "//example.com/",
            "https://example.com/",
            "http://127.0.0.1:1/",
            "http://127.0.0.1/",
            "http://127.0.0.2:PORT/",
            "http://2130706433:PORT/",
            "http://[::ffff:127.0.0.1]:PORT/",
            "http://127.0.0.1:PORT@example.com/",
            r"http://127.0.0.1:PORT\@example.com/",
            "http://127.0.0.1:PORT.example.com/",
            "http://127.0.0.1.example.com:PORT/",
            "ftp://127.0.0.1:PORT/",
            "file:///etc/passwd",
            "gopher://127.0.0.1:PORT/",
            "javascript:alert(1)",
            "http://[",
            "http://\x1b[31m/",
            "http://\xff\xfe/",
            "http://" + "a" * 60_000 + "/",
            f"http://alice:{SECRET}@example.com/",
        ],
    )
    def test_to_anywhere_else(self, location: str) -> None:
        def answer(sock: socket.socket, head: bytes) -> None:
            there = location.replace("PORT", str(server.port))
            sock.sendall(whole(b"", f"Location: {there}", status="302 Found"))

        with serving(answer) as server, pytest.raises(DiscoveryError) as caught:
            asked(server.url)
        line = str(caught.value)
        assert line.startswith(f"{server.url} ")
        assert line.isprintable()
        assert len(line) < 300
        assert len(server.asked) == 1
        if "alice" in location:
            assert SECRET not in line

    @pytest.mark.parametrize("location", [r"http://example.com\@127.0.0.1:PORT/x", "http://u:p@127.0.0.1:PORT/x"])
    def test_what_two_parsers_read_in_two_ways(self, location: str) -> None:
        """Whatever is made of it: nobody else is asked."""

        def answer(sock: socket.socket, head: bytes) -> None:
            if b"/x" in head.split(b"\r\n")[0]:
                sock.sendall(whole(b"same host"))
            else:
                there = location.replace("PORT", str(server.port))
                sock.sendall(whole(b"", f"Location: {there}", status="302 Found"))

        with serving(answer) as server:
            try:
                response = asked(server.url)
            except DiscoveryError as exc:
                assert str(exc).startswith(f"{server.url} ")  # noqa: PT017 - either is right
            else:
                assert response.text == "same host"

    def test_in_a_circle(self) -> None:
        with serving(routed(root=("Location: /",))) as server:
            assert said(server.url) == f"{server.url} redirects again and again"
        assert len(server.asked) == web.MOST_REDIRECTS + 1

    def test_from_https_to_http(self, authority: trustme.CA, ca: str) -> None:
        def answer(sock: socket.socket, head: bytes) -> None:
            sock.sendall(whole(b"", f"Location: http://127.0.0.1:{server.port}/", status="302 Found"))

        with serving(answer, tls_of(authority)) as server:
            text = said(server.url, Terms(ca=ca))
        assert text == f"{server.url} redirects to another place (http://127.0.0.1:{server.port}): refused"

    def test_from_http_to_https_the_password_stays_behind(self, authority: trustme.CA, ca: str) -> None:
        """It is another port: who listens there need not be who was meant."""
        with serving(says(whole(b"safe")), tls_of(authority)) as safe:
            to = f"Location: {safe.url}/"
            with serving(says(whole(b"", to, status="302 Found"))) as server:
                response = asked(server.url, Terms(ca=ca), auth=("alice", SECRET))
        assert response.text == "safe"
        assert b"Authorization" in server.asked[0]
        assert b"Authorization" not in safe.asked[0]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def tls_of(authority: trustme.CA, name: str = "127.0.0.1", until: dt.datetime | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    since = until - dt.timedelta(days=10) if until else None
    authority.issue_cert(name, not_before=since, not_after=until).configure_cert(context)
    return context


class TestCertificates:
    def test_our_own_authority(self, authority: trustme.CA, ca: str) -> None:
        with serving(says(whole(b"safe")), tls_of(authority)) as server:
            assert asked(server.url, Terms(ca=ca)).text == "safe"

    def test_one_named_by_the_environment(
        self, authority: trustme.CA, ca: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As with other programs of requests; what the command line says goes before."""
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca)
        with serving(says(whole(b"safe")), tls_of(authority)) as server:
            assert asked(server.url).text == "safe"
            other = str(Path(ca).with_name("other.pem"))
            trustme.CA().cert_pem.write_to_path(other)
            assert "its certificate is not trusted" in said(server.url, Terms(ca=other))

    def test_an_unknown_issuer(self, authority: trustme.CA) -> None:
        with serving(says(whole(b"")), tls_of(authority)) as server:
            text = said(server.url).removeprefix(f"{server.url} cannot be asked: its certificate is not trusted: ")
        assert text == "unable to get local issuer certificate (--registry-ca FILE trusts another issuer)"
        assert server.asked == []

    def test_another_name(self, authority: trustme.CA, ca: str) -> None:
        with serving(says(whole(b"")), tls_of(authority, "example.com")) as server:
            text = said(server.url, Terms(ca=ca))
        assert text.startswith(f"{server.url} cannot be asked: its certificate is not trusted: ")
        assert "'127.0.0.1'" in text
        assert "--registry-ca" not in text
        assert server.asked == []

    def test_an_expired_one(self, authority: trustme.CA, ca: str) -> None:
        past = dt.datetime(2020, 1, 11, tzinfo=dt.UTC)
        with serving(says(whole(b"")), tls_of(authority, until=past)) as server:
            text = said(server.url, Terms(ca=ca)).removeprefix(f"{server.url} cannot be asked: ")
        assert text == "its certificate is not trusted: certificate has expired"

    @pytest.mark.parametrize("name", ["127.0.0.1", "example.com"])
    def test_verified_by_nobody(self, authority: trustme.CA, name: str) -> None:
        with serving(says(whole(b"whoever")), tls_of(authority, name)) as server:
            assert asked(server.url, Terms(verify=False)).text == "whoever"

    def test_not_verified_although_the_environment_names_an_authority(
        self, authority: trustme.CA, ca: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca)
        with serving(says(whole(b"whoever")), tls_of(authority, "example.com")) as server:
            assert asked(server.url, Terms(verify=False)).text == "whoever"

    def test_no_tls_there(self) -> None:
        with serving(says(whole(b""))) as server:
            text = said(server.url.replace("http:", "https:"))
        assert text.startswith(f"https://127.0.0.1:{server.port} cannot be asked: ")

    def test_tls_where_none_was_asked_for(self, authority: trustme.CA) -> None:
        with serving(says(whole(b"")), tls_of(authority)) as server:
            text = said(server.url.replace("https:", "http:"))
        assert text.startswith(f"http://127.0.0.1:{server.port} cannot be asked: ")

    def test_a_handshake_that_drips(self) -> None:
        """Bounded by whoever waits: no step of it takes long."""
        ended = threading.Event()

        def drip(listener: socket.socket) -> None:
            sock, _ = listener.accept()
            with sock:
                while not ended.wait(0.01):
                    try:
                        sock.sendall(b"\x16\x03\x03\x3f\xff" + b"\x02")
                    except OSError:
                        return

        terms = Terms(timeout_s=SHORT_S)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=drip, args=(listener,))
            thread.start()
            url = f"https://127.0.0.1:{listener.getsockname()[1]}"
            try:
                with pytest.raises(DiscoveryError):
                    within(terms, lambda: asked(url, terms), url)
            finally:
                ended.set()
                thread.join()


class TestPasswords:
    """They go where whoever asks puts them, and nowhere else."""

    @pytest.fixture(autouse=True)
    def _netrc(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "netrc"
        path.write_text(f"machine 127.0.0.1 login bob password {SECRET}\ndefault login eve password {SECRET}\n")
        monkeypatch.setenv("NETRC", str(path))

    @pytest.mark.parametrize("auth", [None, lambda request: request], ids=["none", "a source's own"])
    def test_that_of_netrc_is_not_sent_unasked(self, auth: Callable[..., object] | None) -> None:
        """The user may have said to be somebody else."""
        with serving(routed(root=("Location: /x",), x="here")) as server:
            assert asked(server.url, auth=auth).text == "here"
        assert len(server.asked) == 2
        assert all(b"Authorization" not in head for head in server.asked)

    def test_one_that_is_given_stays_the_one(self) -> None:
        with serving(routed(root=("Location: /x",), x="here")) as server:
            assert asked(server.url, auth=("alice", "other")).text == "here"
        (expected,) = {line for line in server.asked[0].splitlines() if line.startswith(b"Authorization: ")}
        assert expected == b"Authorization: Basic YWxpY2U6b3RoZXI="
        assert expected in server.asked[1].splitlines()

    @pytest.mark.parametrize("token", [f" {SECRET}", f"{SECRET}\n", f"{SECRET}\r\nHost: x", f"{SECRET}\u20ac"])
    def test_one_that_cannot_be_sent(self, token: str) -> None:
        with serving(says(whole(b""))) as server:
            text = said(server.url, headers={"X-Consul-Token": token})
        assert server.asked == []
        assert text.startswith(f"{server.url} cannot be asked: ")

    def test_in_no_message(self) -> None:
        """Also not where the whole address is at fault."""
        for url in (f"http://alice:{SECRET}@[", f"http://alice:{SECRET}@127.0.0.1:1/", f"http://alice:{SECRET}@x y/"):
            with pytest.raises((DiscoveryError, PlanError)) as caught:
                asked(url)
            assert SECRET not in str(caught.value)


class TestProxies:
    def test_one_named_by_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving(says(whole(b"by proxy"))) as proxy:
            monkeypatch.setenv("http_proxy", f"http://alice:{SECRET}@127.0.0.1:{proxy.port}")
            assert asked("http://registry.invalid:8761/x").text == "by proxy"
        assert proxy.asked[0].startswith(b"GET http://registry.invalid:8761/x HTTP/1.1\r\n")
        assert b"\r\nProxy-Authorization: Basic " in proxy.asked[0]

    def test_one_that_is_not_for_us(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with serving(says(whole(b"direct"))) as server:
            assert asked(server.url).text == "direct"

    @pytest.mark.parametrize("scheme", ["http", "https"])
    @pytest.mark.parametrize("proxy", ["127.0.0.1:1", "[", ":x", "no-such-host.invalid:1"])
    def test_one_that_is_none(self, scheme: str, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(f"{scheme}_proxy", f"http://alice:{SECRET}@{proxy}")
        assert said(f"{scheme}://registry.invalid/x").startswith(f"{scheme}://registry.invalid cannot be asked: ")

    def test_a_tunnel_that_never_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving(says_for_ever(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 1_000)) as proxy:
            monkeypatch.setenv("https_proxy", f"http://alice:{SECRET}@127.0.0.1:{proxy.port}")
            text = said("https://registry.invalid/x")
        assert text.startswith("https://registry.invalid ")
        assert proxy.asked[0].startswith(b"CONNECT registry.invalid:443 HTTP/1.")

    def test_a_tunnel_that_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving(says(b"HTTP/1.1 407 \x1b[31mNo\r\n\r\n")) as proxy:
            monkeypatch.setenv("https_proxy", f"http://alice:{SECRET}@127.0.0.1:{proxy.port}")
            text = said("https://registry.invalid/x")
        assert text.startswith("https://registry.invalid cannot be asked: ")


def test_the_origin_of_an_address() -> None:
    assert origin(f"https://alice:{SECRET}@h:1/x?y") == "https://h:1"
    assert origin("http://\x1b31m/") == r"http://\x1b31m"
    assert origin(f"http://alice:{SECRET}@[") == "the registry"
    assert origin("") == "://"


def test_reasons() -> None:
    assert reason(ValueError("a\nb")) == "a"
    assert reason(ValueError("")) == "ValueError"
    assert reason(ValueError("\n")) == "ValueError"
    assert reason(requests.ConnectionError(OSError(111, "Connection refused"))) == "Connection refused"
    assert reason(ssl.SSLError(1, "x")) == "TLS: x"
    circle = ValueError("round")
    circle.__context__ = requests.ConnectionError(circle)
    assert reason(circle) == "round"
