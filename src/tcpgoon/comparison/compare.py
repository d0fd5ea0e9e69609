"""Outcomes before and an outcome now → what got worse."""

from collections.abc import Iterator, Sequence

from tcpgoon.capacity import Capacity, searched
from tcpgoon.comparison.changes import Measured, changes
from tcpgoon.comparison.comparable import differences, notes, unanswered
from tcpgoon.comparison.compared import Compared, Comparison, Tolerance
from tcpgoon.comparison.searches import lag_of, search_changes, search_notes, search_problem
from tcpgoon.errors import UsageError
from tcpgoon.judge.facts import Finding
from tcpgoon.result import Part, Result
from tcpgoon.results import Outcome

_CALLED = {"Result": "a run", "EachResult": "of each instance", "SuiteResult": "of a suite", "Capacity": "a search"}


def compare(olds: Sequence[Outcome], new: Outcome, tolerance: Tolerance | None = None) -> Comparison:
    """What got worse in ``new`` since ``olds``, runs of the same with nothing changed, beyond noise and ``tolerance``.

    Parts are compared with those of the same name; a run with a run, whatever its target is called. Raises `UsageError`
    without an OLD run, for rows that were not kept, and where a run is to be compared with a suite.
    """
    tolerance = tolerance or Tolerance()
    if not olds:
        raise UsageError("there is no run to compare with")
    for old in olds:
        if type(old) is not type(new):
            ours, other = (_CALLED[type(one).__name__] for one in (new, old))
            raise UsageError(f"what is to be compared is {ours}, and what it is to be compared with is {other}")
    before = [_named(old) for old in olds]
    now = _named(new)
    gone = dict.fromkeys(name for parts in before for name in parts if name not in now)
    added = [name for name in now if not any(name in parts for parts in before)]
    return Comparison(
        runs=len(olds),
        tolerance=tolerance,
        parts=tuple(
            _compared([parts[name] for parts in before if name in parts], part, tolerance)
            for name, part in now.items()
            if name not in added
        ),
        problems=tuple(f"{name} is not there any more" for name in gone),
        notes=tuple(f"{name} is new: there is nothing to compare it with" for name in added),
    )


def _named(outcome: Outcome) -> dict[str, Part]:
    """The parts by name; that of a single run has none that matters."""
    return {"" if isinstance(outcome, Result | Capacity) else part.name: part for part in outcome.parts}


def _compared(olds: Sequence[Part], new: Part, tolerance: Tolerance) -> Compared:
    if searched(new) or any(map(searched, olds)):
        return _compared_searches(olds, new, tolerance)
    answered = [(old, old.result) for old in olds if old.result and not unanswered(old)]
    verdicts = tuple(old.verdict for old, _ in answered)
    problem = _problem(olds, [result for _, result in answered], new)
    if problem or new.result is None:
        return Compared(
            name=new.name, old=verdicts or tuple(old.verdict for old in olds), new=new.verdict, problem=problem
        )
    results = [result for _, result in answered]
    return Compared(
        name=new.name,
        old=verdicts,
        new=new.verdict,
        lag_s=new.result.strain.lag_s,
        notes=tuple(dict.fromkeys([*_skipped(olds), *(note for old in results for note in notes(old, new.result))])),
        changes=changes([Measured(old) for old in results], Measured(new.result), tolerance),
        findings_new=_without(new.result.findings, [finding for old in results for finding in old.findings]),
        findings_gone=_gone(results, new.result),
    )


def _compared_searches(olds: Sequence[Part], new: Part, tolerance: Tolerance) -> Compared:
    """The findings of a search are why it ended there: another one is told, and the number decides."""
    answered = [(old.verdict, found) for old in olds if (found := searched(old)) and not unanswered(old)]
    verdicts = tuple(verdict for verdict, _ in answered) or tuple(old.verdict for old in olds)
    now, before = searched(new), [found for _, found in answered]
    if now is None or not all(map(searched, olds)):
        what, other = ("run", "search") if now is None else ("search", "run")
        return Compared(name=new.name, old=verdicts, new=new.verdict, problem=f"it is a {what}, and was a {other}")
    if problem := _not_asked(olds, before, new) or search_problem(before, now):
        return Compared(name=new.name, old=verdicts, new=new.verdict, problem=problem)
    told = [note for old in before for note in (*search_notes(old, now), *notes(old, now))]
    return Compared(
        name=new.name,
        old=verdicts,
        new=new.verdict,
        lag_s=lag_of(now),
        notes=tuple(dict.fromkeys([*_skipped(olds), *told])),
        changes=search_changes(before, now, tolerance),
    )


def _not_asked(olds: Sequence[Part], answered: Sequence[object], new: Part) -> str:
    """Why nothing is known of the new one, or of all OLD ones."""
    if why := unanswered(new):
        return f"the new run is {why}"
    return "" if answered else f"the old run is {unanswered(olds[0])}"


def _problem(olds: Sequence[Part], results: Sequence[Result], new: Part) -> str:
    """Why ``new`` cannot be compared."""
    if problem := _not_asked(olds, results, new):
        return problem
    for result in (*results, *([new.result] if new.result else [])):
        if not result.table.rows:
            return "the rows of a run were not kept"
    different = (differences(old.plan, new.result.plan) for old in results if new.result)
    first = next(filter(None, different), "")
    return first and f"they were asked different questions: {first}"


def _skipped(olds: Sequence[Part]) -> Iterator[str]:
    """Of several runs, those that say nothing are left out."""
    for number, old in enumerate(olds, 1):
        if why := unanswered(old):
            yield f"old run {number} is left out: it is {why}"


def _gone(olds: Sequence[Result], new: Result) -> tuple[Finding, ...]:
    """The findings that each of ``olds`` had, as the last of them puts them."""
    in_all = set.intersection(*({finding.code for finding in old.findings} for old in olds))
    return _without([finding for finding in olds[-1].findings if finding.code in in_all], new.findings)


def _without(findings: Sequence[Finding], others: Sequence[Finding]) -> tuple[Finding, ...]:
    """Those of ``findings`` whose code none of ``others`` has."""
    codes = {finding.code for finding in others}
    return tuple(finding for finding in findings if finding.code not in codes)
