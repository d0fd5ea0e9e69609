"""What happens in the target's kernel, before its application has a say."""

from tests.judge.fates import CLOSED_BY_PEER, DOUBTFUL, HALF_OPEN, HELD, LATE, PHANTOM, REFUSED, SERVED, TAKEN
from tests.judge.runs import NEVER_TAKEN, aged, at_site, facts, knock, repeated

from .situation import APPLICATION, CERTAIN, KERNEL, LIKELY, PATH, POSSIBLE, Situation, found

FULL_AT_32 = at_site(33, 32, accepted=32, overflows=70, stood_s=2.0)


AT_ITS_KERNEL = (
    Situation(
        "all end at one moment that lasts, then it is refused",
        facts((100, aged(CLOSED_BY_PEER, 0.8, 0.5)), (100, REFUSED), every_s=0.001),
        (found("TG407", APPLICATION, LIKELY),),
    ),
    Situation(
        "24 are let in at a time, nobody asks",
        facts(*[(24, repeated(TAKEN, k)) for k in range(6)], every_s=0, dial_timeout_s=15),
        (found("TG301", KERNEL, POSSIBLE), found("TG207", PATH, POSSIBLE)),
    ),
    Situation(
        "129 are let in at a time, and served at once",
        facts(*[(129, repeated(HELD._replace(answer_s=0.001), k)) for k in range(6)], every_s=0, level=SERVED),
        (found("TG301", KERNEL, LIKELY), found("TG207", PATH, POSSIBLE)),
    ),
    Situation(
        "a burst beyond the accept queue",
        facts((11, TAKEN), (49, PHANTOM), every_s=0),
        (found("TG301", KERNEL, LIKELY),),
    ),
    Situation(
        "a burst beyond the accept queue, a newcomer is welcome afterwards",
        facts((11, TAKEN), (49, PHANTOM), every_s=0, newcomers=(knock(3, 11),)),
        (found("TG301", KERNEL, LIKELY),),
    ),
    Situation(
        "a queue that is emptied, more slowly than dials come",
        facts((11, TAKEN), (9, PHANTOM), (20, TAKEN), (20, PHANTOM), every_s=0.001),
        (found("TG301", KERNEL, LIKELY),),
    ),
    Situation(
        "50 are let in, then phantoms, then silence",
        facts((50, TAKEN), (10, HALF_OPEN), (60, LATE)),
        (found("TG301", KERNEL, LIKELY),),
    ),
    Situation(
        "half-open ones that answer to a sign of life, as seen at the target",
        facts((45, TAKEN), (15, LATE), every_s=0, on_site=at_site(5, 10, accepted=6, overflows=49)),
        (found("TG301", KERNEL, CERTAIN),),
    ),
    Situation(
        "some are in doubt, and the target has no more than those that are there",
        facts((65, TAKEN), (24, PHANTOM), (11, DOUBTFUL), every_s=0, on_site=FULL_AT_32),
        (found("TG403", APPLICATION, CERTAIN), found("TG301", KERNEL, CERTAIN)),
    ),
    Situation(
        "the queue is full, and dials after the first that failed found room in it",
        facts((20, TAKEN), (10, LATE), (45, TAKEN), (25, LATE), every_s=0, on_site=FULL_AT_32),
        (found("TG403", APPLICATION, CERTAIN), found("TG301", KERNEL, CERTAIN)),
    ),
    Situation("half-open ones", facts((11, TAKEN), (49, HALF_OPEN), every_s=0), (found("TG301", KERNEL, LIKELY),)),
    Situation(
        "a burst, and the queue was seen to overflow",
        facts((11, TAKEN), (49, PHANTOM), every_s=0, on_site=at_site(backlog=10, overflows=49)),
        (found("TG301", KERNEL, CERTAIN),),
    ),
    Situation(
        "nobody empties the queue, seen at the target",
        facts((11, TAKEN), (49, LATE), on_site=at_site(queued=11, backlog=10, overflows=300, stood_s=5)),
        (found("TG404", APPLICATION, CERTAIN), found("TG301", KERNEL, CERTAIN)),
    ),
    Situation(
        "all are let in, the later ones when their SYN was repeated",
        facts((100, TAKEN), (100, repeated(TAKEN)), every_s=0),
        (found("TG301", KERNEL, LIKELY),),
    ),
    Situation(
        "requests that are never acknowledged",
        facts((11, HELD), (49, NEVER_TAKEN), every_s=0, level=SERVED),
        (found("TG301", KERNEL, LIKELY),),
    ),
    Situation(
        "phantoms, and some that may be",
        facts((11, TAKEN), (40, PHANTOM), (9, DOUBTFUL), every_s=0),
        (found("TG301", KERNEL, LIKELY),),
    ),
    Situation("nobody listens", facts((100, REFUSED)), (found("TG302", KERNEL, LIKELY),)),
    Situation(
        "nobody listens, seen at the target",
        facts((100, REFUSED), on_site=at_site(listens_before=False, listens=False, listens_after=False)),
        (found("TG302", KERNEL, CERTAIN),),
    ),
    Situation("refused from the 51st on", facts((50, TAKEN), (50, REFUSED)), (found("TG303", KERNEL, LIKELY),)),
    Situation(
        "spread over three, and at one nobody listens",
        facts(*[(1, TAKEN), (1, REFUSED._replace(endpoint=1)), (1, TAKEN._replace(endpoint=2))] * 10),
        (found("TG302", KERNEL, LIKELY),),
    ),
    Situation(
        "spread over two, and one refuses from the 6th on",
        facts(*[(1, TAKEN), (1, TAKEN._replace(endpoint=1))] * 5, (10, REFUSED._replace(endpoint=1))),
        (found("TG303", KERNEL, LIKELY),),
    ),
    Situation(
        "spread over two, and nobody listens at either",
        facts(*[(1, REFUSED), (1, REFUSED._replace(endpoint=1))] * 10),
        (found("TG302", KERNEL, LIKELY),),
    ),
    Situation(
        "the listener is closed at 50, seen at the target",
        facts((50, TAKEN), (50, REFUSED), on_site=at_site(listens=False, listens_after=True)),
        (found("TG303", KERNEL, CERTAIN),),
    ),
    Situation(
        "refused, though somebody listens",
        facts((50, TAKEN), (50, REFUSED), on_site=at_site()),
        (found("TG303", KERNEL, LIKELY),),
    ),
)
