"""Debian's nginx, at its limits and below them."""

import pytest

from .conftest import Nginx, Tcpgoon, ages_s

pytestmark = pytest.mark.requires("nginx")


def test_it_carries_what_it_was_told_to(tcpgoon: Tcpgoon, nginx: Nginx) -> None:
    said = tcpgoon("-c", 500, "-s", 0, "127.0.0.1", nginx(1024))
    assert said.final == {"total": 500, "established": 500}
    assert said.exit_status == 0


def test_above_its_worker_connections(tcpgoon: Tcpgoon, nginx: Nginx) -> None:
    """It needs a few of them for itself: the listening socket and what its processes talk over."""
    said = tcpgoon("-c", 120, "-s", 1, "127.0.0.1", nginx(64))
    held = said.final["established"]
    assert 55 <= held <= 63
    assert said.final == {"total": 120, "established": held, "closed": 120 - held}
    assert "by the peer" in said.line(f"Lost while held: {120 - held} ")
    assert (said.verdict, said.exit_status) == ("FAIL", 2)


def test_it_closes_who_asks_for_nothing(tcpgoon: Tcpgoon, nginx: Nginx) -> None:
    said = tcpgoon("-c", 50, "-s", 0, "--hold", "20s", "127.0.0.1", nginx(1024, timeout="1s"))
    assert said.final == {"total": 50, "closed": 50}
    lost = said.line("Lost while held: 50 ")
    assert lost.startswith("(FIN by the peer × 50, ")
    first, last = ages_s(lost)
    assert 0.9 <= first <= last  # its clock is up to a few ms behind
    assert said.exit_status == 2
