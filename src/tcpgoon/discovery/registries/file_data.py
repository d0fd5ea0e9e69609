"""A list of targets as text: ``host:port`` lines, or JSON in one of the forms that other tools write.

::

    10.0.0.5:8080                                      lines; what follows a # is a comment
    ["10.0.0.5:8080", "checkout.local:8080"]           a list of them
    [{"host": "10.0.0.5", "port": 8080, "id": "a"}]    a list of instances, with the fields of `Instance`
    {"instances": [...]}                               what ``tcpgoon resolve -o json`` prints
    [{"targets": ["10.0.0.5:8080"], "labels": {}}]     what Prometheus reads (file_sd_config)
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from tcpgoon.discovery.instance import Instance, Status
from tcpgoon.discovery.near import clipped
from tcpgoon.discovery.terms import MOST_INSTANCES
from tcpgoon.errors import DiscoveryError, PlanError
from tcpgoon.plan.endpoint import host_port, is_address, parse_target

_IPV6 = re.compile(r"\s*\[[^\[\]{\"]*\]:")
"""How a line with an IPv6 address begins, and no JSON."""


class _Described(msgspec.Struct):
    """An instance as JSON has it; what else stands there is of no use to us, and no fault."""

    host: str
    port: int
    id: str = ""
    status: Status = Status.UP
    said: str = ""
    zone: str = ""
    metadata: dict[str, str] = {}
    priority: int = 0
    weight: int = 1
    addresses: list[str] = []
    others: list[str] = []


class _Group(msgspec.Struct):
    """Targets that share labels, as Prometheus has them."""

    targets: list[str]
    labels: dict[str, str] = {}


class _Listed(msgspec.Struct):
    instances: list[Any]


def parse(data: bytes, shown: str, most: int = MOST_INSTANCES) -> tuple[Instance, ...]:
    """The targets in ``data``, ``most`` at most, in their order.

    Raises `DiscoveryError`, which says where ``shown`` is at fault.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise DiscoveryError(f"{shown} holds no text: byte {exc.start + 1:,} is not UTF-8") from exc
    targets = _unique(_from_json(text, shown) if _is_json(text) else _from_lines(text, shown))
    found = tuple(islice(targets, most + 1))
    if len(found) > most:  # each takes a hundred times the memory of its line
        raise DiscoveryError(f"{shown} holds more than {most:,} targets: refused")
    if not found:
        raise DiscoveryError(f"{shown} holds no targets: write host:port, one on a line, or JSON")
    return found


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] in ("[", "{") and not _IPV6.match(text)


def _from_lines(text: str, shown: str) -> Iterator[Instance]:
    for number, line in enumerate(text.splitlines(), 1):
        if target := line.partition("#")[0].strip():
            yield _one(target, f"{shown}, line {number}")


def _from_json(text: str, shown: str) -> Iterator[Instance]:
    try:
        plain = msgspec.json.decode(text)
        listed = msgspec.convert(plain, _Listed).instances if isinstance(plain, dict) else plain
    except (msgspec.MsgspecError, RecursionError) as exc:
        raise DiscoveryError(f"{shown} holds no JSON that lists targets: {clipped(str(exc))}") from exc
    for number, entry in enumerate(listed):
        yield from _entry(entry, f"{shown}, entry {number + 1}")


def _entry(entry: Any, where: str) -> Iterator[Instance]:
    if isinstance(entry, str):
        yield _one(entry, where)
        return
    try:
        if isinstance(entry, dict) and "targets" in entry:
            group = msgspec.convert(entry, _Group)
            yield from (_one(target, where, group.labels) for target in group.targets)
        else:
            yield _described(msgspec.convert(entry, _Described))
    except msgspec.ValidationError as exc:
        raise DiscoveryError(f"{where}: {clipped(str(exc))}") from exc


def _one(text: str, where: str, labels: dict[str, str] | None = None) -> Instance:
    try:
        target = parse_target(text)
    except PlanError as exc:
        raise DiscoveryError(f"{where}: {clipped(str(exc))}") from exc
    return Instance(id=str(target), host=target.host, port=target.port, metadata=labels or {})


def _described(entry: _Described) -> Instance:
    fields = msgspec.structs.asdict(entry)
    fields |= {
        "id": entry.id or host_port(entry.host, entry.port),
        # What is no address is not to be dialled as one.
        "addresses": tuple(filter(is_address, entry.addresses)),
        "others": tuple(entry.others),
    }
    return Instance(**fields)


def _unique(instances: Iterator[Instance]) -> Iterator[Instance]:
    """The same target twice is one; two of one id, which are not the same, are told apart."""
    seen: set[bytes] = set()
    ids: set[str] = set()
    times: Counter[str] = Counter()
    for instance in instances:
        whole = msgspec.json.encode(instance)
        if whole in seen:
            continue
        seen.add(whole)
        named = instance
        while named.id in ids:
            times[instance.id] += 1
            named = msgspec.structs.replace(instance, id=f"{instance.id}#{times[instance.id] + 1}")
        ids.add(named.id)
        yield named
