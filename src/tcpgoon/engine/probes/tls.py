"""The TLS handshake as a probe, and any other probe inside of TLS.

The library sees two buffers in memory instead of a socket. What the peer sends goes into one; what comes out of the
other is to be sent. The handshake is a proof by itself: an accept queue does not sign anything. Each is a full one: no
session is ever resumed, since a newcomer has none.

In TLS 1.3 the client is done before the server has looked at the client's certificate. A server that does not like it
says so in an alert that comes after the handshake: a probe within gets it instead of its answer; without one it is
what the peer `said` before it closed.
"""

import ssl
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from tcpgoon.engine.probes.certificate import expiry
from tcpgoon.engine.probes.probe import PASSED, PENDING, Probe, Progress, failed
from tcpgoon.errors import PlanError
from tcpgoon.plan.tls import TlsOptions, TlsVersion
from tcpgoon.record.said import MOST_SAID, escape
from tcpgoon.record.tls_facts import TlsFacts
from tcpgoon.record.unserved import Unserved

MOST_TLS_BYTES = 262_144
"""How much of what a peer sends is looked at: the longest chain of certificates that OpenSSL takes is 100 KB."""

_TOO_MUCH = failed(Unserved.ENDLESS, f"no answer within the first {MOST_TLS_BYTES:,} bytes")
_READ_BYTES = 16_384
_RECORDS = (b"", b"\x15", b"\x16")
"""How a server begins that speaks TLS: not yet, with an alert, or with the handshake (RFC 8446 §5.1)."""

_VERSIONS = {TlsVersion.TLS_1_2: ssl.TLSVersion.TLSv1_2, TlsVersion.TLS_1_3: ssl.TLSVersion.TLSv1_3}


