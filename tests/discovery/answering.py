"""A registry of which nothing is real but its answers."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Answer(NamedTuple):
    """What is sent, as it is."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)


class Answering:
    """What it answers to which path, query and all; 404 to others. It notes what it was asked."""

    def __init__(self, port: int, answers: Mapping[str, Answer]) -> None:
        self.port = port
        self.answers = dict(answers)
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []


@contextmanager
def answering(answers: Mapping[str, Answer]) -> Iterator[Answering]:
    """Runs one on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            registry.asked.append(self.path)
            registry.headers.append(dict(self.headers.items()))
            answer = registry.answers.get(
                self.path, Answer(b"<h1>Not Found</h1>", 404, (("Content-Type", "text/html"),))
            )
            self.send_response(answer.status)
            for name, value in (*answer.headers, ("Content-Length", str(len(answer.body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        registry = Answering(server.server_address[1], answers)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield registry
        finally:
            server.shutdown()
            thread.join()
