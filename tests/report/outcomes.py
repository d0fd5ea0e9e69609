"""Outcomes of real runs against the bundled server: one of each kind, small and quick."""

from pathlib import Path

from tcpgoon import api
from tcpgoon.judge.verdict import Verdict
from tcpgoon.options.named import Options
from tcpgoon.result import Part
from tcpgoon.results import Outcome, SuiteResult
from tcpgoon.server import ServerConfig, ServerProcess

HOSTILE = (
    b"<script>alert(1)</script>\x1b[2J&amp;`|* @everyone ::error::x ]]>\r\n"
    b"::set-output name=x::y\r\n\x00\xff</td>{% x %}"
)
"""What a peer could say to whoever shows it."""

SECRET = "hunter2-of-the-file"


def real_outcomes(folder: Path) -> dict[str, Outcome]:
    """By what they are; ``folder`` is for files."""
    with ServerProcess(ServerConfig(echo=True)) as good, ServerProcess(ServerConfig(max_connections=2)) as small:
        (folder / "instances").write_text(f"{good.host}:{good.port}\n{small.host}:{small.port}\n")
        (folder / "secret").write_text(SECRET)
        quick: Options = {"connections": 4, "sleep": "0ms", "hold": "0s", "canary": True, "canary_every": "100ms"}
        echo: Options = {**quick, "probe": "echo", "require": ["p99 establishment < 30s", "established >= 75%"]}
        secret: Options = {**quick, "send": f"@{folder}/secret", "expect": f"@{folder}/secret"}
        strict: Options = {**quick, "require": "newcomer < 1ms"}
        outcomes: dict[str, Outcome] = {
            "pass": api.run(f"{good.host}:{good.port}", **echo),
            "secret": api.run(f"{good.host}:{good.port}", **secret),
            "fail": api.run(f"{small.host}:{small.port}", **strict),
            "each": api.run_each(f"file://{folder}/instances", **quick),
        }
    outcomes["hostile"] = _hostile()
    outcomes["refused"] = api.run(f"{good.host}:{good.port}", **quick)  # nobody listens there any more
    checks = [
        Part(name=name, verdict=one.verdict, reason=one.reason, result=one.parts[0].result)
        for name, one in outcomes.items()
    ]
    checks.append(
        Part(name="=not <asked>", verdict=Verdict.INTERRUPTED, reason="not asked: the run was stopped before")
    )
    outcomes["suite"] = SuiteResult(
        suite="checks & balances.toml", checks=tuple(checks), begun_at="2026-01-02T03:04:05Z", duration_s=12.5
    )
    return outcomes


def _hostile() -> Outcome:
    """INCONCLUSIVE, since nobody ever said what was expected."""
    with ServerProcess(ServerConfig(banner=HOSTILE)) as server:
        return api.run(
            f"{server.host}:{server.port}",
            connections=3,
            sleep="0ms",
            hold="0s",
            expect="never said",
            probe_timeout="300ms",
        )
