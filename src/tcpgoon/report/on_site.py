"""The lines about the target itself, where it runs on this machine."""

from collections.abc import Iterator

from tcpgoon.judge.cost import Cost
from tcpgoon.judge.on_site import Look, OnSite, Process
from tcpgoon.plan.units import format_bytes
from tcpgoon.result import Result


def on_site(result: Result) -> Iterator[str]:
    """What was seen at the target while all were held, what each connection costs it, and what could not be seen."""
    seen = result.on_site
    if seen is None:
        return
    parts = [*_processes(seen.peak), _queue(seen)]
    yield f"At the target{_who(seen.peak)}: {'; '.join(parts)}"
    if result.cost and (costs := _costs(result.cost)):
        yield f"Cost of a held connection at the target: {costs}"
    if seen.hidden:
        yield f"Not seen at the target: {seen.hidden}"


def _who(look: Look) -> str:
    """`` (pid 4711, nginx)``, or `` (3 processes, the fullest with pid 4711, nginx)``."""
    process = _shown(look)
    if process is None:
        return ""
    several = look.processes_count + look.children
    one = f"pid {process.pid}, {process.name}"
    return f" ({one})" if several < 2 else f" ({several} processes, the fullest with {one})"


def _shown(look: Look) -> Process | None:
    """The one that the line is about."""
    return look.fullest or next(iter(look.processes), None)


def _processes(look: Look) -> Iterator[str]:
    if process := _shown(look):
        facts = [*_descriptors(process)]
        facts += [_plural(process.threads, "thread")] if process.threads is not None else []
        facts += [format_bytes(process.rss)] if process.rss is not None else []
        if facts:
            yield ", ".join(facts)


def _descriptors(process: Process) -> Iterator[str]:
    if process.descriptors is not None:
        of = "" if process.descriptors_limit is None else f" of {process.descriptors_limit:,}"
        yield f"{process.descriptors:,}{of} descriptor{'s' * (process.descriptors != 1)}"


def _queue(seen: OnSite) -> str:
    """``accept queue 11 of 10 (ListenOverflows +49)``."""
    look = seen.peak
    if not look.listening:
        return "nobody listens any more" if seen.before.listening else "nobody listens"
    length = f"{look.queued:,}" + ("" if look.backlog is None else f" of {look.backlog:,}")
    most = [f"at most {seen.most_queued:,}"] if seen.most_queued > look.queued else []
    overflows = [f"ListenOverflows +{seen.listen_overflows:,}"] if seen.listen_overflows else []
    over = f" over {look.listeners} listeners" if look.listeners > 1 else ""
    notes = ", ".join([*most, *overflows])
    return f"accept queue {length}{over}{f' ({notes})' if notes else ''}"


def _costs(cost: Cost) -> str:
    """``3.4 KB RSS and 1 descriptor: the limit of 1,024 is reached at 1,013 connections``."""
    counts = ((cost.descriptors, "descriptor"), (cost.threads, "thread"), (cost.processes, "process"))
    parts = [*_memory(cost), *(_plural(count, what) for count, what in counts if count)]
    *firsts, last = parts or [""]
    known = f"{', '.join(firsts)} and {last}" if firsts else last
    reached = f"the limit of {cost.limit:,} is reached at {cost.fits:,} connections" if cost.limit and cost.fits else ""
    return f"{known}: {reached}" if reached else known


def _memory(cost: Cost) -> Iterator[str]:
    if cost.rss is not None:
        under = "under " if cost.rss_is_noise else ""
        yield f"{under}{format_bytes(round(cost.rss_at_most if under else cost.rss))} RSS"


def _plural(count: float, what: str) -> str:
    number = f"{count:,.0f}" if count >= 10 else f"{round(count, 2):g}"
    return f"{number} {what}{'' if number == '1' else 'es' if what.endswith('s') else 's'}"
