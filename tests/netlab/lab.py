"""Two hosts, a client and a server, and the path between them: `Lab`."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Literal, Self

from tcpgoon.plan.units import parse_duration_s
from tcpgoon.server import ServerProcess
from tests.installed import Running, Said, run_installed
from tests.netlab.host import Host
from tests.netlab.namespace import kill_all_inside
from tests.netlab.relay import DIRECTIONS
from tests.targets import ECHO

NEEDS = ("root", "ip", "nft", "/dev/net/tun")
"""What a lab requires of the machine, in the words of the mark ``requires``."""

_ROOT = Path(__file__).parents[2]
_ECHO_PORT = 7007
_GRACE_S = 10.0

Toward = Literal["to-server", "to-client"]


class Lab:
    """A client and a server ``delay`` apart, there and back: half of it is in each direction.

    ``loss`` is the share of packets that each direction loses: the same ones, by their number in that direction, for
    the same ``seed``. Used by ``with``; the end of it takes away all that was inside, the processes too.
    """

    def __init__(self, delay: str = "0ms", loss: float = 0.0, seed: int = 1) -> None:
        self._delay_s = parse_duration_s(delay)
        self._loss = loss
        self._seed = seed
        self._started: list[subprocess.Popen[bytes]] = []
        self._ending = ExitStack()

    def __enter__(self) -> Self:
        with self._ending:  # what was made goes, should the next thing fail
            self.client = self._host(1)
            self.server = self._host(2)
            self._relay = self._start_relay()
            self._ending.callback(self._end)
            self.counts()  # it answers, so it is there
            self._ending = self._ending.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    # What runs in it.

    def serve(self, *flags: object) -> ServerProcess:
        """The bundled server with these flags, on the server: on its IPv4 address unless they name another."""
        with self.server.entered():
            process = ServerProcess(flags=["--host", self.server.ipv4, *map(str, flags)])
            return self._ending.enter_context(process)

    def start(self, *command: object, port: int | None = None) -> "subprocess.Popen[bytes]":
        """Start any other ``command`` on the server, and wait until it listens on ``port`` if one is given.

        It is killed at the end, and all that it has started.
        """
        with self.server.entered():
            started = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL)
        self._started.append(started)
        deadline = time.monotonic() + _GRACE_S
        while port and not self.server.states(port)["LISTEN"]:
            assert started.poll() is None, f"it ended with status {started.returncode}"
            assert time.monotonic() < deadline, f"nobody listens on {port}"
            time.sleep(0.005)
        return started

    def tcpgoon(self, *words: object, command: Sequence[str] = (), cwd: Path | None = None) -> Said:
        """What the installed command says on the client, to these words and ``-y``."""
        with self.client.entered():
            return run_installed(*words, command=command, cwd=cwd)

    def running(self, *words: object) -> Running:
        """The same, without waiting for its end."""
        with self.client.entered():
            return self._ending.enter_context(Running(*words))

    def echo(self, *flags: object) -> int:
        """Start ``tests/targets/echo.py`` with these flags on the server's IPv4 address; its port."""
        self.start(sys.executable, ECHO, self.server.ipv4, _ECHO_PORT, *flags, port=_ECHO_PORT)
        return _ECHO_PORT

    # The path.

    def cut(self, *directions: Toward) -> None:
        """From now on nothing arrives, also of what is on its way; in both directions if none is named."""
        self._say("cut", directions or DIRECTIONS)

    def mend(self, *directions: Toward) -> None:
        """What is sent from now on arrives again."""
        self._say("mend", directions or DIRECTIONS)

    def counts(self) -> dict[str, dict[str, int]]:
        """For each direction: how many packets were taken, delivered, lost, cut off, and above the path's room."""
        return self._say("counts", ())

    def _say(self, verb: str, directions: Sequence[str]) -> dict[str, dict[str, int]]:
        assert self._relay.stdin
        assert self._relay.stdout
        self._relay.stdin.write(f"{verb} {' '.join(directions)}\n")
        self._relay.stdin.flush()
        line = self._relay.stdout.readline()
        assert line, "the relay has ended"
        answer: dict[str, dict[str, int]] = json.loads(line)
        return answer

    # Making and ending it.

    def _host(self, number: int) -> Host:
        host = Host(number)
        self._ending.callback(host.close)
        return host

    def _start_relay(self) -> "subprocess.Popen[str]":
        hosts = (self.client, self.server)
        devices = [host.device.fileno() for host in hosts]
        namespaces = [host.fd for host in hosts]
        asked = {
            "devices": devices,
            "namespaces": namespaces,
            "delay_s": self._delay_s / 2,
            "loss": self._loss,
            "seed": self._seed,
        }
        # -S: it needs the standard library alone, and is there sooner.
        relay = subprocess.Popen(
            [sys.executable, "-S", "-m", "tests.netlab.relay", json.dumps(asked)],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,  # Ctrl-C is for the test; the relay ends with its input
            pass_fds=[*devices, *namespaces],
        )
        for host in hosts:
            host.device.close()  # the relay has it
        return relay

    def _end(self) -> None:
        """Kill what is inside, end the relay."""
        kill_all_inside([self.client.fd, self.server.fd])
        for started in self._started:
            started.wait(_GRACE_S)
        self._relay.communicate(timeout=_GRACE_S)
