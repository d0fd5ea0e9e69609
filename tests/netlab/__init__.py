"""A network for tests: two hosts, and between them a path that delays, loses and cuts.

Each host is a network namespace without a name, each has a TUN device, and `relay` carries the packets from one device
to the other. Nothing of it outlives the test, also where the test is killed. A test asks for the fixture ``lab``::

    def test_x(lab):
        net = lab(delay="50ms", loss=0.01)
"""
