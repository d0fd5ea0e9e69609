"""Known limits and defaults of servers, kernels and clouds, by number and by words. They are data: ``plateaus.toml``.

Each row is from the product's own documentation. That a number is near to one of them makes it likely, never certain:
the same 1024 is in a dozen products.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cache

import msgspec

from tcpgoon.record.outcome import Side


class Kind(StrEnum):
    """What is limited, and so how near to the limit what we measure comes."""

    DESCRIPTORS = "descriptors"
    """Open files of a process; sockets are among them."""
    BACKLOG = "backlog"
    """Connections that wait to be accepted."""
    CONNECTIONS = "connections"
    """Connections, clients or sessions that are held at once."""
    WORKERS = "workers"
    """Processes or threads that serve one connection each."""
    REQUESTS = "requests"
    """Requests, streams or sessions at once that are not connections."""
    IDLE_TIMEOUT_S = "idle_timeout_s"
    """Seconds without data, or before a first request, after which a connection is closed or forgotten."""
    RATE = "rate"
    """New connections per second."""
    PORTS = "ports"
    """Local ports towards one destination."""
    CONNTRACK = "conntrack"
    """Flows that a firewall or NAT remembers."""


class Per(StrEnum):
    """What has such a limit for itself."""

    INSTANCE = "instance"
    """The service as a whole."""
    PROCESS = "process"
    POOL = "pool"
    THREAD = "thread"
    CORE = "core"
    LISTENER = "listener"
    SOURCE_ADDRESS = "source address"
    PUBLIC_ADDRESS = "public address"
    HOST = "host"
    CONNECTION = "connection"


MULTIPLIED = frozenset({Per.PROCESS, Per.POOL, Per.THREAD, Per.CORE, Per.PUBLIC_ADDRESS})
"""Of these an instance has several, and its limit is so many times theirs."""


class Tolerance(msgspec.Struct, frozen=True, kw_only=True):
    """How far from the limit that is expected a measured number may be."""

    below: float = 0
    above: float = 0
    below_share: float = 0
    """The same as a share of the limit; the greater of the two holds."""
    above_share: float = 0
    offset: float = 0
    """What is measured is the limit plus this."""
    at_most_share: float = 1
    """But never farther than this share of the limit: 2 of 5 is not near."""

    def margins(self, limit: float) -> tuple[float, float]:
        """How far below and above ``limit`` counts as near."""
        most = self.at_most_share * limit
        return min(max(self.below, self.below_share * limit), most), min(
            max(self.above, self.above_share * limit), most
        )


_COUNT = Tolerance(below=2, above=2, at_most_share=0.1)

TOLERANCES = {
    Kind.DESCRIPTORS: Tolerance(below=40),
    Kind.BACKLOG: Tolerance(below=1, above=1, offset=1),
    Kind.CONNECTIONS: _COUNT,
    Kind.WORKERS: _COUNT,
    Kind.REQUESTS: _COUNT,
    Kind.IDLE_TIMEOUT_S: Tolerance(below=0.01, above=0.3, above_share=0.02),
    Kind.RATE: Tolerance(below_share=0.05, above_share=0.05),
    Kind.PORTS: Tolerance(below_share=0.01),
    Kind.CONNTRACK: Tolerance(below_share=0.01),
}
"""Kind → how near is near, and why.

- Descriptors: a server has its standard streams, logs, listeners and an epoll of its own, rarely more than 40; it never
  has more connections than descriptors.
- Backlog: Linux lets one more wait than it was told (it compares with ``>``), and one may be accepted meanwhile.
- Connections, workers, requests: exact, but products count their own, or refuse at the limit instead of above it. A row
  whose product needs more for itself says so (``below``).
- Idle timeouts: never earlier but for the resolution of our clock; later by the grain of the server's timer, which
  grows with the timeout.
