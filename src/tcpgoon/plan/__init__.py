"""What is asked: values only, valid by construction, without a socket or a clock."""

from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Endpoint, Family, Target, parse_target
from tcpgoon.plan.named_probes import NamedProbe, named_probes, parse_probe
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate, Pacing
from tcpgoon.plan.plan import Close, Plan
from tcpgoon.plan.probe import Exchange, ProbeAt, ProxyProtocol, parse_exchange
from tcpgoon.plan.requirements import Requirement
from tcpgoon.plan.tls import TlsOptions, TlsVersion

__all__ = [
    "AllAtOnce",
    "Assurance",
    "Close",
    "ConstantRate",
    "Endpoint",
    "Exchange",
    "Family",
    "NamedProbe",
    "Pacing",
    "Plan",
    "ProbeAt",
    "ProxyProtocol",
    "Requirement",
    "Target",
    "TlsOptions",
    "TlsVersion",
    "named_probes",
    "parse_exchange",
    "parse_probe",
    "parse_target",
]
