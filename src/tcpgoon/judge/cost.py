"""What a held connection costs the target: what its processes had more while all were held, divided by how many."""

import msgspec

from tcpgoon.judge.on_site import Look, OnSite, Process

FEWEST = 100
"""Connections that are needed before anything is divided by them: a process opens a log or a cache at any time."""

NOISE = 256 * 1024
"""Bytes by which the resident memory of a process may grow for reasons of its own: an arena of its allocator, code that
runs for the first time."""

HANDFUL = 4
"""Descriptors, threads and processes that come and go for other reasons than connections."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What each of ``connections`` that were accepted between two looks costs; None is what cannot be known."""

    connections: int
    descriptors: float | None = None
    threads: float | None = None
    rss: float | None = None
    """Bytes of resident memory; what the kernel needs for its sockets is not in it."""
    rss_error: float = 0.0
    """By so many bytes `rss` may be wrong, as processes need memory for other reasons too."""
    processes: float = 0.0
    """Processes that were forked or started for it."""
    limit: int | None = None
    """The limit of descriptors of the one process that all these connections cost a descriptor."""
    fits: int | None = None
    """With how many connections that limit is reached; None where several processes share them, or none pays."""

    @property
    def rss_is_noise(self) -> bool:
        """Whether the memory that was measured is no more than what comes and goes anyhow."""
        return self.rss is not None and self.rss < self.rss_at_most

    @property
    def rss_at_most(self) -> float:
        """What it is less than where it is noise, in bytes."""
        return 2 * self.rss_error


def cost_of(on_site: OnSite) -> Cost | None:
    """What a held connection costs, as the looks before and at the peak show; None for too few of them."""
    before, peak = on_site.before, on_site.peak
    accepted = _accepted_between(before, peak)
    if accepted is None or accepted < FEWEST or not before.processes:
        return None
    more = peak.processes_count + peak.children - before.processes_count - before.children
    processes = _each(more, accepted)
    pairs = _pairs(before, peak)
    if not pairs or processes:  # what new processes have is theirs for many reasons, and was shared before
        return Cost(connections=accepted, processes=processes)
    descriptors = _growth(pairs, "descriptors")
    each = None if descriptors is None else _each(descriptors, accepted)
    threads = _growth(pairs, "threads")
    memory = _growth(pairs, "rss")
    limit, room = _payer(pairs) if each else (None, None)
    return Cost(
        connections=accepted,
        descriptors=each,
        threads=None if threads is None else _each(threads, accepted),
        rss=None if memory is None else max(0, memory) / accepted,
        rss_error=NOISE * len(pairs) / accepted,
        limit=limit,
        fits=None if room is None or not each else (peak.accepted or accepted) + int(max(0, room) / each),
    )


def _accepted_between(before: Look, peak: Look) -> int | None:
    """How many connections more the processes had accepted.

    What our kernel holds is an answer only where no accept queue is full: else some may be phantoms.
    """
    if before.accepted is not None and peak.accepted is not None:
        return peak.accepted - before.accepted
    return None if peak.full else peak.held - (peak.queued - before.queued)


def _pairs(before: Look, peak: Look) -> list[tuple[Process, Process]]:
    """Each process before and then; empty where they are not the same, or not all are known by number."""
    known = len(before.processes) == before.processes_count and len(peak.processes) == peak.processes_count
    if not known or before.pids != peak.pids:
        return []
    were = {process.pid: process for process in before.processes}
    return [(were[process.pid], process) for process in peak.processes]


def _growth(pairs: list[tuple[Process, Process]], fact: str) -> int | None:
    """By how much ``fact`` grew in all; None where that is not known of one of them."""
    values: list[tuple[int | None, int | None]] = [(getattr(was, fact), getattr(now, fact)) for was, now in pairs]
    grown = [now - was for was, now in values if was is not None and now is not None]
    return sum(grown) if len(grown) == len(pairs) else None


def _each(grown: int, connections: int) -> float:
    """``grown`` over ``connections``; a whole number where all but a handful, or 1 %, are explained by it."""
    grown = max(0, grown)
    whole = round(grown / connections)
    is_whole = abs(grown - whole * connections) <= max(HANDFUL, connections // 100)
    return float(whole) if is_whole else grown / connections


def _payer(pairs: list[tuple[Process, Process]]) -> tuple[int | None, int | None]:
    """Limit of descriptors, and what is left of it, of the only process that has more of them than before."""
    grown = [
        now
        for was, now in pairs
        if was.descriptors is not None and now.descriptors is not None and now.descriptors > was.descriptors + HANDFUL
    ]
    return (grown[0].descriptors_limit, grown[0].descriptors_left) if len(grown) == 1 else (None, None)