- Rate: a token bucket is full when we begin, and our pacing has a grain.
- Ports, conntrack: other traffic of the same host or NAT has its part, which we do not see; never above.
"""


class Plateau(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A limit at which a product stops by default, or commonly."""

    kind: Kind
    product: str
    also: tuple[str, ...] = ()
    """Other names: of its process, of the probe that asks it, of what is made of it."""
    directive: str
    """The name of the setting, exactly."""
    values: tuple[float, ...] = ()
    """The default first; empty where only the words are known."""
    commands: tuple[str, ...]
    """How to raise it: exact lines for a shell or a configuration file; a ``# comment`` says which."""
    note: str
    """Where the value comes from: the default, a version range, a sample or package that many use."""
    side: Side = Side.TARGET_APPLICATION
    per: Per = Per.INSTANCE
    platform: bool = False
    """It is below the application, and stays possible whichever application that is."""
    below: float = 0
    """How many of them the product may need for itself, where that is more than the kind's tolerance."""
    says: tuple[str, ...] = ()
    """What it sends to those above the limit: parts of the text, literally."""
    source: str
    """The page of the product's own documentation that says so."""
    times: int = 1
    """That what was measured comes near to so many times the value; only where multiples were asked for."""

    @property
    def name(self) -> str:
        """Product and setting: ``nginx worker_connections``."""
        return f"{self.product} {self.directive}"

    @property
    def is_generic(self) -> bool:
        """Whether no product is meant: the words of a protocol for "no more"."""
        return not self.values and self.product in GENERIC

    def distance(self, value: float) -> float | None:
        """How far ``value`` is from the nearest limit, as a share of it; None where it is not near."""
        tolerance = TOLERANCES[self.kind]
        found = []
        for limit in (self.times * one for one in self.values):
            below, above = tolerance.margins(limit)
            off = value - limit - tolerance.offset
            if -max(below, self.below * self.times) <= off <= above:
                found.append(abs(off) / limit)
        return min(found, default=None)

    def is_of(self, products: frozenset[str]) -> bool:
        """Whether it is one of these ``products``, by any of its names, in lower case."""
        return not products.isdisjoint(name.lower() for name in (self.product, *self.also))


GENERIC = frozenset({"HTTP", "FTP or SMTP"})
"""What stands for the product where the words are a protocol's."""


@cache
def plateaus() -> tuple[Plateau, ...]:
    """All rows, the common ones first."""
    from importlib import resources  # as long to import as all of the judge: for those who have a number to explain

    data = resources.files("tcpgoon.judge").joinpath("plateaus.toml").read_bytes()
    return tuple(msgspec.toml.decode(data, type=dict[str, list[Plateau]])["plateau"])


def matches(
    value: float, kinds: Iterable[Kind], products: Iterable[str] = (), *, multiples: int = 1
) -> tuple[Plateau, ...]:
    """The rows of these ``kinds`` that ``value`` comes near to, the best first.

    ``value`` is what was measured: of a backlog the number that was held, which is one more than the backlog. With
    ``products`` (in any case, by any name) only theirs and the platform's are meant, and theirs come first. With
    ``multiples`` a number that is so many times a limit per process is found too, after all others; `Plateau.times`
    says how many.
    """
    wanted = frozenset(kinds)
    named = frozenset(name.lower() for name in products)
    ranked = []
    for order, row in enumerate(plateaus()):
        is_theirs = row.is_of(named)
        if row.kind in wanted and (is_theirs or row.platform or not named):
            for near, distance in _near(row, value, multiples):
                ranked.append((not is_theirs, near.times > 1, distance, near.times, order, near))
    return tuple(near for *_, near in sorted(ranked, key=lambda one: one[:-1]))


def _near(row: Plateau, value: float, multiples: int) -> Iterator[tuple[Plateau, float]]:
    """``row`` with its distance if it is near, or else the smallest multiple of it that is."""
    for times in range(1, (multiples if row.per in MULTIPLIED else 1) + 1):
        candidate = row if times == 1 else msgspec.structs.replace(row, times=times)
        distance = candidate.distance(value)
        if distance is not None:
            yield candidate, distance
            return


def by_words(text: str) -> Plateau | None:
    """The row of the product that says ``text`` to those above its limit; None where no row has such words.

    The longest words win, so that a product is preferred to its protocol. The words of a protocol have to begin the
    text: the number in them is found anywhere.
    """
    said = text.lower()
    found = (
        (len(words), -order, row)
        for order, row in enumerate(plateaus())
        for words in row.says
        if (said.startswith(words.lower()) if row.is_generic else words.lower() in said)
    )
    best = max(found, default=None, key=lambda one: one[:2])
    return best[2] if best else None
