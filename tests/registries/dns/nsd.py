"""A real name server, NSD, with the zones of a test: it says what its zone files say, and nothing else."""

import random
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ADDRESS = "127.0.0.1"

# NSD limits how often it gives the same answer, which a test would run into; and it would become the user `nsd`.
_CONFIGURATION = """
server:
    server-count: 1
    ip-address: {address}@{port}
    username: ""
    zonesdir: "{folder}"
    database: ""
    pidfile: "{folder}/pid"
    xfrdfile: "{folder}/xfrd"
    xfrdir: "{folder}"
    zonelistfile: "{folder}/zones"
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
remote-control:
    control-enable: no
"""
_ZONE = """
zone:
    name: {name}
    zonefile: "{name}.zone"
"""


@contextmanager
def name_server(program: str, folder: Path, zones: Mapping[str, str]) -> Iterator[int]:
    """Serves ``zones`` (zone files by the name of the zone) by UDP and TCP until the block ends; its port.

    A zone with an empty file is known but cannot be loaded: it is answered with SERVFAIL. Of zones that are not here
    the server knows nothing: REFUSED.
    """
    for name, text in zones.items():
        (folder / f"{name}.zone").write_text(text)
    process, port = _start(program, folder, "".join(_ZONE.format(name=name) for name in zones))
    try:
        yield port
    finally:
        process.terminate()
        process.wait(30)
        assert process.stderr is not None
        process.stderr.close()


def _start(program: str, folder: Path, zones: str) -> tuple[subprocess.Popen[str], int]:
    configuration = folder / "nsd.conf"
    said: list[str] = []
    for port in free_ports(20):
        configuration.write_text(_CONFIGURATION.format(address=ADDRESS, port=port, folder=folder) + zones)
        process = subprocess.Popen([program, "-d", "-c", configuration], stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        for line in process.stderr:
            # From here on it answers; what was asked earlier has waited in its socket.
            if "nsd started" in line:
                return process, port
            said.append(line)
        process.wait(30)
        process.stderr.close()
    raise AssertionError(f"NSD does not start: {''.join(said)}")


def free_ports(count: int) -> Iterator[int]:
    """Ports that neither protocol uses; somebody else may take one before we do."""
    for port in random.sample(range(20_000, 30_000), count):
        with socket.socket(type=socket.SOCK_DGRAM) as datagrams, socket.socket() as connections:
            try:
                datagrams.bind((ADDRESS, port))
                connections.bind((ADDRESS, port))
            except OSError:
                continue
        yield port
