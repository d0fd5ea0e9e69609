"""What is found where connections are not let in: the true cause first, and the true number."""

import re

import pytest

from tests.installed import Said

from .conftest import MakeLab
from .finding import CLIENT, FAIL, INCONCLUSIVE, KERNEL, PASS, PATH, PROBE, about, first, only, outcome
from .lab import Lab

UNASKED = ()
asked = pytest.mark.parametrize("probe", [UNASKED, PROBE], ids=["unasked", "asked"])

NEVER_ACCEPTS = ("--never-accept", "--backlog", 10)
BURST = ("-c", 60, "-s", 0)


def run(net: Lab, *words: object, serve: tuple[object, ...] = ("--echo",)) -> Said:
    server = net.serve(*serve)
    return net.tcpgoon(*words, server.host, server.port)


# The accept queue.


def test_a_burst_on_a_queue_that_nobody_empties(lab: MakeLab) -> None:
    """Whether it was the burst is not known: all was over in a moment."""
    said = run(lab(delay="50ms"), *BURST, serve=NEVER_ACCEPTS)
    found = only(said, "TG301", KERNEL, "likely")
    assert found.numbers == [11, 60, 49]
    assert found.sentence.endswith("whether the burst was too much or nobody accepts, a slower run tells")
    assert outcome(said) == FAIL


def test_a_burst_on_a_queue_that_nobody_empties_held_for_longer(lab: MakeLab) -> None:
    """Newcomers find no room either, but that the first had one: before all."""
    said = run(lab(delay="50ms"), *BURST, "--hold", "2500ms", serve=NEVER_ACCEPTS)
    found = only(said, "TG301", KERNEL, "likely")
    assert found.numbers == about(11, 60, 49)
    assert "nobody accepts, or too slowly, and slower dialling hardly helps" in found.sentence
    assert outcome(said) == FAIL


@pytest.mark.parametrize("timeout_ms", [800, 1_500], ids=["less than a second", "more"])
def test_a_burst_on_a_queue_that_nobody_empties_and_a_probe(lab: MakeLab, timeout_ms: int) -> None:
    """Their kernel has taken the question of 11, and of none of the others."""
    said = run(lab(delay="50ms"), *BURST, *PROBE, "--probe-timeout", f"{timeout_ms}ms", serve=NEVER_ACCEPTS)
    assert first(said, "TG404", "target application", "likely").numbers == [11]
    assert said.codes == ["TG404", "TG301"]
    found = said.findings[1]
    assert (found.side, found.confidence, found.numbers) == (KERNEL, "likely", [11, 60, 49])
    assert found.sentence.endswith("none of those in it was ever served: slower dialling does not help")
    assert outcome(said) == FAIL


def test_a_burst_that_is_too_much_and_slower_dialling_which_helps(lab: MakeLab) -> None:
    net = lab(delay="50ms")
    server = net.serve("--backlog", 10, "--accept-delay", "1ms")  # slower than the burst is, on any machine
    said = net.tcpgoon(*BURST, "--hold", "1500ms", server.host, server.port)
    found = only(said, "TG301", KERNEL, "likely")
    held = said.proved["acknowledged"]
    assert found.numbers == [held, 60, 60 - held]
    assert 11 <= held < 60
    assert found.sentence.endswith("the burst was too much, slower dialling helps")
    (rate,) = re.findall(r"tcpgoon (--rate \d+/s) …", "\n".join(said.lines))
    assert outcome(said) == FAIL

    said = net.tcpgoon("-c", 60, *rate.split(), server.host, server.port)
    assert (said.findings, outcome(said)) == ([], PASS)


def without_cookies(net: Lab) -> Lab:
    net.server.sysctl("net.ipv4.tcp_syncookies", 0)
    return net


def test_without_cookies_as_many_as_the_backlog_and_one_more_are_let_in(lab: MakeLab) -> None:
    said = run(without_cookies(lab(delay="50ms")), *BURST, "-t", 1_500, serve=NEVER_ACCEPTS)
    found = first(said, "TG301", KERNEL, "likely")
    assert found.numbers[:3] == [11, 60, 49]
    assert said.codes == ["TG301", "TG205"]
    assert (said.findings[1].confidence, said.findings[1].numbers) == ("possible", [11, 49])
    assert outcome(said) == FAIL


