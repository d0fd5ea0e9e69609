from typing import Any

import pytest

from tcpgoon.judge.strain import Strain, Worker


def test_where_nothing_is_known_nothing_happened() -> None:
    assert set(Strain().__struct_fields__) == {
        *("lag_s", "ramp_lag_s", "lagged_since_s", "run_s", "cpu_s", "wall_s", "throttled_s", "softnet_dropped"),
        *("conntrack_dropped", "conntrack_clashed", "conntrack_in_use", "memory_refused", "tasks_refused"),
        *("oom_kills", "cores", "waited_s", "workers"),
    }
    assert Strain().cores == 1  # there is no process without one
    assert not any(getattr(Strain(), field) for field in set(Strain.__struct_fields__) - {"cores"})


@pytest.mark.parametrize(("cpu_s", "wall_s", "share"), [(0.0, 0.0, 0.0), (0.5, 2.0, 0.25), (1.5, 1.0, 1.5)])
def test_the_share_of_a_core(cpu_s: float, wall_s: float, share: float) -> None:
    assert Strain(cpu_s=cpu_s, wall_s=wall_s).cpu_share == share


def worker(number: int, **knobs: Any) -> Worker:
    return Worker(number=number, pid=1_000 + number, connections=50, **knobs)


def test_the_worst_of_all_workers_is_that_of_the_client() -> None:
    workers = (
        worker(0, lag_s=0.5, ramp_lag_s=0.25, lagged_since_s=3.0, cpu_s=1.0),
        worker(1, lag_s=2.0, ramp_lag_s=0.125, lagged_since_s=9.0, cpu_s=2.0),
        worker(2, cpu_s=4.0, ended="SIGKILL", ended_s=7.0),
    )
    waiting = Strain(
        lag_s=99.0, ramp_lag_s=99.0, lagged_since_s=0.0, run_s=10.0, cpu_s=0.5, wall_s=8.0, throttled_s=1.0
    )

    assert waiting.shared(workers, cores=2, waited_s=5.0) == Strain(
        lag_s=2.0,
        ramp_lag_s=0.25,
        lagged_since_s=3.0,
        run_s=10.0,
        cpu_s=7.5,
        wall_s=8.0,
        cores=2,
        throttled_s=1.0,
        waited_s=5.0,
        workers=workers,
    )


def test_no_worker_lagged() -> None:
    assert Strain(cpu_s=0.5).shared([worker(0)], cores=4) == Strain(cpu_s=0.5, cores=4, workers=(worker(0),))


def test_nobody_is_left_to_lag() -> None:
    assert Strain(lag_s=1.0).shared([], cores=1) == Strain()


def test_who_died() -> None:
    workers = (worker(0), worker(1, ended="SIGKILL"), worker(2), worker(3, ended="exit status 70"))

    assert [one.died for one in workers] == [False, True, False, True]
    assert Strain(workers=workers).died == (workers[1], workers[3])
    assert Strain().died == ()


def test_the_share_of_a_core_that_one_worker_used() -> None:
    assert Strain(wall_s=4.0).share_of(worker(0, cpu_s=3.0)) == 0.75
    assert Strain().share_of(worker(0, cpu_s=3.0)) == 0.0


def test_who_lagged_the_longest() -> None:
    workers = (worker(0, lag_s=0.5), worker(1, lag_s=2.0), worker(2, lag_s=2.0))

    assert Strain(workers=workers).slowest == workers[1]
    assert Strain(lag_s=9.0).slowest is None
