"""What is found where connections are let in, and lost or not served later: the true cause first, the true number."""

import os
import signal
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.installed import Running, Said

from .conftest import PORT, MakeLab, listen, until
from .finding import APPLICATION, FAIL, PASS, PATH, PROBE, Flags, about, first, of_each, only, outcome
from .lab import Lab
from .test_silence import Forgetful

N = 50
A_SECOND = 20
"""Status lines."""


@pytest.fixture
def net(lab: MakeLab) -> Lab:
    return lab(delay="10ms")


def run(net: Lab, *words: object, serve: tuple[object, ...] = ("--echo",)) -> Said:
    server = net.serve(*serve)
    return net.tcpgoon("-c", N, *words, server.host, server.port)


def held_for(seconds: float, run: Running, connections: int = N) -> None:
    """Wait until all have been held for so long."""
    for _ in range(round(seconds * A_SECOND)):
        run.wait_until(established=connections)


# An idle timeout.


PACED = ("-s", 40)
"""Dialled over two seconds: who dies at one age dies at as many moments."""


def test_the_application_closes_at_an_age(lab: MakeLab) -> None:
    def held(net: Lab, flags: Flags) -> Said:
        return run(net, "--hold", "5s", *flags, serve=("--echo", "--close-after", "3s"))

    for flags, said in of_each(lab, [PACED, (*PACED, *PROBE), (*PACED, "--no-canary")], held):
        found = only(said, "TG405", APPLICATION, "likely")
        assert found.numbers == [N], flags
        assert "at an age of 3" in found.sentence
        assert outcome(said) == FAIL


def test_the_application_closes_those_of_a_burst_at_an_age(lab: MakeLab) -> None:
    """Newcomers come afterwards, and are welcome: it is no death. A busy machine blurs the age, and leaves a doubt."""

    def held(net: Lab, flags: Flags) -> Said:
        return run(net, "-s", 0, "--hold", "3500ms", *flags, serve=("--echo", "--close-after", "1500ms"))

    for flags, said in of_each(lab, [(), PROBE], held):
        found = only(said, "TG405", APPLICATION, said.findings[0].confidence)
        assert found.confidence in ("likely", "possible")
        assert found.numbers == [N], flags
        assert outcome(said) == FAIL


def test_reset_at_an_age(lab: MakeLab) -> None:
    def held(net: Lab, flags: Flags) -> Said:
        return run(net, "--hold", "8s", *flags, serve=("--reset-after", "5s"))

    for flags, said in of_each(lab, [PACED, (*PACED, "--no-canary")], held):
        found = only(said, "TG204", PATH, "likely")
        assert found.numbers == [N], flags
        assert "an idle timeout of 5" in found.sentence
        assert outcome(said) == FAIL


def test_closed_at_one_age_and_one_moment_and_nobody_came_afterwards(net: Lab) -> None:
    """It may have died: it is not known."""
    said = run(net, "-s", 0, "--hold", "3s", "--no-canary", serve=("--close-after", "1500ms"))
    assert only(said, "TG405", APPLICATION, "possible").numbers == [N]
    assert outcome(said) == FAIL


FORGETS = """
table inet f {{
    chain in {{ type filter hook input priority filter; ct state invalid {}; }}
    chain out {{ type filter hook output priority filter; ct state {} drop; }}
}}
"""


def forgetting(net: Lab, then: str) -> Lab:
    """Its connection tracking forgets who was idle for a second; what such ones send is answered like that."""
    net.server.nft(FORGETS.format(then, "invalid" if then == "drop" else "untracked"))
    net.server.sysctl("net.netfilter.nf_conntrack_tcp_loose", 0)
    net.server.sysctl("net.netfilter.nf_conntrack_tcp_timeout_established", 1)
    return net


EVERY_THREE = (*PROBE, "--probe-every", "3s", "--probe-timeout", "1s")
AT_END = (*PROBE, "--probe-at", "end", "--probe-timeout", "1s")
CONFIRMED = ("--confirm-every", "3s")


