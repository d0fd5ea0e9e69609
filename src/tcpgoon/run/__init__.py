"""The one place where the parts meet: a plan becomes a result."""

from tcpgoon.record.events import ConnectionEvent
from tcpgoon.run.monitor import Monitor
from tcpgoon.run.runner import run
from tcpgoon.run.stop import Stop

__all__ = ["ConnectionEvent", "Monitor", "Stop", "run"]
