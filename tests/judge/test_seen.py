import errno
from typing import Any

import msgspec
import pytest

from tcpgoon.judge.naming import Products
from tcpgoon.judge.on_site import OnSite
from tcpgoon.judge.seen import Seen
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate
from tcpgoon.plan.probe import Exchange
from tcpgoon.record.heard import Saying
from tcpgoon.record.knock import Fared
from tcpgoon.record.losses import Way
from tcpgoon.record.metrics import AtEndpoint
from tcpgoon.record.outcome import Phase
from tcpgoon.record.unserved import Unserved

from .fates import (
    ABANDONED,
    ACKNOWLEDGED,
    CLOSED_BY_PEER,
    DOUBTFUL,
    HALF_OPEN,
    HANDSHAKE,
    HELD,
    LATE,
    LOST_BY_PATH,
    LOST_BY_US,
    NO_DESCRIPTOR,
    NOT_ASKED,
    PHANTOM,
    REFUSED,
    RESET_BY_PEER,
    SERVED,
    SILENT_PHANTOM,
    TAKEN,
    UNREACHABLE,
    Fate,
    facts_of,
    plan_of,
    unserved,
)
from .runs import NEVER_TAKEN, NO_NET, RESET_DIAL, SILENT, Lot, aged, at_site, died, facts, knock, repeated

SILENT_LATER = LOST_BY_PATH._replace(unserved=Unserved.UNACKED)
"""It had been served before, then its kernel took nothing any more."""


def seen(*lots: Lot, **knobs: Any) -> Seen:
    return Seen(facts(*lots, **knobs))


@pytest.mark.parametrize(
    ("count", "of", "few"),
    [
        (0, 0, True),
        (3, 3, True),
        (3, 199, True),
        (4, 199, False),
        (4, 200, True),
        (20, 1_049, True),
        (21, 1_049, False),
    ],
)
def test_a_handful_is_few_and_so_are_two_in_a_hundred(count: int, of: int, few: bool) -> None:
    assert seen((1, TAKEN)).is_few(count, of) is few


@pytest.mark.parametrize(
    ("site", "held", "half_open"),
    [
        pytest.param(None, 80, 0, id="it runs elsewhere"),
        pytest.param(at_site(33, 32, overflows=70), 80, 0, id="nobody counted"),
        pytest.param(at_site(33, 32, accepted=32), 80, 0, id="the queue had room"),
        pytest.param(at_site(33, 32, accepted=32, overflows=70), 65, 25, id="it has fewer than answer"),
        pytest.param(at_site(33, 32, accepted=45, overflows=70), 80, 10, id="it has as many, but for chance"),
        pytest.param(at_site(33, 32, accepted=52, overflows=70), 80, 5, id="half of those in doubt are there"),
        pytest.param(at_site(33, 32, accepted=99, overflows=70), 80, 0, id="it has more than ours"),
    ],
)
def test_whom_its_kernel_answers_for_and_does_not_have(site: OnSite | None, held: int, half_open: int) -> None:
    run = seen((80, TAKEN), (10, DOUBTFUL), on_site=site)
    assert (run.acknowledged, run.held_by_kernel, run.half_open) == (80, held, half_open)


def test_the_names_of_the_product() -> None:
    assert seen((1, TAKEN)).products == Products()
    assert seen((1, HELD), level=SERVED).products == Products(probe="banner")
    assert seen((1, HELD), level=SERVED, on_site=at_site()).products == Products(("served",), "banner")
    assert seen((1, TAKEN), on_site=at_site(listens=False)).products == Products()


def test_what_several_endpoints_hold_together_is_a_number_of_none_of_them() -> None:
    found = facts((2, TAKEN))
    two = msgspec.structs.replace(found.metrics, by_endpoint=(AtEndpoint(1, 1), AtEndpoint(1, 1)))
    both = msgspec.structs.replace(found, metrics=two)
    assert (Seen(found).products.are_whole, Seen(both).products.are_whole) == (True, False)


