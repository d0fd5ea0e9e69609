"""All goes well, or too little is known to tell what did not."""

from tcpgoon.record.knock import Fared
from tcpgoon.record.unserved import Unserved
from tests.judge.fates import (
    CLOSED_BY_PEER,
    DOUBTFUL,
    HANDSHAKE,
    HELD,
    LATE,
    LOST_BY_PATH,
    NOT_ASKED,
    SERVED,
    TAKEN,
    unserved,
)
from tests.judge.runs import ONE_TOO_MANY, aged, at_site, facts, knock, repeated

from .situation import Situation

HEALTHY = (
    Situation("all are held", facts((100, TAKEN))),
    Situation("all are served", facts((100, HELD), level=SERVED)),
    Situation("all are established", facts((100, NOT_ASKED), level=HANDSHAKE)),
    Situation("all at once", facts((1_000, TAKEN), every_s=0)),
    Situation("one of them only", facts((1, TAKEN))),
    Situation("two SYNs had to be repeated", facts((50, TAKEN), (2, repeated(TAKEN)), (48, TAKEN))),
    Situation(
        "far away: each SYN is repeated before its answer comes",
        facts((100, repeated(TAKEN._replace(rtt_us=1_100_000)))),
    ),
    Situation("newcomers are welcome", facts((100, TAKEN), newcomers=(knock(0, 0), knock(2, 100), knock(3, 100)))),
    Situation(
        "newcomers are a little slower",
        facts((100, TAKEN), newcomers=(knock(0, 0, time_s=0.002), knock(2, 100, time_s=0.05))),
    ),
    Situation("seen at the target: an empty queue", facts((100, TAKEN), on_site=at_site())),
    Situation("seen at the target: a queue that moves", facts((100, TAKEN), on_site=at_site(queued=20, stood_s=0.1))),
    Situation("seen at the target: descriptors to spare", facts((100, TAKEN), on_site=at_site(descriptors=900))),
    Situation(
        "seen at the target: none but newcomers of ours wait in the queue",
        facts(
            (100, HELD),
            level=SERVED,
            on_site=at_site(queued=2, stood_s=2.0),
            newcomers=(knock(0, 0), *[knock(at_s, 100, Fared.WAITING, kept_place=True) for at_s in (2, 3)]),
        ),
    ),
    Situation(
        "seen at the target: none but newcomers of ours wait in the queue, nobody asks",
        facts(
            (100, TAKEN),
            on_site=at_site(queued=1, stood_s=2.0),
            newcomers=(knock(0, 0), knock(2, 100, kept_place=True)),
        ),
    ),
    Situation(
        "exactly at the limit, a newcomer is not welcome", facts((100, TAKEN), newcomers=(knock(2, 100, Fared.CLOSED),))
    ),
)


NOT_TO_TELL = (
    Situation(
        "one is closed at once, and many are let in after it", facts((500, TAKEN), (1, ONE_TOO_MANY), (499, TAKEN))
    ),
    Situation(
        "all wait for one another where all ask at once",
        facts(*[(1, HELD._replace(answer_s=(k + 1) / 500)) for k in range(500)], level=SERVED, every_s=0),
    ),
    Situation(
        "newcomers are served as quickly as ever, whatever the N met",
        facts(
            (300, HELD._replace(answer_s=0.001)),
            (300, HELD._replace(answer_s=0.5)),
            level=SERVED,
            newcomers=(knock(0, 0), knock(5, 500), knock(9, 600)),
        ),
    ),
    Situation(
        "half of them were served, then fell silent",
        facts((50, HELD), (50, unserved(Unserved.UNACKED, LOST_BY_PATH)), level=SERVED),
    ),
    Situation(
        "an application that served all does not answer any more",
        facts((100, HELD._replace(unserved=Unserved.ENDED)), level=SERVED),
    ),
    Situation("three of a thousand are lost", facts((400, TAKEN), (3, aged(CLOSED_BY_PEER, 1.7)), (597, TAKEN))),
    Situation("all are in doubt", facts((100, DOUBTFUL))),
    Situation("nothing was dialled", facts((100, TAKEN), started=False)),
    Situation("stopped by the user", facts((50, TAKEN), (50, LATE), interrupted=True)),
    Situation("its certificate is not trusted", facts((100, unserved(Unserved.UNTRUSTED)), level=SERVED)),
)
