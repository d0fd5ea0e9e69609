"""A name server that says whatever a test wants it to: also what no name server would."""

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Self

import dns.message
import dns.name
import dns.rdatatype
import dns.rrset

from tests.registries.dns.nsd import ADDRESS, free_ports

Query = dns.message.Message
Speak = Callable[[Query], Iterable[bytes]]


class Responder:
    """Answers by UDP, each item a datagram, and by TCP, all items one stream; then it ends the connection.

    ``by_tcp`` None: nobody listens there.
    """

    def __init__(self, by_udp: Speak, by_tcp: Speak | None = None) -> None:
        self._by_udp, self._by_tcp = by_udp, by_tcp
        self.asked: list[str] = []
        """All questions, as ``name. IN A``, with the protocol."""
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._connections = socket.socket()
        self.port = next(free_ports(100))
        self._datagrams.bind((ADDRESS, self.port))
        self._connections.bind((ADDRESS, self.port))
        self._over = threading.Event()
        talks: list[Callable[[], None]] = [self._talk_by_udp, *([self._talk_by_tcp] if by_tcp else [])]
        self._threads = [threading.Thread(target=talk) for talk in talks]

    @property
    def address(self) -> str:
        return f"{ADDRESS}:{self.port}"

    def __enter__(self) -> Self:
        if self._by_tcp:
            self._connections.listen()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waking:
            waking.sendto(b"", (ADDRESS, self.port))
        if self._by_tcp:
            socket.create_connection((ADDRESS, self.port)).close()
        for thread in self._threads:
            thread.join()
        self._datagrams.close()
        self._connections.close()

    def _talk_by_udp(self) -> None:
        while True:
            data, client = self._datagrams.recvfrom(65_535)
            if self._over.is_set():
                return
            for datagram in self._by_udp(self._heard(data, "UDP")):
                self._datagrams.sendto(datagram, client)

    def _talk_by_tcp(self) -> None:
        assert self._by_tcp
        while True:
            connection, _ = self._connections.accept()
            with connection, suppress(ConnectionError):
                if self._over.is_set():
                    return
                length = int.from_bytes(connection.recv(2, socket.MSG_WAITALL))
                query = self._heard(connection.recv(length, socket.MSG_WAITALL), "TCP")
                for part in self._by_tcp(query):
                    connection.sendall(part)

    def _heard(self, data: bytes, protocol: str) -> Query:
        query = dns.message.from_wire(data)
        self.asked.append(f"{query.question[0]} {protocol}")
        return query


def answered(query: Query, *records: str, additional: Iterable[str] = (), flags: int = 0) -> bytes:
    """An answer with ``records``, each ``name ttl IN TYPE data``; those of one name and type stand together."""
    answer = dns.message.make_response(query)
    answer.flags |= flags
    for section, texts in ((answer.answer, records), (answer.additional, additional)):
        for text in texts:
            name, ttl, _, kind, data = text.split(maxsplit=4)
            section.append(dns.rrset.from_text(name, int(ttl), "IN", kind, data))
    return answer.to_wire(max_size=65_535)


def framed(answer: bytes) -> bytes:
    """``answer`` as TCP carries it."""
    return len(answer).to_bytes(2) + answer
