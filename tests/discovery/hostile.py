"""A server that answers as no good one would: the test says what, byte by byte."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

Answer = Callable[[socket.socket, bytes], None]
"""Called with each connection and the head of what it was asked."""


class Hostile:
    """It listens on a port of loopback, and has a thread for each connection. Used by ``with``, as `serving`."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None) -> None:
        self.asked: list[bytes] = []
        """The head of each request."""
        self._answer = answer
        self._tls = tls
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def wait_for_the_end(self) -> None:
        """Of the test: what a silent server does."""
        self._over.wait()

    def end(self) -> None:
        self._over.set()
        for sock in (self._listener, *self._open):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for sock in (self._listener, *self._open):
            sock.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self._open.append(sock)
                thread = threading.Thread(target=self._serve, args=(sock,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError):  # whoever has had enough leaves; ssl.SSLError is one
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            while head := _head(sock):
                self.asked.append(head)
                self._answer(sock, head)


def _head(sock: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and head[:1] != b"\x16":  # or who says hello in TLS
        piece = sock.recv(65_536)
        if not piece:
            return b""
        head += piece
    return head


@contextmanager
def serving(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Hostile]:
    """A server that answers each request so."""
    server = Hostile(answer, tls)
    try:
        yield server
    finally:
        server.end()


def says(*pieces: bytes) -> Answer:
    """Sends ``pieces``, and closes."""

    def answer(sock: socket.socket, head: bytes) -> None:
        for piece in pieces:
            sock.sendall(piece)
        sock.shutdown(socket.SHUT_RDWR)

    return answer


def says_for_ever(first: bytes, then: bytes) -> Answer:
    """Sends ``first``, and then ``then`` again and again until nobody takes it."""

    def answer(sock: socket.socket, head: bytes) -> None:
        sock.sendall(first)
        while True:
            sock.sendall(then)

    return answer


def whole(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """An ordinary answer."""
    head = (f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", "")
    return "\r\n".join(head).encode("latin-1") + body


def routed(**answers: Sequence[str] | str) -> Answer:
    """By the first segment of the path: headers of a redirect, or the body of an answer."""

    def answer(sock: socket.socket, head: bytes) -> None:
        name = head.split(b" ")[1].decode().strip("/").partition("/")[0].partition("?")[0] or "root"
        given = answers[name]
        if isinstance(given, str):
            sock.sendall(whole(given.encode()))
        else:
            sock.sendall(whole(b"", *given, status="302 Found"))

    return answer
