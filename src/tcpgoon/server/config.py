"""What the bundled server is asked to do: `ServerConfig`."""

import math
from typing import Literal, TypedDict, get_args

import msgspec

from tcpgoon.errors import PlanError

Above = Literal["close", "reset", "stop"]
"""What happens to a connection above the limit: taken and closed at once with FIN, with RST, or left where it is, in
the accept queue, until another one ends."""

LONGEST_BANNER = 16 * 1024
"""Bytes. As an argument of a process, with each byte escaped, that is still below the kernel's 128 KiB."""


class ServerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The knobs of the bundled server. Raises `PlanError` where a value is out of its range."""

    host: str = "127.0.0.1"
    """Name or address to listen on; a name is resolved once and its first address is taken."""
    port: int = 0
    """0 takes any free port."""
    max_connections: int | None = None
    """How many connections are held *at once*, over all workers; ``None`` is as many as there are descriptors."""
    above: Above = "close"
    """What happens above ``max_connections``."""
    backlog: int = 4096
    """Length of the accept queue that is asked for; the kernel takes ``net.core.somaxconn`` where that is less."""
    echo: bool = False
    """Send back what arrives; without it, what arrives is read and dropped."""
    banner: bytes = b""
    """Sent first on each connection that is held."""
    close_after_s: float | None = None
    """Age at which a connection is closed with FIN."""
    reset_after_s: float | None = None
    """Age at which a connection is closed with RST."""
    accept_delay_s: float = 0.0
    """Waited before each accept, by each worker: at most one connection per delay. In steps of 1 ms."""
    never_accept: bool = False
    """Listen and never accept: the accept queue is all there is."""
    workers: int = 1
    """Processes that share the port (``SO_REUSEPORT``)."""
    duration_s: float | None = None
    """The server ends by itself after this long; ``None`` is never."""

    def __post_init__(self) -> None:
        if not self.host:
            raise PlanError("the host to listen on is empty: 127.0.0.1 is this machine alone, 0.0.0.0 is everybody")
        _check_range("port", self.port, 0, 65_535)
        _check_range("max_connections", self.max_connections, 0, 1_000_000_000)
        _check_range("backlog", self.backlog, 0, 2**31 - 1)
        _check_range("workers", self.workers, 1, 1_024)
        for name in ("close_after_s", "reset_after_s", "accept_delay_s", "duration_s"):
            _check_duration(name, getattr(self, name))
        if self.above not in get_args(Above):
            raise PlanError(f"above is {self.above!r}: it is one of {', '.join(get_args(Above))}")
        if self.close_after_s is not None and self.reset_after_s is not None:
            raise PlanError("a connection ends either by close_after or by reset_after: give one of them")
        if len(self.banner) > LONGEST_BANNER:
            raise PlanError(f"the banner has {len(self.banner)} bytes: at most {LONGEST_BANNER} are sent")

    @property
    def age_limit_s(self) -> float | None:
        """The age at which the server ends a connection, whichever way; ``None`` where it does not."""
        return self.reset_after_s if self.close_after_s is None else self.close_after_s


class Knobs(TypedDict, total=False):
    """The fields of `ServerConfig` by name and type, for functions that take them as keyword arguments."""

    host: str
    port: int
    max_connections: int | None
    above: Above
    backlog: int
    echo: bool
    banner: bytes
    close_after_s: float | None
    reset_after_s: float | None
    accept_delay_s: float
    never_accept: bool
    workers: int
    duration_s: float | None


def config_of(knobs: Knobs) -> ServerConfig:
    """The configuration with ``knobs`` set. Raises `PlanError`, also for a knob that there is not."""
    for name in knobs:
        if name not in ServerConfig.__struct_fields__:
            raise PlanError(f"there is no knob {name!r}: there are {', '.join(ServerConfig.__struct_fields__)}")
    try:
        return msgspec.convert(knobs, ServerConfig, builtin_types=(bytes,))
    except msgspec.ValidationError as exc:
        raise PlanError(f"a knob of the server: {exc}") from exc


def _check_range(name: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise PlanError(f"{name} is {value}: it is between {least} and {most}")


def _check_duration(name: str, seconds: float | None) -> None:
    if seconds is not None and not (math.isfinite(seconds) and seconds >= 0):
        raise PlanError(f"{name} is {seconds}: a duration is a number of seconds, 0 or more")
