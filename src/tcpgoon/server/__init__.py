"""The bundled target: a real server with fault knobs."""

from tcpgoon.server.config import Above, ServerConfig
from tcpgoon.server.process import ServerProcess
from tcpgoon.server.server import Server
from tcpgoon.server.tally import Counts

__all__ = [
    "Above",
    "Counts",
    "Server",
    "ServerConfig",
    "ServerProcess",
]
