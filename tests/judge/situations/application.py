"""What the application does."""

import errno

from tcpgoon.judge.strain import Strain
from tcpgoon.record.knock import Fared
from tcpgoon.record.unserved import Unserved
from tests.judge.fates import (
    ACKNOWLEDGED,
    CLOSED_BY_PEER,
    HELD,
    LATE,
    PHANTOM,
    REFUSED,
    RESET_BY_PEER,
    SERVED,
    SILENT_PHANTOM,
    TAKEN,
    unserved,
)
from tests.judge.runs import NEVER_TAKEN, NO, ONE_TOO_MANY, SILENT, aged, at_site, died, facts, knock, repeated, said

from .situation import APPLICATION, CERTAIN, KERNEL, LIKELY, PATH, POSSIBLE, Situation, found

IN_THE_APPLICATION = (
    Situation(
        "1,013 are served, the queue has others, the rest is left out",
        facts((1_013, HELD), (129, SILENT), (200, LATE), level=SERVED),
        (
            found("TG401", APPLICATION, LIKELY),
            found("TG403", APPLICATION, LIKELY),
            found("TG301", KERNEL, POSSIBLE),
        ),
    ),
    Situation(
        "descriptors are full, seen at the target",
        facts((50, TAKEN), (30, PHANTOM), on_site=at_site(queued=30, descriptors=64, limit=64, overflows=30)),
        (found("TG401", APPLICATION, CERTAIN), found("TG301", KERNEL, CERTAIN)),
    ),
    Situation(
        "descriptors are full, and who is not served waits in the accept queue, seen at the target",
        facts(
            (54, HELD), (26, SILENT), level=SERVED, on_site=at_site(queued=26, descriptors=64, limit=64, stood_s=5.0)
        ),
        (found("TG401", APPLICATION, CERTAIN),),
    ),
    Situation(
        "1,000 are served, exactly as many as workers of a product",
        facts((1_000, HELD), (100, SILENT), level=SERVED),
        (found("TG403", APPLICATION, LIKELY),),
    ),
    Situation(
        "the newest are closed above 1,013",
        facts((1_013, TAKEN), (50, ONE_TOO_MANY), every_s=0.001),
        (found("TG401", APPLICATION, LIKELY), found("TG402", APPLICATION, LIKELY)),
    ),
    Situation(
        "the newest are closed above 1,013, and descriptors are to spare",
        facts((1_013, TAKEN), (50, ONE_TOO_MANY), every_s=0.001, on_site=at_site(descriptors=1_024, limit=20_000)),
        (found("TG402", APPLICATION, LIKELY),),
    ),
    Situation(
        "the newest are closed above 40", facts((40, TAKEN), (60, ONE_TOO_MANY)), (found("TG402", APPLICATION, LIKELY),)
    ),
    Situation(
        "the newest are reset above 40",
        facts((40, TAKEN), (60, aged(RESET_BY_PEER, 0.0002))),
        (found("TG402", APPLICATION, LIKELY),),
    ),
    Situation(
        "the oldest are closed above 40",
        facts((60, aged(CLOSED_BY_PEER, 0.4)), (40, TAKEN)),
        (found("TG402", APPLICATION, LIKELY),),
    ),
    Situation(
        "some of a burst are closed, whoever of its workers had them",
        facts((20, TAKEN), (200, aged(CLOSED_BY_PEER._replace(proved=ACKNOWLEDGED), 0.002)), (20, TAKEN), every_s=0),
        (found("TG402", APPLICATION, LIKELY),),
    ),
    Situation(
        "the oldest of a burst are closed at once",
        facts((200, aged(CLOSED_BY_PEER._replace(proved=ACKNOWLEDGED), 0.002, 0.001)), (100, TAKEN), every_s=0),
        (found("TG402", APPLICATION, LIKELY),),
    ),
    Situation(
        "descriptors are full by its own limit, and it says so",
        facts(
            (40, TAKEN),
            (60, ONE_TOO_MANY),
            sayings=said("-ERR max number of clients reached", 60, Unserved.NONE),
            on_site=at_site(descriptors=64, limit=64),
        ),
        (found("TG402", APPLICATION, CERTAIN),),
    ),
    Situation(
        "closed little by little, as it looks at a few at a time",
        facts((300, aged(CLOSED_BY_PEER, 1.0, 2.5)), every_s=0.001, newcomers=(knock(4, 0),)),
        (found("TG405", APPLICATION, POSSIBLE),),
    ),
    Situation(
        "closed little by little, as it looks at a few at a time, and still listens",
        facts((300, aged(CLOSED_BY_PEER, 1.0, 2.5)), on_site=at_site()),
        (found("TG405", APPLICATION, LIKELY),),
    ),
    Situation(
        "the newest are refused in words",
        facts((40, HELD), (60, NO), level=SERVED, sayings=said("sorry, no room", 60)),
        (found("TG402", APPLICATION, LIKELY),),
    ),
    Situation(
        "the newest are refused in the words of a product",
        facts((40, HELD), (60, NO), level=SERVED, sayings=said("-ERR max number of clients reached", 60)),
        (found("TG402", APPLICATION, CERTAIN),),
    ),
    Situation(
        "words before the end, unasked",
        facts((40, TAKEN), (60, ONE_TOO_MANY), sayings=said("-ERR max number of clients reached", 60, Unserved.NONE)),
        (found("TG402", APPLICATION, CERTAIN),),
    ),
    Situation(
        "8 are served at once", facts((8, HELD), (92, SILENT), level=SERVED), (found("TG403", APPLICATION, LIKELY),)
    ),
    Situation(
        "8 are served, the queue overflows",
        facts((8, HELD), (11, SILENT), (41, NEVER_TAKEN), level=SERVED, every_s=0),
        (found("TG403", APPLICATION, LIKELY), found("TG301", KERNEL, LIKELY)),
    ),
    Situation("none is served", facts((100, SILENT), level=SERVED), (found("TG404", APPLICATION, POSSIBLE),)),
    Situation(
        "none is served, the queue is full",
        facts((11, SILENT), (89, LATE), level=SERVED),
        (found("TG404", APPLICATION, LIKELY), found("TG301", KERNEL, POSSIBLE)),
    ),
    Situation(
        "none is accepted, seen at the target",
        facts((100, TAKEN), on_site=at_site(queued=100, stood_s=6.0)),
        (found("TG404", APPLICATION, CERTAIN),),
    ),
    Situation(
        "50 of 100 are accepted, seen at the target",
        facts((100, TAKEN), on_site=at_site(queued=50, stood_s=5.0)),
        (found("TG403", APPLICATION, CERTAIN),),
    ),
    Situation(
        "closed at an age of 2 s", facts((300, aged(CLOSED_BY_PEER, 2.0, 0.02))), (found("TG405", APPLICATION, LIKELY),)
    ),
    Situation(
        "closed at an age of 2 s, all dialled at once",
        facts((300, aged(CLOSED_BY_PEER, 2.0)), every_s=0),
        (found("TG405", APPLICATION, POSSIBLE),),
    ),
    Situation(
        "closed at an age of 2 s, all dialled at once, a newcomer is welcome",
        facts((300, aged(CLOSED_BY_PEER, 2.0)), every_s=0, newcomers=(knock(3, 0),)),
        (found("TG405", APPLICATION, LIKELY),),
    ),
    Situation(
        "closed at an age of 2 s, all dialled at once, somebody still listens",
        facts((300, aged(CLOSED_BY_PEER, 2.0, 0.005)), every_s=0, on_site=at_site()),
        (found("TG405", APPLICATION, LIKELY),),
    ),
    Situation(
        "reset at an age of 2 s, all dialled at once, somebody still listens",
        facts((300, aged(RESET_BY_PEER, 2.0, 0.005)), every_s=0, on_site=at_site()),
        (found("TG204", APPLICATION, LIKELY),),
    ),
    Situation(
        "closed while all are of one age, and nobody listens any more",
        facts((300, aged(CLOSED_BY_PEER, 2.0)), every_s=0, on_site=at_site(listens=False, listens_after=False)),
        (found("TG407", APPLICATION, CERTAIN),),
    ),
    Situation(
        "a slow accept loop: most are served too late, some not yet",
        facts(
            (10, HELD),
            (40, repeated(unserved(Unserved.LATE))),
            (10, repeated(SILENT)),
            every_s=0,
            level=SERVED,
            on_site=at_site(queued=5, overflows=200),
        ),
        (found("TG301", KERNEL, CERTAIN), found("TG406", APPLICATION, POSSIBLE)),
    ),
    Situation(
        "it stops while they are held, and nobody is answered any more",
        facts(
            (100, unserved(Unserved.SILENT, HELD)), level=SERVED, newcomers=(knock(0, 0), knock(4, 100, Fared.WAITING))
        ),
        (found("TG404", APPLICATION, LIKELY),),
    ),
    Situation(
        "it answers and closes",
        facts((100, aged(CLOSED_BY_PEER._replace(answer_s=0.002), 0.004)), level=SERVED),
        (found("TG405", APPLICATION, LIKELY),),
    ),
    Situation(
        "a burst beyond the accept queue, some of it forgotten in silence",
        facts((10, HELD), (40, SILENT_PHANTOM), every_s=0, level=SERVED, on_site=at_site(overflows=200)),
        (found("TG301", KERNEL, CERTAIN),),
    ),
    Situation(
        "the newest of a burst are closed, all were established before",
        facts((100, TAKEN), (200, aged(CLOSED_BY_PEER._replace(proved=ACKNOWLEDGED), 0.002, 0.001)), every_s=0),
        (found("TG402", APPLICATION, LIKELY),),
    ),
    Situation(
        "closed at an age of 700 ms",
        facts((100, aged(CLOSED_BY_PEER, 0.7, 0.01))),
        (found("TG405", APPLICATION, LIKELY),),
    ),
    Situation(
        "a newcomer is served 100 times slower",
        facts(
            (100, HELD),
            level=SERVED,
            newcomers=(knock(0, 0, time_s=0.002), knock(3, 100, time_s=0.2), knock(4, 100, time_s=0.2)),
        ),
        (found("TG406", APPLICATION, LIKELY),),
    ),
    Situation(
        "newcomers are slower, and so are we",
        facts(
            (100, HELD),
            level=SERVED,
            newcomers=(knock(0, 0, time_s=0.002), knock(3, 100, time_s=0.35), knock(4, 100, time_s=0.35)),
            strain=Strain(lag_s=0.1),
        ),
    ),
    Situation(
        "the only newcomer is served slower, or its SYN was lost",
        facts((100, TAKEN), newcomers=(knock(0, 0, time_s=0.002), knock(3, 100, time_s=1.002))),
        (found("TG406", APPLICATION, POSSIBLE),),
    ),
    Situation(
        "answers come too late",
        facts((50, HELD), (50, unserved(Unserved.LATE)), level=SERVED),
        (found("TG406", APPLICATION, POSSIBLE),),
    ),
    Situation(
        "the later they ask, the longer it takes",
        facts((300, HELD._replace(answer_s=0.001)), (300, HELD._replace(answer_s=0.5)), level=SERVED),
        (found("TG406", APPLICATION, LIKELY),),
    ),
    Situation(
        "all are closed at one moment", facts((300, died(CLOSED_BY_PEER, 6.0))), (found("TG407", APPLICATION, LIKELY),)
    ),
    Situation(
        "all are closed at one moment, and a newcomer is welcome again",
        facts((300, died(CLOSED_BY_PEER, 6.0)), newcomers=(knock(7, 0),)),
        (found("TG407", APPLICATION, LIKELY),),
    ),
    Situation(
        "all are reset at one moment, then refused",
        facts((300, died(RESET_BY_PEER, 3.2)), (100, REFUSED)),
        (found("TG407", APPLICATION, LIKELY),),
    ),
    Situation(
        "all are reset at one moment, a newcomer is refused",
        facts(
            (300, died(RESET_BY_PEER, 6.0)),
            newcomers=(knock(7, 0, Fared.REFUSED, error=errno.ECONNREFUSED),),
        ),
        (found("TG407", APPLICATION, LIKELY),),
    ),
    Situation(
        "all are closed at one moment, its listener is gone",
        facts((300, died(CLOSED_BY_PEER, 6.0)), on_site=at_site(listens=False, listens_after=False)),
        (found("TG407", APPLICATION, CERTAIN),),
    ),
    Situation(
        "the only one is not answered",
        facts((1, SILENT), level=SERVED),
        (found("TG404", APPLICATION, POSSIBLE),),
    ),
    Situation(
        "the only one is closed at once",
        facts((1, ONE_TOO_MANY)),
        (found("TG206", PATH, POSSIBLE),),
    ),
)
