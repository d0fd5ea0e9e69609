"""A path that forgets who is idle, seen by a soak: with keepalives on the way, without, and where nobody asks."""

from pathlib import Path

import pytest

from tests.installed import Said

from .conftest import MakeLab
from .finding import FAIL, PASS, outcome
from .lab import Lab
from .test_findings_while_held import FORGETS

N = 30
TIMEOUT_S = 3
SOAK = ("soak",)


@pytest.fixture
def net(lab: MakeLab) -> Lab:
    """Connection tracking at the server's end forgets who was idle for so long; what such ones send is dropped."""
    net = lab(delay="10ms")
    net.server.nft(FORGETS.format("drop", "invalid"))
    net.server.sysctl("net.netfilter.nf_conntrack_tcp_loose", 0)
    net.server.sysctl("net.netfilter.nf_conntrack_tcp_timeout_established", TIMEOUT_S)
    return net


def soak(net: Lab, folder: Path, *words: object) -> Said:
    server = net.serve("--echo")
    return net.tcpgoon("-c", N, "-s", 5, *words, server.host, server.port, command=SOAK, cwd=folder)


def test_without_a_word_nobody_knows_when(net: Lab, tmp_path: Path) -> None:
    said = soak(net, tmp_path, "--for", "8s")
    unseen = said.line("Ages unknown: ")
    assert unseen.startswith(
        f"{N} of {N} were gone without a word when they were asked: each died at an age between 0s "
    )
    assert said.line("Who ended the others: ") == f"gone, or never there, when they were asked × {N}"
    assert said.line("Next: ").startswith("try --keepalive ")
    assert said.codes == ["TG204"]
    assert outcome(said) == FAIL


def test_who_had_been_served_was_there_until_then(net: Lab, tmp_path: Path) -> None:
    said = soak(net, tmp_path, "--for", "8s", "--probe", "echo")
    assert said.line("Who ended the others: ") == f"silence × {N}"
    assert said.line("Ages unknown: ").startswith(f"{N} of {N} were gone without a word when they were asked: ")
    assert outcome(said) == FAIL


def test_with_keepalives_all_live_on(net: Lab, tmp_path: Path) -> None:
    said = soak(net, tmp_path, "--for", "8s", "--keepalive", "1s")
    assert said.line("Neither cliff nor slope: ").startswith(f"all {N} connections lived on")
    assert said.line("Next: ").startswith("with --keepalive 1s all lived on: where they die without it, the path ")
    assert outcome(said) == PASS


def test_with_too_few_keepalives_they_do_not(net: Lab, tmp_path: Path) -> None:
    """The first of them finds the path gone, and the kernel goes on for nine more before it says so."""
    said = soak(net, tmp_path, "--for", "8s", "--keepalive", "5s")
    assert said.line("Survival: ").startswith(f"0 of {N} lived on")
    assert outcome(said) == FAIL
