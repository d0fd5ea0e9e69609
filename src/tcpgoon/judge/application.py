"""The rules about the target's application: how many it takes, and what it lacks for more."""

from collections.abc import Iterator

from tcpgoon.judge.facts import Confidence, Finding
from tcpgoon.judge.naming import Named, are, named, plural, said_by, were
from tcpgoon.judge.plateaus import Kind
from tcpgoon.judge.seen import HANDFUL, Seen
from tcpgoon.record.heard import Saying
from tcpgoon.record.losses import Losses, Way
from tcpgoon.record.outcome import Side
from tcpgoon.record.unserved import Unserved

UNCLEAR = 0.25
"""Where more than that share of those who live on had come before half of those closed, and after, the order of coming
did not decide."""


def descriptors(seen: Seen) -> Iterator[Finding]:
    """TG401: the target's process may open no more descriptors."""
    left_out = _left_out(seen) if not _said_why(seen) else 0  # some set the one limit by the other
    full = seen.on_site.peak.fullest if seen.on_site and seen.on_site.descriptors_are_full else None
    served = seen.served if seen.was_asked else seen.acknowledged - seen.stuck
    turned_out = _newest_closed(seen)
    number = full.descriptors if full and full.descriptors else _carried(turned_out, seen) if turned_out else served
    spare = seen.on_site is not None and seen.on_site.descriptors_are_to_spare
    near = _near_descriptors(number, seen) if left_out and not (full or spare) else None
    if not left_out or not (full or near):
        return
    known = f"{full.name} has {full.descriptors:,} of {full.descriptors_limit:,}" if full else near.text if near else ""
    yield Finding(
        code="TG401",
        side=Side.TARGET_APPLICATION,
        confidence=Confidence.CERTAIN if full else _unless_few(left_out, seen),
        sentence=f"the target has no descriptors left: {are(served, 'connection')} "
        f"{'served' if seen.was_asked else 'accepted'}, {left_out:,} are not; {known}",
        remedy="raise the limit of descriptors of the target's process, and restart it",
        commands=near.commands if near else _MORE_DESCRIPTORS,
        evidence={
            "served": served,
            "left_out": left_out,
            "descriptors": full.descriptors if full else None,
            "descriptors_limit": full.descriptors_limit if full else None,
            "pid": full.pid if full else None,
        },
        accounts_for=left_out,
    )


_MORE_DESCRIPTORS = (
    "LimitNOFILE=65536  # [Service] of its systemd unit, then: systemctl daemon-reload && systemctl restart …",
    "docker run --ulimit nofile=65536:65536 …",
    "ulimit -n 65536  # in the shell or script that starts it",
)


def _near_descriptors(number: int, seen: Seen) -> Named | None:
    """A limit of descriptors that ``number`` is a handful below, where it is not exactly another limit."""
    exact = named(number, _OTHER_LIMITS, seen.products, exactly=True)
    own = number + FEWEST_OF_ITS_OWN
    return None if exact else named(own, [Kind.DESCRIPTORS], seen.products)


_OTHER_LIMITS = (Kind.CONNECTIONS, Kind.WORKERS, Kind.REQUESTS)

FEWEST_OF_ITS_OWN = 4
"""Standard input, output and error, and the listener."""


def _left_out(seen: Seen) -> int:
    """How many were not carried, in any way that a target at a limit of its own has."""
    closed = sum(losses.count for losses in _turned_out(seen)) if _newest_closed(seen) else 0
    silent = seen.unserved(Unserved.SILENT) if seen.was_asked else seen.stuck
    return closed + silent + _beyond_the_queue(seen)


def _unless_few(count: int, seen: Seen) -> Confidence:
    """A limit leaves out one as well as a thousand; but a few may have met something else."""
    return Confidence.POSSIBLE if seen.is_few(count, seen.established) else Confidence.LIKELY


def _turned_out(seen: Seen) -> list[Losses]:
    return [losses for losses in seen.losses(Way.FIN, Way.RST, young=True) if not seen.is_of_death(losses)]


def _newest_closed(seen: Seen) -> Losses | None:
    """The losses of the newest while so many others live on; None where that did not happen.

    Where more were alive later than after those losses no limit was reached.
    """
    for losses in _turned_out(seen):
        at_most = seen.is_few(seen.metrics.kept - losses.alive, losses.alive)
        if losses.outlived and at_most and _are_newest(losses, seen) and losses not in seen.cliffs(losses.way):
            return losses
    return None


