import gc
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tcpgoon.engine.probes.certificate import expiry
from tcpgoon.engine.probes.exchange import ExchangeProbe, Script
from tcpgoon.engine.probes.probe import PASSED, PENDING, Progress, Status, failed
from tcpgoon.engine.probes.tls import MOST_TLS_BYTES, TlsProbe, TlsScript
from tcpgoon.plan.probe import Exchange
from tcpgoon.plan.tls import TlsOptions, TlsVersion
from tcpgoon.record.tls_facts import TlsFacts
from tcpgoon.record.unserved import Unserved
from tcpgoon.testing import Conversation, check_probe, says

from .conftest import Authority, MakePeer, TlsPeer

PING = Exchange(
    name="ping", send=r"PING\r\n", expect=r"\+PONG\r\n", refused=r"(?P<reason>-[^\r\n]*)\r\n", anchored=True
)


def options(authority: Authority, **knobs: Any) -> TlsOptions:
    return TlsOptions(**{"server_name": "example.org", "ca": authority.trusted, **knobs})


def unverified(**knobs: Any) -> TlsOptions:
    return TlsOptions(verify=False, **knobs)


SCRIPT = TlsScript(unverified(server_name="example.org"))


def converse(probe: TlsProbe, peer: Callable[[bytes], bytes], size: int = 1 << 20) -> Progress:
    """Until neither has anything to say, or the probe is over; the peer hears of that too."""
    progress, words = PENDING, peer(probe.start())
    while words and progress is PENDING:
        progress = probe.received(words[:size])
        words = words[size:] + peer(probe.to_send())
    peer(probe.to_send())
    return progress


def handshake(wanted: TlsOptions, peer: TlsPeer) -> tuple[TlsProbe, Progress]:
    probe = TlsProbe(TlsScript(wanted))
    return probe, converse(probe, peer)


def test_the_handshake_is_the_proof(authority: Authority, tls_peer: MakePeer) -> None:
    peer = tls_peer()()
    probe, progress = handshake(options(authority), peer)

    assert (progress, peer.done, peer.error) == (PASSED, True, None)
    assert probe.facts == TlsFacts(
        version="TLSv1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        expires_at=expiry(ssl.PEM_cert_to_DER_cert(authority.leaf.cert_chain_pems[0].bytes().decode())),
    )
    assert probe.said == b""


def test_nothing_is_known_before_it_is_done(authority: Authority) -> None:
    probe = TlsProbe(TlsScript(options(authority)))

    assert probe.start()[:3] == b"\x16\x03\x01"
    assert probe.to_send() == b""
    assert probe.facts is None


@pytest.mark.parametrize("name", ["example.org", "example.org.", "127.0.0.1", "::1", "::1%lo"])
def test_names_and_addresses_that_the_certificate_is_for(authority: Authority, tls_peer: MakePeer, name: str) -> None:
    _, progress = handshake(options(authority, server_name=name), tls_peer()())

    assert progress is PASSED


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"ca": ""}, "unable to get local issuer certificate"),
        ({"server_name": "example.net"}, "Hostname mismatch, certificate is not valid for 'example.net'."),
        ({"server_name": "127.0.0.2"}, "IP address mismatch, certificate is not valid for '127.0.0.2'."),
    ],
)
def test_a_certificate_that_does_not_verify(
    authority: Authority, tls_peer: MakePeer, knobs: dict[str, str], words: str
) -> None:
    peer = tls_peer()()
    probe, progress = handshake(options(authority, **knobs), peer)

    assert progress == failed(Unserved.UNTRUSTED, f"the certificate does not verify: {words}")
    assert probe.facts is None
    assert peer.error is not None  # it is told why: to_send() had the alert
    assert "ALERT" in str(peer.error.reason)


def test_a_certificate_that_has_expired(authority: Authority, tls_peer: MakePeer) -> None:
    peer = tls_peer(context=authority.context(authority.expired))
    _, progress = handshake(options(authority), peer())

    assert progress == failed(Unserved.UNTRUSTED, "the certificate does not verify: certificate has expired")


