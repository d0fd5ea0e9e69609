"""What a run looks like: the troubles that it had, each counted once, as the rules about the others ask for them.

A rule explains troubles; which rule may explain which is decided by the few properties here, so that no two of them
tell different stories about the same connections.
"""

import errno
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate

from tcpgoon.judge.ages import CLIFF_S, is_of_one_age
from tcpgoon.judge.chance import UNLIKELY, at_most
from tcpgoon.judge.facts import Facts
from tcpgoon.judge.naming import Products
from tcpgoon.plan.assurance import Assurance
from tcpgoon.record.ending import Ending
from tcpgoon.record.heard import Saying
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.losses import Losses, Way
from tcpgoon.record.outcome import Phase, Side
from tcpgoon.record.unserved import Unserved

RESETS = frozenset({errno.ECONNRESET, errno.EPIPE})

HANDFUL = 3
"""So many can go wrong by chance."""
SHARE_BY_CHANCE = 0.02
"""The same as a share, where there are many."""

JITTER_S = 0.05
"""Ages differ by that much for no reason."""

YOUNGEST_S = 0.2
"""No idle timeout is shorter than that; who is one too many is thrown out sooner."""

STUCK_S = 0.5
"""An accept queue that has not got shorter for so long is not emptied; a busy one is, many times a second."""

PROXIES = frozenset({"haproxy", "nginx", "envoy", "traefik", "docker-proxy", "rootlessport", "slirp4netns", "stunnel4"})
"""The names of processes that accept for others."""

MOMENT_S = 1.0
"""What happens within so much happens at once: our own ends are told of it one after the other."""


