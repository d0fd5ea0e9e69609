"""The rules about the path: what is between this client and the target."""

from collections.abc import Iterator, Sequence

from tcpgoon.judge.admission import MOST_LOST, admission
from tcpgoon.judge.ages import outlived
from tcpgoon.judge.facts import Confidence, Evidence, Finding
from tcpgoon.judge.naming import age, named, plural, were
from tcpgoon.judge.plateaus import Kind
from tcpgoon.judge.seen import HANDFUL, Seen
from tcpgoon.plan.endpoint import host_port
from tcpgoon.plan.units import format_duration
from tcpgoon.record.losses import Losses, Way
from tcpgoon.record.outcome import Side
from tcpgoon.record.unserved import Unserved

MOST_SOURCES_SHOWN = 8
"""Of more source addresses it is not said one by one how many came from each."""

AT_ONCE_S = 0.1
"""Who is turned away sooner is turned away at once."""

FIRST_REPEAT_S = 0.9
"""A SYN is repeated after a second; the kernel's own time has less than that where it is not."""


def unreachable(seen: Seen) -> Iterator[Finding]:
    """TG203: a router, or our own kernel for the next hop, says that there is no way."""
    count = sum(ending.count for ending in seen.unreachable)
    if count:
        names = list(dict.fromkeys(ending.name for ending in seen.unreachable))
        let_in = f", after {were(seen.established, 'connection')} let in" if seen.established else ""
        yield Finding(
            code="TG203",
            side=Side.PATH,
            confidence=Confidence.CERTAIN,
            sentence=f"the network says that the target cannot be reached: {plural(count, 'connection')} ended with "
            f"{', '.join(names)}{let_in}{_silently(seen)}",
            remedy="look at the route to it, at firewalls that reject, and whether that host is up",
            commands=(f"tracepath -n {seen.plan.target.host}",),
            evidence={
                "errors": [f"{ending.name} × {ending.count}" for ending in seen.unreachable],
                "dial_timeouts": seen.silently_rejected,
                "let_in": seen.established,
            },
            accounts_for=count + seen.silently_rejected,
        )


def _silently(seen: Seen) -> str:
    silently = seen.silently_rejected
    return f"; {plural(silently, 'dial')} got no answer, as such messages are sent sparingly" if silently else ""


def rejects(seen: Seen) -> Iterator[Finding]:
    """TG203, TG303: a firewall rejects by ICMP. Our kernel calls that a refusal, but no kernel refuses so seldom.

    Or it rejects all, however it does it, where it was seen that somebody listens.
    """
    if not seen.refused or not (seen.silently_rejected or seen.is_refused_beside_listener):
        return
    from_a_number_on = bool(seen.established)
    yield Finding(
        code="TG303" if from_a_number_on else "TG203",
        side=Side.PATH,
        confidence=Confidence.LIKELY,
        sentence="a firewall rejects "
        + (f"more than the {plural(seen.established, 'connection')} that were let in" if from_a_number_on else "all")
        + f": {plural(seen.refused, 'dial')} refused (ECONNREFUSED){_silently(seen)}"
        + ("; the target listens" if seen.is_refused_beside_listener else ""),
        remedy="let the port through where it is rejected, or raise the number of connections that is let through",
        commands=("nft list ruleset | grep -nE 'ct count|reject'  # on the target and on the way",),
        evidence={
            "let_in": seen.established,
            "refused": seen.refused,
            "dial_timeouts": seen.silently_rejected,
            "by_source": list(seen.shape.by_source),
        },
        accounts_for=seen.refused + seen.silently_rejected,
    )


_NO_ANSWER = "a firewall drops them, or no host has that address"


def vanish(seen: Seen) -> Iterator[Finding]:
    """TG201: not one SYN was ever answered."""
    unanswered = seen.timeouts and not (seen.established or seen.refused or seen.reset_dials or seen.unreachable)
    unanswered = unanswered and not seen.anybody_welcome
    if not unanswered or _queue_is_known(seen):
        return
    here = seen.is_local
    timeout = format_duration(seen.plan.dial_timeout_s)
    yield Finding(
        code="TG201",
        side=Side.PATH,
        confidence=Confidence.LIKELY,
        sentence=f"SYNs vanish: {plural(seen.timeouts, 'dial')} got no answer within {timeout}, not even a refusal; "
        + ("it listens on this machine, where a firewall drops them" if here else _NO_ANSWER),
        remedy="let the port through where it is filtered (security group, network policy, firewall of the target), or "
        "look at the address",
        commands=(f"tracepath -n {seen.plan.target.host}",),
        evidence={"dial_timeouts": seen.timeouts, "dial_timeout_s": seen.plan.dial_timeout_s, "established": 0},
        accounts_for=seen.timeouts,
    )


