"""TLS as a proof: what was agreed on, who is not trusted, who is slow; counts, verdict and exit status."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from jsonschema import Draft202012Validator

from tcpgoon import api
from tcpgoon.report.json import schema

from .conftest import Nginx, StartEcho, StartServer, Tcpgoon

N = 20
FLAGS = ("-c", N, "-s", 0, "--tls")
ECHO = ("--probe", "echo")
ENDS = datetime(2101, 2, 3, 4, 5, 6, tzinfo=UTC)
AGREED = "TLSv1.3, TLS_AES_256_GCM_SHA384"
TIMES = r"[\d.]+(µs|ms|s)(/[\d.]+(µs|ms|s)){3}"


@pytest.fixture
def certificate(authority: trustme.CA, folder: Path) -> Path:
    """A file with a certificate for 127.0.0.1 and its key."""
    path = folder / "server.pem"
    authority.issue_cert("127.0.0.1", not_after=ENDS).private_key_and_cert_chain_pem.write_to_path(path)
    return path


@pytest.fixture
def ca(authority: trustme.CA, folder: Path) -> Path:
    """A file with the authority that has signed it."""
    path = folder / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.mark.parametrize("probe", [(), ECHO], ids=["handshake", "and an echo within"])
def test_a_certificate_that_verifies(
    tcpgoon: Tcpgoon, echo: StartEcho, certificate: Path, ca: Path, probe: tuple[str, ...]
) -> None:
    said = tcpgoon(*FLAGS, "--ca", ca, *probe, "127.0.0.1", echo("--certificate", certificate))
    assert said.final == {"total": N, "established": N}
    assert said.proved == {"established": N, "acknowledged": N, "served": N}
    assert said.line("TLS: ") == f"{AGREED}, certificate ends 2101-02-03T04:05:06Z × {N}"
    assert re.fullmatch(TIMES, said.line("TLS handshake time p50/p90/p99/max = "))
    assert said.lines[-1] == f"PASS: {N} of {N} connections were established, served and held for 1s"
    assert (said.exit_status, said.errors) == (0, [])


@pytest.mark.parametrize(
    ("trusted", "name", "why"),
    [
        (False, "127.0.0.1", "unable to get local issuer certificate"),
        (True, "127.0.0.2", "IP address mismatch, certificate is not valid for '127.0.0.2'"),
        (True, "example.org", "Hostname mismatch, certificate is not valid for 'example.org'"),
    ],
)
def test_a_certificate_that_does_not_verify(
    tcpgoon: Tcpgoon, echo: StartEcho, certificate: Path, ca: Path, trusted: bool, name: str, why: str
) -> None:
    """Whose mistake that is nobody knows, and of a limit it says nothing; what to do is said."""
    flags = (*(("--ca", ca) if trusted else ()), "--tls-name", name)
    said = tcpgoon(*FLAGS, *flags, "127.0.0.1", echo("--certificate", certificate))
    assert said.proved["served"] == 0
    assert any(f"the certificate does not verify: {why}" in line for line in said.lines), said.lines
    assert said.verdict == "INCONCLUSIVE"
    assert "--ca" in said.lines[-1]
    assert "--no-tls-verify" in said.lines[-1]
    assert said.exit_status == 3


def test_the_same_passes_for_who_does_not_verify(tcpgoon: Tcpgoon, echo: StartEcho, certificate: Path) -> None:
    said = tcpgoon(*FLAGS, "--no-tls-verify", "127.0.0.1", echo("--certificate", certificate))
    assert said.proved == {"established": N, "acknowledged": N, "served": N}
    assert said.line("TLS: ") == f"{AGREED}, certificate ends 2101-02-03T04:05:06Z × {N}"
    assert (said.verdict, said.exit_status) == ("PASS", 0)


def test_a_protocol_is_agreed_on(tcpgoon: Tcpgoon, echo: StartEcho, certificate: Path) -> None:
    port = echo("--certificate", certificate, "--alpn", "h2", "--tls-most", "1.2")
    said = tcpgoon(*FLAGS, "--no-tls-verify", "--alpn", "http/1.1", "--alpn", "h2", "127.0.0.1", port)
    assert said.proved["served"] == N
    assert re.fullmatch(
        rf"TLSv1\.2, [A-Z0-9-]+, ALPN h2, certificate ends 2101-02-03T04:05:06Z × {N}", said.line("TLS: ")
    )
    assert (said.verdict, said.exit_status) == ("PASS", 0)


def test_a_version_that_is_too_old(tcpgoon: Tcpgoon, echo: StartEcho, certificate: Path) -> None:
    port = echo("--certificate", certificate, "--tls-most", "1.2")
    said = tcpgoon(*FLAGS, "--no-tls-verify", "--tls-min", "1.3", "127.0.0.1", port)
    assert said.proved["served"] == 0
    assert any("TLS failed: tlsv1 alert protocol version" in line for line in said.lines), said.lines
    assert (said.verdict, said.exit_status) == ("INCONCLUSIVE", 3)


@pytest.mark.parametrize("most", ["1.2", "1.3"])
def test_a_server_that_wants_to_see_the_clients_certificate(
    tcpgoon: Tcpgoon, echo: StartEcho, authority: trustme.CA, certificate: Path, ca: Path, folder: Path, most: str
) -> None:
    """With it all are served, without it none: in TLS 1.3 that is known after the handshake alone."""
    port = echo("--certificate", certificate, "--ca", ca, "--tls-most", most)
    issued = authority.issue_cert("client.example.org")
    issued.cert_chain_pems[0].write_to_path(folder / "client.pem")
    issued.private_key_pem.write_to_path(folder / "client.key")

    shown = ("--cert", folder / "client.pem", "--key", folder / "client.key")
    said = tcpgoon(*FLAGS, *ECHO, "--ca", ca, *shown, "127.0.0.1", port)
    assert said.proved == {"established": N, "acknowledged": N, "served": N}
    assert (said.verdict, said.exit_status) == ("PASS", 0)

    said = tcpgoon(*FLAGS, *ECHO, "--ca", ca, "127.0.0.1", port)
    assert said.proved["served"] == 0
    assert any("alert" in line for line in said.lines), said.lines
    assert (said.verdict, said.exit_status) == ("INCONCLUSIVE", 3)


def test_handshakes_that_are_answered_too_late(tcpgoon: Tcpgoon, echo: StartEcho, certificate: Path) -> None:
    """After half a second nobody is waited for any more; after one and a half all answer, and are counted so."""
    port = echo("--certificate", certificate, "--delay", 1.5)
    flags = ("--no-tls-verify", "--probe-timeout", "500ms", "--hold", "3s", "--no-canary")
    said = tcpgoon(*FLAGS, *flags, "127.0.0.1", port)
    assert said.final == {"total": N, "established": N}
    assert said.proved == {"established": N, "acknowledged": N, "served": 0, "not served": N}
    assert said.line("Not served: ") == f"{N} (answered later than 500ms × {N})"
    assert (said.verdict, said.exit_status) == ("FAIL", 2)


def test_handshakes_that_are_not_answered(tcpgoon: Tcpgoon, echo: StartEcho, certificate: Path) -> None:
    port = echo("--certificate", certificate, "--delay", 60)
    said = tcpgoon(*FLAGS, "--no-tls-verify", "--probe-timeout", "500ms", "127.0.0.1", port)
    assert said.proved == {"established": N, "acknowledged": N, "served": 0, "not served": N}
    assert said.line("Not served: ") == f"{N} (no answer within 500ms × {N})"
    assert said.lines[-1] == (
        "INCONCLUSIVE: not verifiable with this probe: nobody was ever answered as expected "
        f"({N} gave no answer within 500ms)"
    )
    assert said.exit_status == 3


def test_who_speaks_no_tls(tcpgoon: Tcpgoon, server: StartServer) -> None:
    target = server("--banner", r"220 ready\r\n")
    said = tcpgoon(*FLAGS, "--no-tls-verify", target.host, target.port)
    assert said.proved["served"] == 0
    assert said.line("Not served: ") == f"{N} (no TLS handshake × {N})"
    assert said.line("The probe failed: ") == f"what it speaks is not TLS × {N}"
    assert (said.verdict, said.exit_status) == ("INCONCLUSIVE", 3)


@pytest.mark.requires("nginx")
def test_http_of_nginx_within_tls(tcpgoon: Tcpgoon, nginx: Nginx, certificate: Path, ca: Path) -> None:
    tls = f"ssl_certificate {certificate}; ssl_certificate_key {certificate}; ssl_protocols TLSv1.3;"
    port = nginx(listen="ssl", server=tls)
    said = tcpgoon(*FLAGS, "--ca", ca, "--probe", "http", "127.0.0.1", port)
    assert said.proved == {"established": N, "acknowledged": N, "served": N}
    assert said.line("TLS: ") == f"{AGREED}, certificate ends 2101-02-03T04:05:06Z × {N}"
    assert (said.verdict, said.exit_status) == ("PASS", 0)


def test_the_plain_data_of_it_obeys_the_schema(echo: StartEcho, certificate: Path, ca: Path) -> None:
    port = echo("--certificate", certificate)
    result = api.run(f"127.0.0.1:{port}", connections=2, sleep="0ms", hold="0s", tls=True, ca=ca, probe="echo")
    plain = result.to_dict()
    Draft202012Validator(json.loads(schema())).validate(plain)
    assert (plain["verdict"], plain["tls"][0]["count"], plain["metrics"]["tls"]["count"]) == ("PASS", 2, 2)
