"""The rules about the target's kernel: what happens before its application has a say."""

from collections.abc import Iterator

from tcpgoon.judge.admission import admission
from tcpgoon.judge.facts import Confidence, Finding
from tcpgoon.judge.naming import Named, named, plural, were
from tcpgoon.judge.plateaus import Kind
from tcpgoon.judge.seen import STUCK_S, Seen
from tcpgoon.record.knock import Fared
from tcpgoon.record.metrics import AtEndpoint
from tcpgoon.record.outcome import Side
from tcpgoon.record.unserved import Unserved

FAILING_S = 5.0
"""A burst is over sooner: what fails for longer does not fail because of it."""


def overflow(seen: Seen) -> Iterator[Finding]:
    """TG301: the accept queue was full: a burst was too much for it, or nobody empties it."""
    left_out = _left_out(seen)
    all_served = seen.metrics.breakdown.served_while_held >= seen.established
    if not left_out or (seen.was_asked and all_served and seen.timeouts):
        return
    held = seen.held_by_kernel
    is_plateau = seen.cap is not None and not seen.was_asked
    near = named(held, [Kind.BACKLOG], seen.products, exactly=True) if is_plateau else None
    helps, why = _slower_helps(seen)
    in_doubt = _in_doubt(seen, held + left_out)
    yield Finding(
        code="TG301",
        side=Side.TARGET_KERNEL,
        confidence=_confidence(seen, near is not None),
        sentence=f"the accept queue of the target overflowed: its kernel held {held:,} of "
        f"{plural(seen.plan.connections, 'connection')} and had no room for {left_out:,}{in_doubt}; {why}"
        + (f"; {near.text}" if near else ""),
        remedy=_REMEDY[helps],
        commands=_look_at_the_queue(seen) if helps is False else _make_room(seen, near),
        evidence={
            "held": held,
            "phantoms": seen.metrics.phantoms,
            "unacknowledged": seen.never_taken,
            "dial_timeouts": seen.timeouts,
            "repeated": seen.repeated,
            "slower_dialling_helps": None if helps is None else str(helps).lower(),
            "listen_overflows": seen.on_site.listen_overflows if seen.on_site else None,
            "queued": seen.on_site.peak.queued if seen.on_site else None,
            "backlog": seen.on_site.peak.backlog if seen.on_site else None,
        },
        accounts_for=left_out + _kept_waiting(seen),
    )


def _in_doubt(seen: Seen, told: int) -> str:
    """Those that are neither among the ones ``told`` of nor known to be there."""
    doubtful = min(seen.metrics.doubtful + seen.metrics.breakdown.orphaned, max(0, seen.plan.connections - told))
    return f", {doubtful:,} more in doubt" if doubtful else ""


def _kept_waiting(seen: Seen) -> int:
    """How many were answered too late, or not yet: who waits to be let in waits to be served, too."""
    return seen.unserved(Unserved.LATE, Unserved.SILENT) if seen.is_slow else 0


_REMEDY = {
    True: "dial more slowly, or raise the backlog of listen() in the application together with net.core.somaxconn",
    False: "look why the application does not accept; a longer queue or slower dialling only puts it off",
    None: "dial more slowly to learn whether it was the burst; raise the backlog of listen() and net.core.somaxconn",
}


def _make_room(seen: Seen, near: Named | None) -> tuple[str, ...]:
    return (
        "sysctl -w net.core.somaxconn=4096  # on the target: the kernel's limit of every accept queue",
        *(near.commands if near else ()),
        f"tcpgoon --rate {_slower(seen)}/s …",
    )


def _look_at_the_queue(seen: Seen) -> tuple[str, ...]:
    return (
        f"ss -ltnp sport = :{seen.plan.target.port}  # on the target: Recv-Q is what waits, users: who is to take it",
    )


def _left_out(seen: Seen) -> int:
    """How many the queue had no room for; 0 where it is not what happened."""
    overflows = seen.on_site is not None and (seen.on_site.listen_overflows > 0 or seen.on_site.queue_is_full)
    phantoms = seen.refused_by_kernel + seen.never_taken + seen.half_open
    phantoms += seen.silent_phantoms if overflows else 0
    some_are_there = bool(seen.acknowledged) or overflows
    count = phantoms if some_are_there else 0
    if overflows or (seen.cap is not None and not _never_full(seen)):
        count += seen.timeouts
    return count


