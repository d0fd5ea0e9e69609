"""All that a rule may look at, and what a rule says."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.on_site import OnSite
from tcpgoon.judge.strain import Strain
from tcpgoon.plan.plan import Plan
from tcpgoon.record.ending import Ending
from tcpgoon.record.heard import Saying
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.metrics import Metrics
from tcpgoon.record.outcome import Side
from tcpgoon.record.shape import NOTHING_HAPPENED, Shape


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a run when it is over."""

    plan: Plan
    limits: ClientLimits
    metrics: Metrics
    shape: Shape = NOTHING_HAPPENED
    started: bool = True
    """False where the limits made the plan impossible, so that nothing was dialled."""
    interrupted: bool = False
    """The user stopped the run before the hold was over."""
    sayings: tuple[Saying, ...] = ()
    """What the peers said, the most frequent first."""
    newcomers: tuple[Knock, ...] = ()
    """The clients that knocked beside those that were held."""
    strain: Strain = Strain()
    """What the run demanded of this client."""
    on_site: OnSite | None = None
    """What was seen at the target itself; None where it runs elsewhere."""

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


class Confidence(StrEnum):
    """How sure a finding is."""

    CERTAIN = "certain"
    """The evidence leaves no other cause: our own kernel said it, or it was seen at the target itself."""
    LIKELY = "likely"
    """The evidence is what this cause looks like, and hardly any other."""
    POSSIBLE = "possible"
    """Other causes look the same from here; the remedy says how to tell them apart."""


Evidence = int | float | str | None | Sequence[int | float | str]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What stopped the target, or us: a stable code, whose side it is, one sentence for people, how to lift it."""

    code: str
    """Such as ``TG301``; there is a page for each (``tcpgoon explain TG301``)."""
    side: Side
    confidence: Confidence = Confidence.CERTAIN
    sentence: str
    remedy: str
    """What to do, for people: one sentence."""
    commands: tuple[str, ...] = ()
    """The commands that do it, each for a shell or a configuration file; a ``# comment`` says which."""
    evidence: dict[str, Evidence]
    accounts_for: int = 0
    """How many connections it explains; 0 where it is about none in particular."""
