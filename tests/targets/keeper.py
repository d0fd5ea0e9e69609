"""A server with places that answers with what it hears: some may never be free again, and it may be slow when full."""

import argparse
import socketserver
import threading
import time
from typing import Any


class Place(socketserver.BaseRequestHandler):
    """One connection; who finds no place is closed."""

    server: "Server"

    def handle(self) -> None:
        slow = self.server.take()
        if slow is None:
            return
        try:
            while data := self.request.recv(64):
                if slow:
                    time.sleep(0.1)
                self.request.sendall(data)
        except OSError:
            pass
        finally:
            self.server.give_back()


class Server(socketserver.ThreadingTCPServer):
    """A thread for each."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1_024

    def __init__(self, asked: argparse.Namespace) -> None:
        super().__init__((asked.host, asked.port), Place)
        self.places, self.leaks, self.slow_from = asked.places, asked.leaks, asked.slow_from
        self.taken = 0
        self.lock = threading.Lock()

    def take(self) -> bool | None:
        """Whether the place is a slow one; None where there is none."""
        with self.lock:
            if self.taken >= self.places:
                return None
            self.taken += 1
            return self.slow_from is not None and self.taken > self.slow_from

    def give_back(self) -> None:
        with self.lock:
            leaked = self.leaks > 0
            self.leaks -= leaked
            self.taken -= not leaked

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is none."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("places", type=int)
    parser.add_argument("--leaks", type=int, default=0)
    parser.add_argument("--slow-from", type=int)
    with Server(parser.parse_args()) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
