"""The fake kernel and clock: what tests of ours, and of plugins, run the engine against."""

from tcpgoon.testing.fake_kernel import FakeClock, FakeKernel, Peer

__all__ = ["FakeClock", "FakeKernel", "Peer"]
