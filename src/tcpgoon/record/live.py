"""What a run looks like at one moment of it, for who watches: values only, of what is known so far."""

from enum import StrEnum

import msgspec

from tcpgoon.record.ending import Ending
from tcpgoon.record.knock import Knock


class Stage(StrEnum):
    """How far a run is."""

    START = "start"
    """Nothing has been dialled: processes start, or the first newcomer knocks."""
    ESTABLISHMENT = "establishment"
    ASKING = "asking"
    """All dials are decided, and not all answers are there."""
    HOLD = "hold"
    PROOF = "proof"
    """The hold is over: signs of life are asked for."""
    TEAR_DOWN = "tear-down"
    STOPPING = "stopping"
    """Somebody asked for the end of the run."""


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """What is not in the table while a run goes on."""

    stage: Stage = Stage.START
    since_s: float = 0.0
    """When that began, since the beginning of the run."""
    until_s: float | None = None
    """When it will be over as planned; None: nobody knows."""
    lag_s: float = 0.0
    """The longest so far that a loop of ours did not look at its connections."""
    knock: Knock | None = None
    """The last newcomer of which it is known how it fared."""


class Window(msgspec.Struct, frozen=True):
    """The establishment times of the connections that were established between two looks."""

    count: int
    p50_s: float
    max_s: float


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to see beside the counts."""

    course: Course = Course()
    handshake: int = 0
    """How many are there now, at that level of assurance or above it."""
    acknowledged: int = 0
    served: int = 0
    dials_per_s: float = 0.0
    """How many were begun in the last second or so."""
    windows: tuple[Window, ...] = ()
    """Those in which any was established, the latest last."""
    failed: tuple[Ending, ...] = ()
    """The dials that failed, by how; the most frequent first."""
    lost: tuple[Ending, ...] = ()
    """The same of those that were lost once established, phantoms among them."""
