"""From what a plan asks to the probes that ask it."""

from collections.abc import Callable
from typing import NamedTuple

from tcpgoon.engine.probes.exchange import ExchangeProbe, Script
from tcpgoon.engine.probes.probe import Probe
from tcpgoon.plan.probe import Exchange
from tcpgoon.plan.tls import TlsOptions


class Questions(NamedTuple):
    """How the connections of one plan are asked."""

    new: Callable[[], Probe]
    """Makes the probe of one connection."""
    again: Callable[[Probe], bytes] | None = None
    """Lets a probe that has passed ask once more, inside of its session: what it sends. None: a new probe will do."""


def questions(exchange: Exchange | None, tls: TlsOptions | None) -> Questions | None:
    """What is asked: the exchange, the TLS handshake, or the exchange inside of TLS.

    Whatever all connections share is made here, once. `None` where nothing is to be asked. Raises `PlanError` for
    certificates and keys that cannot be read.
    """
    script = Script(exchange) if exchange else None
    within = (lambda: ExchangeProbe(script)) if script else None
    if tls is None:
        return Questions(within) if within else None
    # The library is 4 MB in each process: for those who use it.
    from tcpgoon.engine.probes.tls import TlsProbe, TlsScript

    tls_script = TlsScript(tls)

    def again(probe: Probe) -> bytes:
        assert isinstance(probe, TlsProbe)  # noqa: S101 - `new` made it
        assert within  # noqa: S101 - there is nothing to repeat about a handshake
        return probe.again(within())

    return Questions(lambda: TlsProbe(tls_script, within() if within else None), again if within else None)
