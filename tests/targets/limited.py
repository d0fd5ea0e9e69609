"""A server that serves so many at once: by a pool of threads, or by closing its door, which refuses all others."""

import argparse
import socket
import threading
import time

TICK_S = 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("places", type=int)
    parser.add_argument("--refuse", action="store_true")
    asked = parser.parse_args()
    serve = refusing if asked.refuse else pooled
    serve((asked.host, asked.port), asked.places)


def answer(one: socket.socket) -> None:
    """With what it says, until it leaves."""
    with one:
        try:
            while data := one.recv(64):
                one.sendall(data)
        except OSError:
            pass


def pooled(address: tuple[str, int], places: int) -> None:
    """Each thread serves one to its end before it takes the next."""
    listening = socket.create_server(address, backlog=1_024)

    def work() -> None:
        while True:
            answer(listening.accept()[0])

    for _ in range(places - 1):
        threading.Thread(target=work, daemon=True).start()
    work()


def refusing(address: tuple[str, int], places: int) -> None:
    """Nobody listens while all places are taken."""
    taken, lock = [0], threading.Lock()

    def keep(one: socket.socket) -> None:
        answer(one)
        with lock:
            taken[0] -= 1

    while True:
        with socket.create_server(address, backlog=0) as listening:
            while taken[0] < places:
                one, _ = listening.accept()
                with lock:
                    taken[0] += 1
                threading.Thread(target=keep, args=(one,), daemon=True).start()
        while taken[0] >= places:
            time.sleep(TICK_S)


if __name__ == "__main__":
    main()