class Seen:
    """The troubles of the run that ``facts`` are about."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.plan = facts.plan
        self.metrics = facts.metrics
        self.shape = facts.shape
        self.on_site = facts.on_site

    def is_few(self, count: int, of: int) -> bool:
        """Whether ``count`` of so many is no more than chance may do."""
        return count <= max(HANDFUL, int(of * SHARE_BY_CHANCE))

    @property
    def is_local(self) -> bool:
        """Whether the target's process listens on this machine, with no network in between."""
        return self.on_site is not None and self.on_site.before.listening and self.plan.target_pid is None

    @cached_property
    def listener(self) -> str:
        """The name of the process that listens on the target's port; empty where it is not known."""
        processes = self.on_site.peak.processes if self.on_site is not None else ()
        return processes[0].name if processes else ""

    @property
    def proxy(self) -> str:
        """The same where it is known to pass on what it accepts."""
        return self.listener if self.listener in PROXIES else ""

    @cached_property
    def products(self) -> Products:
        """The names that the target's product is known by: those of its processes, else the probe's."""
        processes, probe = self.on_site.peak.processes if self.on_site is not None else (), self.plan.probe
        names = tuple(dict.fromkeys(process.name for process in processes))
        return Products(names, probe.name if probe else "", self.metrics.are_whole)

    # Dials that failed.

    @cached_property
    def timeouts(self) -> int:
        """Dials that nobody answered."""
        return _count(self._dials({errno.ETIMEDOUT}))

    @cached_property
    def refused(self) -> int:
        """Dials that were refused: by a RST, or by an ICMP message that our kernel takes for the same."""
        return _count(self._dials({errno.ECONNREFUSED}))

    @cached_property
    def reset_dials(self) -> int:
        """Dials that a RST ended after the handshake had begun: the peer took them and threw them out at once."""
        return _count(self._dials(RESETS))

    @cached_property
    def unreachable(self) -> list[Ending]:
        """Ends by an error of the network."""
        return [ending for ending in self.facts.endings(Side.PATH) if ending.error != errno.ETIMEDOUT]

    @property
    def is_refused_beside_listener(self) -> bool:
        """Whether all dials were refused although somebody was seen to listen, before them and after them."""
        site, others = self.on_site, self.established or self.reset_dials or self.anybody_welcome
        listens = site is not None and site.before.listening and site.peak.listening
        return bool(self.refused) and listens and not others

    @cached_property
    def silently_rejected(self) -> int:
        """Dials that got no answer, where others were rejected: a kernel sends a RST to each, and ICMP sparingly."""
        unreachable = _count(e for e in self.unreachable if e.phase is Phase.HANDSHAKE)
        from_then_on = self.is_few(self.shape.after_failure, self.established) and not self.death
        by_icmp = from_then_on and (self.refused or unreachable)
        return self.timeouts if by_icmp and not self.is_few(self.timeouts, sum(self.shape.decided)) else 0

    def _dials(self, errors: Iterable[int]) -> Iterator[Ending]:
        return (e for e in self.metrics.errors if e.phase is Phase.HANDSHAKE and e.error in errors)

    # Those that our kernel called established.

    @property
    def established(self) -> int:
        """All of them, whatever became of them."""
        return self.metrics.breakdown.established

    @property
    def acknowledged(self) -> int:
        """Those that the other end's kernel held to the end, as far as it was asked."""
        # A request that it never took was an asking, too.
        return self.metrics.breakdown.acknowledged + self.metrics.breakdown.unproved - self.unserved(Unserved.UNACKED)

    @property
    def held_by_kernel(self) -> int:
        """Of the acknowledged those that were there: a kernel answers also for those whose final ACK it dropped."""
        known = self._seen_there
        return self.acknowledged if known is None or self.is_few(self.acknowledged - known, known) else known

    @property
    def half_open(self) -> int:
        """How many answered, or may be there, and were neither accepted nor in the accept queue."""
        known, there, in_doubt = self._seen_there, self.held_by_kernel, self.metrics.doubtful
        return 0 if known is None else self.acknowledged - there + min(in_doubt, max(0, there + in_doubt - known))

    @property
    def _seen_there(self) -> int | None:
        """How many were accepted, or in an accept queue that overflowed; None where that is not known."""
        site = self.on_site
        if site is None or site.peak.accepted is None or not site.listen_overflows:
            return None
        return site.peak.accepted + site.peak.queued

    @property
    def served(self) -> int:
        """Those that were served to the end."""
        return self.metrics.breakdown.served

    @cached_property
    def refused_by_kernel(self) -> int:
        """Phantoms that the target's kernel says it does not hold, or not yet."""
        return _count(e for e in self.metrics.phantom_endings if e.side is Side.TARGET_KERNEL)

    @property
    def forgotten(self) -> int:
        """Connections that were reset when they were asked again: all, while newcomers are welcome.

        Who overflows a queue leaves in it as many as it has room for.
        """
        death = self.death
        lost = self.death_toll if death is not None and death.way is Way.RST and self.is_reply(death) else 0
        asked_again = self.established - self.metrics.breakdown.orphaned
        return asked_again if self.refused_by_kernel + lost == asked_again and self.anybody_welcome else 0

    @cached_property
    def silent_phantoms(self) -> int:
        """Phantoms of which nothing was heard any more, although nothing had been asked of them."""
        return self._silent - self._asked_in_vain

    @cached_property
    def fell_silent(self) -> int:
        """Connections that had been there, and of which nothing is heard any more."""
        silent = self.silent_phantoms + sum(one.count for one in self.losses(Way.SILENCE))
        nobody_left = self.is_few(self.metrics.kept - self.metrics.doubtful, self.established)
        # That they had been there is known from others that were served. A full queue leaves in it whom it has.
        return silent + (self.never_taken if nobody_left and (self.anybody_welcome or self.metrics.answered) else 0)

    @cached_property
    def never_taken(self) -> int:
        """Connections of which the other end's kernel never acknowledged anything."""
        return self.unserved(Unserved.UNACKED) + self._asked_in_vain

    @property
    def _silent(self) -> int:
        return _count(e for e in self.metrics.phantom_endings if e.side is Side.PATH)

    @cached_property
    def _asked_in_vain(self) -> int:
        """Silent phantoms that had been asked: had their kernel taken the question, they would be no phantoms."""
        whys = (Unserved.UNACKED, Unserved.SILENT)
        gone = sum(entry.lost for entry in self.metrics.unserved if entry.why in whys)
        return min(gone - _count(e for e in self.metrics.losses if e.unserved in whys), self._silent)

    @property
    def stuck(self) -> int:
        """Connections that were seen to wait in the target's accept queue, and nobody had taken one for a while."""
        site = self.on_site
        if site is None or site.stood_s < STUCK_S:
            return 0
        # Who else waits there is none of ours; and our newcomers are none of the N, though they stay in it.
        return max(0, min(site.peak.queued - self._newcomers_waiting, self.acknowledged))

    @property
    def _newcomers_waiting(self) -> int:
        """How many newcomers may have been in the accept queue then."""
        # Where nobody is asked, who waits there is welcome.
        fates = (Fared.WAITING,) if self.was_asked else (Fared.WAITING, Fared.WELCOME)
        return sum(knock.held > 0 and knock.kept_place and knock.fared in fates for knock in self.facts.newcomers)

    @property
    def was_asked(self) -> bool:
        """Whether the applications were asked."""
        return self.metrics.asked is Assurance.SERVED

    @property
    def is_slow(self) -> bool:
        """Whether those that wait would be served: more of them were, and only too late."""
        return not self.stuck and self.unserved(Unserved.LATE) > self.unserved(Unserved.SILENT)

    def unserved(self, *whys: Unserved) -> int:
        """Connections there to the end whose probe did not pass for one of these reasons."""
        return sum(entry.held for entry in self.metrics.unserved if entry.why in whys)

    def sayings(self, *whys: Unserved) -> list[Saying]:
        """What peers said on those."""
        return [saying for saying in self.facts.sayings if saying.why in whys]

    # The shape.

    @cached_property
    def cap(self) -> int | None:
        """How many were established before dials began to be left unanswered for good; None where they did not.

        Where most of those whom the other end took are gone, it is not that there was no room for more.
        """
        before, after = self.shape.before_failure, self.shape.after_failure
        capped = bool(before) and bool(self.timeouts) and self.is_few(after, self.established)
        at_once = 2 * self.let_in_late <= self.established  # who repeats its SYN and is let in met no cap
        capped = capped and at_once and not self.silently_rejected
        taken = self.established - self.refused_by_kernel - self.never_taken
        stay = 2 * self.metrics.kept >= taken
        return self.established if capped and stay and not self.is_few(self.timeouts, self.established) else None

    @cached_property
    def repeated(self) -> int:
        """Dials that needed more than one SYN, or got no answer."""
        return sum(self.shape.repeated)

    @cached_property
    def let_in_late(self) -> int:
        """Those of them that were established in the end."""
        return self.repeated - self.timeouts

    @cached_property
    def is_late(self) -> bool:
        """Whether dials needed more than one SYN from some number on, and those before it fewer than chance has it."""
        return self._is_one_sided(self.shape.repeated, self.shape.decided)

    @cached_property
    def is_even(self) -> bool:
        """Whether it may be by chance which dials needed more than one SYN."""
        return not self.is_late and not self._is_one_sided(self.shape.repeated[::-1], self.shape.decided[::-1])

    def _is_one_sided(self, repeated: Sequence[int], decided: Sequence[int]) -> bool:
        """Whether there are too few in the first quarter, the first half, or the first three quarters."""
        parts = zip(accumulate(repeated[:-1]), accumulate(decided[:-1]), strict=True)
        return any(at_most(found, sum(repeated), part, sum(decided)) < UNLIKELY for found, part in parts)

    @cached_property
    def asked_for_s(self) -> float:
        """How long dialling all takes by the plan's pacing."""
        return self.plan.pacing.start_s(self.plan.connections - 1)

    def losses(self, *ways: Way, young: bool | None = None) -> list[Losses]:
        """The groups of losses of these ways."""
        return [one for one in self.shape.losses if one.way in ways and (young is None or one.young is young)]

    @cached_property
    def death(self) -> Losses | None:
        """The group of losses by which all that were held ended at one moment; None where that did not happen.

        Who was let in after it, by whoever came in the place of the dead, is no survivor. Where all are of one age the
        moment is no sign of it: they may as well have ended at that age. Then a newcomer tells that came afterwards, or
        that its process is gone.
        """
        site = self.on_site
        gone = site is not None and (site.is_gone or site.was_replaced)
        for losses in self.shape.losses:
            at_once = losses.moments.greatest - losses.moments.least <= MOMENT_S
            # Of a limit that is as low as a handful that handful survives.
            all_of_them = losses.alive_after <= SHARE_BY_CHANCE * losses.alive_before and losses.alive_before > HANDFUL
            at_one_age = is_of_one_age(losses) or losses.ages.width <= 2 * losses.moments.width
            # Who is let in to be turned out again meets what the others met, and not what is left of a target.
            turned_away = any(knock.fared in (Fared.REFUSED, Fared.WAITING) for knock in self.knocks_after(losses))
            turned_away |= bool(self.refused) and self.is_few(self.shape.after_failure, self.established)
            because_of_answer = not self.is_few(losses.after_answer, losses.count)
            if at_once and all_of_them and (turned_away or gone or not (at_one_age or because_of_answer)):
                return losses
        return None

    def is_of_death(self, losses: Losses) -> bool:
        """Whether ``losses`` belong to the death: those of another age, or whose end looked different."""
        death = self.death
        if death is None:
            return False
        least_s, greatest_s = death.moments.least - MOMENT_S, death.moments.least + MOMENT_S
        return least_s <= losses.moments.least and losses.moments.greatest <= greatest_s

    @property
    def death_toll(self) -> int:
        """How many died of it."""
        return sum(losses.count for losses in self.shape.losses if self.is_of_death(losses))

    def cliffs(self, way: Way) -> list[Losses]:
        """The groups of losses of this ``way`` that all died at one age, which hardly anybody outlived."""
        return [
            losses
            for losses in self.losses(way)
            if not self.is_of_death(losses)
            and self.is_few(losses.outlived, losses.count)
            and self.is_few(losses.after_answer, losses.count)
            and losses.count > HANDFUL
            and losses.ages.low >= YOUNGEST_S
            and is_of_one_age(losses)
        ]

    def slow_closings(self) -> list[Losses]:
        """The groups of losses by FIN of all that were held, at ages that differ by more: it takes its time to look."""
        return [
            losses
            for losses in self.losses(Way.FIN, young=False)
            if not self.is_of_death(losses)
            and self.is_few(losses.alive_after, losses.count)
            and self.is_few(losses.outlived, losses.count)
            and self.is_few(losses.after_answer, losses.count)
            and losses.count > HANDFUL
            and not is_of_one_age(losses)
        ]

    def is_by_age(self, losses: Losses) -> bool:
        """Whether they died of their age for sure, and not of what happened at that moment."""
        after = self.knocks_after(losses)
        lives_on = bool(after) and all(knock.fared is Fared.WELCOME for knock in after)
        # At one moment, and not quite of one age: a timer that is looked at so seldom, or not their age.
        lives_on = lives_on and losses.ages.width <= 2 * losses.moments.width + JITTER_S
        still_there = self.is_local and self.on_site is not None and self.on_site.after.listening
        of_the_moment = losses.ages.width > 2 * losses.moments.width + CLIFF_S
        of_the_age = losses.moments.width > 2 * losses.ages.width + CLIFF_S
        return of_the_age or (is_of_one_age(losses) and lives_on) or (still_there and not of_the_moment)

    def is_reply(self, losses: Losses) -> bool:
        """Whether they may have ended because we asked them again: who knows nothing of them says so only then."""
        plan = self.plan
        asked_s = (plan.hold_s, plan.probe_every_s, plan.confirm_every_s, plan.keepalive_s)
        return losses.ages.least >= min(after_s for after_s in asked_s if after_s is not None)

    # Newcomers.

    def knocks_after(self, losses: Losses) -> list[Knock]:
        """The newcomers that came after all of ``losses``."""
        return [k for k in self.facts.newcomers if k.at_s > losses.moments.greatest and k.fared is not Fared.UNASKED]

    @cached_property
    def refused_since_death(self) -> int:
        """How many were refused after all had died: dials of ours, and newcomers."""
        knocks = self.knocks_after(self.death) if self.death else []
        return self.refused + sum(knock.error == errno.ECONNREFUSED for knock in knocks)

    @property
    def is_gone(self) -> bool:
        """Whether it was seen at the target that somebody listened there before the run, and nobody after it."""
        return self.on_site is not None and self.on_site.is_gone

    @cached_property
    def welcome_last(self) -> bool | None:
        """Whether the last newcomer that came while others were held got what was asked for; None where none came."""
        beside = [knock for knock in self.facts.newcomers if knock.held and knock.fared is not Fared.UNASKED]
        return beside[-1].fared is Fared.WELCOME if beside else None

    @cached_property
    def anybody_welcome(self) -> bool:
        """Whether any newcomer got what was asked for."""
        return any(knock.fared is Fared.WELCOME for knock in self.facts.newcomers)


def _count(endings: Iterable[Ending]) -> int:
    return sum(ending.count for ending in endings)