def test_the_path_forgets_who_is_idle_and_says_nothing(lab: MakeLab) -> None:
    def after_five_seconds(net: Lab, asked: Flags) -> Said:
        return run(forgetting(net, "drop"), "-s", 5, "--hold", "5s", *asked)

    for asked, said in of_each(lab, [(), PROBE, AT_END, EVERY_THREE, CONFIRMED], after_five_seconds):
        found = only(said, "TG204", PATH, "likely")
        assert found.numbers == [N], asked
        assert "an idle timeout on the path of less than 5s, in silence" in found.sentence
        assert outcome(said) == FAIL


def test_the_path_forgets_who_is_idle_and_resets(lab: MakeLab) -> None:
    """A host that was restarted would do the same."""

    def after_five_seconds(net: Lab, asked: Flags) -> Said:
        return run(forgetting(net, "reject with tcp reset"), "-s", 5, "--hold", "5s", *asked)

    for asked, said in of_each(lab, [(), PROBE, AT_END, CONFIRMED], after_five_seconds):
        assert N in first(said, "TG204", PATH, "possible").numbers, asked
        assert {found.confidence for found in said.findings} == {"possible"}
        assert outcome(said) == FAIL


# The path is cut.

EVERY_SECOND = (*PROBE, "--probe-every", "1s", "--probe-timeout", "1s")


def cut(net: Lab, flags: Flags) -> Said:
    server = net.serve("--echo")
    run = net.running("-c", N, "-s", 0, *flags, server.host, server.port)
    held_for(0.5, run)
    net.cut()
    return run.end()


def test_the_path_is_cut(lab: MakeLab) -> None:
    """Newcomers are left waiting as well."""
    for_hours = ("--hold", "1h", "--confirm-every", "1s", "--canary-every", "500ms")
    hold = ("--hold", "3s")
    for flags, said in of_each(lab, [hold, (*hold, *EVERY_SECOND), (*hold, *AT_END), for_hours], cut):
        found = first(said, "TG208", PATH, "likely")
        assert found.numbers == [N], flags
        assert found.sentence.endswith("fell silent")
        assert outcome(said) == FAIL


def test_the_path_is_cut_and_nobody_comes_afterwards(net: Lab) -> None:
    """It may have forgotten them, too."""
    said = cut(net, ("--hold", "2s", "--no-canary"))
    assert only(said, "TG208", PATH, "possible").numbers == [N]
    assert outcome(said) == FAIL


# Half-open: the server's kernel has forgotten some.


@pytest.fixture
def forgetful(net: Lab) -> Iterator[Forgetful]:
    with listen(net.server, 100) as listener:
        server = Forgetful(net, listener)
        yield server
        server.close()


def half_open(net: Lab, forgetful: Forgetful, *flags: object, answers: bool) -> Said:
    run = net.running("-c", N, "-s", 0, "--hold", "2s", *flags, net.server.ipv4, PORT)
    forgetful.accept(N)
    run.wait_until(established=N)
    forgetful.forget(10)
    if answers:
        net.server.open_firewall()
    return run.end()


def test_some_are_half_open_and_nobody_tells_why(net: Lab, forgetful: Forgetful) -> None:
    said = half_open(net, forgetful, "--no-canary", answers=False)
    assert (said.findings, outcome(said)) == ([], FAIL)


def test_some_are_half_open_and_newcomers_welcome(net: Lab, forgetful: Forgetful) -> None:
    """It is not the whole path that is gone: it has forgotten some."""
    said = half_open(net, forgetful, answers=False)
    assert only(said, "TG204", PATH, "likely").numbers == [10]
    assert outcome(said) == FAIL


# The target dies, or is restarted.


def killed(net: Lab, flags: Flags) -> Said:
    server = net.serve("--echo")
    run = net.running("-c", N, "--hold", "3s", *flags, server.host, server.port)
    held_for(0.5, run)
    os.kill(server.pid, signal.SIGKILL)
    return run.end()


def test_its_process_is_killed(lab: MakeLab) -> None:
    often = (*PROBE, "--probe-every", "500ms")
    for flags, said in of_each(lab, [("-s", 0), ("-s", 20), ("-s", 0, *often), ("-s", 20, *often)], killed):
        found = only(said, "TG407", APPLICATION, "likely")
        assert found.numbers == [N], flags
        assert found.sentence.endswith("and who came afterwards was refused")
        assert outcome(said) == FAIL


