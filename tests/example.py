"""A result, for the tests of what is made of results."""

import errno
from typing import Any

from tcpgoon.judge.diagnose import diagnose
from tcpgoon.judge.facts import Facts
from tcpgoon.judge.limits import ClientLimits
from tcpgoon.judge.proofs import proofs
from tcpgoon.judge.verdict import checked, judge
from tcpgoon.plan.endpoint import Endpoint, Target
from tcpgoon.plan.plan import Plan
from tcpgoon.record.heard import Agreed, Saying
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.metrics import measure
from tcpgoon.record.outcome import FIN, Phase
from tcpgoon.record.table import Table
from tcpgoon.record.tls_facts import TlsFacts
from tcpgoon.record.unserved import Unserved
from tcpgoon.result import Environment, Part, Result
from tcpgoon.results import SuiteResult


def example() -> Result:
    """One of three that failed, one that was lost, one that was refused; and a newcomer."""
    plan = Plan(target=Target("localhost", 80), connections=3)
    limits = ClientLimits(descriptors_soft=9, descriptors_hard=9, descriptors_in_use=1, ports=None)
    table = Table(3)
    for row in range(3):
        table.dial(row, row * 0.25)
    table.fail(0, 0.25, errno.EMFILE, Phase.SOCKET)
    table.establish(1, 0.5, 100, 0)
    table.lose(1, 1.5, FIN)
    table.establish(2, 0.75, 100, 0)
    table.refuse(2, Unserved.REFUSED)
    table.acknowledge(2)
    table.close(2, 2.0)
    newcomer = Knock(at_s=0.0, held=0, fared=Fared.WELCOME, time_s=0.5, gone_s=0.75)
    facts = Facts(plan=plan, limits=limits, metrics=measure(table, plan.level, (newcomer,)), newcomers=(newcomer,))
    findings = diagnose(facts)
    judgement = judge(facts, findings)
    return Result(
        plan=plan,
        endpoint=Endpoint("127.0.0.1", 80),
        endpoints=(Endpoint("127.0.0.1", 80), Endpoint("::1", 80)),
        environment=Environment(
            tcpgoon="0.1.0",
            python="3.11.0",
            system="Linux 6.1",
            cpus=2,
            begun_at="2024-01-02T03:04:05.678+00:00",
            missing=("no epoll",),
        ),
        limits=limits,
        duration_s=2.25,
        table=table,
        metrics=facts.metrics,
        findings=findings,
        verdict=judgement.verdict,
        reason=judgement.reason,
        checked=(came := checked(facts)),
        proofs=proofs(plan, facts.metrics, came),
        sayings=(Saying("-ERR", 1, Unserved.REFUSED),),
        tls=(Agreed(TlsFacts(version="TLSv1.3", cipher="X"), 1),),
        newcomers=(newcomer,),
    )


def suite_of(*checks: Part) -> SuiteResult:
    """What came of a suite of these ``checks``."""
    return SuiteResult(suite="s", checks=checks, begun_at="t", duration_s=1.0)


def times(count: int, each_s: float) -> dict[str, float]:
    """The distribution of ``count`` times that are all the same."""
    fields = ("min_s", "mean_s", "max_s", "deviation_s", "p50_s", "p90_s", "p99_s")
    return {"count": count, **dict.fromkeys(fields, each_s), "deviation_s": 0.0}


