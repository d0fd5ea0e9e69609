"""The probes that have a name. What they send and expect is data: ``named_probes.toml``."""

import re
from functools import cache

import msgspec

from tcpgoon.errors import PlanError
from tcpgoon.plan.endpoint import Target, host_port, is_address
from tcpgoon.plan.escapes import format_escapes, parse_escapes
from tcpgoon.plan.probe import ANYTHING, Exchange

_PLACEHOLDER = re.compile(r"\{(arg|host)\}")


class NamedProbe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a server of one protocol is asked. In texts ``{arg}`` is the user's word, ``{host}`` the target."""

    summary: str
    """What it proves, for the help text."""
    source: str
    """Where the protocol is defined."""
    port: int | None = None
    """The port that such a server usually has."""
    send: str = ""
    """With escapes; empty: the server speaks first."""
    prefix_bytes: int = 0
    """If not 0: a number of so many bytes, the length of the whole message, big-endian, goes before it."""
    expect: str = ANYTHING
    refused: str = ""
    arg: str = ""
    """What the word after the colon is; empty: there is none."""
    default: str = ""
    """The word where none is given."""
    form: str = ""
    """A regular expression that the word has to match in full."""
    once: bool = False
    """Whether the protocol allows it only once on a connection."""
    note: str = ""
    """What to know of such servers before believing a number."""

    @property
    def speaks_first(self) -> bool:
        """Whether the server says something without being asked."""
        return not self.send

    def spelling(self, name: str) -> str:
        """How the probe called ``name`` is written: ``http[:PATH]``."""
        return f"{name}[:{self.arg.upper()}]" if self.arg else name


@cache
def named_probes() -> dict[str, NamedProbe]:
    """All of them, by name."""
    from importlib import resources  # as long to import as all of the plan: for those who name a probe

    data = resources.files("tcpgoon.plan").joinpath("named_probes.toml").read_bytes()
    return msgspec.toml.decode(data, type=dict[str, NamedProbe])


def parse_probe(text: str, target: Target) -> Exchange:
    """The exchange that ``NAME`` or ``NAME:ARG`` means for ``target``. Raises `PlanError`."""
    name, colon, word = text.partition(":")
    probe = named_probes().get(name)
    if probe is None:
        raise PlanError(f"{name!r} is no probe: there are {', '.join(sorted(named_probes()))}")
    if colon and not probe.arg:
        raise PlanError(f"{text!r}: the probe {name} takes nothing after a colon")
    arg = word if colon else probe.default
    if probe.arg and not re.fullmatch(probe.form, arg):
        raise PlanError(f"{text!r}: {arg!r} is not a {probe.arg}; write it like {name}:{probe.default}")
    return Exchange(
        name=text,
        send=_message(probe, arg, target),
        expect=_filled(probe.expect, {"arg": re.escape(arg)}),
        refused=probe.refused,
        anchored=True,
        once=probe.once,
    )


def _message(probe: NamedProbe, arg: str, target: Target) -> str:
    host = host_of(target) if "{host}" in probe.send else ""
    data = parse_escapes(_filled(probe.send, {"arg": format_escapes(arg.encode()), "host": host}))
    size = probe.prefix_bytes
    return format_escapes((len(data) + size).to_bytes(size, "big") + data if size else data)


def host_of(target: Target) -> str:
    """``target`` as it stands in the ``Host`` field of a request: no zone, and names in ASCII. Raises `PlanError`."""
    host = target.host.partition("%")[0]
    try:
        ascii_host = host if is_address(host) else host.encode("idna").decode("ascii")
    except UnicodeError as exc:
        raise PlanError(f"{target.host!r} cannot be written into a request") from exc
    return host_port(ascii_host, target.port)


def _filled(text: str, words: dict[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda place: words[place[1]], text)
