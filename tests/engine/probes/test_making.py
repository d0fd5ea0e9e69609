import subprocess
import sys

import pytest

from tcpgoon.engine.probes import ExchangeProbe, questions
from tcpgoon.engine.probes.tls import TlsProbe
from tcpgoon.errors import PlanError
from tcpgoon.plan.probe import Exchange
from tcpgoon.plan.tls import TlsOptions

PING = Exchange(name="ping", send="PING")
TLS = TlsOptions(verify=False)


def test_nothing_is_asked() -> None:
    assert questions(None, None) is None


def test_an_exchange() -> None:
    asked = questions(PING, None)
    assert asked

    probe = asked.new()
    assert isinstance(probe, ExchangeProbe)
    assert probe.start() == b"PING"
    assert asked.new() is not probe


@pytest.mark.parametrize("exchange", [None, PING])
def test_a_handshake_with_or_without_an_exchange_in_it(exchange: Exchange | None) -> None:
    asked = questions(exchange, TLS)
    assert asked

    probe = asked.new()
    assert isinstance(probe, TlsProbe)
    assert probe.start()[:1] == b"\x16"
    assert asked.new() is not probe


def test_what_cannot_be_read_is_said_before_anything_is_dialled() -> None:
    with pytest.raises(PlanError, match=r"^nowhere: there is no certificate to trust in it: "):
        questions(None, TlsOptions(server_name="x", ca="nowhere"))


def test_who_speaks_no_tls_does_not_load_its_library() -> None:
    code = "import sys, tcpgoon.engine.probes; sys.exit('ssl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