def test_without_verification_its_end_is_still_known(authority: Authority, tls_peer: MakePeer) -> None:
    peer = tls_peer(context=authority.context(authority.expired))
    probe, progress = handshake(unverified(), peer())

    assert progress is PASSED
    assert probe.facts
    assert probe.facts.expires_at == "2001-02-03T04:05:06Z"


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [((), ""), (("h2", "http/1.1"), "http/1.1"), (("http/1.1", "mqtt"), "http/1.1"), (("h2",), "")],
)
def test_alpn(authority: Authority, tls_peer: MakePeer, offered: tuple[str, ...], chosen: str) -> None:
    context = authority.context()
    context.set_alpn_protocols(["http/1.1", "spdy/3"])
    probe, progress = handshake(options(authority, alpn=offered), tls_peer(context=context)())

    assert progress is PASSED
    assert probe.facts
    assert probe.facts.alpn == chosen


def test_the_oldest_version_that_is_accepted(authority: Authority, tls_peer: MakePeer) -> None:
    context = authority.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    old, passed = handshake(options(authority), tls_peer(context=context)())
    _, refused = handshake(options(authority, minimum_version=TlsVersion.TLS_1_3), tls_peer(context=context)())

    assert passed is PASSED
    assert old.facts
    assert old.facts.version == "TLSv1.2"
    assert refused == failed(Unserved.NO_TLS, "TLS failed: tlsv1 alert protocol version")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate(authority: Authority, tls_peer: MakePeer, version: ssl.TLSVersion) -> None:
    context = authority.context()
    context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    authority.ca.configure_trust(context)
    peer = tls_peer(context=context)()
    _, progress = handshake(options(authority, certificate=authority.client_file()), peer)

    assert (progress, peer.error) == (PASSED, None)
    assert b"client.example.org" in (peer.tls.getpeercert(binary_form=True) or b"")


def demanding(authority: Authority, version: ssl.TLSVersion) -> ssl.SSLContext:
    context = authority.context()
    context.minimum_version = context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_a_client_certificate_that_is_missing(authority: Authority, tls_peer: MakePeer) -> None:
    peer = tls_peer(context=demanding(authority, ssl.TLSVersion.TLSv1_2))()
    _, progress = handshake(options(authority), peer)

    assert progress == failed(Unserved.NO_TLS, "TLS failed: sslv3 alert handshake failure")


def test_in_tls_1_3_it_is_missed_only_after_the_handshake(authority: Authority, tls_peer: MakePeer) -> None:
    context = demanding(authority, ssl.TLSVersion.TLSv1_3)
    peer = tls_peer(context=context)()
    probe = TlsProbe(TlsScript(options(authority)))
    hello = peer(probe.start())
    assert probe.received(hello) is PASSED
    assert probe.received(peer(probe.to_send())) is PASSED
    assert probe.said == b"TLS failed: tlsv13 alert certificate required"

    inner = TlsProbe(TlsScript(options(authority)), ExchangeProbe(Script(PING)))
    assert converse(inner, tls_peer(b"", b"+PONG\r\n", context=context)()) == failed(
        Unserved.NO_TLS, "TLS failed: tlsv13 alert certificate required"
    )


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((b"", b"+PONG\r\n"), PASSED),
        ((b"", b"-ERR no\r\n"), failed(Unserved.REFUSED, "-ERR no")),
        ((b"-ERR at once\r\n",), failed(Unserved.REFUSED, "-ERR at once")),
        ((b"", b"+PO"), PENDING),
        ((), PENDING),
    ],
)
def test_any_probe_runs_inside(
    authority: Authority, tls_peer: MakePeer, words: tuple[bytes, ...], expected: Progress, size: int
) -> None:
    probe = TlsProbe(TlsScript(options(authority)), ExchangeProbe(Script(PING)))

    assert converse(probe, tls_peer(*words)(), size) == expected
    assert probe.facts
    assert probe.said == b"".join(words)
    assert probe.eof().status is (Status.PASSED if expected is PASSED else Status.FAILED)


