"""What is said of each situation, from ``findings.toml``.

Whoever changes what rules say, or the situations, has ``python -m tests.judge.spoken`` write that file anew, and reads
what ``git diff`` shows of it as a user would: it is what is expected from then on.
"""

import json
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tcpgoon.judge import application, lifetime, path, target
from tcpgoon.judge.diagnose import diagnose
from tcpgoon.judge.facts import Finding
from tcpgoon.judge.seen import Seen

from .situations import SITUATIONS, Situation

Rule = Callable[[Seen], Iterator[Finding]]

FILE = Path(__file__).with_name("findings.toml")
SPOKEN: list[dict[str, Any]] = tomllib.loads(FILE.read_text())["finding"]
MODULES = {"application": application, "lifetime": lifetime, "path": path, "target": target}


def told() -> list[Situation]:
    """The situations of which anything may be said of others than us."""
    return [one for one in SITUATIONS if one.facts.started and not one.facts.interrupted]


def said(rules: Sequence[Rule], situation: Situation) -> list[tuple[str, str]]:
    """Codes and sentences of what ``rules`` find."""
    seen = Seen(situation.facts)
    return sorted((finding.code, finding.sentence) for rule in rules for finding in rule(seen))


def expected(rules: str, situation: Situation) -> list[tuple[str, str]]:
    """What is to be said by the module of that name."""
    return sorted(
        (entry["code"], entry["sentence"])
        for entry in SPOKEN
        if (entry["situation"], entry["rules"]) == (situation.name, rules)
    )


def in_full(rules: str) -> list[dict[str, Any]]:
    """One entry for each code of that module, with all that a finding has."""
    return [entry for entry in SPOKEN if "remedy" in entry and entry["rules"] == rules]


def found_in_full(rules: Sequence[Rule], entry: dict[str, Any]) -> dict[str, Any]:
    """The finding that ``entry`` is about, in the form of one."""
    (facts,) = [one.facts for one in SITUATIONS if one.name == entry["situation"]]
    findings = [finding for rule in rules for finding in rule(Seen(facts))]
    (finding,) = [one for one in findings if (one.code, one.sentence) == (entry["code"], entry["sentence"])]
    return {
        **{name: entry[name] for name in ("situation", "rules", "code", "sentence")},
        **_rest(finding),
    }


def spoken() -> Iterator[str]:
    """The blocks of ``findings.toml``: what is found, in the order in which it is reported."""
    yield "".join(f"{line}\n" for line in FILE.read_text().splitlines() if line.startswith("#"))
    in_full: set[str] = set()
    for situation in told():
        modules = {finding.sentence: name for name, module in MODULES.items() for finding in _found(module, situation)}
        for finding in diagnose(situation.facts):
            if name := modules.get(finding.sentence):
                entry = _entry(situation, finding, name, is_full=finding.code not in in_full)
                yield "[[finding]]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in entry.items())
                in_full.add(finding.code)


def _found(module: Any, situation: Situation) -> Iterator[Finding]:
    return (finding for rule in module.RULES for finding in rule(Seen(situation.facts)))


def _entry(situation: Situation, finding: Finding, rules: str, *, is_full: bool) -> dict[str, Any]:
    entry = {"situation": situation.name, "code": finding.code, "sentence": finding.sentence, "rules": rules}
    return {**entry, **_rest(finding)} if is_full else entry


def _rest(finding: Finding) -> dict[str, Any]:
    return {
        "remedy": finding.remedy,
        "commands": list(finding.commands),
        "accounts_for": finding.accounts_for,
        "evidence": json.dumps(finding.evidence, ensure_ascii=False),
    }


def _value(value: Any) -> str:
    """JSON is TOML here: strings, numbers, and lists of strings."""
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    FILE.write_text("\n".join(spoken()))