def _never_full(seen: Seen) -> bool:
    """Whether it was seen at the target that its accept queue always had room."""
    site = seen.on_site
    return site is not None and site.before.listening and not (site.listen_overflows or site.queue_is_full)


def _confidence(seen: Seen, is_known: bool) -> Confidence:
    if seen.on_site is not None and (seen.on_site.listen_overflows > 0 or seen.on_site.queue_is_full):
        return Confidence.CERTAIN
    if is_known or seen.refused_by_kernel or seen.never_taken:
        return Confidence.LIKELY
    return Confidence.POSSIBLE


def _slower_helps(seen: Seen) -> tuple[bool | None, str]:
    """Whether slower dialling would help, None where that is not known; and why."""
    site = seen.on_site
    if site is not None and site.peak.backlog is not None:
        if site.queue_is_full and site.stood_s >= STUCK_S:
            return False, f"{site.peak.queued:,} still wait in it: nobody empties it, and slower dialling does not help"
        return True, f"at the end {site.peak.queued:,} waited in it: the burst was too much, slower dialling helps"
    if seen.was_asked and not seen.metrics.answered and seen.acknowledged:
        return False, "none of those in it was ever served: slower dialling does not help"
    if seen.welcome_last:
        return True, "a newcomer was welcome afterwards: the burst was too much, slower dialling helps"
    if not seen.is_few(seen.shape.after_phantom, seen.established):
        return True, "others found room after the first that did not: the burst was too much, slower dialling helps"
    waiting = any(knock.held and knock.fared is Fared.WAITING for knock in seen.facts.newcomers)
    failing_s = seen.shape.failing_s + (seen.plan.dial_timeout_s if seen.cap is not None else 0)
    if waiting or (failing_s >= FAILING_S and not seen.shape.after_phantom):
        return False, "it stayed full: nobody accepts, or too slowly, and slower dialling hardly helps"
    if seen.was_asked and seen.served > 0 and not seen.unserved(Unserved.SILENT):
        return True, "all of those in it were served: the burst was too much, slower dialling helps"
    return None, "whether the burst was too much or nobody accepts, a slower run tells"


def _slower(seen: Seen) -> int:
    """A tenth of the rate that was asked for, 100 at the most."""
    asked = seen.plan.connections / max(seen.asked_for_s, 1.0)
    return max(1, min(100, int(asked / 10)))


def waves(seen: Seen) -> Iterator[Finding]:
    """TG301: all were let in, many only when their SYN was repeated: the queue was full for a while."""
    decided = sum(seen.shape.decided)
    overflows = seen.on_site is not None and seen.on_site.listen_overflows > 0
    rate = admission(seen)
    at_a_time = rate.at_a_time if rate is not None and rate.most is None else 0
    full = not _never_full(seen) and (overflows or at_a_time or (rate is None and seen.is_late))
    if _left_out(seen) or seen.is_few(seen.let_in_late, decided) or not full:
        return
    near = named(at_a_time, [Kind.BACKLOG], seen.products, exactly=True) if at_a_time else None
    sure = Confidence.POSSIBLE if at_a_time and not near else Confidence.LIKELY
    yield Finding(
        code="TG301",
        side=Side.TARGET_KERNEL,
        confidence=Confidence.CERTAIN if overflows else sure,
        sentence=f"the accept queue of the target was full for a while: {seen.repeated:,} of "
        f"{plural(decided, 'dial')} had to repeat their SYN"
        + (
            f", {at_a_time:,} were let in at a time"
            if at_a_time
            else ", the first ones had not"
            if seen.is_late
            else ""
        )
        + "; slower dialling helps"
        + (f"; {near.text}" if near else ""),
        remedy=_REMEDY[True],
        commands=_make_room(seen, near),
        evidence={
            "repeated": seen.repeated,
            "at_a_time": at_a_time or None,
            "repeated_by_quarter": list(seen.shape.repeated),
            "slower_dialling_helps": "true",
            "listen_overflows": seen.on_site.listen_overflows if seen.on_site else None,
        },
        accounts_for=seen.timeouts + _kept_waiting(seen),
    )


