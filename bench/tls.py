"""How fast TLS handshakes are made, and what each costs: tcpgoon beside a bare Python loop over the same library.

The server is nginx in one process: a real one, which makes a handshake with less CPU than any Python client, so that on
a machine of two cores the client is what bounds the rate. Were it not, the ratio of the rates would say nothing: so the
CPU of the client has a bar of its own, the same one. The certificate is a throw-away one for P-256.

Both open all connections first and then shake hands over all of them, with as many handshakes in flight: the loop is
told how many tcpgoon had. CPU is that of all they do, from the first connect() to the last close().
"""

import sys
import tempfile
from functools import partial
from pathlib import Path

import msgspec
import trustme

from bench import tls_server
from bench.build import CannotMeasure
from bench.comparison import Bar, Comparison, Row, in_turn
from bench.measure import ADDRESS, PORT, Measured, process

CONNECTIONS = 4_000
"""Enough for more than a second of handshakes; their sessions fit into memory at both ends, even all at once."""

ENOUGH = 0.8


class Handshakes(Measured, frozen=True, kw_only=True):
    """The line of JSON that a client prints: the time from the first handshake's beginning to the last one's end."""

    served: int
    in_flight: int
    """The most at once."""


def tls(pairs: int) -> Comparison:
    """Rate and CPU of handshakes over held connections."""
    tls_server.nginx()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificate = trustme.CA().issue_cert("bench.example", key_type=trustme.KeyType.ECDSA)
        certificate.private_key_and_cert_chain_pem.write_to_path(str(folder / tls_server.CERTIFICATE))
        return _compared(folder, pairs)


def _compared(folder: Path, pairs: int) -> Comparison:
    tcpgoon = partial(_handshakes, folder, _client("tls_client"))
    in_flight = tcpgoon().in_flight
    loop = partial(_handshakes, folder, _client("tls_loop", "--in-flight", str(in_flight)))
    found = in_turn({"loop": loop, "tcpgoon": tcpgoon}, pairs)
    left, right = found["loop"], found["tcpgoon"]
    rate, cpu = Bar("ratio", "≥", ENOUGH), Bar("ratio", "≤", 1 / ENOUGH)
    return Comparison(
        f"TLS handshakes over {CONNECTIONS:,} held connections, at most {in_flight:,} in flight",
        "bare Python loop",
        "tcpgoon",
        [
            Row("handshakes/s", [h.rate for h in left], [h.rate for h in right], bar=rate),
            Row("user + system CPU, µs each", [h.cpu_us for h in left], [h.cpu_us for h in right], ".1f", cpu),
            Row("most in flight", [h.in_flight for h in left], [h.in_flight for h in right]),
        ],
    )


def _client(module: str, *flags: str) -> list[str]:
    return [sys.executable, "-m", f"bench.{module}", *flags, ADDRESS, PORT, str(CONNECTIONS)]


def _handshakes(folder: Path, client: list[str]) -> Handshakes:
    server = [sys.executable, "-m", "bench.tls_server", str(folder), ADDRESS]
    measured = msgspec.json.decode(process(client, server).stdout, type=Handshakes)
    if measured.served != measured.connections:
        raise CannotMeasure(f"'{' '.join(client)}' made {measured.served} of {measured.connections} handshakes")
    return measured