PLAIN: dict[str, Any] = {
    "format": 1,
    "kind": "run",
    "plan": {
        "target": {"host": "localhost", "port": 80},
        "connections": 3,
        "pacing": {"type": "constant-rate", "interval_s": 0.01},
        "dial_timeout_s": 5.0,
        "max_dialing": 512,
        "hold_s": 1.0,
        "keepalive_s": None,
        "close": "fin",
        "family": "any",
        "sources": [],
        "spread": False,
        "assurance": None,
        "probe": None,
        "tls": None,
        "proxy_protocol": None,
        "probe_at": "peak",
        "probe_every_s": None,
        "probe_timeout_s": 5.0,
        "confirm_every_s": None,
        "confirm_rate": 20000.0,
        "canary": None,
        "canary_every_s": 1.0,
        "requirements": [],
        "target_pid": None,
        "workers": None,
        "force": False,
    },
    "endpoint": {"address": "127.0.0.1", "port": 80},
    "origin": None,
    "endpoints": [{"address": "127.0.0.1", "port": 80}, {"address": "::1", "port": 80}],
    "sources": [],
    "environment": {
        "tcpgoon": "0.1.0",
        "python": "3.11.0",
        "system": "Linux 6.1",
        "cpus": 2,
        "begun_at": "2024-01-02T03:04:05.678+00:00",
        "missing": ["no epoll"],
    },
    "limits": {
        "descriptors_soft": 9,
        "descriptors_hard": 9,
        "descriptors_in_use": 1,
        "descriptors_most": None,
        "host_files": None,
        "host_files_in_use": 0,
        "host_files_exempt": False,
        "ports": None,
        "port_range": None,
        "ports_in_use": 0,
        "ports_waiting": 0,
        "ports_waiting_usable": False,
        "sources": 1,
        "sources_grow": False,
        "sources_at_hand": False,
        "destinations": 1,
        "addresses": 1,
        "tw_reuse": None,
        "conntrack": None,
        "conntrack_in_use": 0,
        "target_is_local": False,
        "memory_available": None,
        "swap_free": 0,
        "memory_limit": None,
        "memory_in_use": 0,
        "tasks": None,
        "tasks_in_use": 0,
        "workers_possible": False,
        "workers": 1,
        "workers_most": 1,
        "cpu_quota": None,
        "container": None,
    },
    "duration_s": 2.25,
    "metrics": {
        "counts": {"planned": 0, "opening": 0, "established": 0, "closed": 1, "lost": 1, "failed": 1, "abandoned": 0},
        "asked": 2,
        "levels": [
            {"assurance": 1, "reached": 2, "held": 1, "peak": 2},
            {"assurance": 2, "reached": 1, "held": 1, "peak": 1},
            {"assurance": 3, "reached": 0, "held": 0, "peak": 0},
        ],
        "by_endpoint": [{"dialled": 3, "held": 1, "refused": 0}],
        "breakdown": {
            "established": 2,
            "acknowledged": 1,
            "served": 0,
            "not_served": 1,
            "phantoms": 0,
            "doubtful": 0,
            "lost": 1,
            "orphaned": 0,
            "orphaned_served": 0,
            "unproved": 0,
        },
        "orphaned_dials": 0,
        "unknown": 0,
        "unproved": 0,
        "unserved": [{"why": 1, "count": 1, "held": 1, "orphaned": 0}],
        "answered": 0,
        "ramp_s": 0.75,
        "response": times(2, 0.25),
        "slowest_dial_s": 0.0001,
        "slowest_answer_s": 0.0,
        "establishment": times(1, 0.25),
        "establishment_known": times(1, 0.0001),
        "time_to_error": times(1, 0.25),
        "handshake_rtt": times(2, 0.0001),
        "lateness": times(2, 0.2499),
        "retransmitted": [],
        "tls": None,
        "answers": None,
        "errors": [
            {
                "count": 1,
                "error": errno.EMFILE,
                "phase": 1,
                "closed_by": 0,
                "earliest_s": 0.25,
                "latest_s": 0.25,
                "unserved": 0,
            }
        ],
        "losses": [
            {"count": 1, "error": 0, "phase": 5, "closed_by": 2, "earliest_s": 1.0, "latest_s": 1.0, "unserved": 0}
        ],
        "phantom_endings": [],
        "pushed_out": 0,
        "kept_out": 0,
        "newcomers": [{"beside_all": False, "least_held": 0, "most_held": 0, "welcome": times(1, 0.5), "others": []}],
        "received_bytes": 0,
    },
    "findings": [
        {
            "code": "TG101",
            "side": "client",
            "confidence": "certain",
            "sentence": "1 dial ended with EMFILE: the limit is 9 (hard limit 9), enough for 8 connections",
            "remedy": "raise the limit of descriptors, or ask for at most 8 connections",
            "commands": [
                "LimitNOFILE=5  # in the [Service] section, where a unit of systemd starts it",
                "prlimit --pid $$ --nofile=5  # as root: this shell's, and its own",
            ],
            "evidence": {
                "errors": ["EMFILE × 1"],
                "descriptors_soft": 9,
                "descriptors_hard": 9,
                "descriptors_in_use": 1,
                "descriptors_most": None,
                "host_files": None,
            },
            "accounts_for": 1,
        }
    ],
    "verdict": "FAIL",
    "reason": "only 1 of 3 connections were established, acknowledged and held to the end: "
    "1 × EMFILE, 1 closed (FIN) by the peer",
    "checked": [
        {
            "requirement": {"field": field, "bound": bound, "limit": limit, "unit": "count", "statistic": None},
            "text": f"{field} {bound} {limit}",
            "holds": False,
            "measured": 1,
            "said": f"{field} is 1, required: {bound} {limit}",
        }
        for field, bound, limit in (("established", ">=", 3), ("peak", ">=", 3), ("lost", "=", 0))
    ],
    "proofs": [
        {
            "level": level,
            "is_asked": holds is not None,
            "holds": holds,
            "said": f"{held} of 3 connections were there to the end, {peak} at once",
        }
        for level, holds, held, peak in (
            ("handshake", False, 1, 2),
            ("acknowledged", False, 1, 1),
            ("served", None, 0, 0),
        )
    ],
    "sayings": [{"text": "-ERR", "count": 1, "why": 1}],
    "tls": [{"facts": {"version": "TLSv1.3", "cipher": "X", "alpn": "", "expires_at": ""}, "count": 1}],
    "newcomers": [
        {
            "at_s": 0.0,
            "held": 0,
            "fared": "welcome",
            "time_s": 0.5,
            "gone_s": 0.75,
            "error": 0,
            "kept_place": False,
        }
    ],
    "strain": {
        "lag_s": 0.0,
        "ramp_lag_s": 0.0,
        "lagged_since_s": None,
        "run_s": 0.0,
        "cpu_s": 0.0,
        "wall_s": 0.0,
        "cores": 1,
        "throttled_s": 0.0,
        "softnet_dropped": 0,
        "conntrack_dropped": 0,
        "conntrack_clashed": 0,
        "conntrack_in_use": 0,
        "memory_refused": 0,
        "oom_kills": 0,
        "tasks_refused": 0,
        "waited_s": 0.0,
        "workers": [],
    },
    "on_site": None,
    "cost": None,
    "lifetimes": None,
}