class TlsScript:
    """What is the same for all handshakes of one plan: made once.

    Raises `PlanError` for files that cannot be read, and where the library would not even begin.
    """

    __slots__ = ("_context", "_hostname")

    def __init__(self, options: TlsOptions) -> None:
        self._context = _context(options)
        self._hostname = options.hostname or None
        try:
            TlsProbe(self).start()
        except ssl.SSLError as exc:
            raise PlanError(f"TLS cannot be spoken like this: {exc}") from exc

    def wrap(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> ssl.SSLObject:
        """A handshake that has not begun."""
        return self._context.wrap_bio(incoming, outgoing, server_hostname=self._hostname)


class TlsProbe:
    """One TLS session with ``inner`` in it, or nothing but the handshake; see `tcpgoon.engine.probes.probe.Probe`.

    With what the library keeps it is 10 KB before the handshake, 42 KB during it and 23 KB after it (OpenSSL 3.0). It
    can be dropped once it has passed, if nothing more is to be said over the session; the connection does not notice.
    """

    __slots__ = ("_count", "_head", "_incoming", "_inner", "_outgoing", "_progress", "_tls", "closed", "facts")

    def __init__(self, script: TlsScript, inner: Probe | None = None) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = script.wrap(self._incoming, self._outgoing)
        self._inner = inner
        self._progress = PENDING
        self._count = 0
        self._head = b""
        self.closed = False
        """Whether the peer has ended the session after it had passed (close_notify): it serves it no more."""
        self.facts: TlsFacts | None = None
        """What the handshake taught; not `None` from the moment that it is done."""

    def start(self) -> bytes:
        """The ClientHello."""
        with suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
        return self.to_send()

    def received(self, data: bytes) -> Progress:
        """See `Probe.received`. After it has passed, what comes is still decrypted, and dropped."""
        if self._progress is PENDING:
            self._progress = self._advance(data)
        elif self._progress is PASSED:
            self._overhear(data)
        return self._progress

    def to_send(self) -> bytes:
        """See `Probe.to_send`."""
        return self._outgoing.read()

    def eof(self) -> Progress:
        """See `Probe.eof`."""
        if self._progress is PENDING:
            self._progress = self._ended()
        return self._progress

    @property
    def said(self) -> bytes:
        """What it said inside of TLS; outside, where it speaks no TLS; or the alert that came after the handshake."""
        return (self._inner.said if self._inner else b"") or self._head

    def again(self, inner: Probe) -> bytes:
        """What to send to ask once more, by ``inner``, over the session of a probe that has passed."""
        self._inner, self._count, self._progress = inner, 0, PENDING
        try:
            self._tls.write(inner.start())
        except ssl.SSLError as exc:
            self._progress = _broken(exc)
        return self.to_send()

    def _advance(self, data: bytes) -> Progress:
        self._count += len(data)
        if self._count > MOST_TLS_BYTES:
            return _TOO_MUCH
        self._incoming.write(data)
        try:
            return self._listen() if self.facts else self._shake_hands()
        except ssl.SSLWantReadError:
            self._keep_head(data)
            return PENDING
        except ssl.SSLError as exc:
            self._keep_head(data)
            return failed(Unserved.NO_TLS, "what it speaks is not TLS") if self._head else _broken(exc)

    def _shake_hands(self) -> Progress:
        self._tls.do_handshake()
        self.facts = _facts_of(self._tls)
        self._head = b""
        if self._inner is None:
            return PASSED
        self._say(self._inner.start())
        return self._listen()

    def _listen(self) -> Progress:
        """What the inner probe makes of what there is. Raises `ssl.SSLWantReadError` where it needs more."""
        assert self._inner  # noqa: S101 - without one the handshake was all
        while True:
            data = self._tls.read(_READ_BYTES)
            progress = self._inner.received(data) if data else self._inner.eof()
            self._say(self._inner.to_send())
            if progress is not PENDING:
                return progress

    def _say(self, data: bytes) -> None:
        if data:
            self._tls.write(data)

    def _ended(self) -> Progress:
        if self.facts is None:
            return failed(Unserved.ENDED, "closed during the TLS handshake")
        return self._inner.eof() if self._inner else PASSED

    def _overhear(self, data: bytes) -> None:
        self._incoming.write(data)
        try:
            while self._tls.read(_READ_BYTES):
                pass
            self.closed = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as exc:
            self._head = _broken(exc).reason.encode()[:MOST_SAID]

    def _keep_head(self, data: bytes) -> None:
        """Keep how the peer begins, if that is no record of TLS."""
        if self.facts is None and (self._head or (self._count == len(data) and data[:1] not in _RECORDS)):
            self._head += data[: MOST_SAID - len(self._head)]


def _broken(exc: ssl.SSLError) -> Progress:
    if isinstance(exc, ssl.SSLCertVerificationError):
        words = f"the certificate does not verify: {exc.verify_message}"
        return failed(Unserved.UNTRUSTED, escape(words.encode()))
    words = (exc.reason or str(exc)).lower().replace("_", " ")
    return failed(Unserved.NO_TLS, escape(f"TLS failed: {words}".encode()))


def _facts_of(tls: ssl.SSLObject) -> TlsFacts:
    cipher = tls.cipher()
    der = tls.getpeercert(binary_form=True)
    return _facts(tls.version() or "", cipher[0] if cipher else "", tls.selected_alpn_protocol() or "", der or b"")


@lru_cache(maxsize=64)
def _facts(version: str, cipher: str, alpn: str, der: bytes) -> TlsFacts:
    """All connections to one server share one object."""
    return TlsFacts(version=version, cipher=cipher, alpn=alpn, expires_at=expiry(der))


def _context(options: TlsOptions) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = _VERSIONS[options.minimum_version]
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.check_hostname = options.verify
    context.verify_mode = ssl.CERT_REQUIRED if options.verify else ssl.CERT_NONE
    if options.alpn:
        context.set_alpn_protocols(list(options.alpn))
    if options.verify:
        _trust(context, options.ca)
    if options.certificate:
        _show(context, options.certificate, options.key)
    return context


def _trust(context: ssl.SSLContext, ca: str) -> None:
    if not ca:
        context.load_default_certs()
        return
    try:
        if Path(ca).is_dir():
            context.load_verify_locations(capath=ca)
        else:
            context.load_verify_locations(cafile=ca)
    except OSError as exc:  # SSLError is one too
        raise PlanError(f"{ca}: there is no certificate to trust in it: {_why(exc)}") from exc


def _show(context: ssl.SSLContext, certificate: str, key: str) -> None:
    try:
        context.load_cert_chain(certificate, key or None, password=_ask_nobody)
    except OSError as exc:
        files = f"{certificate} and {key}" if key else certificate
        raise PlanError(f"{files}: no certificate with its key: {_why(exc)}") from exc


def _ask_nobody() -> str:
    """OpenSSL would ask at the terminal, and a pipeline would wait for ever."""
    raise PlanError("the key of the client's certificate is encrypted: give one that is not")


def _why(exc: OSError) -> str:
    if isinstance(exc, ssl.SSLError):
        return exc.reason.lower().replace("_", " ") if exc.reason else "it is not in the PEM format"
    return exc.strerror or str(exc)
