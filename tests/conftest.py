"""What all tests share: what a test may require of the machine, and how examples are drawn."""

import os
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

from tcpgoon.engine.machine.addresses import has_port_windows
from tests.groups import can_make_group
from tests.netlab.lab import NEEDS, Lab
from tests.registries import building

IN_CI = os.environ.get("CI") == "true"

# In CI the same examples each time: a change is judged, not the luck of the draw. A loaded machine is no failure.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if IN_CI else "here")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "requires(*needs): 'root', '18000 descriptors', 'port windows', 'memory group', 'pids group', 'cpu group', the "
        "path of a device, the name of a program, 'ensurepip', or 'registry consul', which `make registries` builds; "
        "without it the test is skipped, and fails where CI=true. Only control groups may be missing there, too: many "
        "containers have none of their own",
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    needs = [need for mark in item.iter_markers("requires") for need in mark.args]
    if "lab" in getattr(item, "fixturenames", ()):
        needs += NEEDS
    if lacking := [need for need in needs if not is_here(need)]:
        refuse = pytest.fail if IN_CI and not all(need.endswith(" group") for need in lacking) else pytest.skip
        refuse(f"requires {', '.join(lacking)}")


def is_here(need: str) -> bool:
    if need == "root":
        return os.geteuid() == 0
    if need.endswith(" descriptors"):
        return resource.getrlimit(resource.RLIMIT_NOFILE)[1] >= int(need.split()[0])
    if need == "port windows":
        return has_port_windows()
    if need.endswith(" group"):
        return can_make_group(need.split()[0])
    if need.startswith("registry "):
        return building.built(need.split()[1]) is not None
    if need == "ensurepip":
        return find_spec(need) is not None
    if need.startswith("/dev/"):
        return can_be_opened(need)
    return find_program(need) is not None


def can_be_opened(device: str) -> bool:
    """The file of a device may be there without the device."""
    try:
        os.close(os.open(device, os.O_RDWR))
    except OSError:
        return False
    return True


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    """What the command does to the process that it ends with is not to stay in that of the tests, nor be inherited."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def lab() -> Iterator[Callable[..., Lab]]:
    """Makes networks, with the words of `Lab`; all that is in them ends with the test."""
    with ExitStack() as labs:
        yield lambda *args, **kwargs: labs.enter_context(Lab(*args, **kwargs))


@pytest.fixture
def program() -> Callable[[str], str]:
    """The path of a program that the test requires."""

    def find(name: str) -> str:
        path = find_program(name)
        assert path, f"there is no {name}"
        return path

    return find


def find_program(name: str) -> str | None:
    """The path of ``name``. Daemons are not on the path of an ordinary user; PostgreSQL's and podman's on nobody's."""
    nobodys = ["/usr/lib/podman", *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    return shutil.which(name, path=os.pathsep.join([*os.get_exec_path(), "/usr/sbin", "/sbin", *nobodys]))
