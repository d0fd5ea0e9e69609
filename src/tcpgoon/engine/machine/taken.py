"""Which local ports towards an endpoint are taken: as the kernel tells by netlink, or else in /proc."""

import ipaddress
from collections.abc import Collection, Container

from tcpgoon.engine.machine import proc_net, sock_diag
from tcpgoon.engine.machine.sock_diag import Towards
from tcpgoon.plan.endpoint import Endpoint


class Taken:
    """How many of ``ports`` are taken towards ``endpoint``: none where nobody tells."""

    def __init__(self, endpoint: Endpoint, ports: Container[int]) -> None:
        self._found = _towards(endpoint, ports)

    def of(self, sources: Collection[str] = ()) -> Towards:
        """Those of all of the addresses ``sources`` together; without any of them, those of all addresses."""
        local = {ipaddress.ip_address(source).packed for source in sources} or self._found.keys()
        chosen = [self._found[address] for address in local if address in self._found]
        return Towards(sum(one.in_use for one in chosen), sum(one.time_wait for one in chosen))


def _towards(endpoint: Endpoint, ports: Container[int]) -> dict[bytes, Towards]:
    try:
        return sock_diag.towards(endpoint.family, endpoint.address, endpoint.port, ports)
    except OSError:  # not every sandbox lets us ask
        pass
    try:
        return proc_net.towards(endpoint.address, endpoint.port, ports)
    except OSError:
        return {}
