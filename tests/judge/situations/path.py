"""What is between this client and the target."""

from tcpgoon.record.knock import Fared
from tcpgoon.record.unserved import Unserved
from tests.judge.fates import (
    ACKNOWLEDGED,
    CLOSED_BY_PEER,
    HANDSHAKE,
    HELD,
    LATE,
    LOST_BY_PATH,
    NOT_ASKED,
    PHANTOM,
    REFUSED,
    RESET_BY_PEER,
    SERVED,
    SILENT_PHANTOM,
    TAKEN,
    UNREACHABLE,
    unserved,
)
from tests.judge.runs import NO_NET, ONE_TOO_MANY, RESET_DIAL, aged, at_site, died, facts, knock, now_and_then, repeated

from .situation import APPLICATION, CERTAIN, KERNEL, LIKELY, PATH, POSSIBLE, Situation, found

ON_THE_PATH = (
    Situation("no answer to any SYN", facts((100, LATE)), (found("TG201", PATH, LIKELY),)),
    Situation("no answer to the only SYN", facts((1, LATE)), (found("TG201", PATH, LIKELY),)),
    Situation(
        "no answer to any SYN, although somebody listens",
        facts((100, LATE), on_site=at_site()),
        (found("TG201", PATH, LIKELY),),
    ),
    Situation(
        "no answer to any SYN, and the queue was full already",
        facts((100, LATE), on_site=at_site(queued=129, stood_s=2.0, overflows=100)),
        (found("TG301", KERNEL, CERTAIN),),
    ),
    Situation("5 % loss", facts((1_000, now_and_then(TAKEN, repeated(TAKEN), 20))), (found("TG202", PATH, LIKELY),)),
    Situation("5 % loss, a burst", facts((1_000, TAKEN), every_s=0), ()),
    Situation(
        "loss for longer than the dial timeout",
        facts((1_000, now_and_then(TAKEN, LATE, 20))),
        (found("TG202", PATH, LIKELY),),
    ),
    Situation(
        "1 % loss, the first quarter has none of it",
        facts((125, TAKEN), (375, now_and_then(TAKEN, repeated(TAKEN), 29))),
        (found("TG202", PATH, POSSIBLE),),
    ),
    Situation(
        "a firewall rejects by ICMP, and not each",
        facts((7, UNREACHABLE), (93, LATE)),
        (found("TG203", PATH, CERTAIN),),
    ),
    Situation(
        "a firewall rejects by ICMP, and not each; our kernel says refused",
        facts((7, REFUSED), (93, LATE)),
        (found("TG203", PATH, LIKELY),),
    ),
    Situation(
        "all are refused although somebody listens",
        facts((100, REFUSED), on_site=at_site()),
        (found("TG203", PATH, LIKELY),),
    ),
    Situation(
        "a firewall rejects by ICMP above 40",
        facts((40, TAKEN), (7, UNREACHABLE), (53, LATE)),
        (found("TG203", PATH, CERTAIN),),
    ),
    Situation(
        "a firewall rejects by ICMP above 40; our kernel says refused",
        facts((40, TAKEN), (7, REFUSED), (53, LATE)),
        (found("TG303", PATH, LIKELY),),
    ),
    Situation(
        "a firewall rejects by ICMP above 40, all of which are served",
        facts((40, HELD), (7, REFUSED), (53, LATE), level=SERVED),
        (found("TG303", PATH, LIKELY),),
    ),
    Situation(
        "reset at an age of 2 s, all dialled at once",
        facts((300, aged(RESET_BY_PEER, 2.0)), every_s=0),
        (found("TG204", PATH, POSSIBLE),),
    ),
    Situation(
        "reset when they are asked at the end, newcomers are welcome",
        facts((300, died(RESET_BY_PEER, 8.1)), newcomers=(knock(2, 300), knock(7, 300))),
        (found("TG204", PATH, POSSIBLE), found("TG208", PATH, POSSIBLE)),
    ),
    Situation(
        "reset when they are asked at the end, all dialled at once",
        facts((300, died(RESET_BY_PEER, 5.1)), every_s=0, newcomers=(knock(2, 300), knock(7, 0))),
        (found("TG204", PATH, POSSIBLE),),
    ),
    Situation("host unreachable", facts((100, UNREACHABLE)), (found("TG203", PATH, CERTAIN),)),
    Situation("network unreachable", facts((100, NO_NET)), (found("TG203", PATH, CERTAIN),)),
    Situation(
        "unreachable from the middle on",
        facts((50, TAKEN), (50, UNREACHABLE)),
        (found("TG203", PATH, CERTAIN),),
    ),
    Situation("reset at an age of 2 s", facts((300, aged(RESET_BY_PEER, 2.0, 0.02))), (found("TG204", PATH, LIKELY),)),
    Situation(
        "idle ones are forgotten, newcomers are welcome",
        facts((100, SILENT_PHANTOM), newcomers=(knock(2, 100), knock(5, 100))),
        (found("TG204", PATH, LIKELY),),
    ),
    Situation(
        "50 are let in and served, then silence",
        facts((50, HELD), (50, LATE), level=SERVED),
        (found("TG205", PATH, LIKELY),),
    ),
    Situation(
        "50 are let in, then silence, and the accept queue was seen never to be full",
        facts((50, TAKEN), (50, LATE), on_site=at_site()),
        (found("TG205", PATH, POSSIBLE),),
    ),
    Situation(
        "the later SYNs had to be repeated, and the accept queue was seen never to be full",
        facts((100, TAKEN), (100, repeated(TAKEN)), every_s=0, on_site=at_site()),
    ),
    Situation(
        "50 from each source",
        facts((100, TAKEN), (100, LATE), sources=2),
        (found("TG301", KERNEL, POSSIBLE), found("TG205", PATH, POSSIBLE)),
    ),
    Situation(
        "50 from each source, all served",
        facts((100, HELD), (100, LATE), sources=2, level=SERVED),
        (found("TG205", PATH, LIKELY),),
    ),
    Situation(
        "51 in all from two sources, all served",
        facts((51, HELD), (100, LATE), sources=2, level=SERVED),
        (found("TG205", PATH, LIKELY),),
    ),
    Situation(
        "51 in all from nine sources, all served",
        facts((51, HELD), (100, LATE), sources=9, level=SERVED),
        (found("TG205", PATH, LIKELY),),
    ),
    Situation(
        "50 are let in, then silence: not to be told apart",
        facts((50, TAKEN), (50, LATE)),
        (found("TG301", KERNEL, POSSIBLE), found("TG205", PATH, POSSIBLE)),
    ),
    Situation(
        "129 are let in, as many as a common backlog and one more",
        facts((129, TAKEN), (50, LATE)),
        (found("TG301", KERNEL, LIKELY), found("TG205", PATH, POSSIBLE)),
    ),
    Situation(
        "50 are let in, then silence, handshakes alone",
        facts((50, NOT_ASKED), (50, LATE), level=HANDSHAKE),
        (found("TG301", KERNEL, POSSIBLE), found("TG205", PATH, POSSIBLE)),
    ),
    Situation(
        "accepted, then closed without a word, all of them",
        facts((100, ONE_TOO_MANY)),
        (found("TG206", PATH, POSSIBLE),),
    ),
    Situation(
        "accepted, then closed without a word by the process that listens here",
        facts((100, ONE_TOO_MANY), on_site=at_site()),
        (found("TG206", APPLICATION, LIKELY),),
    ),
    Situation(
        "accepted, then closed without a word by a proxy",
        facts((100, ONE_TOO_MANY), on_site=at_site(name="haproxy")),
        (found("TG206", PATH, LIKELY),),
    ),
    Situation(
        "closed without an answer at an age of 1 s",
        facts((300, aged(CLOSED_BY_PEER._replace(proved=ACKNOWLEDGED), 1.0, 0.01)), level=SERVED),
        (found("TG206", PATH, POSSIBLE),),
    ),
    Situation(
        "closed at 0.9 s, most of them just after it",
        facts((297, aged(CLOSED_BY_PEER, 0.91)), (3, aged(CLOSED_BY_PEER, 0.89)), every_s=0.02),
        (found("TG405", APPLICATION, LIKELY),),
    ),
    Situation("reset as soon as accepted", facts((100, RESET_DIAL)), (found("TG206", PATH, POSSIBLE),)),
    Situation(
        "none gives the expected answer",
        facts((100, unserved(Unserved.UNEXPECTED)), level=SERVED),
        (found("TG206", PATH, POSSIBLE),),
    ),
    Situation(
        "none speaks TLS", facts((100, unserved(Unserved.NO_TLS)), level=SERVED), (found("TG206", PATH, POSSIBLE),)
    ),
    Situation("a middlebox made all the handshakes", facts((100, PHANTOM)), (found("TG206", PATH, LIKELY),)),
    Situation("all fall silent", facts((100, SILENT_PHANTOM)), (found("TG208", PATH, POSSIBLE),)),
    Situation(
        "all fall silent, newcomers too",
        facts((100, SILENT_PHANTOM), newcomers=(knock(2, 100), knock(5, 100, Fared.WAITING))),
        (found("TG208", PATH, LIKELY),),
    ),
    Situation("our kernel gives up on all", facts((100, died(LOST_BY_PATH, 4.0))), (found("TG208", PATH, POSSIBLE),)),
    Situation("all are reset at one moment", facts((300, died(RESET_BY_PEER, 6.0))), (found("TG208", PATH, LIKELY),)),
)


RATES = (
    Situation(
        "20 a second are let in",
        facts(
            *[(20, repeated(HELD._replace(answer_s=0.001), k)) for k in range(10)],
            every_s=0.005,
            level=SERVED,
            dial_timeout_s=15,
        ),
        (found("TG207", PATH, LIKELY),),
    ),
    Situation(
        "20 a second are let in, nobody asks",
        facts(*[(20, repeated(TAKEN, k)) for k in range(10)], every_s=0.005, dial_timeout_s=15),
        (found("TG207", PATH, POSSIBLE),),
    ),
)
