"""A TUN device: what the kernel sends to it is read from a descriptor, what is written there the kernel receives.

The device belongs to the namespace in which the descriptor was opened, and the descriptor can be used anywhere. The
device goes when its last descriptor is closed.
"""

import fcntl
import os
import struct
from io import FileIO

_TUNSETIFF = 0x400454CA
_IFF_TUN = 0x0001
_IFF_NO_PI = 0x1000  # bare packets, with no header before them


def open_tun(name: str) -> FileIO:
    """A new device ``name`` in the namespace that this thread is in; reading from it does not block."""
    device = FileIO(os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK), "r+")
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    return device
