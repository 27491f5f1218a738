"""Judge an answer to a ``code`` item, and check such an item for its author."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograder.errors import AutograderError
from autograder.sandbox.host import Isolation, Limits, SandboxError, SetupError, run
from autograder.sandbox.outcomes import Outcome, Unsupported, difference

if TYPE_CHECKING:
    from autograder.items.base import Score
    from autograder.items.code import Code

#: What the references returned, by all that it depends on.
_references: dict[Any, tuple[Outcome, ...]] = {}


class SolutionError(AutograderError):
    """The ``solution`` of an item cannot serve as its key."""


def judge(item: Code, source: str, isolation: Isolation = Isolation.REQUIRED) -> Score:
    """Run a learner's source against the checks of an item and score what came of it.

    The reference runs alone, in a sandbox of its own, once for all learners.

    Raises
    ------
    SandboxError
        Where there is no sandbox on this machine (and the risk was not accepted).
    AutograderError
        Where the item's own ``setup`` or ``solution`` fails: its author has to mend it.
    """
    score = item.score({"source": source})
    if score.state != "waiting":
        return score
    reference = _reference(item, isolation)
    return item.judge_outcomes(_run(item, source, isolation), reference)


def judge_or_wait(item: Code, source: str, isolation: Isolation = Isolation.REQUIRED) -> Score:
    """As ``judge``; where the code cannot be run here, the answer waits and says why."""
    from autograder.items.base import Score

    try:
        return judge(item, source, isolation)
    except AutograderError as error:
        return Score("waiting", None, f"The code was not run. {error}")


def verify(item: Code, isolation: Isolation = Isolation.REQUIRED) -> list[str]:
    """What is wrong with an item, for its author; empty where nothing is.

    The solution has to pass every check and to return the same in a second run; the starter has
    to fail every check.

    Raises
    ------
    SandboxError
        Where there is no sandbox on this machine (and the risk was not accepted).
    """
    try:
        first = _solve(item, isolation)
        second = _solve(item, isolation)
    except (SetupError, SolutionError) as error:
        return [str(error)]
    solved = item.judge_outcomes(first, first).remarks
    started = item.judge_outcomes(_run(item, item.starter, isolation), first).remarks
    problems = []
    for number, check in enumerate(item.checks):
        place = _place(item, check.id)
        wrong = difference(first[number].value, second[number].value, check.tolerance.rule())
        if wrong:
            problems.append(f"{place}: another run of the solution {wrong}; seed what is random")
        if not solved[number].right:
            problems.append(f"{place}: the solution fails: {solved[number].text}")
        if started[number].right:
            problems.append(f"{place}: the starter passes already")
    return problems


def _reference(item: Code, isolation: Isolation) -> tuple[Outcome, ...]:
    calls = tuple(check.call for check in item.checks)
    key = (item.setup, item.solution, calls, item.limits, isolation)
    if key not in _references:
        _references[key] = _solve(item, isolation)
    return _references[key]


def _solve(item: Code, isolation: Isolation) -> tuple[Outcome, ...]:
    """What the solution returns, refused where it is nothing to compare with."""
    outcomes = _run(item, item.solution, isolation)
    for check, outcome in zip(item.checks, outcomes, strict=True):
        place = _place(item, check.id)
        if outcome.kind == "lost":
            raise SandboxError(f"{place}: {outcome.detail} (running the solution).")
        if outcome.kind != "returned":
            raise SolutionError(f"{place}: the solution {outcome.detail}")
        if _holds_unsupported(outcome.value):
            raise SolutionError(f"{place}: the solution returns what a check cannot compare")
    return outcomes


def _run(item: Code, source: str, isolation: Isolation) -> tuple[Outcome, ...]:
    limits = Limits(item.limits.seconds, item.limits.memory_mb)
    calls = [check.call for check in item.checks]
    try:
        return run(item.setup, source, calls, limits, isolation)
    except SetupError as error:
        raise SetupError(f"item {item.id!r}: {error}") from error


def _place(item: Code, check: str) -> str:
    return f"item {item.id!r}, check {check!r}"


def _holds_unsupported(value: object) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return any(map(_holds_unsupported, value))
    return isinstance(value, Unsupported)