def test_it_is_asked_again_over_the_same_session(authority: Authority, tls_peer: MakePeer) -> None:
    peer = tls_peer(b"", b"+PONG\r\n", b"-ERR no more\r\n")()
    probe = TlsProbe(TlsScript(options(authority)), ExchangeProbe(Script(PING)))
    assert converse(probe, peer) is PASSED

    question = probe.again(ExchangeProbe(Script(PING)))
    assert b"PING" not in question
    assert probe.received(peer(question)) == failed(Unserved.REFUSED, "-ERR no more")


def test_what_comes_in_between_is_dropped(authority: Authority, tls_peer: MakePeer) -> None:
    peer = tls_peer(b"", b"+PONG\r\n", b"unasked " * 10_000, b"+PONG\r\n")()
    probe = TlsProbe(TlsScript(options(authority)), ExchangeProbe(Script(PING)))
    assert converse(probe, peer) is PASSED

    peer.tls.write(peer.peer(b""))
    assert probe.received(peer.outgoing.read()) is PASSED
    assert probe.received(peer(probe.again(ExchangeProbe(Script(PING))))) is PASSED


def test_a_session_that_has_failed_cannot_be_asked_again(authority: Authority, tls_peer: MakePeer) -> None:
    peer = tls_peer()()
    probe, progress = handshake(options(authority), peer)
    assert progress is PASSED
    assert probe.received(b"\x17\x03\x03\x00\x10" + bytes(16)) is PASSED
    assert probe.said.startswith(b"TLS failed: ")

    assert probe.again(ExchangeProbe(Script(PING))) is not None
    assert probe.received(b"x").status is Status.FAILED


def test_close_notify_is_an_end(authority: Authority, tls_peer: MakePeer) -> None:
    probe = TlsProbe(TlsScript(options(authority)), ExchangeProbe(Script(PING)))
    assert converse(probe, tls_peer(closes=True)()) == failed(Unserved.ENDED, "closed without a word")

    refused = TlsProbe(TlsScript(options(authority)), ExchangeProbe(Script(PING)))
    assert converse(refused, tls_peer(b"-ERR\r\n", closes=True)()) == failed(Unserved.REFUSED, "-ERR")


def test_after_a_pass_it_changes_nothing(authority: Authority, tls_peer: MakePeer) -> None:
    peer = tls_peer(closes=True)()
    probe = TlsProbe(TlsScript(options(authority)))
    assert probe.received(peer(probe.start())) is PASSED

    assert probe.received(peer(probe.to_send())) is PASSED  # close_notify
    assert probe.closed
    assert probe.received(b"more") is PASSED
    assert probe.eof() is PASSED
    assert probe.said == b""


def test_who_closes_while_hands_are_shaken(authority: Authority) -> None:
    probe = TlsProbe(TlsScript(options(authority)))
    probe.start()

    assert probe.received(b"\x16\x03\x03") is PENDING
    assert probe.eof() == failed(Unserved.ENDED, "closed during the TLS handshake")
    assert probe.said == b""


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize(
    "words",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"-ERR unknown command\r\n", b"SSH-2.0-x\r\n", bytes(300), b"\xff" * 300],
)
def test_who_speaks_no_tls_is_quoted(authority: Authority, words: bytes, size: int) -> None:
    probe = TlsProbe(TlsScript(options(authority)))

    assert converse(probe, says(words)(), size) == failed(Unserved.NO_TLS, "what it speaks is not TLS")
    assert probe.said
    assert words.startswith(probe.said)


def test_who_says_less_than_a_record_is_quoted_too(authority: Authority) -> None:
    probe = TlsProbe(TlsScript(options(authority)))

    assert converse(probe, says(b"no")()) is PENDING
    assert probe.eof() == failed(Unserved.ENDED, "closed during the TLS handshake")
    assert probe.said == b"no"


def with_chain(authority: Authority, tmp_path: Path, length: int) -> ssl.SSLContext:
    chain = tmp_path / "chain.pem"
    pem = authority.leaf.private_key_and_cert_chain_pem.bytes() + authority.ca.cert_pem.bytes() * length
    chain.write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return context


