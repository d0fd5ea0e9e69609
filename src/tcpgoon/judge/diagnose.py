"""Facts → findings, first cause first.

Ours come before theirs: what this client could not do comes before what it saw of the target. Of theirs the one that
accounts for most of what went wrong is first; of those that account for as much, what leaves the least doubt.
"""

from tcpgoon.judge import application, client, lifetime, path, target
from tcpgoon.judge.facts import Confidence, Facts, Finding
from tcpgoon.judge.seen import Seen

RULES = (*lifetime.RULES, *application.RULES, *target.RULES, *path.RULES)
"""Those about the others: causes before what they lead to."""

_DOUBT = (Confidence.CERTAIN, Confidence.LIKELY, Confidence.POSSIBLE)


def diagnose(facts: Facts) -> tuple[Finding, ...]:
    """What the rules find."""
    ours = [finding for rule in client.RULES for finding in rule(facts)]
    if not facts.started or facts.interrupted:
        return tuple(ours)
    seen = Seen(facts)
    theirs = [finding for rule in RULES for finding in rule(seen)]
    return (*ours, *sorted(theirs, key=_order))


def _order(finding: Finding) -> tuple[int, int]:
    return -finding.accounts_for, _DOUBT.index(finding.confidence)
