"""The exceptions of tcpgoon, split by who has to act, and the exit status of each.

::

    TcpgoonError
    ├── UsageError               yours: what was asked cannot be asked                exit 64
    │   ├── PlanError            a value of the plan is wrong
    │   ├── ListenError          the bundled server cannot listen where it was told to
    │   └── SavedFileError       what is to be read is no saved run, or damaged
    ├── Unanswerable             the question could not be asked                      exit 3
    │   ├── ResolutionError      the name of the target does not resolve
    │   └── DiscoveryError       theirs: the registry cannot be reached, or what it says makes no sense
    │       ├── UnknownService   it does not know the service
    │       └── NoInstance       it knows no instance that may be picked
    ├── Declined                 nobody said yes at the prompt                        exit 1
    └── Bug                      ours                                                 exit 70
        └── IllegalTransition    an event that the connection's state does not know

A connection that fails is *data* and raises nothing: see ``record/connection.py``.
"""

from enum import IntEnum


class ExitStatus(IntEnum):
    """What the process tells the shell. The only list of exit statuses: the docs' table is made from it."""

    PASS = 0
    """The target carried what was asked."""
    INTERRUPTED = 1
    """Stopped by the user before the answer was known, or declined at the prompt."""
    FAIL = 2
    """The target did not carry what was asked."""
    INCONCLUSIVE = 3
    """The question could not be asked or answered: a limit of this client, a name that does not resolve, a registry
    that cannot be asked, no instance that is up, connections in doubt, a probe that nobody ever answers."""
    USAGE = 64
    """The command line is wrong (``EX_USAGE`` of sysexits.h)."""
    BUG = 70
    """tcpgoon itself failed (``EX_SOFTWARE`` of sysexits.h)."""
    UNREPORTED = 74
    """The target carried what was asked, and a report that was asked for could not be written (``EX_IOERR``). Any other
    verdict keeps its own status."""


class TcpgoonError(Exception):
    """Any error of tcpgoon; its text is one line that says what is wrong and what to do."""

    exit_status: ExitStatus = ExitStatus.BUG


class UsageError(TcpgoonError):
    """What was asked cannot be asked; change the command line."""

    exit_status = ExitStatus.USAGE


class PlanError(UsageError, ValueError):
    """A value of the plan is out of its range or not of its form.

    A `ValueError` too, so that who reads plans from data (msgspec) adds the path of the value to its text.
    """


class ListenError(UsageError):
    """The bundled server cannot listen there: the port is busy, or not ours to take."""


class SavedFileError(UsageError):
    """What is to be read was not saved by tcpgoon, or is damaged; or what is to be saved is too large."""


class Unanswerable(TcpgoonError):  # noqa: N818 - the name of a situation, not of an error
    """The question could not be asked, and it is not known what the answer would have been."""

    exit_status = ExitStatus.INCONCLUSIVE


class ResolutionError(Unanswerable):
    """The name of the target does not resolve to an address of the family that was asked for."""


class DiscoveryError(Unanswerable):
    """The registry cannot be reached, refuses to answer, or answers what makes no sense."""


class UnknownService(DiscoveryError):  # noqa: N818 - see Unanswerable
    """The registry does not know the service."""


class NoInstance(DiscoveryError):  # noqa: N818 - see Unanswerable
    """There is no instance that was asked for, or none that is up."""


class Declined(TcpgoonError):  # noqa: N818 - see Unanswerable
    """Nobody agreed to the run."""

    exit_status = ExitStatus.INTERRUPTED


class Bug(TcpgoonError):  # noqa: N818 - see Unanswerable
    """A state that the code says cannot be; please report it."""


class IllegalTransition(Bug):
    """An event met a connection in a state that does not know it."""
