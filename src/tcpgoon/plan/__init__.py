"""What is asked: values only, valid by construction, without a socket or a clock."""

from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Endpoint, Family, Target, parse_target
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate, Pacing
from tcpgoon.plan.plan import Close, Plan
from tcpgoon.plan.requirements import Requirement

__all__ = [
    "AllAtOnce",
    "Assurance",
    "Close",
    "ConstantRate",
    "Endpoint",
    "Family",
    "Pacing",
    "Plan",
    "Requirement",
    "Target",
    "parse_target",
]
