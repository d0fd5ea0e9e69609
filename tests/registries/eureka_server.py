"""A real Eureka server, and what instances say to it."""

import json
import random
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.registries.building import program_of

START_LIMIT_S = 120
TRIES = 3
MY_OWN = {"@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", "name": "MyOwn"}
JVM = ["-Xmx192m", "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
SETTINGS = {
    "server.address": "127.0.0.1",
    "spring.main.banner-mode": "off",
    "spring.main.lazy-initialization": "true",
    "eureka.client.register-with-eureka": "false",
    "eureka.client.fetch-registry": "false",
    # Who sends no heartbeat is gone within seconds, and what has changed is said at once.
    "eureka.server.enable-self-preservation": "false",
    "eureka.server.eviction-interval-timer-in-ms": "200",
    "eureka.server.use-read-only-response-cache": "false",
    "eureka.server.response-cache-auto-expiration-in-seconds": "1",
    "eureka.server.wait-time-in-ms-when-sync-empty": "0",
    "eureka.server.disable-transparent-fallback-to-other-region": "true",
    "eureka.server.remote-region-registry-fetch-interval": "1",
}


class EurekaServer:
    """Where it is asked, and the operations of its instances. They go to the door without TLS."""

    reader = ("reader", "pass:wörd")
    stranger = ("stranger", "stranger")  # is known, and may read nothing
    region = "elsewhere"  # the one other region that it knows of; a second look at itself

    def __init__(self, plain: int, netflix: int, secure: int, ca: Path) -> None:
        self.plain = plain  # Spring's: /eureka/apps
        self.netflix = netflix  # Netflix's: /eureka/v2/apps; answers in XML whatever was asked for
        self.secure = secure  # Spring's, with TLS and for readers only
        self.ca = ca
        self.base = f"http://127.0.0.1:{plain}/eureka"

    def register(self, app: str, instance_id: str, lease_s: int = 600, **more: object) -> None:
        """One more instance, UP on 127.0.0.1:8080, or as ``more`` has it.

        Without a heartbeat for twice the lease it is evicted: Eureka has always counted it twice.
        """
        instance: dict[str, Any] = {
            "instanceId": instance_id,
            "app": app,
            "hostName": "127.0.0.1",
            "ipAddr": "127.0.0.1",
            "status": "UP",
            "port": {"$": 8080, "@enabled": "true"},
            "securePort": {"$": 8443, "@enabled": "false"},
            "vipAddress": app.lower(),
            "dataCenterInfo": MY_OWN,
            "leaseInfo": {"renewalIntervalInSecs": 30, "durationInSecs": lease_s},
        }
        self.ask("POST", f"/apps/{app}", {"instance": instance | more})

    def heartbeat(self, app: str, instance_id: str) -> None:
        """Say that it is still there."""
        self.ask("PUT", f"/apps/{app}/{instance_id}")

    def override(self, app: str, instance_id: str, status: str) -> None:
        """Take it out of service, or say of it whatever else its operator wants to be said.

        Eureka remembers that by the id alone: an instance of another application with the same one is out, too.
        """
        self.ask("PUT", f"/apps/{app}/{instance_id}/status?value={status}")

    def cancel(self, app: str, instance_id: str) -> None:
        """It has gone in an orderly way."""
        self.ask("DELETE", f"/apps/{app}/{instance_id}")

    def ask(self, method: str, path: str, body: object = None, accept: str = "application/json") -> bytes:
        """What it answers."""
        headers = {"Content-Type": "application/json", "Accept": accept}
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self.base + path, data, headers, method=method)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            found: bytes = answer.read()
        return found


@pytest.fixture(scope="session")
def eureka() -> Iterator[EurekaServer]:
    """One for all tests: each takes application names of its own."""
    jar = program_of("eureka")
    with tempfile.TemporaryDirectory(prefix="tcpgoon-") as name:
        for left in reversed(range(TRIES)):  # another program may take a port between the look and the start
            with _running(jar, Path(name)) as server:
                if server is not None:
                    yield server
                    return
            assert left, Path(name, "log").read_text()[-4000:]


@contextmanager
def _running(jar: Path, folder: Path) -> Iterator[EurekaServer | None]:
    """None where it has ended, instead of answering."""
    plain, netflix, secure = _free_ports(3)
    ca = _certificates(folder)
    server = EurekaServer(plain, netflix, secure, ca)
    settings = SETTINGS | {
        "server.port": secure,
        "server.ssl.certificate": folder / "server.pem",
        "server.ssl.certificate-private-key": folder / "server.key",
        "doors.plain": plain,
        "doors.netflix": netflix,
        f"eureka.server.remote-region-urls-with-name.{server.region}": f"{server.base}/",
    }
    words = [f"--{name}={value}" for name, value in settings.items()]
    with (folder / "log").open("wb") as log:
        command = ["java", *JVM, "-jar", str(jar), *words]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
    try:
        yield server if _answers(server, process) else None
    finally:
        process.kill()
        process.communicate()


def _answers(server: EurekaServer, process: subprocess.Popen[bytes]) -> bool:
    """Also about its other region, which it must have reached before."""
    deadline = time.monotonic() + START_LIMIT_S
    while process.poll() is None:
        with suppress(OSError):
            server.ask("GET", f"/apps?regions={server.region}")
            return True
        assert time.monotonic() < deadline, "it does not answer"
        time.sleep(0.1)
    return False


def _certificates(folder: Path) -> Path:
    """Those of the server, in ``folder``; and the file of who signed them."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.private_key_pem.write_to_path(folder / "server.key")
    with (folder / "server.pem").open("wb") as chain:
        chain.writelines(blob.bytes() for blob in issued.cert_chain_pems)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    return folder / "ca.pem"


def _free_ports(count: int) -> list[int]:
    """Below those from which connections come."""
    with ExitStack() as bound:
        free = (port for port in random.sample(range(20_000, 30_000), 10_000) if _can_be_bound(port, bound))
        return list(islice(free, count))


def _can_be_bound(port: int, bound: ExitStack) -> bool:
    sock = bound.enter_context(socket.socket())
    try:
        sock.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True
