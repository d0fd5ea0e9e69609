"""All but the rows for machines: the versioned plain data, as JSON."""

import json as standard

import msgspec

from tcpgoon.results import Outcome


def json(outcome: Outcome) -> str:
    """``outcome`` as indented JSON in which nothing is left that a terminal would obey."""
    return harmless(msgspec.json.format(msgspec.json.encode(outcome.to_dict())).decode())


def harmless(text: str) -> str:
    """``text``, which is JSON, with all that a terminal would obey escaped: JSON itself escapes but some of that."""
    return "".join([char if char.isprintable() or char == "\n" else standard.dumps(char)[1:-1] for char in text])
