"""All but the rows for machines: the versioned plain data, as JSON."""

import json as standard
from importlib import resources
from typing import Final

import msgspec

from tcpgoon.result import FORMAT
from tcpgoon.results import Outcome

SCHEMA: Final = f"result-{FORMAT}.json"
"""The file in `schemas/` that says what there is in it."""


def json(outcome: Outcome) -> str:
    """``outcome`` as indented JSON in which nothing is left that a terminal would obey."""
    return harmless(msgspec.json.format(msgspec.json.encode(outcome.to_dict())).decode())


def schema() -> str:
    """The JSON Schema of what `json` gives; it is made of the code by ``tests/report/schema.py``."""
    return resources.files("tcpgoon.report").joinpath("schemas", SCHEMA).read_text(encoding="utf-8")


def harmless(text: str) -> str:
    """``text``, which is JSON, with all that a terminal would obey escaped: JSON itself escapes but some of that."""
    return "".join([char if char.isprintable() or char == "\n" else standard.dumps(char)[1:-1] for char in text])
