import pytest

from tcpgoon.judge.strain import Strain


def test_where_nothing_is_known_nothing_happened() -> None:
    assert set(Strain().__struct_fields__) == {
        *("lag_s", "ramp_lag_s", "lagged_since_s", "run_s", "cpu_s", "wall_s", "throttled_s", "softnet_dropped"),
        *("conntrack_dropped", "conntrack_clashed", "conntrack_in_use", "memory_refused", "tasks_refused"),
    }
    assert not any(getattr(Strain(), field) for field in Strain.__struct_fields__)


@pytest.mark.parametrize(("cpu_s", "wall_s", "share"), [(0.0, 0.0, 0.0), (0.5, 2.0, 0.25), (1.5, 1.0, 1.5)])
def test_the_share_of_a_core(cpu_s: float, wall_s: float, share: float) -> None:
    assert Strain(cpu_s=cpu_s, wall_s=wall_s).cpu_share == share
