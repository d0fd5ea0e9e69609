"""The pytest plugin, in sessions of pytest's own: what a test's author reads, and what CI is told.

Each session has a process of its own: in this one, modules that the session imports would be there twice.
"""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tcpgoon.report.failure import NOBODYS, OURS
from tcpgoon.server import Server, ServerConfig

pytest_plugins = "pytester"

QUICK = 'sleep="0s", hold="0s", assurance="handshake"'
"""So a run takes milliseconds. What it cannot see is who closed it before we looked."""


@pytest.fixture(autouse=True)
def strict(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider --strict-markers\nfilterwarnings = error\n")


def of_test(result: pytest.RunResult, name: str) -> list[str]:
    """What pytest says about why the test failed: its line, and the lines of the error."""
    lines = result.outlines
    begin = next(number for number, line in enumerate(lines) if line.strip("_ ") == name and line.startswith("___"))
    said = []
    for line in lines[begin + 1 :]:
        if line.startswith(("___", "===", "---")):
            break
        if line.startswith((">", "E")):
            said.append(line)
    return said


def test_one_that_holds(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(f"""
        def test_it(tcpgoon, tcp_server):
            result = tcpgoon.assert_holds(tcp_server.address, 20, p99="5s", {QUICK})
            assert (result.verdict, result.peak, str(result.plan.target)) == ("PASS", 20, tcp_server.address)
            assert tcp_server.address == f"{{tcp_server.host}}:{{tcp_server.port}}"
            assert [str(one) for one in result.plan.requirements] == ["p99 establishment < 5s"]
    """)
    result = pytester.runpytest_subprocess("-rA")
    result.assert_outcomes(passed=1)
    assert "Captured tcpgoon call" in headings(result)
    assert "PASS: 20 of 20 connections were established and held for 0s" in result.outlines


def test_one_that_does_not_says_why(pytester: pytest.Pytester) -> None:
    """The line of the test, the verdict, the finding and the remedy: no numbers, none of our own code."""
    pytester.makepyfile("""
        def test_it(tcpgoon, tcp_server):
            small = tcp_server(max_connections=13)
            tcpgoon.assert_holds(small.address, 20, sleep="0s", hold="100ms")
    """)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    assert of_test(result, "test_it") == [
        '>       tcpgoon.assert_holds(small.address, 20, sleep="0s", hold="100ms")',
        "E       Failed: FAIL: only 13 of 20 connections were established, acknowledged and held to the end: "
        "7 closed (FIN) by the peer",
        "E       TG402 (target application, likely): the application's own limit: it closes the newest above "
        "13 connections (7 of 20)",
        "E             what to do: raise the limit of connections of the application, and its descriptors with it",
        "E             more: tcpgoon explain TG402",
    ]
    assert not [line for line in result.outlines if "pytest_fixtures.py" in line]
    assert "Captured tcpgoon call" in headings(result)


def headings(result: pytest.RunResult) -> list[str]:
    return [line.strip("- ") for line in result.outlines if line.startswith("---")]


UNANSWERED = f"""
    def test_registry(tcpgoon):
        tcpgoon.assert_holds("eureka://127.0.0.1:1/X", 20)

    def test_machine(tcpgoon, tcp_server):
        tcpgoon.assert_holds(tcp_server.address, 100_000_000, {QUICK})
"""


def test_a_question_that_is_open_is_no_pass(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(UNANSWERED)
    result = pytester.runpytest_subprocess("-p", "no:randomly")
    result.assert_outcomes(failed=2)
    assert of_test(result, "test_registry") == [
        '>       tcpgoon.assert_holds("eureka://127.0.0.1:1/X", 20)',
        "E       Failed: INCONCLUSIVE: http://127.0.0.1:1 cannot be asked: Connection refused",
        f"E       {NOBODYS}",
    ]
    machine = of_test(result, "test_machine")
    assert machine[1].startswith("E       Failed: INCONCLUSIVE: a limit of this client, not of the target: ")
    assert machine[-1] == f"E       {OURS}"


def test_it_may_be_a_skip(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(UNANSWERED)
    result = pytester.runpytest_subprocess("-o", "tcpgoon_inconclusive=skip", "-rs")
    result.assert_outcomes(skipped=2)
    (skipped,) = (line for line in result.outlines if "eureka" in line or "127.0.0.1:1 " in line)
    assert skipped == (
        "SKIPPED [1] test_it_may_be_a_skip.py:2: INCONCLUSIVE: http://127.0.0.1:1 cannot be asked: Connection refused"
    )


def test_there_is_no_third_way(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("-o", "tcpgoon_inconclusive=pass")
    assert result.errlines == ["ERROR: tcpgoon_inconclusive is 'pass': it is fail or skip", ""]
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_a_question_that_is_none_is_an_error_in_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        def test_option(tcpgoon):
            tcpgoon.assert_holds("127.0.0.1:1", 20, hodl="5s")

        def test_bound(tcpgoon):
            tcpgoon.assert_holds("127.0.0.1:1", 20, p99=0.05)

        def test_run(tcpgoon):
            tcpgoon.run("127.0.0.1")

        def test_run_each(tcpgoon):
            tcpgoon.run_each("127.0.0.1:80")

        def test_unanswerable(tcpgoon):
            tcpgoon.run("eureka://127.0.0.1:1/X")

        def test_knob(tcp_server):
            tcp_server(workers=0)

        def test_port(tcp_server):
            tcp_server(port=tcp_server.port)
    """)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=7)
    said = {name: of_test(result, f"test_{name}") for name in ("option", "bound", "run", "run_each", "unanswerable")}
    assert said == {
        "option": [
            '>       tcpgoon.assert_holds("127.0.0.1:1", 20, hodl="5s")',
            "E       tcpgoon.errors.PlanError: there is no option hodl; did you mean hold?",
        ],
        "bound": [
            '>       tcpgoon.assert_holds("127.0.0.1:1", 20, p99=0.05)',
            "E       tcpgoon.errors.PlanError: p99: 0.05 is no limit: write it like p99='50ms'",
        ],
        "run": [
            '>       tcpgoon.run("127.0.0.1")',
            "E       tcpgoon.errors.PlanError: '127.0.0.1' has no port; write host:port, [v6]:port or tcp://host:port",
        ],
        "run_each": [
            '>       tcpgoon.run_each("127.0.0.1:80")',
            "E       tcpgoon.errors.PlanError: --each chooses among instances, and 127.0.0.1:80 is one address: give a "
            "name, or a registry",
        ],
        "unanswerable": [
            '>       tcpgoon.run("eureka://127.0.0.1:1/X")',
            "E       tcpgoon.errors.DiscoveryError: http://127.0.0.1:1 cannot be asked: Connection refused",
        ],
    }
    assert of_test(result, "test_knob") == [
        ">       tcp_server(workers=0)",
        "E       tcpgoon.errors.PlanError: a knob of the server: workers is 0: it is between 1 and 1024",
    ]
    assert of_test(result, "test_port")[0] == ">       tcp_server(port=tcp_server.port)"
    assert of_test(result, "test_port")[1].startswith("E       tcpgoon.errors.ListenError: cannot listen on 127.0.0.1:")


@pytest.mark.parametrize("how", ["", "-n2"])
def test_the_figures_are_in_the_junit_file(how: str, pytester: pytest.Pytester) -> None:
    """Also where other processes run the tests."""
    pytester.makepyfile(f"""
        def test_twice(tcpgoon, tcp_server):
            tcpgoon.assert_holds(tcp_server.address, 20, {QUICK})
            assert not tcpgoon.run(tcp_server.address, connections=5, require="max establishment < 1ns", {QUICK}).passed

        def test_unanswerable(tcpgoon):
            tcpgoon.assert_holds("eureka://127.0.0.1:1/X", 20)
    """)
    result = pytester.runpytest_subprocess("--junitxml=junit.xml", *how.split())
    result.assert_outcomes(passed=1, failed=1)
    twice, unanswerable = map(properties, ("test_twice", "test_unanswerable"))
    assert list(twice) == [
        f"{prefix}.{name}"
        for prefix in ("tcpgoon", "tcpgoon.2")
        for name in (
            "verdict", "reason", "target", "connections", "established", "peak", "lost",
            "p50_s", "p90_s", "p99_s", "max_s",
        )
    ]  # fmt: skip
    assert (twice["tcpgoon.verdict"], twice["tcpgoon.peak"], twice["tcpgoon.connections"]) == ("PASS", "20", "20")
    assert (twice["tcpgoon.2.verdict"], twice["tcpgoon.2.peak"]) == ("FAIL", "5")
    assert 0 < float(twice["tcpgoon.p50_s"]) <= float(twice["tcpgoon.p99_s"]) < 60
    assert unanswerable == {
        "tcpgoon.verdict": "INCONCLUSIVE",
        "tcpgoon.reason": "http://127.0.0.1:1 cannot be asked: Connection refused",
    }


def properties(test: str) -> dict[str, str]:
    """Those of the test, in the JUnit file of this folder."""
    case = ET.parse("junit.xml").find(f".//testcase[@name='{test}']")
    assert case is not None
    return {one.attrib["name"]: one.attrib["value"] for one in case.iter("property")}


def test_each_instance_of_what_is_looked_up(pytester: pytest.Pytester) -> None:
    with Server(ServerConfig()) as large, Server(ServerConfig(max_connections=13)) as small:
        found = [{"id": str(one.port), "host": "127.0.0.1", "port": one.port} for one in (large, small)]
        Path("targets").write_text(json.dumps(found))
        pytester.makepyfile(f"""
            TARGET = "file://targets"

            def test_each(tcpgoon):
                tcpgoon.assert_holds(TARGET, 20, each=True, sleep="0s", hold="100ms")

            def test_one(tcpgoon):
                assert tcpgoon.assert_holds(TARGET, 20, pick="{large.port}", {QUICK}).origin.service

            def test_run(tcpgoon):
                each = tcpgoon.run_each(TARGET, connections=5, {QUICK})
                assert [one.instance.port for one in each.results] == [{large.port}, {small.port}]
                assert each.passed
        """)
        result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=2, failed=1)
    assert of_test(result, "test_each")[1:3] == [
        "E       Failed: FAIL: of 2 instances 1 failed, 1 passed",
        f"E       {small.port}: FAIL: only 13 of 20 connections were established, acknowledged and held to the end: "
        "7 closed (FIN) by the peer",
    ]


def test_where_the_event_loop_serves_the_target(pytester: pytest.Pytester) -> None:
    """To block it would be to wait for ourselves."""
    pytester.makepyfile("""
        import asyncio
        import pytest

        async def serve(reader, writer):
            writer.write(b"220 hello\\r\\n")
            await reader.read()
            writer.close()

        async def hold(tcpgoon, number, **held):
            async with await asyncio.start_server(serve, "127.0.0.1", 0, backlog=100) as server:
                host, port = server.sockets[0].getsockname()
                return await tcpgoon.assert_holds_async(
                    f"{host}:{port}", number, sleep="0s", hold="0s", probe="ftp", **held
                )

        def test_pass(tcpgoon):
            assert asyncio.run(hold(tcpgoon, 20)).established == 20

        def test_fail(tcpgoon):
            asyncio.run(hold(tcpgoon, 20, p50="0s"))

        def test_usage(tcpgoon):
            asyncio.run(hold(tcpgoon, "some"))
    """)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1, failed=2)
    held, awaited, error = of_test(result, "test_fail")
    assert held == '>       asyncio.run(hold(tcpgoon, 20, p50="0s"))'
    assert awaited == ">           return await tcpgoon.assert_holds_async("
    begin, _, end = error.partition("but p50 establishment is ")
    assert begin == "E           Failed: FAIL: 20 of 20 connections were established, served and held, "
    assert end.endswith(", required: < 0s")
    assert of_test(result, "test_usage")[-1] == (
        "E           tcpgoon.errors.PlanError: connections: 'some' is not a number of connections: "
        "write it like 100, 10k or 1.5m"
    )


def test_servers_end_with_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import psutil

        ENDED = []

        def test_that_fails(tcp_server):
            ENDED.extend([tcp_server(), tcp_server(echo=True, banner=b"hello")])
            assert all(psutil.pid_exists(server.pid) for server in ENDED)
            assert tcp_server.port
            raise AssertionError("on purpose")

        def test_after(tcp_server):
            assert len({server.port for server in (*ENDED, tcp_server)}) == 3
            assert not any(psutil.pid_exists(server.pid) for server in ENDED)
    """)
    result = pytester.runpytest_subprocess("-p", "no:randomly")
    result.assert_outcomes(passed=1, failed=1)
    assert of_test(result, "test_that_fails")[-1] == "E       AssertionError: on purpose"


def test_an_old_pytest_is_told_so(pytester: pytest.Pytester) -> None:
    """Where the fixtures are used: elsewhere it is none of our business."""
    pytester.makepyfile("""
        import pytest

        @pytest.fixture
        def older(monkeypatch):
            monkeypatch.setattr(pytest, "version_tuple", (7, 3, 2))
            monkeypatch.setattr(pytest, "__version__", "7.3.2")

        def test_without(older):
            pass

        def test_with(older, tcpgoon):
            pass
    """)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1, errors=1)
    assert "tcpgoon needs pytest 7.4 or newer, and this is 7.3.2" in result.outlines


def test_a_session_without_it_imports_nothing_of_ours(pytester: pytest.Pytester) -> None:
    """Not numpy, and no module of which somebody measures the coverage."""
    pytester.makepyfile("""
        import sys

        def test_it():
            ours = {name for name in sys.modules if name.startswith("tcpgoon")}
            assert ours == {"tcpgoon", "tcpgoon.pytest_plugin"}
            assert not {"numpy", "msgspec", "click", "rich"} & set(sys.modules)
    """)
    pytester.runpytest_subprocess("-p", "no:hypothesispytest", "-p", "no:cov", "-p", "no:xdist").assert_outcomes(
        passed=1
    )


def test_a_capacity_that_is_enough(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import asyncio

        def test_it(tcpgoon, tcp_server):
            small = tcp_server(max_connections=13)
            found = tcpgoon.assert_capacity_at_least(small.address, 13, confirm_hold="100ms", p99="5s")
            assert (found.carries, found.search.most) == (13, 13)
            found = tcpgoon.assert_capacity_at_least(small.address, "5", most=50, confirm_hold="100ms")
            assert (found.carries, found.answer.bad) == (13, 14)

        def test_async(tcpgoon, tcp_server):
            ask = tcpgoon.assert_capacity_at_least_async(tcp_server.address, 20, confirm_hold="100ms")
            assert asyncio.run(ask).carries == 20
    """)
    result = pytester.runpytest_subprocess("-rA", "--junitxml=junit.xml")
    result.assert_outcomes(passed=2)
    properties = {one.get("name"): one.get("value") for one in ET.parse("junit.xml").getroot().iter("property")}
    assert properties["tcpgoon.carries"] in ("13", "20")
    assert properties["tcpgoon.2.carries"] == "13"


def test_a_capacity_that_is_too_small_says_why(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        def test_it(tcpgoon, tcp_server):
            small = tcp_server(max_connections=13)
            tcpgoon.assert_capacity_at_least(small.address, 20, confirm_hold="100ms")
    """)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    said = of_test(result, "test_it")
    assert said[0].lstrip("> ").startswith("tcpgoon.assert_capacity_at_least(")
    assert "FAIL: carries 13 connections (13 good, 14 bad)" in said[1]
    assert "at least 20 are required" in said[1]
    assert "TG402" in said[2]


@pytest.mark.parametrize("words", ["20, hold='1s'", "20, lost=0", "20, most=10", "'many'"])
def test_a_capacity_that_cannot_be_asked_for_is_an_error(pytester: pytest.Pytester, words: str) -> None:
    pytester.makepyfile(f"""
        def test_it(tcpgoon):
            tcpgoon.assert_capacity_at_least("127.0.0.1:1", {words})
    """)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    assert any("tcpgoon.errors." in line for line in result.outlines)