def test_failed_dials_by_what_ended_them() -> None:
    broken_pipe = REFUSED._replace(error=errno.EPIPE)
    found = seen((2, TAKEN), (3, LATE), (4, REFUSED), (5, RESET_DIAL), (6, broken_pipe), (7, UNREACHABLE))

    assert (found.timeouts, found.refused, found.reset_dials) == (3, 4, 11)


def test_what_failed_before_a_packet_left_is_no_dial_that_anybody_answered() -> None:
    errors = (errno.ETIMEDOUT, errno.ECONNREFUSED, errno.ECONNRESET)
    found = seen(*[(5, NO_DESCRIPTOR._replace(error=error)) for error in errors], (5, ABANDONED))

    assert (found.timeouts, found.refused, found.reset_dials, found.unreachable) == (0, 0, 0, [])
    assert (found.established, found.cap) == (0, None)


def test_lost_ones_are_no_failed_dials() -> None:
    found = seen((3, CLOSED_BY_PEER), (3, RESET_BY_PEER), (3, LOST_BY_PATH), (3, PHANTOM), (3, SILENT_PHANTOM))

    assert (found.timeouts, found.refused, found.reset_dials) == (0, 0, 0)


def test_whom_the_network_says_not_to_be_reached_however_far_they_had_come() -> None:
    cut_off = LOST_BY_PATH._replace(error=errno.EHOSTUNREACH)
    found = seen((2, UNREACHABLE), (3, NO_NET), (4, cut_off), (5, LOST_BY_PATH), (6, LATE), (7, SILENT_PHANTOM))

    assert sorted((ending.name, ending.phase, ending.count) for ending in found.unreachable) == [
        ("EHOSTUNREACH", Phase.HANDSHAKE, 2),
        ("EHOSTUNREACH", Phase.HELD, 4),
        ("ENETUNREACH", Phase.HANDSHAKE, 3),
    ]


def test_what_became_of_the_established() -> None:
    found = seen((1, HELD), (2, TAKEN), (3, DOUBTFUL), (4, PHANTOM), (5, CLOSED_BY_PEER), (6, SILENT), (7, LATE))

    assert (found.established, found.acknowledged, found.served) == (21, 9, 1)


def test_where_only_the_handshake_was_asked_for_all_that_stayed_were_held() -> None:
    found = seen((5, NOT_ASKED), (2, CLOSED_BY_PEER), (1, LATE), level=HANDSHAKE)

    assert (found.established, found.acknowledged, found.was_asked) == (7, 5, False)


def test_whose_kernel_never_took_the_request_is_not_held() -> None:
    found = seen((5, HELD), (2, unserved(Unserved.UNACKED, NOT_ASKED)), level=SERVED)

    assert (found.established, found.acknowledged, found.served, found.never_taken) == (7, 5, 5, 2)


def test_phantoms_by_what_gave_them_away() -> None:
    found = seen((5, HELD), (1, PHANTOM), (2, HALF_OPEN), (3, SILENT_PHANTOM), (4, NEVER_TAKEN), level=SERVED)

    assert (found.refused_by_kernel, found.silent_phantoms, found.never_taken) == (3, 3, 4)


def test_who_was_served_before_and_fell_silent_is_no_phantom() -> None:
    found = seen((5, HELD), (4, SILENT_LATER), (2, SILENT_PHANTOM), level=SERVED)

    assert (found.refused_by_kernel, found.silent_phantoms, found.never_taken) == (0, 2, 0)


def test_requests_that_nobody_took_are_silence_once_all_are_gone_and_some_were_served() -> None:
    gone = seen((5, SILENT_LATER), (4, NEVER_TAKEN), (2, SILENT_PHANTOM), level=SERVED)
    beside_others = seen((9, HELD), (4, NEVER_TAKEN), (2, SILENT_PHANTOM), level=SERVED)
    never_served = seen((4, NEVER_TAKEN), (2, SILENT_PHANTOM), level=SERVED)
    welcome = seen((4, NEVER_TAKEN), (2, SILENT_PHANTOM), level=SERVED, newcomers=(knock(2, 6),))

    found = [one.fell_silent for one in (gone, beside_others, never_served, welcome)]
    assert found == [11, 2, 2, 6]