def _are_newest(losses: Losses, seen: Seen) -> bool:
    """Whether those that live on had come before them rather than after."""
    return 2 * losses.elders >= seen.metrics.counts.held


def _which(losses: Losses, seen: Seen) -> str:
    """Which ones they are. Of a burst to several workers one may have had room for all of its: then it is not known."""
    held = seen.metrics.counts.held
    if UNCLEAR * held < losses.elders < (1 - UNCLEAR) * held:
        return "some"
    return "the newest" if _are_newest(losses, seen) else "the oldest"


def _carried(losses: Losses, seen: Seen) -> int:
    """How many were carried while those of ``losses`` were turned out.

    Of a burst our kernel calls all established before the application has looked at the first. And some close several
    of the oldest at a time, so that there is room again for a few.
    """
    carried = min(losses.alive, losses.alive_after)
    return carried if _are_newest(losses, seen) else max(carried, seen.metrics.counts.held)


def oldest_closed(seen: Seen) -> Losses | None:
    """Most of the losses of the oldest, each to make room for a new one; None where that did not happen."""
    if _newest_closed(seen):
        return None
    return next((losses for losses in _made_room(seen) if not seen.is_few(losses.count, seen.established)), None)


def _made_room(seen: Seen) -> Iterator[Losses]:
    for losses in seen.losses(Way.FIN, Way.RST):
        # Of a burst all are established before it makes room for the first.
        in_time = losses.young or losses.while_dialling >= losses.count - HANDFUL
        lived_on = losses.alive_after > HANDFUL and not _are_newest(losses, seen)
        if in_time and lived_on and not seen.is_of_death(losses):
            yield losses


def limit(seen: Seen) -> Iterator[Finding]:
    """TG402: the application takes them, and throws out the newest or the oldest above a number; or says no."""
    words = _words_of_refusal(seen)
    newest = _newest_closed(seen)
    oldest = oldest_closed(seen)
    losses = newest or oldest
    refused = seen.unserved(Unserved.REFUSED, Unserved.UNEXPECTED, Unserved.ENDED) if seen.served else 0
    known = said_by(words.text) if words else None
    if not (losses or refused or known):
        return
    number = _carried(losses, seen) if losses else seen.served
    count = refused + sum(one.count for one in (_turned_out(seen) if newest else _made_room(seen) if oldest else ()))
    near = known or named(number, _OTHER_LIMITS, seen.products)
    which = _which(losses, seen) if losses else "the newest"
    how = f"{'closes' if losses else 'refuses'} {which}"
    yield Finding(
        code="TG402",
        side=Side.TARGET_APPLICATION,
        confidence=_sure_of_limit(seen, known, oldest),
        sentence=f"the application's own limit: it {how} above {plural(number, 'connection')} "
        f"({count or seen.metrics.not_served:,} of {seen.plan.connections:,})"
        + (f'; it said "{words.text}"' if words else "")
        + (f"; {near.text}" if near else ""),
        remedy="raise the limit of connections of the application, and its descriptors with it",
        commands=near.commands if near else (),
        evidence={
            "carried": number,
            "closed": which.removeprefix("the "),
            "turned_out": count,
            "said": words.text if words else None,
        },
        accounts_for=count,
    )


def _sure_of_limit(seen: Seen, known: Named | None, oldest: Losses | None) -> Confidence:
    """Who is dialled at a constant rate and thrown out as the oldest is thrown out at a constant age, too."""
    if known and known.is_certain:
        return Confidence.CERTAIN
    return Confidence.POSSIBLE if oldest and oldest in seen.cliffs(oldest.way) else Confidence.LIKELY


def _said_why(seen: Seen) -> bool:
    """Whether it gave another reason, in words that are known as a product's own."""
    words = _words_of_refusal(seen)
    known = said_by(words.text) if words else None
    return known is not None and known.is_certain


def _words_of_refusal(seen: Seen) -> Saying | None:
    said = seen.sayings(Unserved.REFUSED, Unserved.NONE, Unserved.UNEXPECTED, Unserved.ENDED)
    return next((saying for saying in said if saying.is_quoted), None)


