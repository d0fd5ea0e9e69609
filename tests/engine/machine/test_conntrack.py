"""Whether our connections are tracked: files that say what we choose, and network namespaces that really track."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tcpgoon.engine.machine.cgroup import Room
from tcpgoon.engine.machine.conntrack import flows

LIMIT_S = 60


def table(proc: Path, limit: object, in_use: object) -> Path:
    folder = proc / "sys/net/netfilter"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nf_conntrack_max").write_text(f"{limit}\n")
    (folder / "nf_conntrack_count").write_text(f"{in_use}\n")
    return proc


def test_no_table(tmp_path: Path) -> None:
    assert flows("127.0.0.1", True, tmp_path) is None


@pytest.mark.parametrize("limit", ["", "0"])
def test_a_table_without_a_limit(tmp_path: Path, limit: str) -> None:
    assert flows("127.0.0.1", False, table(tmp_path, limit, 7)) is None


def test_a_table_that_none_of_our_flows_gets_into(tmp_path: Path) -> None:
    """The files are no kernel's: nothing that we send changes them."""
    assert flows("127.0.0.1", True, table(tmp_path, 1_000, 0)) is None
    assert flows("127.0.0.1", False, table(tmp_path, 1_000, 0)) is None


def test_a_table_that_is_in_use_is_taken_to_see_what_leaves_this_machine(tmp_path: Path) -> None:
    assert flows("127.0.0.1", False, table(tmp_path, 1_000, 7)) == Room(1_000, 7)
    assert flows("127.0.0.1", True, table(tmp_path, 1_000, 7)) is None


def test_an_address_that_is_not_ours_tells_nothing(tmp_path: Path) -> None:
    assert flows("192.0.2.1", True, table(tmp_path, 1_000, 1_000)) is None


PROGRAM = """
import json, sys
from tcpgoon.engine.machine.conntrack import flows
found = {f"{address} {local}": flows(address, local) for address in ("127.0.0.1", "::1") for local in (True, False)}
print(json.dumps({asked: room and [room.limit > 1_000, room.in_use > 0] for asked, room in found.items()}))
"""
TRACKED, NOT_TRACKED = [True, True], None


def in_a_namespace(rules: str) -> dict[str, object]:
    """What is found in a network namespace of its own that has the ``rules`` of nft."""
    script = 'ip link set lo up && nft -f - && exec "$@" </dev/null'
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", script, "sh", sys.executable, "-c", PROGRAM],
        input=rules,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


TABLE = "table inet t {{ chain c {{ type filter hook output priority {priority}; {rule}; }}; }}\n"
TRACKING = TABLE.format(priority=0, rule="ct state new accept")


@pytest.mark.requires("root", "unshare", "ip", "nft")
def test_a_namespace_in_which_nothing_is_tracked() -> None:
    assert in_a_namespace("") == {
        "127.0.0.1 True": NOT_TRACKED,
        "127.0.0.1 False": NOT_TRACKED,
        "::1 True": NOT_TRACKED,
        "::1 False": NOT_TRACKED,
    }


@pytest.mark.requires("root", "unshare", "ip", "nft")
def test_a_namespace_in_which_all_is_tracked() -> None:
    assert in_a_namespace(TRACKING) == {
        "127.0.0.1 True": TRACKED,
        "127.0.0.1 False": TRACKED,
        "::1 True": TRACKED,
        "::1 False": TRACKED,
    }


@pytest.mark.requires("root", "unshare", "ip", "nft")
def test_a_namespace_in_which_loopback_is_exempt() -> None:
    exempt = "table inet raw { chain c { type filter hook output priority -300; oif lo notrack; }; }\n"
    assert in_a_namespace(exempt + TRACKING) == {
        "127.0.0.1 True": NOT_TRACKED,
        "127.0.0.1 False": NOT_TRACKED,
        "::1 True": NOT_TRACKED,
        "::1 False": NOT_TRACKED,
    }