def test_phantoms_that_our_own_kernel_made_are_nobodys() -> None:
    found = seen((5, TAKEN), (2, SILENT_PHANTOM._replace(error=errno.ENOMEM)))

    assert (found.refused_by_kernel, found.silent_phantoms, found.never_taken) == (0, 0, 0)


def test_who_fell_silent_had_been_there() -> None:
    assert seen((5, TAKEN), (4, SILENT_PHANTOM), (3, LOST_BY_PATH), (2, PHANTOM)).fell_silent == 7


@pytest.mark.parametrize(
    ("held", "others", "count"),
    [
        (0, (5, CLOSED_BY_PEER._replace(answer_s=0.001)), 9),
        (3, (0, HELD), 9),
        (4, (0, HELD), 0),
        (0, (5, REFUSED), 0),
    ],
    ids=["others were served and are gone", "a handful is left", "more are left", "nobody was ever served"],
)
def test_whose_request_was_never_taken_if_nobody_is_left(held: int, others: Lot, count: int) -> None:
    assert seen((9, NEVER_TAKEN), (held, HELD), others, level=SERVED).fell_silent == count


def test_whose_request_was_never_taken_had_been_there_if_a_newcomer_was_welcome() -> None:
    assert seen((9, NEVER_TAKEN), level=SERVED, newcomers=(knock(0, 0), knock(3, 9, Fared.WAITING))).fell_silent == 9
    assert seen((9, NEVER_TAKEN), level=SERVED, newcomers=(knock(3, 9, Fared.WAITING),)).fell_silent == 0


@pytest.mark.parametrize(
    ("queued", "stood_s", "stuck"), [(0, 9.0, 0), (40, 0.49, 0), (40, 0.5, 40), (100, 9.0, 100), (500, 9.0, 100)]
)
def test_who_is_stuck_in_the_accept_queue(queued: int, stood_s: float, stuck: int) -> None:
    """Who else is in it is none of ours."""
    assert seen((100, TAKEN), (5, CLOSED_BY_PEER), on_site=at_site(queued=queued, stood_s=stood_s)).stuck == stuck


def test_nobody_is_known_to_be_stuck_where_nobody_looked() -> None:
    assert seen((100, TAKEN)).stuck == 0


def test_whether_applications_were_asked() -> None:
    assert [seen((1, HELD), level=level).was_asked for level in (HANDSHAKE, ACKNOWLEDGED, SERVED)] == [
        False,
        False,
        True,
    ]


def test_the_unserved_that_were_there_to_the_end() -> None:
    found = seen((1, SILENT), (2, unserved(Unserved.REFUSED)), (4, unserved(Unserved.REFUSED, CLOSED_BY_PEER)))

    assert (found.unserved(Unserved.SILENT), found.unserved(Unserved.REFUSED), found.unserved()) == (1, 2, 0)
    assert found.unserved(Unserved.SILENT, Unserved.REFUSED, Unserved.LATE) == 3


def test_what_was_said_in_the_order_of_the_facts() -> None:
    no, bye, odd = (
        Saying("no", 9, Unserved.REFUSED),
        Saying("bye", 5, Unserved.NONE),
        Saying("?", 2, Unserved.UNEXPECTED),
    )
    found = seen((1, TAKEN), sayings=(no, bye, odd))

    assert found.sayings(Unserved.UNEXPECTED, Unserved.REFUSED) == [no, odd]
    assert found.sayings() == []


