"""The bundled server: `Server`."""

import os
import select
import threading
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from tcpgoon.errors import ListenError
from tcpgoon.plan.endpoint import host_port
from tcpgoon.server.config import ServerConfig
from tcpgoon.server.ending import Ending
from tcpgoon.server.listening import open_listeners, raise_descriptor_limit
from tcpgoon.server.loop import Loop
from tcpgoon.server.places import Places
from tcpgoon.server.tally import Counts, Tally
from tcpgoon.server.workers import Workers


class Server:
    """A TCP server with fault knobs; see `ServerConfig`.

    As a context manager it serves in a background thread::

        with Server(ServerConfig(max_connections=100)) as server:
            socket.create_connection((server.host, server.port))

    or, in the foreground: `listen`, then `serve`. Raises `ListenError` where it cannot listen. ``lifeline`` is a
    descriptor whose end of file ends the server.
    """

    def __init__(self, config: ServerConfig | None = None, *, lifeline: int | None = None) -> None:
        self.config = config or ServerConfig()
        self.host = self.config.host
        """The numeric address, once it listens."""
        self.port = self.config.port
        """The port, once it listens."""
        self._lifeline = lifeline
        self._resources = ExitStack()
        self._ending: Ending | None = None
        self._tally: Tally | None = None
        self._service: Loop | Workers | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    @property
    def address(self) -> str:
        """``127.0.0.1:80``, ``[::1]:80``."""
        return host_port(self.host, self.port)

    @property
    def counts(self) -> Counts:
        """All counters."""
        return self._tally.counts() if self._tally else Counts(0, 0, 0, 0)

    @property
    def accepted(self) -> int:
        """Connections that were accepted and held."""
        return self.counts.accepted

    @property
    def held(self) -> int:
        """Connections that are held now, or were at the end of the server."""
        return self.counts.held

    @property
    def peak(self) -> int:
        """The most connections that were held at once."""
        return self.counts.peak

    @property
    def refused(self) -> int:
        """Connections above the limit that were closed or reset at once."""
        return self.counts.refused

    def listen(self) -> None:
        """Take the port, and start the workers where there are several. Raises `ListenError`."""
        if not (hasattr(select, "epoll") and hasattr(os, "eventfd")):
            raise ListenError("the bundled server needs epoll and eventfd: it runs on Linux only")
        try:
            self._open()
        except OSError as exc:  # no descriptor, no memory, no process left
            self._resources.close()
            raise ListenError(f"cannot start the server on {self.address}: {exc.strerror}") from exc
        except BaseException:
            self._resources.close()
            raise

    def serve(self) -> None:
        """Serve until `stop`, the end of the lifeline or of the duration; then close everything.

        Raises `TcpgoonError` where a worker process ended before that.
        """
        if self._service is None:
            raise RuntimeError("listen() comes before serve()")
        with self._resources:
            self._service.run()

    def stop(self) -> None:
        """End the server: from any thread, from a signal handler, any number of times."""
        if self._ending:
            self._ending.stop()

    def __enter__(self) -> Self:
        self.listen()
        self._thread = threading.Thread(target=self._serve_in_background, name="tcpgoon-server", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._thread:
            self._thread.join()
        if self._failure and kind is None:
            raise self._failure

    def _open(self) -> None:
        config, resources = self.config, self._resources
        several = config.workers > 1
        raise_descriptor_limit()
        listeners = open_listeners(config)
        for listener in listeners:
            resources.callback(listener.close)
        self.host, self.port = listeners[0].getsockname()[:2]
        ending = self._ending = Ending(config.duration_s, self._lifeline)
        resources.callback(ending.close)
        tally = self._tally = Tally.create(config.workers)
        resources.callback(tally.close)
        places = None if config.max_connections is None else Places.create(config.max_connections)
        if places:
            resources.callback(places.close)
        if several:
            self._service = Workers(listeners, config, tally, places, ending)
        else:
            self._service = Loop(listeners[0], config, tally, places, ending)
        resources.callback(self._service.close)

    def _serve_in_background(self) -> None:
        try:
            self.serve()
        except BaseException as exc:  # noqa: BLE001 - raised again by __exit__, in the thread that can act on it
            self._failure = exc