def loss(seen: Seen) -> Iterator[Finding]:
    """TG202: SYNs had to be repeated, by chance and not from a certain number on."""
    decided = sum(seen.shape.decided)
    some_get_through = seen.repeated <= MOST_LOST * decided and seen.cap is None and admission(seen) is None
    overflows = seen.on_site is not None and seen.on_site.listen_overflows > 0
    rtt = seen.metrics.handshake_rtt
    if rtt is not None and rtt.p50_s >= FIRST_REPEAT_S:
        return  # the answers come, later than the SYN is repeated
    if seen.is_few(seen.repeated, decided) or not (seen.is_even and some_get_through) or overflows:
        return
    share = seen.repeated / decided
    each_way = 1 - (1 - share) ** 0.5
    everywhere = all(seen.shape.repeated)
    yield Finding(
        code="TG202",
        side=Side.PATH,
        confidence=Confidence.LIKELY if everywhere else Confidence.POSSIBLE,
        sentence=f"the path loses packets: {seen.repeated:,} of {plural(decided, 'dial')} ({share:.1%}) had to repeat "
        f"their SYN{', spread over the whole run' if everywhere else ''}, so about {each_way:.1%} are lost each way",
        remedy="look for a link that is full, or a policer on the way; times of 1 s and more are repeats, no slow "
        "target",
        commands=(f"mtr --tcp --port {seen.plan.target.port} --report {seen.plan.target.host}",),
        evidence={
            "repeated": seen.repeated,
            "decided": decided,
            "lost_each_way": round(each_way, 4),
            "repeated_by_quarter": list(seen.shape.repeated),
            "dial_timeouts": seen.timeouts,
        },
        accounts_for=seen.timeouts,
    )


def rate_limit(seen: Seen) -> Iterator[Finding]:
    """TG207: new connections are let in at a rate of the network's own, and nobody is thrown out."""
    overflows = seen.on_site is not None and seen.on_site.listen_overflows > 0
    rate = admission(seen)
    if rate is None or seen.metrics.lost or overflows:
        return
    quick = seen.metrics.answers is not None and seen.metrics.answers.p90_s < 1 and not seen.metrics.not_served
    in_bursts = rate.most is None
    other = ", or a full accept queue" if in_bursts else "" if quick else ", or a target that accepts no faster"
    yield Finding(
        code="TG207",
        side=Side.PATH,
        confidence=Confidence.LIKELY if quick and not in_bursts else Confidence.POSSIBLE,
        sentence=f"new connections are let in {rate} whatever is asked for, and none is thrown out: a rate limit"
        + other,
        remedy="raise the limit of new connections per second on the path, or ask for no more (--rate "
        f"{max(1, int(rate.least * 0.8))}/s)",
        commands=("nft list ruleset | grep -n 'limit rate'  # on the hosts between, and on the target's",),
        evidence={
            "admitted_per_s": [round(rate.least, 3), *([round(rate.most, 3)] if rate.most is not None else [])],
            "at_a_time": rate.at_a_time,
            "admitted": list(seen.shape.admitted),
            "asked_for_s": round(seen.asked_for_s, 3),
            "dial_timeouts": seen.timeouts,
        },
        accounts_for=seen.timeouts,
    )