def test_its_process_is_killed_while_we_dial(net: Lab) -> None:
    """The death comes first, and what is refused later is its doing."""
    server = net.serve()
    run = net.running("-c", 200, "-s", 10, server.host, server.port)
    run.wait_until(established=100)
    os.kill(server.pid, signal.SIGKILL)
    said = run.end()
    found = only(said, "TG407", APPLICATION, "likely")
    assert found.numbers == about(said.final["closed"])
    assert found.sentence.endswith("and who came afterwards was refused")
    assert outcome(said) == FAIL


class Restarted:
    """A server that closes all that it holds, and goes on accepting."""

    def __init__(self, listener: socket.socket) -> None:
        listener.setblocking(True)
        self._listener = listener
        self._held: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def _accept(self) -> None:
        while True:
            try:
                self._held.append(self._listener.accept()[0])
            except OSError:
                return

    def restart(self, connections: int, reset: bool) -> None:
        until(lambda: len(self._held) >= connections)
        for held in self._held[:]:
            if reset:
                held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            held.close()

    def end(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes up who accepts
        self._accepting.join()
        for held in self._held:
            held.close()


@pytest.fixture
def restarted(net: Lab) -> Iterator[Restarted]:
    with listen(net.server, 200) as listener:
        server = Restarted(listener)
        yield server
        server.end()


@pytest.mark.parametrize(
    ("reset", "code", "side", "words"),
    [
        (False, "TG407", APPLICATION, "newcomers were welcome again, so it was restarted"),
        (True, "TG208", PATH, "were reset at once, after "),
    ],
    ids=["FIN", "RST"],
)
def test_it_is_restarted(net: Lab, restarted: Restarted, reset: bool, code: str, side: str, words: str) -> None:
    """They die at one moment, though not at one age; newcomers that come later are welcome."""
    flags = ("--hold", "3s", "--canary-every", "500ms")
    run = net.running("-c", 100, "-s", 20, *flags, net.server.ipv4, PORT)
    held_for(0.5, run, 100)
    restarted.restart(100, reset)
    said = run.end()
    found = only(said, code, side, "likely")
    assert found.numbers == [100]
    assert words in found.sentence
    assert outcome(said) == FAIL


# Nobody is behind what answers.

PROXY = """
defaults
    mode tcp
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    retries 0
listen proxy
    bind {}:{}
    server one 127.0.0.1:9
"""


@pytest.mark.parametrize("pace", [0, 5], ids=["burst", "paced"])
@pytest.mark.parametrize("probe", [(), PROBE], ids=["unasked", "asked"])
@pytest.mark.requires("haproxy")
def test_a_proxy_without_a_backend(
    net: Lab, tmp_path: Path, program: Callable[[str], str], pace: int, probe: tuple[str, ...]
) -> None:
    config = tmp_path / "haproxy.cfg"
    config.write_text(PROXY.format(net.server.ipv4, PORT))
    net.start(program("haproxy"), "-db", "-q", "-f", config, port=PORT)
    said = net.tcpgoon("-c", N, "-s", pace, *probe, net.server.ipv4, PORT)
    found = only(said, "TG206", PATH, "possible")
    assert found.numbers == [N]
    assert "accepted, then closed" in found.sentence
    assert outcome(said) == FAIL


# Service.


def test_fewer_workers_than_connections(lab: MakeLab) -> None:
    net = lab(delay="50ms")
    port = net.echo("--workers", 8)
    said = net.tcpgoon("-c", N, "-s", 2, *PROBE, "--probe-timeout", "1s", net.server.ipv4, port)
    assert only(said, "TG403", APPLICATION, "likely").numbers == [8, N, N - 8]
    assert outcome(said) == FAIL


def test_service_gets_slower_with_each_connection(net: Lab) -> None:
    """20 ms for each other that is held: two seconds beside 100."""
    port = net.echo("--slower", "0.02")
    said = net.tcpgoon("-c", 100, "-s", 5, *PROBE, "--hold", "4s", net.server.ipv4, port)
    found = only(said, "TG406", APPLICATION, "likely")
    assert found.numbers == [100]
    assert outcome(said) == PASS