def test_a_backlog_that_many_products_have(lab: MakeLab) -> None:
    never_accepts = ("--never-accept", "--backlog", 128)
    said = run(without_cookies(lab(delay="50ms")), "-c", 200, "-s", 2, "-t", 1_500, serve=never_accepts)
    found = first(said, "TG301", KERNEL, "likely")
    assert found.numbers[:3] == about(129, 200, 71)
    assert "net.core.somaxconn (128)" in found.sentence
    assert outcome(said) == FAIL


def test_a_full_queue_that_nobody_empties_is_no_cap_in_the_network_once_somebody_asks(lab: MakeLab) -> None:
    net = without_cookies(lab(delay="50ms"))
    said = run(net, *BURST, "-t", 1_500, *PROBE, "--probe-timeout", "1s", serve=NEVER_ACCEPTS)
    assert first(said, "TG404", "target application", "likely").numbers == [11]
    assert said.codes == ["TG404", "TG301"]
    assert (said.findings[1].confidence, said.findings[1].numbers) == ("possible", [11, 60, 49])
    assert outcome(said) == FAIL


def test_let_in_as_many_at_a_time_as_the_queue_has_room_for(lab: MakeLab) -> None:
    """Those left out come again a second later, all at once."""
    said = run(without_cookies(lab(delay="50ms")), *BURST, "-t", 3_500, serve=("--backlog", 10))
    found = first(said, "TG301", KERNEL, "likely")
    assert found.numbers[:3] == about(49, 60, 11)
    assert "slower dialling helps" in found.sentence
    assert said.codes == ["TG301", "TG207"]
    assert said.findings[1].confidence == "possible"
    assert outcome(said) == FAIL


# Nobody answers, or the network says no.


@asked
@pytest.mark.parametrize("pace", [0, 5], ids=["burst", "paced"])
def test_a_firewall_that_drops_all(lab: MakeLab, probe: tuple[str, ...], pace: int) -> None:
    net = lab(delay="10ms")
    net.server.drop_above(0)
    said = run(net, "-c", 50, "-s", pace, "-t", 1_500, *probe)
    assert only(said, "TG201", PATH, "likely").numbers == [50]
    assert outcome(said) == FAIL


def test_a_path_that_brings_nothing_back(lab: MakeLab) -> None:
    net = lab(delay="10ms")
    net.cut("to-client")
    said = run(net, "-c", 50, "-s", 0, "-t", 1_500)
    assert only(said, "TG201", PATH, "likely").numbers == [50]
    assert outcome(said) == FAIL


REJECTS = (
    "table inet r {{ chain c {{ type filter hook input priority filter; tcp flags syn / syn,ack {} reject {}; }}; }}"
)


def rejecting(net: Lab, how: str, above: int = 0) -> Lab:
    net.server.nft(REJECTS.format(f"ct count over {above}", how))
    return net


@pytest.mark.parametrize(
    ("how", "name"),
    [
        ("with icmpx host-unreachable", "EHOSTUNREACH"),
        ("with icmpx admin-prohibited", "EHOSTUNREACH"),
        ("with icmpx no-route", "ENETUNREACH"),
        ("with icmp type net-prohibited", "ENETUNREACH"),
        ("with icmp type prot-unreachable", "ENOPROTOOPT"),
    ],
)
def test_a_firewall_that_says_unreachable(lab: MakeLab, how: str, name: str) -> None:
    """The messages are few, as kernels limit them: most dials get no answer."""
    said = run(rejecting(lab(delay="10ms"), how), "-c", 50, "-s", 0, "-t", 1_500)
    found = only(said, "TG203", PATH, "certain")
    told, silent = found.numbers
    assert (told > 0, told + silent) == (True, 50)
    assert f"ended with {name}" in found.sentence
    assert outcome(said) == FAIL


def test_a_firewall_that_says_port_unreachable(lab: MakeLab) -> None:
    """For our kernel that is a refusal; but no kernel refuses so few of those who knock at a closed port."""
    said = run(rejecting(lab(delay="10ms"), "with icmpx port-unreachable"), "-c", 50, "-s", 0, "-t", 1_500)
    found = only(said, "TG203", PATH, "likely")
    assert sum(found.numbers) == 50
    assert "a firewall rejects all" in found.sentence
    assert outcome(said) == FAIL


