"""One of the two hosts: its addresses, its firewall, and what its kernel says."""

import socket
import subprocess
from collections import Counter
from pathlib import Path
from typing import Literal

from tests.netlab.namespace import Namespace
from tests.netlab.tun import open_tun

_DEVICE = "netlab"
_QUEUE = 20_000
"""Packets that wait in the device to be read: a burst of SYNs is not to be lost there, the default is 500."""
_FIREWALL = "inet netlab"

_SET_UP = f"""
link set lo up
link set {_DEVICE} up txqueuelen {_QUEUE}
address add {{ipv4}}/24 dev {_DEVICE}
address add {{ipv6}}/64 dev {_DEVICE} nodad
"""

_STATES = (
    *("", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT"),
    *("LAST_ACK", "LISTEN", "CLOSING"),
)
"""The kernel's numbers of the states of TCP, in order (include/net/tcp_states.h)."""

How = Literal["tcp reset", "icmp"]


class Host(Namespace):
    """A host of the lab, with an address of each family and one device."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.ipv4 = f"198.51.100.{number}"
        self.ipv6 = f"2001:db8::{number}"
        with self.entered():
            self.device = open_tun(_DEVICE)
        self.sysctl(f"net.ipv6.conf.{_DEVICE}.addr_gen_mode", 1)  # none: no link-local address, no talk about it
        self.run("ip", "-batch", "-", stdin=_SET_UP.format(ipv4=self.ipv4, ipv6=self.ipv6))
        self._rules = 0

    def close(self) -> None:
        """Let go of it and of its device."""
        self.device.close()
        super().close()

    def socket(self, family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
        """A TCP socket of this host."""
        with self.entered():
            return socket.socket(family)

    def run(self, *command: str, stdin: str = "") -> str:
        """Run ``command`` here to its end, which has to be a good one; what it printed."""
        with self.entered():
            done = subprocess.run(command, input=stdin, text=True, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    def sysctl(self, name: str, value: object = None) -> str:
        """The setting ``name`` of this host, after it was set to ``value`` if that is given."""
        path = Path("/proc/sys", *name.split("."))
        with self.entered():
            if value is not None:
                path.write_text(f"{value}\n")
            return path.read_text().strip()

    # What the kernel says.

    def states(self, port: int) -> Counter[str]:
        """How many TCP sockets with this local port are in each state."""
        with self.entered():
            tables = [Path(f"/proc/thread-self/net/{name}").read_text() for name in ("tcp", "tcp6")]
        rows = [line.split() for table in tables for line in table.splitlines()[1:]]
        return Counter(_STATES[int(row[3], 16)] for row in rows if int(row[1].rpartition(":")[2], 16) == port)

    def connections(self, port: int) -> int:
        """How many connections to ``port`` this host's kernel holds as ESTABLISHED, accepted or not."""
        return self.states(port)["ESTABLISHED"]

    def counter(self, name: str) -> int:
        """A counter of the kernel, by the name that /proc/net/netstat or /proc/net/snmp has for it."""
        with self.entered():
            tables = [Path(f"/proc/thread-self/net/{table}").read_text() for table in ("netstat", "snmp")]
        lines = [line.split()[1:] for table in tables for line in table.splitlines()]
        for names, values in zip(lines[::2], lines[1::2], strict=True):
            if name in names:
                return int(values[names.index(name)])
        raise KeyError(name)

    # The firewall: what comes in, in the order in which the rules were given.

    def nft(self, rules: str) -> None:
        """Load ``rules``, in the words of nft."""
        self.run("nft", "--file", "-", stdin=rules)

    def drop_above(self, connections: int) -> None:
        """Say nothing to who asks for one connection more than these."""
        self._refuse(f"tcp flags syn / syn,ack ct count over {connections} drop")

    def reject_above(self, connections: int, how: How = "tcp reset") -> None:
        """Refuse who asks for one connection more than these, with RST or with ICMP port unreachable."""
        reject = {"tcp reset": "tcp reset", "icmp": "icmpx port-unreachable"}[how]
        self._refuse(f"tcp flags syn / syn,ack ct count over {connections} reject with {reject}")

    def drop_some(self, share: float) -> None:
        """Lose this share of the packets that come in, by chance; the relay's loss is the one that is repeatable."""
        self._refuse(f"numgen random mod 1000000 < {round(share * 1e6)} drop")

    def _refuse(self, rule: str) -> None:
        if not self._rules:
            self.nft(
                f"table {_FIREWALL} {{ chain incoming {{ type filter hook input priority filter; policy accept; }}; }}"
            )
        self._rules += 1
        self.nft(f"add rule {_FIREWALL} incoming {rule}")

    def open_firewall(self) -> None:
        """Take away every rule, also those given to `nft`."""
        self.nft("flush ruleset")
        self._rules = 0