def nobody_listens(seen: Seen) -> Iterator[Finding]:
    """TG302: every dial was refused, the first one too."""
    if not seen.refused or seen.established or seen.reset_dials or seen.anybody_welcome or seen.silently_rejected:
        return
    if seen.is_refused_beside_listener:
        return
    known = seen.on_site is not None and not seen.on_site.before.listening
    target = seen.plan.target
    yield Finding(
        code="TG302",
        side=Side.TARGET_KERNEL,
        confidence=Confidence.CERTAIN if known else Confidence.LIKELY,
        sentence=f"nobody listens on port {target.port}: {plural(seen.refused, 'dial')} of {seen.plan.connections:,} "
        "were refused (ECONNREFUSED), the first one too" + ("" if known else "; or a firewall rejects"),
        remedy="start the service, or look at the port and at the address that it listens on",
        commands=(f"ss -ltnp sport = :{target.port}  # on the target",),
        evidence={"refused": seen.refused, "dials": seen.plan.connections},
        accounts_for=seen.refused,
    )


def nobody_listens_at_some(seen: Seen) -> Iterator[Finding]:
    """TG302: every dial to one of several addresses was refused, and others let us in."""
    everywhere, shut = seen.metrics.by_endpoint, _shut(seen)
    if not shut or len(shut) == len(everywhere) or seen.silently_rejected or not seen.established:
        return
    refused = sum(one.refused for one in shut)
    yield Finding(
        code="TG302",
        side=Side.TARGET_KERNEL,
        confidence=Confidence.LIKELY,
        sentence=f"nobody listens at {len(shut):,} of {len(everywhere):,} addresses: {plural(refused, 'dial')} there "
        f"{'was' if refused == 1 else 'were'} refused (ECONNREFUSED), the first one too; or a firewall rejects",
        remedy="start the service there, or look at the port and at the address that it listens on; the report says "
        "which hold none",
        commands=("ss -ltn  # there",),
        evidence={"refused": refused, "addresses": len(shut), "dialled": len(everywhere)},
        accounts_for=refused,
    )


def _shut(seen: Seen) -> list[AtEndpoint]:
    """The addresses at which nobody listens."""
    return [one for one in seen.metrics.by_endpoint if one.is_shut]


def refused_from(seen: Seen) -> Iterator[Finding]:
    """TG303: the first were let in, those from the K-th on are refused."""
    if not seen.refused or seen.silently_rejected or not (seen.established or seen.anybody_welcome) or seen.death:
        return
    if seen.refused == sum(one.refused for one in _shut(seen)) and seen.established:
        return  # nobody listens there, and where somebody does all were let in
    let_in = seen.established
    from_then_on = seen.is_few(seen.shape.after_failure, let_in)
    site = seen.on_site
    still_listens = site is not None and site.peak.listening
    closed = site is not None and site.before.listening and not site.peak.listening
    yield Finding(
        code="TG303",
        side=Side.TARGET_KERNEL,
        confidence=Confidence.CERTAIN
        if closed
        else Confidence.LIKELY
        if let_in and from_then_on
        else Confidence.POSSIBLE,
        sentence=("" if from_then_on else "now and then ")
        + f"refused from the {_ordinal(seen)} on: {were(let_in, 'connection')} let in, "
        f"{plural(seen.refused, 'dial')} refused (ECONNREFUSED)"
        + ("; the target has closed its listener" if closed else "")
        + ("; the target still listens, so a firewall rejects them" if still_listens else ""),
        remedy="look for a limit at which the service closes its listener, or a firewall that rejects above a number"
        + (
            ""
            if len(seen.shape.by_source) > 1
            else "; a second source address (--source) tells whether it is per source"
        ),
        commands=("nft list ruleset | grep -nE 'ct count|reject'  # on the target and on the way",),
        evidence={
            "let_in": let_in,
            "refused": seen.refused,
            "first_refused": seen.shape.before_failure,
            "by_source": list(seen.shape.by_source),
        },
        accounts_for=seen.refused,
    )


def _ordinal(seen: Seen) -> str:
    number = (seen.shape.before_failure or 0) + 1
    tens = number % 100
    suffix = "th" if 11 <= tens <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{suffix}"


RULES = (nobody_listens, nobody_listens_at_some, refused_from, overflow, waves)
