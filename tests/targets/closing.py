"""A server that answers the first that it hears with the same, and closes, as HTTP does without keep-alive."""

import argparse
import socketserver


class Answer(socketserver.BaseRequestHandler):
    """Closes when it returns."""

    def handle(self) -> None:
        self.request.sendall(self.request.recv(65_536))


class Server(socketserver.ThreadingTCPServer):
    """A thread for each."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 4_096


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    asked = parser.parse_args()
    with Server((asked.host, asked.port), Answer) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
