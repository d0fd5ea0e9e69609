"""The nursery of a server's workers; started by ``workers.py`` alone."""

import sys

import msgspec

from tcpgoon.server.nursery import Nursery, Task

if __name__ == "__main__":
    Nursery(msgspec.json.decode(sys.argv[1], type=Task)).run()
