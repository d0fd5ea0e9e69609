"""A target that is looked up: where its instances are registered, and under which name."""

import re
from typing import Self
from urllib.parse import parse_qsl, unquote

import msgspec

from tcpgoon.errors import PlanError
from tcpgoon.plan.escapes import is_text, printable

LONGEST = 2_000
"""Characters of an expression: more than any registry's address has."""

STANDARD_INPUT = "-"
"""The expression that stands for a list of targets on standard input."""

_LOOKUP = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)")
_REST = re.compile(r"(?:(?P<user>[^@/?#]*)@)?(?P<servers>[^/?#@]*)(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Lookup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``scheme://[user@]server[,server…][/path][?name=value&…]``. It never holds a secret: those have no place in it.

    Raises `PlanError` for one that is not of this form.
    """

    scheme: str
    """In lower case: ``eureka``, ``eureka+https``."""
    rest: str
    """What follows ``://``, as it was given."""
    user: str = ""
    servers: tuple[str, ...] = ()
    """``host``, ``host:port`` or ``[v6]:port``, as given and in that order; none where there is none."""
    path: str = ""
    """Percent-decoded, with its leading slash; empty where there is none."""
    params: dict[str, str] = {}
    """What follows the question mark, each name once."""

    @property
    def kind(self) -> str:
        """Which source is asked: the scheme up to its first ``+``."""
        return self.scheme.partition("+")[0]

    @property
    def transport(self) -> str:
        """What the scheme has after the ``+``: ``https``, or nothing."""
        return self.scheme.partition("+")[2]

    @classmethod
    def standard_input(cls) -> Self:
        """What ``-`` means."""
        return cls(scheme="file", rest=STANDARD_INPUT, servers=(STANDARD_INPUT,))

    def __str__(self) -> str:
        is_input = (self.scheme, self.rest) == ("file", STANDARD_INPUT)
        return STANDARD_INPUT if is_input else f"{self.scheme}://{self.rest}"


def is_lookup(text: str) -> bool:
    """Whether ``text`` is to be looked up, rather than dialled: all with a scheme but ``tcp://``, and ``-``."""
    match = _LOOKUP.match(text.strip())
    return text.strip() == STANDARD_INPUT or bool(match and match["scheme"].lower() != "tcp")


def parse_lookup(text: str) -> Lookup:
    """The lookup that ``text`` stands for. Raises `PlanError`, whose text never repeats a password."""
    text = text.strip()
    if text == STANDARD_INPUT:
        return Lookup.standard_input()
    if len(text) > LONGEST:
        raise PlanError(f"a target of {len(text):,} characters is none: {LONGEST:,} are allowed")
    whole = _LOOKUP.fullmatch(text)
    rest = whole and _REST.fullmatch(whole["rest"])
    if not whole or not rest:
        raise PlanError("the target is not of the form scheme://server/name?option=value")
    if ":" in (rest["user"] or ""):
        raise PlanError(
            f"{whole['scheme']}://: a password has no place in a target, where process lists and logs show it: give it "
            "in TCPGOON_REGISTRY_PASSWORD, in ~/.netrc, or by --registry-password-file"
        )
    if _CONTROL.search(unquote(text)):
        raise PlanError(f"{text!r} has control characters in it")
    if not is_text(text):
        raise PlanError(f"{text!r} has bytes in it that are not UTF-8")
    return Lookup(
        scheme=whole["scheme"].lower(),
        rest=whole["rest"],
        user=unquote(rest["user"] or ""),
        servers=tuple(filter(None, rest["servers"].split(","))),
        path=unquote(rest["path"] or ""),
        params=_params(text, rest["query"] or ""),
    )


def _params(text: str, query: str) -> dict[str, str]:
    params: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in params:
            raise PlanError(f"{text!r} says twice what {printable(name)} is")
        params[name] = value
    return params
