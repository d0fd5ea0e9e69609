"""What a user asks of a target, whichever way it was spelled: where it goes, and the plan for each place."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from msgspec import structs

from tcpgoon.discovery.place import ANY_INSTANCE, Place, check_spread
from tcpgoon.discovery.places import places
from tcpgoon.options.discovery import choice_of, discovery_options, terms_of
from tcpgoon.options.load import load_options, pacing_of
from tcpgoon.options.proof import for_target, proof_fields, proof_options
from tcpgoon.options.workers import workers_of
from tcpgoon.plan.endpoint import Family, Target
from tcpgoon.plan.lookup import Lookup
from tcpgoon.plan.plan import Close, Plan


class Asked:
    """What ``options`` ask of ``target``; the user gave those of them that are named in ``given``.

    ``options`` are by the names of their parameters, with all that were not given at their default. Raises `PlanError`
    for what cannot be asked: that is said before a name is resolved or a registry is asked for anything.
    """

    def __init__(self, target: Target | Lookup, options: Mapping[str, Any], given: Collection[str]) -> None:
        self.target = target
        self.choice = choice_of(target, options)
        self._options = options
        self._given = given
        self.draft = self._plan(target if isinstance(target, Target) else ANY_INSTANCE)
        """The plan, where the target need not be looked up; else the plan but for what its name becomes."""

    @property
    def is_secret(self) -> bool:
        """Whether what a probe sends is to be shown to nobody."""
        return self.draft.probe is not None and self.draft.probe.secret

    def withhold(self) -> None:
        """From now on what a probe sends and expects is told to nobody, wherever it is from."""
        if self.draft.probe:
            self.draft = structs.replace(self.draft, probe=structs.replace(self.draft.probe, secret=True))

    def places(self) -> tuple[Place, ...]:
        """Where it goes: one place, or one for each instance. Resolves the name, or asks the registry, now.

        Raises `ResolutionError`, `DiscoveryError` and `UsageError`.
        """
        found = places(
            self.target,
            self.choice,
            terms_of(self.target, self._options, self._given, self.draft.dialled_family),
        )
        if self.choice.spread:
            check_spread(self.draft, found[0])
        return found

    def plan_for(self, target: Target) -> Plan:
        """The plan for one of the places."""
        return for_target(self.draft, target, self._options)

    def _plan(self, target: Target) -> Plan:
        options = self._options
        return Plan(
            target=target,
            connections=options["connections"],
            pacing=pacing_of(options),
            dial_timeout_s=options["dial_timeout"],
            max_dialing=options["max_dialing"],
            hold_s=options["hold"],
            keepalive_s=options["keepalive"],
            close=Close(options["close"]),
            family=Family(options["family"] or Family.ANY),
            sources=tuple(options["sources"]),
            spread=options["spread"],
            target_pid=options["target_pid"],
            workers=workers_of(options["workers"]),
            requirements=tuple(options["requirements"]),
            force=options["force"],
            **proof_fields(target, options, self._given),
        )


def asked_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` all the options that say what is asked."""
    for options in (proof_options, discovery_options, load_options):
        command = options(command)
    return command
