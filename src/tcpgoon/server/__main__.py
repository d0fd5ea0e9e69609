"""One worker process of the server; started by ``workers.py`` alone."""

import sys

import msgspec

from tcpgoon.server.workers import Task, serve_as_worker

if __name__ == "__main__":
    serve_as_worker(msgspec.json.decode(sys.argv[1], type=Task))
