import errno

import pytest

from tcpgoon.judge import client_limits, client_speed
from tcpgoon.judge.client import RULES
from tcpgoon.judge.strain import Strain
from tcpgoon.record.connection import State
from tcpgoon.record.outcome import Phase, Side

from .fates import Fate, facts_of


def test_the_rules_and_their_order() -> None:
    assert (*client_limits.RULES, *client_speed.RULES, client_limits.other_errors) == RULES


@pytest.mark.parametrize("memory_refused", [0, 3])
@pytest.mark.parametrize("phase", [Phase.SOCKET, Phase.BIND, Phase.CONNECT, Phase.HANDSHAKE], ids=lambda one: one.name)
def test_each_ending_on_our_side_has_exactly_one_finding(phase: Phase, memory_refused: int) -> None:
    for error, name in errno.errorcode.items():
        seen = facts_of([Fate(State.FAILED, error, phase)], strain=Strain(memory_refused=memory_refused))
        found = [finding.evidence["errors"] for rule in RULES for finding in rule(seen)]

        assert found == [[f"{name} × 1"]] * len(seen.endings(Side.CLIENT))