def cap(seen: Seen) -> Iterator[Finding]:
    """TG205: the network lets in so many, all of them are served, and is silent to the rest."""
    all_served = seen.metrics.breakdown.served_while_held
    if seen.cap is None or (seen.was_asked and all_served < seen.cap) or _queue_is_known(seen):
        return
    if seen.refused_by_kernel:
        return  # its own kernel has no room for them
    served = seen.was_asked and all_served >= seen.cap
    counts = seen.shape.by_source
    per_source = len(counts) > 1 and len(set(counts)) == 1
    yield Finding(
        code="TG205",
        side=Side.PATH,
        confidence=Confidence.LIKELY if served else Confidence.POSSIBLE,
        sentence=f"a cap in the network: exactly {were(seen.cap, 'connection')} let in"
        + _from_each(counts)
        + (", all of them are served" if served else "")
        + f", then silence for {plural(seen.timeouts, 'dial')}",
        remedy="raise the number of connections that a firewall, NAT or connection tracking on the way has room for"
        + f"; dial from {'one address alone' if per_source else 'a second address'} (--source) to learn whether it is "
        "one per source"
        + ("" if seen.was_asked else ", and ask the application (--probe): a full accept queue looks the same"),
        commands=("sysctl net.netfilter.nf_conntrack_max net.netfilter.nf_conntrack_count  # on each host on the way",),
        evidence={
            "let_in": seen.cap,
            "served": all_served if seen.was_asked else None,
            "dial_timeouts": seen.timeouts,
            "by_source": list(counts),
        },
        accounts_for=seen.timeouts,
    )


def _from_each(counts: Sequence[int]) -> str:
    """How many came from each source: they are dialled from in turn, so that one cap in all is shared evenly."""
    if len(counts) == 1:
        return ""
    if len(set(counts)) == 1:
        return f" ({counts[0]:,} from each of {len(counts)} source addresses: so many per source, or all together)"
    if len(counts) > MOST_SOURCES_SHOWN:
        return f" ({min(counts):,} to {max(counts):,} from each of {len(counts)} source addresses)"
    return f" ({', '.join(f'{count:,}' for count in counts)} from {len(counts)} source addresses)"


def _queue_is_known(seen: Seen) -> bool:
    return seen.on_site is not None and (seen.on_site.listen_overflows > 0 or seen.on_site.queue_is_full)


def lost(seen: Seen) -> Iterator[Finding]:
    """TG208: the path or the host went away while all were held, or came back without knowing any of them."""
    death, silent = seen.death, seen.fell_silent
    all_silent = silent > 0 and seen.is_few(seen.metrics.kept - seen.metrics.doubtful, seen.established)
    reset = death is not None and death.way is Way.RST and not (seen.refused_since_death or seen.is_gone)
    reset = reset and not seen.forgotten
    # A host that came back knows none of them, and says so when it is asked; whoever comes anew is welcome.
    forgotten = seen.forgotten
    if not (all_silent and seen.welcome_last is not True) and not reset and not forgotten:
        return
    count = seen.death_toll if reset else silent or forgotten
    known = all_silent and seen.welcome_last is False
    yield Finding(
        code="TG208",
        side=Side.PATH,
        confidence=Confidence.LIKELY if known or reset else Confidence.POSSIBLE,
        sentence="the path or the host was lost, or restarted, while they were held: all "
        + f"{plural(count, 'connection')} "
        + _how_lost(death if reset else None, forgotten),
        remedy="look whether the host, a firewall or a load balancer on the way was restarted or failed over then",
        commands=(f"tracepath -n {seen.plan.target.host}",),
        evidence={
            "lost": count,
            "at_s": round(death.moments.least, 3) if death and reset else None,
            "newcomer_welcome": None if seen.welcome_last is None else str(seen.welcome_last).lower(),
        },
        accounts_for=count,
    )


def _how_lost(death: Losses | None, forgotten: int) -> str:
    if death:
        return f"were reset at once, after {age(death.moments.least)}"
    return "are known to nobody there, while newcomers are welcome" if forgotten else "fell silent"


def idle(seen: Seen) -> Iterator[Finding]:
    """TG204: all that came to a certain age died of it, by RST or in silence. By FIN: see TG405."""
    where = "at the target" if seen.is_local else "on the path or at the target"
    for losses in seen.cliffs(Way.RST):
        reply = seen.is_reply(losses)
        old = age(losses.ages.middle)
        when = "when they were asked again" if reply else "at that age"
        near = None if reply else named(losses.ages.middle, [Kind.IDLE_TIMEOUT_S], seen.products)
        yield Finding(
            code="TG204",
            side=Side.TARGET_APPLICATION if seen.is_local else Side.PATH,
            confidence=Confidence.LIKELY if seen.is_by_age(losses) and not reply else Confidence.POSSIBLE,
            sentence=f"an idle timeout of {'less than ' if reply else ''}{old}, {where}: "
            f"{were(losses.count, 'connection')} reset {when}, and {outlived(losses)}"
            + (f"; {near.text}" if near else ""),
            remedy="raise the idle timeout of the load balancer, firewall or server, or send something more often than "
            f"every {old} (--probe-every)",
            commands=near.commands if near else (),
            evidence=_cliff(losses.count, losses.ages.low, losses.ages.high, "RST"),
            accounts_for=losses.count,
        )
    yield from _idle_on_the_path(seen)