@pytest.mark.parametrize(
    ("length", "expected"),
    [(150, PASSED), (250, failed(Unserved.NO_TLS, "TLS failed: excessive message size"))],
)
def test_a_long_chain_of_certificates(
    authority: Authority, tls_peer: MakePeer, tmp_path: Path, length: int, expected: Progress
) -> None:
    _, progress = handshake(options(authority), tls_peer(context=with_chain(authority, tmp_path, length))())

    assert progress == expected


def test_who_talks_on_and_on(authority: Authority, tls_peer: MakePeer) -> None:
    probe = TlsProbe(TlsScript(options(authority)), ExchangeProbe(Script(Exchange(name="x", expect="never"))))
    words = (b"x" * 16_384,) * 10
    assert converse(probe, tls_peer(b"".join(words))()) == failed(
        Unserved.ENDLESS, "no answer within the first 65,536 bytes"
    )
    assert probe.said == b"x" * 200


def test_who_has_nothing_to_say_but_says_it_for_ever(authority: Authority, tls_peer: MakePeer) -> None:
    context = authority.context()
    context.num_tickets = 1_500  # each is a message of TLS itself, some 250 bytes long
    probe = TlsProbe(TlsScript(options(authority)), ExchangeProbe(Script(PING)))

    assert converse(probe, tls_peer(context=context)(), 16_384) == failed(
        Unserved.ENDLESS, f"no answer within the first {MOST_TLS_BYTES:,} bytes"
    )


def test_it_is_a_probe(authority: Authority, tls_peer: MakePeer) -> None:
    script, ends = TlsScript(options(authority)), Unserved.ENDED
    check_probe(
        lambda: TlsProbe(script),
        [
            Conversation("served", tls_peer(), Status.PASSED),
            Conversation("no TLS", says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Status.FAILED, Unserved.NO_TLS),
            Conversation("closed", says(), Status.FAILED, ends, ends=True),
            Conversation(
                "expired", tls_peer(context=authority.context(authority.expired)), Status.FAILED, Unserved.UNTRUSTED
            ),
        ],
    )


def test_it_is_a_probe_with_another_in_it(authority: Authority, tls_peer: MakePeer) -> None:
    script, ping = TlsScript(options(authority)), Script(PING)
    check_probe(
        lambda: TlsProbe(script, ExchangeProbe(ping)),
        [
            Conversation("served", tls_peer(b"", b"+PONG\r\n"), Status.PASSED),
            Conversation("refused at once", tls_peer(b"-ERR\r\n"), Status.FAILED, Unserved.REFUSED),
            Conversation("silent", tls_peer(), Status.PENDING),
            Conversation("closed by TLS", tls_peer(closes=True), Status.FAILED, Unserved.ENDED),
            Conversation("closed", tls_peer(b"", b"+PO"), Status.FAILED, Unserved.ENDED, ends=True),
        ],
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    data=st.lists(st.binary(max_size=300), max_size=20), head=st.sampled_from([b"", b"\x16\x03\x03", b"\x15\x03\x03"])
)
def test_nothing_that_a_peer_says_raises(authority: Authority, data: list[bytes], head: bytes) -> None:
    probe = TlsProbe(SCRIPT)
    probe.start()
    for piece in data:
        probe.received(head + piece)
        probe.to_send()
    assert probe.eof().status is Status.FAILED
    assert len(probe.said) <= 200


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(at=st.integers(0, 2_000), bits=st.integers(1, 255))
def test_nothing_that_is_done_to_a_record_raises(tls_peer: MakePeer, at: int, bits: int) -> None:
    probe, peer = TlsProbe(SCRIPT), tls_peer()()
    words = bytearray(peer(probe.start()))
    words[at % len(words)] ^= bits
    probe.received(bytes(words))
    peer(probe.to_send())
    probe.eof()


def test_a_probe_is_no_cycle(authority: Authority, tls_peer: MakePeer) -> None:
    """A hundred thousand of them go as soon as they are dropped, without the garbage collector."""
    script, make = TlsScript(options(authority)), tls_peer()
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            converse(TlsProbe(script), make())
        left = [thing for thing in gc.get_objects() if isinstance(thing, TlsProbe)]
    finally:
        gc.enable()
    assert left == []
