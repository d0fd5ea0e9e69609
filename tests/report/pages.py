"""Results to make pages of: large ones, hostile ones, many of them; and what a page says, read by Python's parser."""

from html.parser import HTMLParser

import msgspec
import numpy as np

from tcpgoon.discovery.instance import Instance, Status
from tcpgoon.judge.facts import Finding
from tcpgoon.judge.verdict import Verdict
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.plan import Plan
from tcpgoon.record.connection import State
from tcpgoon.record.heard import Saying
from tcpgoon.record.knock import Fared, Knock
from tcpgoon.record.metrics import measure
from tcpgoon.record.outcome import ClosedBy, Phase, Side
from tcpgoon.record.table import Table
from tcpgoon.record.unserved import Unserved
from tcpgoon.result import Result
from tcpgoon.results import EachResult, InstanceResult
from tests.example import example

HOSTILE = (
    "<script>document.title='owned'</script></style></title><img src=x onerror=alert(1)>"
    "\x1b[31;1m\x00\u202egnirts\u2066 javascript:alert(1) {{ 7 * 7 }} &lt;b&gt; ' \" `"
)
"""What a banner, an instance's id, or a check's name may be."""


def large(rows: int) -> Result:
    """A run of so many rows with something of everything: losses, failures, repeated SYNs, newcomers."""
    table, random = Table(rows), np.random.default_rng(7)
    column = {name: np.frombuffer(getattr(table, name), dtype) for name, dtype in _TYPES.items()}
    column["start_s"][:] = np.linspace(0, 60, rows)
    took_s = random.lognormal(-6, 1, rows)
    column["established_s"][:] = column["start_s"] + took_s
    column["rtt_us"][:] = took_s * 0.9e6
    column["end_s"][:] = column["established_s"] + 90
    column["state"][:] = State.CLOSED
    column["closed_by"][:] = ClosedBy.US
    column["assurance"][:] = 2
    lost, failed = slice(0, None, 7), slice(0, None, 11)
    column["state"][lost] = State.LOST
    column["closed_by"][lost] = ClosedBy.PEER
    column["phase"][lost] = Phase.HELD
    column["error"][lost] = np.where(np.arange(len(column["error"][lost])) % 2, 104, 0)
    column["end_s"][lost] = column["established_s"][lost] + random.uniform(0, 80, len(column["end_s"][lost]))
    column["state"][failed] = State.FAILED
    column["closed_by"][failed] = ClosedBy.NOBODY
    column["phase"][failed] = Phase.HANDSHAKE
    column["error"][failed] = 111
    column["end_s"][failed] = column["start_s"][failed] + 0.001
    column["established_s"][failed] = 0
    knocks = tuple(
        Knock(
            at_s=at / 10,
            held=min(rows, at * rows // 600),
            fared=Fared.WELCOME if at % 9 else Fared.WAITING,
            time_s=0.001 + at / 1e5,
            gone_s=at / 10 + 1,
        )
        for at in range(1_500)
    )
    plan = Plan(target=Target("checkout.local", 8080), connections=rows)
    changes = {"table": table, "plan": plan, "newcomers": knocks, "metrics": measure(table, plan.level, knocks)}
    return msgspec.structs.replace(example(), **changes)


_TYPES = {
    "start_s": np.float64, "established_s": np.float64, "end_s": np.float64, "rtt_us": np.uint32, "error": np.uint16,
    "state": np.uint8, "assurance": np.uint8, "phase": np.uint8, "closed_by": np.uint8,
}  # fmt: skip


def finding(text: str, number: int = 101) -> Finding:
    return Finding(
        code=f"TG{number}", side=Side.CLIENT, sentence=text, remedy=text, commands=(text,), evidence={"n": 1}
    )


def hostile() -> Result:
    """A small run in which whoever has a say says `HOSTILE`, and more of it than anybody reads."""
    long = HOSTILE + "A" * 65_536
    return msgspec.structs.replace(
        example(),
        reason=long,
        findings=(finding(HOSTILE), finding(long)),
        sayings=(Saying(long, 1, Unserved.REFUSED), Saying(HOSTILE, 1, Unserved.NONE)),
    )


def each(of: int, result: Result | None, name: str = "checkout-{}") -> EachResult:
    """So many instances, of which every third failed with ``result``."""

    def one(number: int) -> InstanceResult:
        failed = number % 3 == 2
        return InstanceResult(
            instance=Instance(id=name.format(number), host="192.0.2.1", port=80, status=Status.UP),
            verdict=Verdict.FAIL if failed else Verdict.PASS,
            reason="only 1 of 3 connections was established" if failed else "3 connections were held",
            result=result if failed else None,
        )

    return EachResult(
        lookup="eureka://registry:8761/CHECKOUT",
        service="CHECKOUT",
        registry="http://registry:8761",
        results=tuple(map(one, range(of))),
    )


class Page(HTMLParser):
    """What is on a page: its tags, its text, its numbers by field, and its tables."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.numbers: list[tuple[str, str, str]] = []
        """Field, value, text."""
        self.tables: list[list[list[str]]] = []
        self.texts: list[str] = []
        self._number: tuple[str, str] | None = None
        self._in_cell = False
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        known = dict(attrs)
        if tag == "data":
            self._number = (known["data-field"] or "", known["value"] or "")
        elif tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("table", "thead", "tbody"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self._number:
            self.numbers.append((*self._number, data))
            self._number = None
        if self._in_cell:
            self.tables[-1][-1][-1] += data.rstrip("\n")