@pytest.mark.parametrize(
    ("lots", "cap"),
    [
        ([(50, TAKEN), (50, LATE)], 50),
        ([(1, TAKEN), (4, LATE)], 1),
        # So few may have been unlucky.
        ([(50, TAKEN), (3, LATE)], None),
        # From the first on.
        ([(50, LATE)], None),
        ([(4, LATE), (50, TAKEN)], None),
        # Others were let in later: a handful may be by chance.
        ([(50, TAKEN), (20, LATE), (3, TAKEN), (9, LATE)], 53),
        ([(50, TAKEN), (20, LATE), (4, TAKEN), (9, LATE)], None),
        # Refused, not left unanswered.
        ([(50, TAKEN), (50, REFUSED)], None),
        # Phantoms are among those that were let in; whether they are there is another question.
        ([(10, TAKEN), (40, PHANTOM), (50, LATE)], 50),
        ([(10, HELD), (40, NEVER_TAKEN), (50, LATE)], 50),
        # Most of them are gone themselves: there was room enough.
        ([(25, TAKEN), (25, CLOSED_BY_PEER), (50, LATE)], 50),
        ([(24, TAKEN), (26, CLOSED_BY_PEER), (50, LATE)], None),
        ([(50, died(LOST_BY_PATH, 3.0)), (50, LATE)], None),
        ([(50, SILENT_PHANTOM), (50, LATE)], None),
    ],
)
def test_a_cap_is_how_many_were_let_in_before_silence(lots: list[Lot], cap: int | None) -> None:
    assert seen(*lots, level=SERVED).cap == cap


def test_dials_that_needed_more_than_one_syn() -> None:
    assert seen((5, TAKEN), (3, repeated(TAKEN)), (2, LATE), (4, REFUSED)).repeated == 5


def test_how_long_dialling_was_to_take() -> None:
    def asked_for_s(pacing: AllAtOnce | ConstantRate) -> float:
        return Seen(facts_of([TAKEN] * 5, plan=plan_of(5, pacing=pacing))).asked_for_s

    assert (asked_for_s(AllAtOnce()), asked_for_s(ConstantRate(0.25))) == (0.0, 1.0)


def test_losses_by_way_and_age() -> None:
    young = aged(CLOSED_BY_PEER, 0.25)
    found = seen((9, young), (8, CLOSED_BY_PEER), (7, RESET_BY_PEER), (6, LOST_BY_PATH), (5, LOST_BY_US), (9, TAKEN))

    def counts(*ways: Way, young: bool | None = None) -> list[int]:
        return [losses.count for losses in found.losses(*ways, young=young)]

    assert counts() == []
    assert counts(*Way) == [9, 8, 7, 6]
    assert counts(Way.FIN) == [9, 8]
    assert counts(Way.FIN, young=True) == [9]
    assert counts(Way.FIN, Way.RST, young=False) == [8, 7]
    assert counts(Way.SILENCE, young=True) == []


# A death: all that are held end at one moment.


def death(*lots: Lot, **knobs: Any) -> int | None:
    """How many died of it."""
    found = seen(*lots, **knobs)
    assert (found.death is None) == (found.death_toll == 0)
    return found.death_toll or None


@pytest.mark.parametrize("fate", [CLOSED_BY_PEER, RESET_BY_PEER, LOST_BY_PATH])
def test_all_that_are_held_end_at_one_moment(fate: Any) -> None:
    assert death((300, died(fate, 6.0))) == 300


def test_nobody_was_lost() -> None:
    assert death((300, TAKEN)) is None
    assert seen((300, TAKEN)).cliffs(Way.FIN) == []


def test_of_a_few_nobody_can_say_that_it_was_a_death() -> None:
    assert death((3, died(CLOSED_BY_PEER, 6.0)), every_s=1.0) is None
    assert death((4, died(CLOSED_BY_PEER, 6.0)), every_s=1.0) == 4


def test_what_takes_longer_than_a_moment_is_none() -> None:
    assert death((100, died(CLOSED_BY_PEER, 9.0)), (100, died(CLOSED_BY_PEER, 9.875)), every_s=0.02) == 200
    assert death((100, died(CLOSED_BY_PEER, 9.0)), (100, died(CLOSED_BY_PEER, 10.125)), every_s=0.02) is None


def test_where_others_live_on_it_is_none_unless_they_are_two_in_a_hundred() -> None:
    """Dialled before, and so older; or dialled after, and so younger."""
    assert death((50, TAKEN), (100, died(CLOSED_BY_PEER, 4.0))) is None
    assert death((100, died(CLOSED_BY_PEER, 4.0)), (50, TAKEN), hold_s=1.0) is None
    assert death((98, died(CLOSED_BY_PEER, 4.0)), (2, TAKEN)) == 98
    assert death((97, died(CLOSED_BY_PEER, 4.0)), (3, TAKEN)) is None