def workers(seen: Seen) -> Iterator[Finding]:
    """TG403: its kernel has them all, and the application serves only so many."""
    silent = seen.unserved(Unserved.SILENT)
    served = seen.served if seen.was_asked else seen.acknowledged - seen.stuck
    waiting = silent if seen.was_asked else seen.stuck
    if not waiting or served <= 0 or _all_wait(seen) or seen.is_slow:
        return
    if seen.on_site and seen.on_site.descriptors_are_full and not _said_why(seen):
        return  # that is what they wait for
    near = named(served, _OTHER_LIMITS, seen.products)
    threads = max((process.threads or 0 for process in seen.on_site.peak.processes), default=0) if seen.on_site else 0
    yield Finding(
        code="TG403",
        side=Side.TARGET_APPLICATION,
        confidence=Confidence.CERTAIN if seen.stuck else _unless_few(waiting, seen),
        sentence=f"not enough workers or threads: {served:,} of {plural(seen.established, 'connection')} are "
        f"{'served' if seen.was_asked else 'accepted'} at once, {waiting:,} were taken by the kernel alone and wait"
        + (f" ({seen.stuck:,} seen in the accept queue)" if seen.stuck else "")
        + (f"; {near.text}" if near else ""),
        remedy="raise the number of workers or threads, or the number of connections that each may have",
        commands=near.commands if near else (),
        evidence={
            "served": served,
            "waiting": waiting,
            "threads": threads or None,
            "queued": seen.on_site.peak.queued if seen.on_site else None,
        },
        accounts_for=waiting + _beyond_the_queue(seen),
    )


def _beyond_the_queue(seen: Seen) -> int:
    """Those that even the accept queue had no room for."""
    site = seen.on_site
    is_full = seen.cap is not None or (site is not None and site.listen_overflows > 0 and site.queue_is_full)
    return (seen.timeouts if is_full else 0) + seen.refused_by_kernel + seen.never_taken + seen.half_open


def _all_wait(seen: Seen) -> bool:
    """Whether the accept queue was seen to hold all that the kernel has, for a while."""
    return seen.stuck > 0 and seen.stuck >= seen.acknowledged - seen.acknowledged // 50


def never_accepts(seen: Seen) -> Iterator[Finding]:
    """TG404: its kernel has them, the application does not take one."""
    silent = seen.unserved(Unserved.SILENT)
    in_queue = _all_wait(seen)
    never = silent and not seen.metrics.answered and not seen.anybody_welcome
    if not (in_queue or never):
        return
    full = bool(_beyond_the_queue(seen))
    yield Finding(
        code="TG404",
        side=Side.TARGET_APPLICATION,
        confidence=Confidence.CERTAIN if in_queue else Confidence.LIKELY if full else Confidence.POSSIBLE,
        sentence=f"the application does not accept: {are(seen.acknowledged, 'connection')} held by the target's "
        "kernel, none is served"
        + (f"; {seen.stuck:,} wait in its accept queue" if in_queue else "")
        + ("" if in_queue or full else "; or it is asked in a way that it does not answer"),
        remedy="look what the process is busy with or waits for: stopped, in a long pause, its accept loop blocked",
        commands=_look_at_it(seen),
        evidence={
            "acknowledged": seen.acknowledged,
            "served": seen.served,
            "queued": seen.on_site.peak.queued if seen.on_site else None,
            "backlog": seen.on_site.peak.backlog if seen.on_site else None,
        },
        accounts_for=max(silent, seen.stuck) + _beyond_the_queue(seen),
    )


def stopped(seen: Seen) -> Iterator[Finding]:
    """TG404: it has answered, and does not answer anybody any more."""
    silent = seen.unserved(Unserved.SILENT)
    some_were = seen.metrics.answered or seen.anybody_welcome
    if not silent or seen.served or not some_were or seen.welcome_last is not False or _all_wait(seen):
        return
    yield Finding(
        code="TG404",
        side=Side.TARGET_APPLICATION,
        confidence=Confidence.LIKELY,
        sentence=f"the application has stopped: {were(seen.metrics.answered, 'connection')} answered, then "
        f"nobody any more, neither {silent:,} that are held by the target's kernel nor a newcomer",
        remedy="look what the process is busy with or waits for: stopped, in a long pause, a lock that is never given "
        "back",
        commands=_look_at_it(seen),
        evidence={"answered": seen.metrics.answered, "silent": silent},
        accounts_for=silent + _beyond_the_queue(seen),
    )


def _look_at_it(seen: Seen) -> tuple[str, ...]:
    processes = seen.on_site.peak.processes if seen.on_site else ()
    pid = str(processes[0].pid) if processes else "PID"
    return (
        f"ps -o pid,stat,wchan:24,etime,cmd -p {pid}  # on the target: T is stopped, D waits for a disk, R is busy",
        f"py-spy dump --pid {pid}  # what it is at, in Python; in Java: jstack {pid}",
    )


RULES = (descriptors, limit, never_accepts, stopped, workers)
