"""Connections that we have closed, and the other end has not: to it they are still there."""

import ipaddress

from tcpgoon.engine.machine.sock_diag import SockDiag, families_of
from tcpgoon.plan.endpoint import Endpoint

_FIN_WAIT1, _FIN_WAIT2, _LAST_ACK, _CLOSING = 4, 5, 9, 11
"""States of a TCP socket as the kernel numbers them (include/net/tcp_states.h).

One in FIN_WAIT2 that no process has any more is a small entry in the table of TIME_WAIT, which says both; sock_diag
goes by the former (``inet_diag_dump_icsk()``, net/ipv4/inet_diag.c).
"""

_STATES = sum(1 << state for state in (_FIN_WAIT1, _FIN_WAIT2, _LAST_ACK, _CLOSING))


def half_closed(endpoint: Endpoint) -> int:
    """How many there are towards ``endpoint``, of whichever process here; 0 where nobody tells."""
    remote = ipaddress.ip_address(endpoint.address.partition("%")[0]).packed
    try:
        with SockDiag() as kernel:
            dumps = [
                kernel.dump(family, _STATES, remote_port=endpoint.port, remote=remote)
                for family in families_of(endpoint.family)
            ]
    except OSError:  # not every sandbox, and no other platform, lets us ask
        return 0
    return sum(map(len, dumps))