def test_a_limit_of_a_handful_is_no_death() -> None:
    limits = (2, TAKEN), (30, aged(CLOSED_BY_PEER, 0.0002))

    assert death(*limits, newcomers=(knock(4.0, 2, Fared.CLOSED),)) is None
    assert death(*limits, every_s=0, newcomers=(knock(4.0, 2, Fared.CLOSED),)) is None


@pytest.mark.parametrize("hold_s", [0.0, 60.0])
def test_who_was_let_in_after_it_is_no_survivor(hold_s: float) -> None:
    assert death((300, died(CLOSED_BY_PEER, 3.5)), (200, REFUSED), (300, TAKEN), hold_s=hold_s) == 300


def test_those_of_all_ages_die_in_whatever_way() -> None:
    """Some are younger than a second, some had not been read to the end and are reset."""
    found = seen((200, died(CLOSED_BY_PEER, 3.005)), (99, died(RESET_BY_PEER, 3.005)), (3, aged(RESET_BY_PEER, 0.5)))

    groups = [(losses.way, losses.young, losses.count) for losses in found.shape.losses]
    assert groups == [(Way.FIN, False, 200), (Way.RST, True, 91), (Way.RST, False, 11)]
    assert found.death is found.shape.losses[0]
    assert [found.is_of_death(losses) for losses in found.shape.losses] == [True, True, True]
    assert found.death_toll == 302


def test_what_was_lost_long_before_it_or_after_it_is_not_of_it() -> None:
    lots = (
        (10, aged(RESET_BY_PEER, 0.1)),
        (200, died(CLOSED_BY_PEER, 4.0)),
        (200, REFUSED),
        (10, aged(RESET_BY_PEER, 2.0)),
    )
    found = seen(*lots)

    assert [(losses.count, found.is_of_death(losses)) for losses in found.shape.losses] == [
        (200, True),
        (10, False),
        (10, False),
    ]


def test_where_all_are_of_one_age_only_a_newcomer_tells() -> None:
    lot = (300, aged(CLOSED_BY_PEER, 2.0))
    late, early = knock(4.0, 0, Fared.REFUSED), knock(1.0, 300, Fared.REFUSED)

    assert death(lot, every_s=0) is None
    assert death(lot, every_s=0, newcomers=(late,)) == 300
    assert death(lot, every_s=0, newcomers=(early,)) is None
    assert death(lot, every_s=0, newcomers=(early, knock(4.0, 0))) is None
    assert death(lot, every_s=0, newcomers=(knock(4.0, 0, Fared.UNASKED),)) is None


# A cliff: all that come to an age end at it.


def cliffs(*lots: Lot, way: Way = Way.FIN, **knobs: Any) -> list[int]:
    """How many died at each."""
    return [losses.count for losses in seen(*lots, **knobs).cliffs(way)]


@pytest.mark.parametrize(
    ("fate", "way"), [(CLOSED_BY_PEER, Way.FIN), (RESET_BY_PEER, Way.RST), (LOST_BY_PATH, Way.SILENCE)]
)
def test_all_die_at_one_age(fate: Any, way: Way) -> None:
    lots = (300, aged(fate, 2.0, 0.02))

    assert {other: cliffs(lots, way=other) for other in Way} == {one: [300] if one is way else [] for one in Way}


@pytest.mark.parametrize(
    ("age_s", "jitter_s", "count"),
    [
        # So soon nobody is thrown out for being idle.
        (0.1875, 0.0, 0),
        (0.25, 0.0, 300),
        # A quarter of a second, or a twentieth of the age, is how exactly servers look at their timers.
        (2.0, 0.28, 300),
        (2.0, 0.32, 0),
        (10.0, 0.56, 300),
        (10.0, 0.62, 0),
    ],
)
def test_how_steep_a_cliff_is(age_s: float, jitter_s: float, count: int) -> None:
    assert cliffs((300, aged(CLOSED_BY_PEER, age_s, jitter_s))) == [count] * bool(count)


def test_a_second_is_an_age_like_any_other() -> None:
    assert cliffs((300, aged(CLOSED_BY_PEER, 0.95, 0.1))) == [300]


