"""The options that say what a connection has to prove, and the fields of the plan that they become."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click
from msgspec import structs

from tcpgoon.errors import PlanError
from tcpgoon.options.params import DURATION, RATE
from tcpgoon.options.sections import SectionedOption
from tcpgoon.plan.assurance import Assurance
from tcpgoon.plan.endpoint import Target
from tcpgoon.plan.named_probes import named_probes, parse_probe
from tcpgoon.plan.plan import Plan
from tcpgoon.plan.probe import Exchange, ProbeAt, ProxyProtocol, parse_exchange
from tcpgoon.plan.tls import TlsOptions, TlsVersion

MOST_READ = 65_536
"""Bytes that are read of the file of ``--send`` or ``--expect``: more than either may be."""

_LEVELS = [level.name.lower() for level in Assurance if level is not Assurance.NONE]
_FILE = click.Path(exists=True, dir_okay=False)

_proof = partial(click.option, cls=SectionedOption, section="Proof")
_probe = partial(click.option, cls=SectionedOption, section="What is asked of the application")
_tls = partial(click.option, cls=SectionedOption, section="TLS")

OPTIONS = (
    _proof(
        "--assurance",
        type=click.Choice(_LEVELS),
        help="What a connection has to prove to count: that our kernel calls it established, that the kernel at the "
        "other end holds it, or that the application there answers.  "
        "[default: served where something is asked, else acknowledged]",
    ),
    _proof(
        "--confirm-every",
        type=DURATION,
        metavar="DURATION",
        help="Ask for a sign of life (TCP keepalive) so often while connections are held, not at the end alone: finds "
        "peers that are gone without a word. It has side effects: it refreshes NAT and firewall state, which hides an "
        "idle timeout, and on recent kernels a server that defers accepting (TCP_DEFER_ACCEPT) rejects data after it.",
    ),
    _proof(
        "--confirm-rate",
        type=RATE,
        default="20k/s",
        show_default=True,
        help="At most so many connections a second are asked for a sign of life.",
    ),
    _proof(
        "--canary/--no-canary",
        default=None,
        help="While all are held one more client knocks again and again, to see how a newcomer fares; counted apart, "
        "never in N.  [default: where they are held for more than 1s]",
    ),
    _proof(
        "--canary-every",
        type=DURATION,
        default="1s",
        show_default=True,
        help="How often a newcomer knocks; after each two thousand half as often.",
    ),
    _probe(
        "--probe",
        metavar="NAME[:ARG]",
        shell_complete=lambda *typed: [name for name in named_probes() if name.startswith(typed[-1])],
        help="Ask in a known protocol: see Probes below.",
    ),
    _probe(
        "--send",
        metavar="BYTES",
        help=r"Ask by sending this; \r, \n and \x00 are known. @FILE sends the file: process lists show a password "
        "that is written here.",
    ),
    _probe(
        "--expect",
        metavar="REGEX",
        help="Only an answer with a match counts; a regular expression over bytes, or @FILE.  [default: any answer]",
    ),
    _probe(
        "--probe-at",
        type=click.Choice([at.value for at in ProbeAt]),
        default=ProbeAt.PEAK.value,
        show_default=True,
        help="When each is asked: once it is open, once all are open (so that all are served at once), or at the end "
        "of the hold.",
    ),
    _probe("--probe-every", type=DURATION, help="Ask again so often while they are held; not --probe-at end."),
    _probe(
        "--probe-timeout",
        type=DURATION,
        default="5s",
        show_default=True,
        help="How long an answer may take, TLS handshake and all.",
    ),
    _probe(
        "--proxy-protocol",
        type=click.Choice([version.value for version in ProxyProtocol]),
        help="Send this header of the PROXY protocol before anything else.",
    ),
    _tls("--tls", is_flag=True, help="Speak TLS: the handshake is a proof, and a probe is asked inside of it."),
    _tls("--tls-name", metavar="NAME", help="Name to send (SNI) and to verify.  [default: the target's host]"),
    _tls(
        "--tls-verify/--no-tls-verify",
        default=True,
        show_default=True,
        help="Whether the server's certificate has to be trusted, and for that name.",
    ),
    _tls(
        "--ca",
        type=click.Path(exists=True),
        help="File or folder of certificates to trust.  [default: those of the system]",
    ),
    _tls("--cert", type=_FILE, metavar="FILE", help="The client's certificate (PEM)."),
    _tls("--key", type=_FILE, metavar="FILE", help="Its key, not encrypted.  [default: in the file of --cert]"),
    _tls("--alpn", multiple=True, metavar="NAME", help="Protocol to offer, such as h2; more than once, best first."),
    _tls(
        "--tls-min",
        type=click.Choice([version.value for version in TlsVersion]),
        default=TlsVersion.TLS_1_2.value,
        show_default=True,
        help="The oldest version to accept.",
    ),
)


class _Idle(NamedTuple):
    """Options that would do nothing, when that is so, and what to say to whoever gave one of them."""

    names: tuple[str, ...]
    idle: Callable[[Mapping[str, Any]], bool]
    said: str


_IDLE = (
    _Idle(
        ("tls_name", "tls_verify", "ca", "cert", "key", "alpn", "tls_min"),
        lambda options: not options["tls"],
        "says how TLS is spoken: give --tls too",
    ),
    _Idle(
        ("send", "expect"),
        lambda options: options["probe"] is not None,
        "and --probe both say what is asked: give one of them",
    ),
    _Idle(
        ("probe_at", "probe_every", "probe_timeout"),
        lambda options: not options["tls"] and all(options[name] is None for name in ("probe", "send", "expect")),
        "says how the application is asked: give --probe, --send, --expect or --tls too",
    ),
    _Idle(
        ("confirm_every", "confirm_rate"),
        lambda options: options["assurance"] == "handshake",
        "asks for a sign of life, which proves more than a handshake: give --assurance acknowledged",
    ),
    _Idle(
        ("canary_every",),
        lambda options: options["canary"] is False,
        "says how often newcomers knock, and --no-canary that none does: give one of them",
    ),
)


def proof_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def proof_fields(target: Target, options: Mapping[str, Any], given: Collection[str]) -> dict[str, Any]:
    """The fields of a `Plan` that ``options`` mean, of which the user gave those named in ``given``.

    Raises `PlanError`, also for an option that would do nothing beside the others.
    """
    _refuse_idle(options, given)
    assurance = options["assurance"]
    return {
        "assurance": Assurance[assurance.upper()] if assurance else None,
        "probe": _exchange(target, options),
        "tls": _tls_options(target, options) if options["tls"] else None,
        "proxy_protocol": ProxyProtocol(options["proxy_protocol"]) if options["proxy_protocol"] else None,
        "probe_at": ProbeAt(options["probe_at"]),
        "probe_every_s": options["probe_every"],
        "probe_timeout_s": options["probe_timeout"],
        "confirm_every_s": options["confirm_every"],
        "confirm_rate": options["confirm_rate"],
        # Whoever says how often wants it.
        "canary": True if "canary_every" in given else options["canary"],
        "canary_every_s": options["canary_every"],
    }


def for_target(plan: Plan, target: Target, options: Mapping[str, Any]) -> Plan:
    """``plan`` for another ``target``: what ``options`` make of its name is made anew. No file is read again."""
    probe, tls = plan.probe, plan.tls
    if options["probe"] is not None:
        probe = parse_probe(options["probe"], target)
    if tls and options["tls_name"] is None:
        tls = structs.replace(tls, server_name=target.host)
    return structs.replace(plan, target=target, probe=probe, tls=tls)


def _refuse_idle(options: Mapping[str, Any], given: Collection[str]) -> None:
    for names, idle, said in _IDLE:
        for name in names:
            if name in given and idle(options):
                negated = "no-" if options[name] is False else ""
                raise PlanError(f"--{negated}{name.replace('_', '-')} {said}")


def _exchange(target: Target, options: Mapping[str, Any]) -> Exchange | None:
    probe, send, expect = (options[name] for name in ("probe", "send", "expect"))
    if probe is not None:
        return parse_probe(probe, target)
    if send is None and expect is None:
        return None
    # Where both name one file, that of --send is read first.
    return parse_exchange(send, expect, lambda name: _content(name, "--send" if send == f"@{name}" else "--expect"))


def _content(name: str, flag: str) -> bytes:
    try:
        with Path(name).open("rb") as file:
            content = file.read(MOST_READ + 1)
    except (OSError, ValueError) as exc:  # a name with a null byte in it is a ValueError
        raise PlanError(f"{flag}: {name!r} cannot be read: {getattr(exc, 'strerror', exc)}") from exc
    if len(content) > MOST_READ:
        raise PlanError(f"{flag}: {name!r} is larger than 64 KiB")
    return content


def _tls_options(target: Target, options: Mapping[str, Any]) -> TlsOptions:
    name = options["tls_name"]
    return TlsOptions(
        server_name=target.host if name is None else name,
        verify=options["tls_verify"],
        ca=options["ca"] or "",
        certificate=options["cert"] or "",
        key=options["key"] or "",
        alpn=tuple(options["alpn"]),
        minimum_version=TlsVersion(options["tls_min"]),
    )
