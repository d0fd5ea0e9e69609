"""The one place where the parts meet: a plan becomes a result."""

from tcpgoon.record.events import ConnectionEvent
from tcpgoon.runs.monitor import Monitor
from tcpgoon.runs.runner import run
from tcpgoon.runs.stop import Stop

__all__ = ["ConnectionEvent", "Monitor", "Stop", "run"]
