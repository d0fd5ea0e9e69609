"""The bare loop that tcpgoon's TLS is measured against: what Python must do for a handshake, and nothing else.

python -m bench.tls_loop [--in-flight K] ADDRESS PORT CONNECTIONS

All connections are opened first. Then `ssl` over memory, at most K handshakes in flight: feed it what came, send what
it says. No certificate is looked at and nothing is recorded. A session that is done is dropped; what the server sends
later (tickets) is read and dropped, as whoever holds a connection has to. Prints `bench.tls.Handshakes` as JSON.
"""

import json
import resource
import select
import socket
import ssl
import time

from bench import asked

DIALLING = 512
_READ_BYTES = 65_536
_PATIENCE_S = 10
_EVENTS = select.EPOLLOUT | select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET


class Session:
    """One session of TLS with its two buffers."""

    __slots__ = ("incoming", "outgoing", "tls")

    def __init__(self, context: ssl.SSLContext) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing)

    def step(self) -> bool:
        """Go as far as it goes; whether the handshake is done."""
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True


class Client:
    """``connections`` to one server: `connect`, then `shake_hands`, then `close`."""

    def __init__(self, address: str, port: int, connections: int) -> None:
        self.target, self.connections = (address, port), connections
        self.poll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}
        self.sessions: dict[int, Session] = {}
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE

    def connect(self) -> None:
        """Open them all, and wait until all are established."""
        established: set[int] = set()
        while len(established) < self.connections:
            while len(self.sockets) < min(self.connections, len(established) + DIALLING):
                self._dial()
            established.update(descriptor for descriptor, _ in self._ready())

    def shake_hands(self, at_once: int) -> None:
        """A handshake over each, ``at_once`` in flight."""
        waiting = list(reversed(self.sockets))
        while waiting or self.sessions:
            while waiting and len(self.sessions) < at_once:
                self._begin(waiting.pop())
            for descriptor, events in self._ready():
                if events & select.EPOLLIN:
                    self._go_on(descriptor, self.sockets[descriptor].recv(_READ_BYTES))

    def close(self) -> None:
        """Close them all."""
        for one in self.sockets.values():
            one.close()

    def _dial(self) -> None:
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(self.target)
        self.sockets[one.fileno()] = one
        self.poll.register(one.fileno(), _EVENTS)

    def _begin(self, descriptor: int) -> None:
        session = self.sessions[descriptor] = Session(self.context)
        session.step()
        self.sockets[descriptor].send(session.outgoing.read())

    def _go_on(self, descriptor: int, data: bytes) -> None:
        session = self.sessions.get(descriptor)
        if session is None:
            return
        if not data:
            raise SystemExit("the server closed a connection during its handshake")
        session.incoming.write(data)
        done = session.step()
        if said := session.outgoing.read():
            self.sockets[descriptor].send(said)
        if done:
            del self.sessions[descriptor]

    def _ready(self) -> list[tuple[int, int]]:
        found = self.poll.poll(_PATIENCE_S, 512)
        if not found:
            raise SystemExit(f"nothing happened for {_PATIENCE_S} s")
        return found


def measure(client: Client, at_once: int) -> dict[str, float]:
    """Connect, shake hands, close; the fields of `bench.tls.Handshakes`."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    client.connect()
    start_s = time.monotonic()
    client.shake_hands(at_once)
    end_s = time.monotonic()
    client.close()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "connections": client.connections,
        "served": client.connections,  # or it would not have ended
        "seconds": end_s - start_s,
        "user_s": after.ru_utime - before.ru_utime,
        "system_s": after.ru_stime - before.ru_stime,
        "in_flight": at_once,
    }


def main() -> None:
    """Do what the arguments say."""
    parser = asked.parser()
    parser.add_argument("--in-flight", type=int, default=512)
    told = parser.parse_args()
    asked.raise_descriptors()
    client = Client(told.address, told.port, told.connections)
    print(json.dumps(measure(client, min(told.in_flight, told.connections))))


if __name__ == "__main__":
    main()
