"""The codes of all findings, and what each is about. Stable: a code that was given away is never given another meaning.

TG1xx is this client, TG2xx the path, TG3xx the target's kernel, TG4xx the target's application.
"""

from tcpgoon.record.outcome import Side

TITLES = {
    "TG100": "This client's kernel refused",
    "TG101": "This client has no descriptors left",
    "TG102": "This client has no local ports left",
    "TG103": "Earlier runs left this client's ports in TIME_WAIT",
    "TG104": "Connection tracking on this client's host is full",
    "TG105": "This client was too slow",
    "TG106": "This client's cgroup has no memory or tasks left",
    "TG107": "A process of this client died",
    "TG201": "SYNs vanish",
    "TG202": "The path loses packets",
    "TG203": "The target cannot be reached",
    "TG204": "An idle timeout on the path or at the target",
    "TG205": "A cap in the network",
    "TG206": "Something else answers for the target",
    "TG207": "A rate limit on new connections",
    "TG208": "The path or the host was lost during the hold",
    "TG301": "The accept queue overflows",
    "TG302": "Nobody listens",
    "TG303": "Refused from a certain number on",
    "TG401": "The target has no descriptors left",
    "TG402": "The application limits its connections",
    "TG403": "Not enough workers or threads",
    "TG404": "The application does not accept",
    "TG405": "The application closes idle connections",
    "TG406": "The service degrades with the number of connections",
    "TG407": "The target died under load",
}
"""Code → title."""

SIDES = {"TG1": Side.CLIENT, "TG2": Side.PATH, "TG3": Side.TARGET_KERNEL, "TG4": Side.TARGET_APPLICATION}
"""The first three characters of a code → where its cause usually is; a finding says where it is this time."""


def by_side() -> dict[Side, list[str]]:
    """The codes of each side, in their order."""
    return {side: [code for code in TITLES if code.startswith(start)] for start, side in SIDES.items()}