def test_a_few_are_no_cliff() -> None:
    assert cliffs((3, aged(CLOSED_BY_PEER, 2.0)), every_s=1.0) == []
    assert cliffs((4, aged(CLOSED_BY_PEER, 2.0)), every_s=1.0) == [4]


def test_who_outlives_it_refutes_it_unless_they_are_few() -> None:
    assert cliffs((100, aged(CLOSED_BY_PEER, 2.0)), (4, TAKEN)) == []
    assert cliffs((100, aged(CLOSED_BY_PEER, 2.0)), (3, TAKEN)) == [100]


def test_a_death_is_no_cliff() -> None:
    lot = (300, aged(CLOSED_BY_PEER, 2.0))

    assert cliffs(lot, every_s=0) == [300]
    assert cliffs(lot, every_s=0, newcomers=(knock(4.0, 0, Fared.REFUSED),)) == []


# Newcomers.


def test_newcomers_after_the_last_of_those_losses() -> None:
    during, after, unasked = knock(4.0, 100), knock(7.0, 0, Fared.REFUSED), knock(8.0, 0, Fared.UNASKED)
    found = seen((300, died(CLOSED_BY_PEER, 6.0)), newcomers=(during, knock(6.0, 300), after, unasked))

    assert found.death
    assert found.knocks_after(found.death) == [after]


@pytest.mark.parametrize(
    ("newcomers", "last", "anybody"),
    [
        ((), None, False),
        ((knock(0, 0),), None, True),
        ((knock(0, 0), knock(2, 100)), True, True),
        ((knock(2, 100), knock(3, 100, Fared.WAITING)), False, True),
        ((knock(2, 100, Fared.WAITING), knock(3, 100), knock(9, 0, Fared.REFUSED)), True, True),
        ((knock(2, 100, Fared.CLOSED), knock(3, 100, Fared.UNASKED)), False, False),
        ((knock(2, 100, Fared.UNASKED),), None, False),
    ],
)
def test_whether_newcomers_were_welcome(newcomers: Any, last: bool | None, anybody: bool) -> None:
    found = seen((100, TAKEN), newcomers=newcomers)

    assert (found.welcome_last, found.anybody_welcome) == (last, anybody)


# What is known of the target's process.


def test_whether_the_target_listens_on_this_machine() -> None:
    assert not seen((1, TAKEN)).is_local
    assert seen((1, TAKEN), on_site=at_site()).is_local
    assert not seen((1, TAKEN), on_site=at_site(listens_before=False)).is_local


def test_who_listens_and_whether_it_passes_on_what_it_accepts() -> None:
    unknown, known = seen((1, TAKEN)), seen((1, TAKEN), on_site=at_site())
    assert (unknown.listener, unknown.proxy) == ("", "")
    assert (known.listener, known.proxy) == ("served", "")
    proxy = seen((1, TAKEN), on_site=at_site(name="haproxy"))
    assert (proxy.listener, proxy.proxy) == ("haproxy", "haproxy")


def test_those_that_a_host_forgot() -> None:
    assert seen((9, PHANTOM)).forgotten == 0
    assert seen((9, PHANTOM), newcomers=(knock(2, 9),)).forgotten == 9
    assert seen((9, PHANTOM), (1, TAKEN), newcomers=(knock(2, 9),)).forgotten == 0


def test_whether_those_that_wait_are_served_too_late() -> None:
    late, waiting = unserved(Unserved.LATE), SILENT
    assert seen((9, HELD), (5, late), (4, waiting), level=SERVED).is_slow
    assert not seen((9, HELD), (4, late), (5, waiting), level=SERVED).is_slow
    stuck = at_site(queued=4, stood_s=5.0)
    assert not seen((9, HELD), (5, late), (4, waiting), level=SERVED, on_site=stuck).is_slow


