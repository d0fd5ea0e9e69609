"""A server that accepts everybody and echoes, in threads; its options are the ways in which real servers fall short."""

import argparse
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count

ENOUGH = 1_000_000

HELD: list[socket.socket] = []
"""Those that are being served."""


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--workers", type=int, default=1_000, help="so many connections are served at once")
    parser.add_argument("--answers", type=int, default=ENOUGH, help="each is answered so often, and held on in silence")
    parser.add_argument("--delay", type=float, default=0, help="seconds before the first word is listened to")
    parser.add_argument("--prompt", type=int, default=0, help="so many connections are served without the delay")
    parser.add_argument("--most", type=int, help="nobody listens any more once so many were accepted")
    parser.add_argument("--slower", type=float, default=0, help="seconds that an answer takes for each other client")
    parser.add_argument("--defer", type=int, default=0, help="seconds of TCP_DEFER_ACCEPT")
    parser.add_argument("--certificate", help="speak TLS, with the certificate and key in this file")
    parser.add_argument("--ca", help="ask for a client's certificate by this authority")
    parser.add_argument("--alpn", help="the protocol to agree on")
    parser.add_argument("--tls-most", choices=["1.2", "1.3"], default="1.3", help="the latest version that is spoken")
    return parser.parse_args()


def context(asked: argparse.Namespace) -> ssl.SSLContext | None:
    if not asked.certificate:
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.maximum_version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[asked.tls_most]
    made.load_cert_chain(asked.certificate)
    if asked.ca:
        made.load_verify_locations(asked.ca)
        made.verify_mode = ssl.CERT_REQUIRED
    if asked.alpn:
        made.set_alpn_protocols([asked.alpn])
    return made


def serve(connection: socket.socket, tls: ssl.SSLContext | None, delay_s: float, asked: argparse.Namespace) -> None:
    with suppress(OSError), connection:  # SSLError is one too
        time.sleep(delay_s)
        if tls:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with tls.wrap_socket(connection, server_side=True) as secured:
                echo(secured, asked)
        else:
            echo(connection, asked)


def echo(connection: socket.socket, asked: argparse.Namespace) -> None:
    answers = asked.answers
    HELD.append(connection)
    try:
        while data := connection.recv(65_536):
            time.sleep(asked.slower * (len(HELD) - 1))
            if answers:
                connection.sendall(data)
                answers -= 1
    finally:
        HELD.remove(connection)


def main() -> None:
    asked = options()
    tls = context(asked)
    with socket.socket() as listener, ThreadPoolExecutor(asked.workers) as pool:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if asked.defer:
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, asked.defer)
        listener.bind((asked.host, asked.port))
        listener.listen(4_096)
        for number in count() if asked.most is None else range(asked.most):
            connection, _ = listener.accept()
            pool.submit(serve, connection, tls, 0 if number < asked.prompt else asked.delay, asked)
        listener.close()


if __name__ == "__main__":
    main()
