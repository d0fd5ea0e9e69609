"""A run that this process carries out alone."""

import select
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from tcpgoon.engine.gates import Alone, Gate
from tcpgoon.engine.lanes import lanes
from tcpgoon.engine.loop import Loop
from tcpgoon.engine.portable import SelectorKernel
from tcpgoon.engine.probes.making import Questions
from tcpgoon.engine.sockets import EpollKernel
from tcpgoon.engine.strain import Gauge
from tcpgoon.judge.strain import Strain
from tcpgoon.plan.endpoint import Endpoint
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.share import Share
from tcpgoon.record.heard import Heard
from tcpgoon.record.knock import Knock
from tcpgoon.record.table import Table
