"""Facts → findings, first cause first."""

from tcpgoon.judge import client
from tcpgoon.judge.facts import Facts, Finding

RULES = (*client.RULES,)
"""Ours before theirs: what the client could not do comes before what it saw of the target."""


def diagnose(facts: Facts) -> tuple[Finding, ...]:
    """What the rules find, in their order."""
    return tuple(finding for rule in RULES for finding in rule(facts))
