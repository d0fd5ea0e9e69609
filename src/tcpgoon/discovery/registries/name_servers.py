"""Questions to name servers: by UDP, by TCP where the answer is too large for that, to one after another, in time."""

import socket
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import dns.exception
import dns.inet
import dns.message
import dns.name
import dns.query
import dns.rdatatype

from tcpgoon.discovery.registries.srv_data import Found, found_in, nonsense, spoken
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.units import format_duration

PAYLOAD = 1_232
"""Bytes of a datagram that arrives whole nearly everywhere, which EDNS tells the server."""

MOST_ALIASES = 8
"""So often an alias is followed that leads out of an answer; those within one are bounded by dnspython."""

_PATIENCE_S = 2.0
"""After this the next server is asked, or the same one again: a datagram may have been lost."""

_RESERVE_S = 0.1
"""Of the time for all, so that it is us who say which server is silent, and not whoever waits for us."""


class NameServers:
    """The servers that are asked, in their order, within the time of ``terms``."""

    def __init__(self, servers: Sequence[Endpoint], terms: Terms) -> None:
        self._servers = deque(servers)
        self._terms = terms

    @property
    def first(self) -> Endpoint:
        """The server that is asked next: the one that has answered last."""
        return self._servers[0]

    @property
    def left_s(self) -> float:
        """How much of the time is left for questions."""
        return max(0.0, self._terms.left_s() - _RESERVE_S)

    def find(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> Found:
        """The records of ``kind`` that ``name``, or what it is an alias of, has.

        Raises `DiscoveryError` where no server answers, in time and with sense.
        """
        asked = name
        for _ in range(MOST_ALIASES):
            found = self._answer(asked, kind)
            if found.records or not found.exists or found.name == asked:
                return found
            asked = found.name  # of another zone, maybe: a server does not follow an alias to where it is no authority
        raise DiscoveryError(f"{spoken(name)} cannot be looked up: it is an alias of an alias, and so on without end")

    def _answer(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> Found:
        """The answer of the first server that has one. Who fails is not asked again, who is silent is."""
        faults: dict[Endpoint, str] = {}
        willing = deque(self._servers)
        while willing and self.left_s:
            server = willing[0]
            try:
                found = self._exchange(name, kind, server)
            except dns.exception.Timeout:
                willing.rotate(-1)
            except DiscoveryError as exc:
                faults[willing.popleft()] = str(exc)
            else:
                self._servers.rotate(-self._servers.index(server))
                return found
        late = f"has not answered within {format_duration(self._terms.timeout_s)} (--registry-timeout)"
        said = "; ".join(f"{server} {faults.get(server, late)}" for server in self._servers)
        raise DiscoveryError(f"{spoken(name)} cannot be looked up: {said}")

    def _exchange(self, name: dns.name.Name, kind: dns.rdatatype.RdataType, server: Endpoint) -> Found:
        """What ``server`` answers. Raises `DiscoveryError`, and `dns.exception.Timeout` where it is silent."""
        query = dns.message.make_query(name, kind, use_edns=0, payload=PAYLOAD)
        try:
            return found_in(self._by_udp(query, server) or self._by_tcp(query, server))
        except dns.exception.Timeout:
            raise
        except dns.exception.DNSException as exc:
            raise nonsense(exc) from exc
        except EOFError as exc:
            raise DiscoveryError("ends the connection before its answer") from exc
        except OSError as exc:
            raise DiscoveryError(f"cannot be asked: {exc.strerror or exc}") from exc

    def _by_udp(self, query: dns.message.Message, server: Endpoint) -> dns.message.Message | None:
        """The answer; None where it is cut off. What is no answer to ``query`` may be forged, and is passed over."""
        family, patience_s = dns.inet.af_for_address(server.address), self._patience_s()
        with _Datagrams(family, patience_s) as sock:
            # A socket that is connected is told that nobody listens there, and hears nobody else.
            sock.connect(dns.inet.low_level_address_tuple((server.address, server.port), family))
            try:
                return dns.query.udp(
                    query, server.address, patience_s, server.port,
                    raise_on_truncation=True, ignore_unexpected=True, ignore_errors=True, sock=sock,
                )  # fmt: skip
            except dns.message.Truncated:
                return None

    def _by_tcp(self, query: dns.message.Message, server: Endpoint) -> dns.message.Message:
        return dns.query.tcp(query, server.address, self._patience_s(), server.port)

    def _patience_s(self) -> float:
        return min(_PATIENCE_S, self.left_s)


class _Datagrams(socket.socket):
    """A socket that is deaf after its time: dnspython looks at the clock only where there is nothing to read."""

    def __init__(self, family: int, patience_s: float) -> None:
        super().__init__(family, socket.SOCK_DGRAM)
        self.setblocking(False)
        self._until = time.monotonic() + patience_s

    def recvfrom(self, bufsize: int, flags: int = 0, /) -> tuple[bytes, Any]:
        """The next datagram. Raises `dns.exception.Timeout` where the time is over."""
        if time.monotonic() >= self._until:
            raise dns.exception.Timeout
        return super().recvfrom(bufsize, flags)
