"""Conversations that prove that an application serves a connection. They see bytes, never a socket or a clock."""

from tcpgoon.engine.probes.exchange import ExchangeProbe, Script
from tcpgoon.engine.probes.making import Questions, questions
from tcpgoon.engine.probes.probe import PASSED, PENDING, Probe, Progress, Status, failed
from tcpgoon.engine.probes.proxy_protocol import proxy_header

__all__ = [
    "PASSED",
    "PENDING",
    "ExchangeProbe",
    "Probe",
    "Progress",
    "Questions",
    "Script",
    "Status",
    "failed",
    "proxy_header",
    "questions",
]
