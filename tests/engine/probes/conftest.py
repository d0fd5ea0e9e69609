"""Certificates, and the server's end of TLS in memory."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from tcpgoon.testing import says


class Authority:
    """A certificate authority, and contexts of servers that have its certificates."""

    def __init__(self, folder: Path) -> None:
        self.ca = trustme.CA()
        self.folder = folder
        self.trusted = str(folder / "ca.pem")
        self.ca.cert_pem.write_to_path(self.trusted)
        self.leaf = self.ca.issue_cert("example.org", "127.0.0.1", "::1")
        self.expired = self.ca.issue_cert(
            "example.org",
            not_before=datetime(2001, 1, 1, tzinfo=UTC),
            not_after=datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC),
        )
        self.client = self.ca.issue_cert("client.example.org")

    def context(self, leaf: trustme.LeafCert | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (leaf or self.leaf).configure_cert(context)
        return context

    def client_file(self) -> str:
        path = self.folder / "client.pem"
        self.client.private_key_and_cert_chain_pem.write_to_path(path)
        return str(path)


class TlsPeer:
    """A server in memory: what it gets goes in, what it says comes out. ``peer`` is what speaks inside of TLS.

    After the last word that it says it sends close_notify, if ``closes``.
    """

    def __init__(self, context: ssl.SSLContext, peer: Callable[[bytes], bytes], closes: bool = False) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.peer = peer
        self.closes = closes
        self.done = False
        self.error: ssl.SSLError | None = None

    def __call__(self, sent: bytes) -> bytes:
        self.incoming.write(sent)
        try:
            self._step()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as exc:
            self.error = self.error or exc
        return self.outgoing.read()

    def _step(self) -> None:
        if not self.done:
            self.tls.do_handshake()
            self.done = True
            self._say(self.peer(b""))
        while self.done:
            self._say(self.peer(self.tls.read(65_536)))

    def _say(self, words: bytes) -> None:
        if words:
            self.tls.write(words)
        if self.closes:
            self.closes = False
            self.tls.unwrap()


MakePeer = Callable[..., Callable[[], TlsPeer]]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def tls_peer(authority: Authority) -> MakePeer:
    """What makes peers that say these ``words`` in turn, beginning once the handshake is done."""

    def make(*words: bytes, context: ssl.SSLContext | None = None, closes: bool = False) -> Callable[[], TlsPeer]:
        chosen = context or authority.context()
        return lambda: TlsPeer(chosen, says(*words)(), closes)

    return make
