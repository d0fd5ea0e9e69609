"""All that a rule may look at, and what a rule says."""

import msgspec

from tcpgoon.judge.limits import ClientLimits
from tcpgoon.plan.plan import Plan
from tcpgoon.record.ending import Ending
from tcpgoon.record.heard import Saying
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.metrics import Metrics
from tcpgoon.record.outcome import Side


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a run when it is over."""

    plan: Plan
    limits: ClientLimits
    metrics: Metrics
    started: bool = True
    """False where the limits made the plan impossible, so that nothing was dialled."""
    interrupted: bool = False
    """The user stopped the run before the hold was over."""
    sayings: tuple[Saying, ...] = ()
    """What the peers said, the most frequent first."""
    newcomers: tuple[Knock, ...] = ()
    """The clients that knocked beside those that were held."""

    def endings(self, *sides: Side) -> list[Ending]:
        """The failed and lost connections, phantoms among them, that point to one of ``sides``."""
        metrics = self.metrics
        all_endings = (*metrics.errors, *metrics.losses, *metrics.phantom_endings)
        return [ending for ending in all_endings if ending.side in sides]

    @property
    def nobody_was_served(self) -> bool:
        """Whether nobody was ever answered as expected: then it may be the question that is wrong."""
        welcome = any(knock.fared is Fared.WELCOME for knock in self.newcomers)
        return not self.metrics.answered and not welcome

    @property
    def knocked_before_all(self) -> bool:
        """Whether a newcomer asked while no connection was held."""
        return any(not knock.held and knock.fared is not Fared.UNASKED for knock in self.newcomers)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What stopped the target, or us: a stable code, whose side it is, one sentence for people, how to lift it."""

    code: str
    side: Side
    sentence: str
    remedy: str
    evidence: dict[str, int | str | list[str]]