@asked
def test_a_firewall_that_says_unreachable_above_a_number(lab: MakeLab, probe: tuple[str, ...]) -> None:
    said = run(rejecting(lab(delay="10ms"), "with icmpx host-unreachable", 40), "-c", 100, "-s", 2, "-t", 1_500, *probe)
    found = only(said, "TG203", PATH, "certain")
    told, let_in, silent = found.numbers
    assert (let_in, told + silent) == (40, 60)
    assert outcome(said) == FAIL


@asked
def test_a_firewall_that_says_port_unreachable_above_a_number(lab: MakeLab, probe: tuple[str, ...]) -> None:
    net = lab(delay="10ms")
    net.server.reject_above(40, "icmp")
    said = run(net, "-c", 100, "-s", 2, "-t", 1_500, *probe)
    found = only(said, "TG303", PATH, "likely")
    let_in, told, silent = found.numbers
    assert (let_in, told + silent) == (40, 60)
    assert outcome(said) == FAIL


@asked
@pytest.mark.parametrize("pace", [0, 5], ids=["burst", "paced"])
def test_refused_with_a_reset_from_a_number_on(lab: MakeLab, probe: tuple[str, ...], pace: int) -> None:
    net = lab(delay="10ms")
    net.server.reject_above(40)
    said = run(net, "-c", 100, "-s", pace, *probe)
    found = only(said, "TG303", KERNEL, "likely")
    assert "refused from the 41st on" in found.sentence
    assert found.numbers == [40, 60]
    assert outcome(said) == FAIL


def test_nobody_listens(lab: MakeLab) -> None:
    net = lab(delay="10ms")
    said = net.tcpgoon("-c", 50, "-s", 0, net.server.ipv4, 7_000)
    assert only(said, "TG302", KERNEL, "likely").numbers == [50, 50]
    assert outcome(said) == FAIL


@pytest.mark.parametrize(
    ("route", "name"), [(None, "ENETUNREACH"), ("unreachable", "EHOSTUNREACH"), ("prohibit", "EACCES")]
)
def test_our_own_host_has_no_route(lab: MakeLab, route: str | None, name: str) -> None:
    """No packet has left: nothing is known of the target, nor of the path."""
    net = lab()
    if route:
        net.client.run("ip", "route", "add", route, "192.0.2.0/24")
    said = net.tcpgoon("-c", 20, "-s", 0, "192.0.2.1", 80)
    found = only(said, "TG100", CLIENT, "certain")
    assert found.numbers == [20]
    assert name in found.sentence
    assert outcome(said) == INCONCLUSIVE


# Loss.

LOST = re.compile(r"([\d,]+) of ([\d,]+) dials .* so about ([\d.]+)% are lost each way")


@pytest.mark.parametrize("pace", [0, 2], ids=["burst", "paced"])
def test_five_percent_are_lost(lab: MakeLab, pace: int) -> None:
    """One in ten has to repeat its SYN, as its SYN or the answer is lost.

    Of 1,500 dials that is 146 ± 11.5; the bounds are five times that away: one run in two million is beyond them.
    """
    said = run(lab(delay="20ms", loss=0.05), "-c", 1_500, "-s", pace, "-t", 15_000, "--assurance", "handshake")
    match = LOST.search(only(said, "TG202", PATH, "likely").sentence)
    assert match
    assert 89 <= int(match[1]) <= 204
    assert match[2] == "1,500"
    assert 3.0 <= float(match[3]) <= 7.1
    assert outcome(said) == PASS


@pytest.mark.parametrize("pace", [0, 2], ids=["burst", "paced"])
def test_one_percent_is_lost(lab: MakeLab, pace: int) -> None:
    """Too few to be sure of anything but loss, if of that."""
    said = run(lab(delay="20ms", loss=0.01), "-c", 500, "-s", pace, "-t", 15_000)
    assert set(said.codes) <= {"TG202"}
    assert outcome(said) == PASS


# A cap.


def test_a_cap_that_drops_and_nobody_asks(lab: MakeLab) -> None:
    """A full queue that nobody empties looks the same."""
    net = lab(delay="10ms")
    net.server.drop_above(40)
    said = run(net, "-c", 100, "-s", 2, "-t", 1_500)
    assert [(found.code, found.confidence, found.numbers) for found in said.findings] == [
        ("TG301", "possible", [40, 100, 60]),
        ("TG205", "possible", [40, 60]),
    ]
    assert outcome(said) == FAIL


