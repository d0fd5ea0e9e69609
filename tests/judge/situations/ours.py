"""What went wrong at our own end."""

from tcpgoon.judge.strain import Strain, Worker
from tests.judge.fates import FEW, NO_DESCRIPTOR, NO_PORT, ORPHAN, ORPHANED_DIAL, PLANNED, TAKEN
from tests.judge.runs import ONE_TOO_MANY, died, facts

from .situation import APPLICATION, CERTAIN, CLIENT, LIKELY, Situation, found

DEAD = Strain(workers=(Worker(number=0, pid=4_711, connections=50, ended="SIGKILL", ended_s=4.0),))

OURS = (
    Situation(
        "our descriptors",
        facts((4, TAKEN), (96, NO_DESCRIPTOR), limits=FEW),
        (found("TG101", CLIENT, CERTAIN),),
    ),
    Situation("our ports", facts((50, TAKEN), (50, NO_PORT)), (found("TG102", CLIENT, CERTAIN),)),
    Situation(
        "our descriptors, and a target that closes the newest",
        facts((30, TAKEN), (30, ONE_TOO_MANY), (40, NO_DESCRIPTOR), limits=FEW),
        (found("TG101", CLIENT, CERTAIN), found("TG402", APPLICATION, LIKELY)),
    ),
    Situation(
        "a worker of ours was killed",
        facts((50, TAKEN), (50, ORPHAN), strain=DEAD),
        (found("TG107", CLIENT, CERTAIN),),
    ),
    Situation(
        "a worker of ours was killed while it dialled",
        facts((50, TAKEN), (10, ORPHANED_DIAL), (40, PLANNED), strain=DEAD),
        (found("TG107", CLIENT, CERTAIN),),
    ),
    Situation(
        "a worker of ours was killed when all had ended",
        facts((100, TAKEN), strain=DEAD),
    ),
    Situation(
        "a worker of ours was killed, and a target closes the newest",
        facts((20, TAKEN), (10, died(ORPHAN, 4.0)), (60, ONE_TOO_MANY), strain=DEAD),
        (found("TG107", CLIENT, CERTAIN), found("TG402", APPLICATION, LIKELY)),
    ),
)
