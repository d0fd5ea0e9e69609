"""The options by name and type, for those who write them in Python."""

import os
from collections.abc import Sequence
from typing import Literal, TypedDict


class OtherOptions(TypedDict, total=False):
    """What may be asked of a target, but for the number of connections.

    Each is what the flag of that name says; what is None is as if it were not there. Durations are texts with a unit
    (``"250ms"``, ``"10s"``); numbers of connections may be texts too (``"10k"``).
    """

    sleep: str | None
    rate: float | str | None
    ramp: str | None
    dial_timeout: str | None
    max_dialing: int | str | None
    hold: str | None
    keepalive: str | None
    close: Literal["fin", "reset"] | None
    family: Literal["IPv4", "IPv6", "ipv4", "ipv6"] | None
    source: str | Sequence[str] | None
    spread: bool | None
    target_pid: int | None
    workers: int | str | None
    require: str | Sequence[str] | None
    force: bool | None
    pick: str | None
    seed: int | None
    allow_local: bool | None
    registry_timeout: str | None
    registry_verify: bool | None
    registry_ca: str | os.PathLike[str] | None
    registry_password_file: str | os.PathLike[str] | None
    assurance: Literal["handshake", "acknowledged", "served"] | None
    confirm_every: str | None
    confirm_rate: float | str | None
    canary: bool | None
    canary_every: str | None
    probe: str | None
    send: str | bytes | None
    expect: str | None
    probe_at: Literal["open", "peak", "end"] | None
    probe_every: str | None
    probe_timeout: str | None
    proxy_protocol: Literal["v1", "v2"] | None
    tls: bool | None
    tls_name: str | None
    tls_verify: bool | None
    ca: str | os.PathLike[str] | None
    cert: str | os.PathLike[str] | None
    key: str | os.PathLike[str] | None
    alpn: str | Sequence[str] | None
    tls_min: Literal["1.2", "1.3"] | None


class Options(OtherOptions, total=False):
    """All that may be asked of a target."""

    connections: int | str | None