@pytest.mark.parametrize("pace", [0, 2], ids=["burst", "paced"])
def test_a_cap_that_drops_and_all_within_it_are_served(lab: MakeLab, pace: int) -> None:
    net = lab(delay="10ms")
    net.server.drop_above(40)
    said = run(net, "-c", 100, "-s", pace, "-t", 1_500, *PROBE)
    assert only(said, "TG205", PATH, "likely").numbers == [40, 60]
    assert outcome(said) == FAIL


PER_SOURCE = """
table ip p {{
    set sources {{ type ipv4_addr; size 100; flags dynamic; }}
    chain c {{
        type filter hook input priority filter
        tcp flags syn / syn,ack add @sources {{ ip saddr ct count over {} }} drop
    }}
}}
"""
SECOND = "198.51.100.11"


@pytest.fixture
def two_sources(lab: MakeLab) -> Lab:
    net = lab(delay="10ms")
    net.client.run("ip", "address", "add", f"{SECOND}/24", "dev", "netlab")
    return net


def both(net: Lab) -> tuple[str, ...]:
    return "--source", net.client.ipv4, "--source", SECOND


def test_a_cap_per_source(two_sources: Lab) -> None:
    """One run from one address, and one from two, tell it."""
    two_sources.server.nft(PER_SOURCE.format(30))
    server = two_sources.serve("--echo")
    flags = ("-c", 100, "-s", 2, "-t", 1_500, *PROBE)
    said = two_sources.tcpgoon(*flags, server.host, server.port)
    assert only(said, "TG205", PATH, "likely").numbers == [30, 70]
    assert outcome(said) == FAIL
    two_sources.server.run("nft", "flush", "set", "ip", "p", "sources")

    said = two_sources.tcpgoon(*flags, *both(two_sources), server.host, server.port)
    found = only(said, "TG205", PATH, "likely")
    assert found.numbers == [60, 30, 2, 40]
    assert "30 from each of 2 source addresses: so many per source, or all together" in found.sentence
    assert outcome(said) == FAIL


def test_a_cap_in_all(two_sources: Lab) -> None:
    two_sources.server.drop_above(41)
    said = run(two_sources, "-c", 100, "-s", 2, "-t", 1_500, *PROBE, *both(two_sources))
    found = only(said, "TG205", PATH, "likely")
    assert found.numbers == [41, 21, 20, 2, 59]
    assert "(21, 20 from 2 source addresses)" in found.sentence
    assert outcome(said) == FAIL


# A rate.

LIMITED = """
table ip l {{
    chain c {{
        type filter hook input priority filter
        tcp flags syn / syn,ack limit rate over {}/second burst 5 packets drop
    }}
}}
"""
RATE = re.compile(r"let in at (?:about )?(\d+)(?: to (\d+))?/s")


def rates(sentence: str) -> tuple[int, int]:
    match = RATE.search(sentence)
    assert match, sentence
    return int(match[1]), int(match[2] or match[1])


@pytest.mark.parametrize(("rate", "probe"), [(20, UNASKED), (50, PROBE)], ids=["unasked", "asked"])
def test_a_rate_limit(lab: MakeLab, rate: int, probe: tuple[str, ...]) -> None:
    """Asked for twice as many a second, for six seconds."""
    net = lab(delay="10ms")
    net.server.nft(LIMITED.format(rate))
    said = run(net, "-c", 6 * rate, "--rate", f"{2 * rate}/s", "-t", 15_000, *probe)
    found = only(said, "TG207", PATH, "likely" if probe else "possible")
    assert rates(found.sentence) == pytest.approx((rate, rate), rel=0.2)
    assert outcome(said) == PASS


def test_a_rate_limit_that_is_met_by_all_at_once(lab: MakeLab) -> None:
    """Each comes again a second later, so that the limit stands idle in between: its rate can only be bounded."""
    net = lab(delay="10ms")
    net.server.nft(LIMITED.format(50))
    said = run(net, "-c", 400, "-s", 2, "-t", 5_000, *PROBE)
    least, most = rates(only(said, "TG207", PATH, "likely").sentence)
    assert least <= 50 <= most * 1.05
    assert outcome(said) == FAIL
