"""From what a plan asks to the probes that ask it."""

from collections.abc import Callable

from tcpgoon.engine.probes.exchange import ExchangeProbe, Script
from tcpgoon.engine.probes.probe import Probe
from tcpgoon.plan.probe import Exchange
from tcpgoon.plan.tls import TlsOptions


def probe_maker(exchange: Exchange | None, tls: TlsOptions | None) -> Callable[[], Probe] | None:
    """What makes the probe of one connection: the exchange, the TLS handshake, or the exchange inside of TLS.

    Whatever all of them share is made here, once. `None` where nothing is to be asked. Raises `PlanError` for
    certificates and keys that cannot be read.
    """
    script = Script(exchange) if exchange else None
    within = (lambda: ExchangeProbe(script)) if script else None
    if tls is None:
        return within
    # The library is 4 MB in each process: for those who use it.
    from tcpgoon.engine.probes.tls import TlsProbe, TlsScript

    tls_script = TlsScript(tls)
    return lambda: TlsProbe(tls_script, within() if within else None)