def _idle_on_the_path(seen: Seen) -> Iterator[Finding]:
    silent, forgotten = seen.fell_silent, seen.forgotten
    if not (silent or forgotten) or not seen.welcome_last:
        return
    hold = format_duration(seen.plan.hold_s)
    yield Finding(
        code="TG204",
        side=Side.PATH,
        confidence=Confidence.LIKELY if silent else Confidence.POSSIBLE,
        sentence=f"an idle timeout on the path of less than {hold}{', in silence' if silent else ''}: "
        f"{were(silent or forgotten, 'connection')} {'not answered any more' if silent else 'reset'} when they "
        "were asked again, while newcomers are welcome",
        remedy="raise the idle timeout of the firewall, NAT or load balancer on the way, or let both ends send "
        "keepalives more often",
        evidence={"silent": silent, "reset": forgotten, "hold_s": seen.plan.hold_s},
        accounts_for=silent or forgotten,
    )


def _cliff(count: int, low_s: float, high_s: float, way: str) -> dict[str, Evidence]:
    return {"lost": count, "age_low_s": round(low_s, 3), "age_high_s": round(high_s, 3), "way": way}


def stranger(seen: Seen) -> Iterator[Finding]:
    """TG206: somebody accepts all, and nobody serves any: a proxy without its target, or another service.

    A proxy tries for a while before it gives up. Whom nobody asked may have been too idle as well.
    """
    ended = seen.losses(Way.FIN, Way.RST)
    young = [one for one in ended if seen.was_asked or (one.young and one not in seen.cliffs(one.way))]
    turned_out = sum(losses.count for losses in young) + seen.reset_dials
    accepted = seen.established + seen.reset_dials
    none_lives = seen.is_few(seen.metrics.kept, seen.plan.connections) and not seen.death
    wrong = seen.unserved(Unserved.UNEXPECTED, Unserved.NO_TLS, Unserved.ENDLESS)
    forged = seen.metrics.phantoms if seen.metrics.phantoms == seen.established > HANDFUL else 0
    forged = 0 if seen.anybody_welcome else forged  # whom a kernel there has acknowledged
    known = Confidence.LIKELY if seen.proxy or seen.is_local else Confidence.POSSIBLE
    ways = (
        (turned_out if none_lives and 2 * turned_out >= accepted else 0, known, _how(ended)),
        (wrong, Confidence.POSSIBLE, "answered otherwise than expected"),
        (seen.refused_by_kernel and forged, Confidence.LIKELY, "unknown to any kernel behind"),
        (seen.never_taken and forged, Confidence.POSSIBLE, "took nothing that was sent"),
    )
    count, confidence, what = next((way for way in ways if way[0]), ways[0])
    anybody = seen.metrics.answered or (seen.was_asked and seen.anybody_welcome)
    if not count or anybody or _queue_is_known(seen):
        return
    target = seen.plan.target
    listener = seen.proxy or (seen.listener if seen.is_local else "")
    yield Finding(
        code="TG206",
        side=Side.TARGET_APPLICATION if seen.is_local and not seen.proxy else Side.PATH,
        confidence=confidence,
        sentence=f"something else answers for the target, or it turns everybody away: "
        f"{were(count, 'connection')} accepted, then {what}, from the first one on"
        + (f"; what listens there is {listener}" if listener else ""),
        remedy="look what listens there: a proxy or load balancer without a healthy backend, a port forward, another "
        "service",
        commands=(f"curl -v telnet://{host_port(target.host, target.port)}",),
        evidence={"accepted": accepted, "turned_out": turned_out, "served": 0},
        accounts_for=count,
    )


def _how(ended: Sequence[Losses]) -> str:
    """In which way they ended, and after how long at the most."""
    latest_s = max((losses.ages.high for losses in ended), default=0.0)
    return "closed at once" if latest_s < AT_ONCE_S else f"closed within {age(latest_s)}"


RULES = (unreachable, rejects, vanish, cap, idle, lost, rate_limit, stranger, loss)
