"""What tests of ours, and of plugins, run against: the fake kernel and clock, and the check that a probe is one."""

from tcpgoon.testing.fake_kernel import FakeClock, FakeKernel, Peer
from tcpgoon.testing.probe_check import Conversation, ProbeFault, check_probe, says

__all__ = ["Conversation", "FakeClock", "FakeKernel", "Peer", "ProbeFault", "check_probe", "says"]
