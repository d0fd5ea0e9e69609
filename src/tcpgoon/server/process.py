"""The bundled server as a process of its own: `ServerProcess`."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from tcpgoon.errors import ExitStatus, ListenError, TcpgoonError
from tcpgoon.plan.endpoint import host_port
from tcpgoon.plan.escapes import format_escapes
from tcpgoon.server.config import ServerConfig
from tcpgoon.server.tally import Counts

_GRACE_S = 5.0
"""How long the process has to end, each time that it is asked to."""


class ServerProcess:
    """``tcpgoon server`` as a child process, for who wants the two ends apart: neither descriptors nor a GIL shared.

    The knobs are a `ServerConfig`, or flags of the command, or both::

        with ServerProcess(flags=["--max-connections", "100"]) as server:
            socket.create_connection((server.host, server.port))

    The child lives no longer than its parent: it reads the end of a pipe that closes with the parent. Raises
    `ListenError` where it cannot listen, `TcpgoonError` where it does not within ``start_timeout_s``.
    """

    def __init__(
        self,
        config: ServerConfig | None = None,
        *,
        flags: Sequence[str] = (),
        start_timeout_s: float = 20.0,
    ) -> None:
        self.host = ""
        self.port = 0
        self.counts: Counts | None = None
        """What the server counted; known once it has ended."""
        self.errors = ""
        """What it wrote on standard error; known once it has ended."""
        self._arguments = [*(config_flags(config) if config else ()), *flags]
        self._start_timeout_s = start_timeout_s
        self._child: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        """``127.0.0.1:80``, ``[::1]:80``."""
        return host_port(self.host, self.port)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._started.pid

    def __enter__(self) -> Self:
        # -P: a socket.py in the current directory is not to be taken for the standard library's.
        self._child = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-m", "tcpgoon", "server", "--while-stdin-open", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                name: value for name, value in os.environ.items() if not name.startswith("TCPGOON_")
            },  # the knobs are all
            process_group=0,  # the terminal's Ctrl-C is for the parent, who then ends this one
        )
        try:
            self.host, self.port = self._read_address()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> ExitStatus | int:
        """End the process: first by the end of its input, then by SIGTERM, then by SIGKILL. Returns its exit status."""
        child = self._started
        if not child.stdout or child.stdout.closed:
            return child.returncode
        output = ""
        for ask in (child.terminate, child.kill, None):
            try:
                output, self.errors = child.communicate(timeout=_GRACE_S)  # closes its input first
                break
            except subprocess.TimeoutExpired:
                if ask:
                    ask()
        self.counts = Counts.parse(output)
        return child.returncode

    @property
    def _started(self) -> "subprocess.Popen[str]":
        if self._child is None:
            raise RuntimeError("the process is started by `with`")
        return self._child

    def _read_address(self) -> tuple[str, int]:
        line = self._read_line(time.monotonic() + self._start_timeout_s)
        name, _, address = line.partition(" on ")
        if name != "Listening":
            raise self._failure()
        host, _, port = address.rpartition(":")
        return host.strip("[]"), int(port)

    def _read_line(self, deadline: float) -> str:
        """The first line, or what there is of it at the end of the output or at ``deadline``."""
        assert self._started.stdout  # noqa: S101 - Popen was asked for a pipe
        fd, line = self._started.stdout.fileno(), b""
        output = select.poll()
        output.register(fd, select.POLLIN)
        while not line.endswith(b"\n") and output.poll(max(deadline - time.monotonic(), 0) * 1e3):
            # Byte by byte: nothing after the line is taken from whoever reads the rest.
            if not (byte := os.read(fd, 1)):
                break
            line += byte
        return line.decode().rstrip("\n")

    def _failure(self) -> TcpgoonError:
        status = self.end()
        why = self.errors.strip().rpartition("\n")[2].removeprefix("tcpgoon: ")
        kind = ListenError if status == ExitStatus.USAGE else TcpgoonError
        return kind(why or f"the server did not listen within {self._start_timeout_s:g} s (exit status {status})")


def config_flags(config: ServerConfig) -> list[str]:
    """The flags of ``tcpgoon server`` that mean ``config``."""
    default = ServerConfig()
    flags: list[str] = []
    for name in config.__struct_fields__:
        value = getattr(config, name)
        if value != getattr(default, name):
            flags += _flag(name, value)
    return flags


def _flag(name: str, value: object) -> list[str]:
    option = f"--{name.removesuffix('_s').replace('_', '-')}"
    if value is True:
        return [option]
    if isinstance(value, bytes):
        return [f"{option}={format_escapes(value)}"]
    return [f"{option}={value:.6f}s" if name.endswith("_s") else f"{option}={value}"]
