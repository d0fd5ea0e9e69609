"""A fresh network namespace per measurement, so that no run meets the TIME_WAIT sockets and busy ports of another."""

import fcntl
import functools
import shutil
import socket
import struct
import subprocess
from pathlib import Path

WAYS = (["unshare", "--net", "--"], ["unshare", "--map-root-user", "--net", "--"])
"""Prefixes of a command that put it in a fresh namespace: for root, and for a user who may have user namespaces."""

_SIOCSIFFLAGS = 0x8914
_IFF_UP_RUNNING = 0x1 | 0x40
_SOMAXCONN = Path("/proc/sys/net/core/somaxconn")


@functools.cache
def prefix() -> tuple[str, ...]:
    """The first of `WAYS` that this user may go; empty if there is none, and then nothing is isolated."""
    if shutil.which("unshare"):
        for way in WAYS:
            if subprocess.run([*way, "true"], capture_output=True, timeout=10, check=False).returncode == 0:
                return tuple(way)
    return ()


def furnish() -> None:
    """Make the fresh namespace that this process is in usable: loopback up, an accept queue that no burst fills.

    Both ends count on the queue: a benchmark that overflows it would time SYN retransmits of 1 s.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _IFF_UP_RUNNING))
    try:
        _SOMAXCONN.write_text("65535")
    except PermissionError:
        return  # a namespace of an unprivileged user: the default, 4,096, is above all that dial at once here
