"""What tests of ours and of plugins run against: the fake kernel and clock, checks that a probe or a source is one."""

from tcpgoon.testing.fake_kernel import FakeClock, FakeKernel, Peer
from tcpgoon.testing.probe_check import Conversation, ProbeFault, check_probe, says
from tcpgoon.testing.source_check import Known, SourceFault, check_source

__all__ = [
    "Conversation",
    "FakeClock",
    "FakeKernel",
    "Known",
    "Peer",
    "ProbeFault",
    "SourceFault",
    "check_probe",
    "check_source",
    "says",
]
