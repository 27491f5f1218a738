"""Judge an answer to a ``code`` item, and check such an item for its author."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from autograder.errors import AutograderError
from autograder.sandbox.host import Isolation, Limits, SandboxError, SetupError, run
from autograder.sandbox.outcomes import Array, Outcome, Unsupported, difference

if TYPE_CHECKING:
    from autograder.items.base import Score
    from autograder.items.code import Code

#: Answers that know nothing: what every function returns, by the name under which it is reported.
_CONSTANTS = {name: name for name in ("True", "None", "0", "1", "''", "[]")} | {
    "its first argument": "{first}",
    "an object that agrees with everything": "_Agreeing(0)",
}
_AGREEING = """
class _Agreeing(float):
    __hash__ = float.__hash__
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __sub__ = __rsub__ = __abs__ = __round__ = __call__ = lambda self, *rest, **named: self
    __getattr__ = lambda self, name: self
"""
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

    The solution has to pass every check and to return the same in a second run, and what it
    returns has to be a value that says something; the starter has to fail every check.

    Raises
    ------
    SandboxError
        Where there is no sandbox on this machine (and the risk was not accepted).
    """
    try:
        first = _reference(item, isolation)
        second = _solve(item, isolation)
    except (SetupError, SolutionError) as error:
        return [str(error)]
    solved = item.judge_outcomes(first, first, for_author=True).remarks
    started = item.judge_outcomes(_run(item, item.starter, isolation), first).remarks
    problems = []
    for number, check in enumerate(item.checks):
        place = _place(item, check.id)
        wrong = difference(first[number].value, second[number].value, check.tolerance.rule())
        if wrong:
            problems.append(f"{place}: another run of the solution {wrong}; seed what is random")
        if _says_nothing(first[number].value):
            problems.append(
                f"{place}: only {first[number].value!r} is compared, and code that lies in its "
                "comparisons returns that, too; let the call return the value itself, and compare "
                "it by `expect`"
            )
        if not solved[number].right:
            problems.append(f"{place}: the solution fails: {solved[number].text}")
        if started[number].right:
            problems.append(f"{place}: the starter passes already")
    return problems


def without_knowledge(item: Code, isolation: Isolation = Isolation.REQUIRED) -> dict[str, Score]:
    """What answers earn whose functions all return one constant, or their first argument.

    Raises
    ------
    AutograderError
        Where the item cannot be judged here; ``verify`` says why.
    """
    reference = _reference(item, isolation)
    calls = [
        f"{_returning(item.starter, value)}\n{check.call}"
        for value in _CONSTANTS.values()
        for check in item.checks
    ]
    outcomes = run(item.setup, "", calls, _limits(item), isolation)
    size = len(item.checks)
    return {
        name: item.judge_outcomes(outcomes[number * size :][:size], reference)
        for number, name in enumerate(_CONSTANTS)
    }


def _returning(starter: str, value: str) -> str:
    """The starter with functions that return a value, and with that value for ``...``."""
    tree = ast.parse(starter)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and not method.name.startswith("__init"):
                    _return(method, value, method.args.args[1:])
        elif isinstance(node, ast.FunctionDef):
            _return(node, value, [*node.args.posonlyargs, *node.args.args])
        elif isinstance(node, ast.Assign) and ast.unparse(node.value) in ("...", "None"):
            node.value = _expression(value, [])
    return f"{_AGREEING}\n{ast.unparse(tree)}"


def _return(function: ast.FunctionDef, value: str, arguments: Sequence[ast.arg]) -> None:
    function.body = [ast.copy_location(ast.Return(_expression(value, arguments)), function)]


def _expression(value: str, arguments: Sequence[ast.arg]) -> ast.expr:
    first = arguments[0].arg if arguments else "None"
    return ast.parse(value.format(first=first), mode="eval").body


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
    """What comes of the checks, run in an order in which no visible one can find a hidden one."""
    order = sorted(range(len(item.checks)), key=lambda place: not item.checks[place].visible)
    calls = [item.checks[place].call for place in order]
    try:
        outcomes = run(item.setup, source, calls, _limits(item), isolation)
    except SetupError as error:
        raise SetupError(f"item {item.id!r}: {error}") from error
    return tuple(outcomes[order.index(place)] for place in range(len(order)))


def _limits(item: Code) -> Limits:
    return Limits(item.limits.seconds, item.limits.memory_mb)


def _place(item: Code, check: str) -> str:
    return f"item {item.id!r}, check {check!r}"


def _holds_unsupported(value: object) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return any(map(_holds_unsupported, value))
    return isinstance(value, Unsupported)


def _says_nothing(value: object) -> bool:
    """Whether a value is empty, or nothing but one and the same of True, False and None."""
    leaves = list(_leaves(value))
    return not leaves or (
        all(leaf is None or isinstance(leaf, bool) for leaf in leaves) and len(set(leaves)) == 1
    )


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict | list | Array):
        parts = value.values if isinstance(value, Array) else value
        for part in parts.values() if isinstance(parts, dict) else parts:
            yield from _leaves(part)
    elif value != "":
        yield value
