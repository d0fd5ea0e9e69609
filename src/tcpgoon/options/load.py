"""The options that say how many connections are opened, how fast, how long they are held, and when that is a PASS."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import click

from tcpgoon.errors import PlanError
from tcpgoon.options.params import COUNT, DURATION, MILLISECONDS, RATE, Parsed
from tcpgoon.options.sections import SectionedOption
from tcpgoon.options.sources import source_options, where
from tcpgoon.options.workers import workers_option
from tcpgoon.plan.endpoint import Family
from tcpgoon.plan.pacing import AllAtOnce, ConstantRate, from_interval, from_ramp, from_rate
from tcpgoon.plan.plan import Close
from tcpgoon.plan.requirements import parse_requirement

_load = partial(click.option, cls=SectionedOption, section="Load")
_hold = partial(click.option, cls=SectionedOption, section="Hold")
_verdict = partial(click.option, cls=SectionedOption, section="Verdict")

_SLEEP_S = 0.010
"""Between the starts of two dials, where nothing else is said."""

_OPTIONS = (
    _load("-c", "--connections", type=COUNT, default="100", show_default=True, help="How many are held at once; 10k."),
    _load("-s", "--sleep", type=MILLISECONDS, help="ms between the starts of two dials; 0: at once.  [default: 10]"),
    _load("--rate", type=RATE, help="The same as a rate: 5k/s."),
    _load("--ramp", type=DURATION, help="The same as a time for the whole ramp: 30s."),
    _load(
        "-d",
        "-t",
        "--dial-timeout",
        type=MILLISECONDS,
        default="5000",
        show_default=True,
        help="ms that a dial may take.",
    ),
    _load("--max-dialing", type=COUNT, default="512", show_default=True, help="At most so many dials in flight."),
    _hold(
        "--hold",
        type=DURATION,
        default="1s",
        show_default=True,
        help="How long all are held after the last dial ended.",
    ),
    _hold(
        "--keepalive",
        type=DURATION,
        help="Let our kernel send a TCP keepalive on what has been idle for so long, so that something goes along the "
        "path; it has the side effects of --confirm-every.  [default: none]",
    ),
    _hold(
        "--close",
        type=click.Choice([close.value for close in Close]),
        default=Close.FIN.value,
        show_default=True,
        help="How we close: politely, or with RST so that no TIME_WAIT stays behind.",
    ),
    where("-4", "family", flag_value=Family.IPV4.value, help="Dial IPv4 addresses only."),
    where("-6", "family", flag_value=Family.IPV6.value, help="Dial IPv6 addresses only."),
    source_options,
    _verdict(
        "--target-pid",
        type=int,
        metavar="PID",
        help="A process of the target on this machine, in a container or not, to look at.  "
        "[default: whoever listens on the port, where the target is on this machine]",
    ),
    workers_option,
    _verdict(
        "--require",
        "requirements",
        type=Parsed("requirement", parse_requirement),
        multiple=True,
        metavar="REQUIREMENT",
        help="What has to hold for a PASS: 'established >= 99.9%', 'p99 establishment < 50ms', 'newcomer < 100ms'; may "
        "be given more than once.  [default: all are held at once, and none is lost]",
    ),
    _verdict("--force", is_flag=True, help="Go on although a limit of this client makes it impossible."),
)


def load_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def pacing_of(options: Mapping[str, Any]) -> AllAtOnce | ConstantRate:
    """When the connections are opened. Raises `PlanError` where that is said more than once."""
    sleep_s, rate, ramp_s = (options[name] for name in ("sleep", "rate", "ramp"))
    if sum(given is not None for given in (sleep_s, rate, ramp_s)) > 1:
        raise PlanError("-s, --rate and --ramp say the same thing: give one of them")
    if rate is not None:
        return from_rate(rate)
    if ramp_s is not None:
        return from_ramp(ramp_s, options["connections"])
    return from_interval(_SLEEP_S if sleep_s is None else sleep_s)
