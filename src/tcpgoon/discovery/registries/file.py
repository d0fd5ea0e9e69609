"""``file://targets.json`` and ``-`` (standard input): a list of targets that the user wrote, or another program."""

import sys
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from tcpgoon.discovery.instance import Listing
from tcpgoon.discovery.near import clipped
from tcpgoon.discovery.registries.file_data import parse
from tcpgoon.discovery.terms import Terms
from tcpgoon.errors import DiscoveryError, PlanError
from tcpgoon.plan.lookup import STANDARD_INPUT, Lookup


def find(lookup: Lookup, terms: Terms) -> Listing:
    """The targets in the file. Raises `DiscoveryError` where it cannot be read, or holds none."""
    name = unquote(lookup.rest)
    if not name:
        raise PlanError("file:// needs the path of a file: file://targets.json, file:///etc/targets.json")
    shown = "standard input" if name == STANDARD_INPUT else name
    data = _content(name, shown, terms)
    return Listing(
        service=shown,
        registry=shown,
        instances=parse(data, clipped(shown), terms.most_instances),
        is_local=True,  # whoever wrote the file is on this machine
    )


def _content(name: str, shown: str, terms: Terms) -> bytes:
    try:
        if name == STANDARD_INPUT:
            if sys.stdin is None or sys.stdin.closed:
                raise DiscoveryError("standard input is closed: there are no targets in it")
            return _bounded(sys.stdin.buffer, shown, terms)
        with Path(name).open("rb") as file:
            return _bounded(file, shown, terms)
    except OSError as exc:
        raise DiscoveryError(f"{clipped(shown)} cannot be read: {exc.strerror}") from exc
    except ValueError as exc:
        raise DiscoveryError(f"{clipped(shown)} cannot be read: it is no path") from exc


def _bounded(file: BinaryIO, shown: str, terms: Terms) -> bytes:
    data = file.read(terms.most_bytes + 1)
    if len(data) > terms.most_bytes:
        raise DiscoveryError(f"{clipped(shown)} has more than {terms.most_bytes:,} bytes: refused")
    return data
