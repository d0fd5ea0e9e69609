"""The limits of this client, as they were found before the first dial."""

import msgspec


class ClientLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about this client; what cannot be known on this platform is None."""

    descriptors_soft: int
    """Descriptors that this process may have open, after the soft limit was raised to the hard one."""
    descriptors_hard: int
    descriptors_in_use: int
    """Those that the process needs for itself: its own files, and the loop's."""
    ports: int | None
    """Local ports that the kernel may choose from, for each source address towards one destination."""
    sources: int = 1
    """Local addresses that are dialled from."""

    @property
    def connections_by_descriptors(self) -> int:
        """How many connections the descriptors suffice for."""
        return max(0, self.descriptors_soft - self.descriptors_in_use)

    @property
    def connections_by_ports(self) -> int | None:
        """How many connections to one destination the ports suffice for."""
        return None if self.ports is None else self.ports * self.sources

    def allows(self, connections: int) -> bool:
        """Whether no limit known here forbids so many."""
        by_ports = self.connections_by_ports
        return connections <= self.connections_by_descriptors and (by_ports is None or connections <= by_ports)
