import errno

import pytest

from tcpgoon.judge import client_limits, client_speed, client_workers
from tcpgoon.judge.client import RULES
from tcpgoon.judge.strain import Strain
from tcpgoon.record.connection import State
from tcpgoon.record.outcome import Phase, Side

from .fates import ORPHANS, Fate, facts_of


def test_the_rules_and_their_order() -> None:
    ours = (client_workers.died, *client_limits.RULES, *client_speed.RULES, client_limits.other_errors)
    assert ours == RULES


@pytest.mark.parametrize("fate", ORPHANS)
def test_what_a_process_of_ours_took_with_it_has_exactly_one_finding_as_well(fate: Fate) -> None:
    seen = facts_of([fate])

    assert [finding.code for rule in RULES for finding in rule(seen)] == ["TG107"]
    assert seen.endings(Side.CLIENT) == []


@pytest.mark.parametrize("memory_refused", [0, 3])
@pytest.mark.parametrize("phase", [Phase.SOCKET, Phase.BIND, Phase.CONNECT, Phase.HANDSHAKE], ids=lambda one: one.name)
def test_each_ending_on_our_side_has_exactly_one_finding(phase: Phase, memory_refused: int) -> None:
    for error, name in errno.errorcode.items():
        seen = facts_of([Fate(State.FAILED, error, phase)], strain=Strain(memory_refused=memory_refused))
        found = [finding.evidence["errors"] for rule in RULES for finding in rule(seen)]

        assert found == [[f"{name} × 1"]] * len(seen.endings(Side.CLIENT))