@pytest.mark.parametrize(
    ("lots", "late", "even"),
    [
        ([(100, TAKEN), (100, repeated(TAKEN))], True, False),
        ([(100, repeated(TAKEN)), (100, TAKEN)], False, False),
        ([(50, TAKEN), (2, repeated(TAKEN)), (48, TAKEN)], False, True),
    ],
)
def test_where_in_the_run_syns_were_repeated(lots: list[Lot], late: bool, even: bool) -> None:
    one = seen(*lots)
    assert (one.is_late, one.is_even) == (late, even)


def test_closings_of_one_that_takes_its_time_to_look() -> None:
    slow = seen(*[(1, aged(CLOSED_BY_PEER, 2.0 + 0.2 * (k % 7))) for k in range(70)])
    assert [one.count for one in slow.slow_closings()] == [70]
    assert seen((70, aged(CLOSED_BY_PEER, 2.0))).slow_closings() == []
    assert seen(*[(1, aged(CLOSED_BY_PEER, 2.0 + 0.2 * (k % 7))) for k in range(70)], (30, TAKEN)).slow_closings() == []


@pytest.mark.parametrize(
    ("lots", "knobs", "by_age"),
    [
        ([(300, aged(CLOSED_BY_PEER, 2.0))], {}, True),
        ([(300, died(CLOSED_BY_PEER, 6.0))], {}, False),
        ([(300, aged(CLOSED_BY_PEER, 2.0))], {"every_s": 0}, False),
        ([(300, aged(CLOSED_BY_PEER, 2.0))], {"every_s": 0, "newcomers": (knock(3, 0),)}, True),
        ([(300, aged(CLOSED_BY_PEER, 2.0))], {"every_s": 0, "newcomers": (knock(3, 0, Fared.REFUSED),)}, False),
        ([(300, aged(CLOSED_BY_PEER, 2.0))], {"every_s": 0, "on_site": at_site()}, True),
    ],
)
def test_whether_they_died_of_their_age(lots: list[Lot], knobs: dict[str, Any], by_age: bool) -> None:
    one = seen(*lots, **knobs)
    (losses,) = one.losses(Way.FIN)
    assert one.is_by_age(losses) is by_age


def test_who_was_refused_after_all_had_died() -> None:
    refused = knock(7, 0, Fared.REFUSED, error=errno.ECONNREFUSED)
    assert seen((300, died(RESET_BY_PEER, 6.0)), newcomers=(refused,)).refused_since_death == 1
    assert seen((300, died(RESET_BY_PEER, 3.2)), (100, REFUSED)).refused_since_death == 100
    assert seen((300, TAKEN)).refused_since_death == 0


def test_whether_nobody_listens_any_more() -> None:
    assert not seen((1, TAKEN)).is_gone
    assert seen((1, TAKEN), on_site=at_site(listens_after=False)).is_gone


@pytest.mark.parametrize(
    ("age_s", "asked", "reply"),
    [
        (4.9, {}, False),
        (5.0, {}, True),
        (2.9, {"confirm_every_s": 3.0}, False),
        (3.0, {"confirm_every_s": 3.0}, True),
        (3.0, {"probe_every_s": 3.0, "probe": Exchange(name="ask", send="?"), "level": SERVED}, True),
    ],
)
def test_who_ends_after_we_asked_again_may_only_have_replied(age_s: float, asked: dict[str, Any], reply: bool) -> None:
    level = asked.pop("level", ACKNOWLEDGED)
    found = facts((10, aged(RESET_BY_PEER, age_s)), every_s=0, level=level)
    again = Seen(msgspec.structs.replace(found, plan=msgspec.structs.replace(found.plan, **asked)))
    assert again.is_reply(again.shape.losses[0]) is reply


@pytest.mark.parametrize(
    ("fates", "site", "beside"),
    [
        ((REFUSED,), at_site(), True),
        ((REFUSED,), at_site(listens=False), False),
        ((REFUSED,), at_site(listens_before=False), False),
        ((REFUSED,), None, False),
        ((REFUSED, TAKEN), at_site(), False),
        ((LATE,), at_site(), False),
    ],
)
def test_refused_although_somebody_listens(fates: tuple[Fate, ...], site: OnSite | None, beside: bool) -> None:
    assert seen(*((1, fate) for fate in fates), on_site=site).is_refused_beside_listener is beside
