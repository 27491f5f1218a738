"""Code that a learner writes, judged by what it returns in the sandbox."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from autograder.items.base import (
    Item,
    Progress,
    PublicItem,
    Remark,
    Response,
    Score,
    Slug,
    Strict,
    Text,
    require_unique,
)
from autograder.sandbox.outcomes import Outcome, difference
from autograder.sandbox.outcomes import Tolerance as Rule

MAX_SOURCE = 100_000

Source = Annotated[str, StringConstraints(max_length=MAX_SOURCE)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class CodeResponse(Response):
    source: str


class Tolerance(Strict):
    """Floats agree where they differ by at most ``absolute + relative * |expected|``."""

    absolute: Amount = 1e-5
    relative: Amount = 1e-4

    def rule(self) -> Rule:
        return Rule(self.absolute, self.relative)


class Check(Strict):
    """A call whose value is compared with ``expect``, or with what the solution returns.

    The comparison is that of ``autograder.sandbox.outcomes.difference``. A visible check is
    public, without what it expects: a learner can run it.
    """

    id: Slug
    name: Text
    call: Annotated[Source, StringConstraints(min_length=1)]
    feedback: Text
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1
    visible: bool = False
    expect: JsonValue = None
    tolerance: Tolerance = Tolerance()
    misconception: Slug | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        body = _parse("call", self.call)
        if not body or not isinstance(body[-1], ast.Expr):
            raise ValueError("`call` has to end in an expression: its value is what is compared")
        return self

    @property
    def has_key(self) -> bool:
        """Whether the author wrote what to expect, if only ``null``."""
        return "expect" in self.model_fields_set


class Limits(Strict):
    """What one check may use."""

    seconds: Annotated[float, Field(gt=0, le=300, allow_inf_nan=False)] = 20
    memory_mb: Annotated[int, Field(ge=64, le=16_384)] = 2048


class PublicCheck(Strict):
    """A visible check as a learner sees it."""

    id: Slug
    name: Text
    call: Source


class PublicCode(PublicItem):
    response_type: ClassVar[type[Response]] = CodeResponse

    type: Literal["code"]
    starter: Source
    setup: Source
    checks: list[PublicCheck]

    def check(self, response: CodeResponse) -> None:
        if len(response.source) > MAX_SOURCE:
            raise ValueError(f"the code is longer than {MAX_SOURCE:,} characters")
        if "\0" in response.source:
            raise ValueError("the code holds a NUL character")
        try:
            response.source.encode()
        except UnicodeEncodeError as error:
            raise ValueError("the code holds half of a surrogate pair") from error

    def progress(self, response: CodeResponse) -> Progress:
        written = _lines(response.source)
        return "open" if written in ([], _lines(self.starter)) else "answered"


class Code(Item):
    """Weighted checks on what the learner's code returns, compared outside its process.

    ``judge`` runs nothing and leaves the score open; ``autograder.sandbox.judge`` runs the code
    and has ``judge_outcomes`` compare.
    """

    type: Literal["code"]
    starter: Source
    setup: Source = ""
    solution: Source
    checks: Annotated[list[Check], Field(min_length=1)]
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _check(self) -> Self:
        for field in ("starter", "setup", "solution"):
            _parse(field, getattr(self, field))
        require_unique("checks", [check.id for check in self.checks])
        if _lines(self.solution) in ([], _lines(self.starter)):
            raise ValueError("`solution` has to differ from `starter`: complete it")
        return self

    def public(self) -> PublicCode:
        checks = [
            PublicCheck(id=check.id, name=check.name, call=check.call)
            for check in self.checks
            if check.visible
        ]
        return PublicCode(**self.common(), starter=self.starter, setup=self.setup, checks=checks)

    def judge(self, response: CodeResponse) -> Score:
        return Score("waiting", None, "The code was not run yet: it needs the sandbox.")

    def hints(self) -> list[str]:
        return [f"Look out: {self.checks[0].feedback}"]

    def judge_outcomes(
        self,
        outcomes: Sequence[Outcome],
        reference: Sequence[Outcome],
        *,
        for_author: bool = False,
    ) -> Score:
        """Compare what the checks returned with the key.

        Parameters
        ----------
        outcomes, reference
            What came of every check with the learner's code and with the solution.
        for_author
            Tell everything of hidden checks, too.

        Returns
        -------
        Score
            ``waiting`` where the machine kept a check from ending, else the weighted share of the
            checks that are right, with a remark for each.
        """
        lost = next((outcome for outcome in outcomes if outcome.kind == "lost"), None)
        if lost:
            return Score("waiting", None, f"{lost.detail}; the code has to be run again.")
        remarks = []
        earned = 0.0
        for check, outcome, key in zip(self.checks, outcomes, reference, strict=True):
            hidden = not (check.visible or for_author)
            wrong = _wrong(check, outcome, key, hidden)
            text = f"Your code {wrong}. {check.feedback}" if wrong else check.feedback
            misconception = check.misconception if wrong else None
            remarks.append(Remark(check.name, not wrong, text, misconception, early=text))
            earned += 0 if wrong else check.weight
        passed = sum(remark.right is True for remark in remarks)
        if passed == len(remarks):
            return Score("graded", 1.0, "Every check passed.", tuple(remarks))
        fraction = earned / sum(check.weight for check in self.checks)
        reason = f"{passed} of {len(remarks)} checks passed."
        return Score("graded", fraction, reason, tuple(remarks))


def _wrong(check: Check, outcome: Outcome, key: Outcome, hidden: bool) -> str:
    """What is wrong with the outcome of a check; empty where nothing is."""
    if outcome.kind != "returned":
        return (hidden and outcome.guarded) or outcome.detail
    expected = check.expect if check.has_key else key.value
    return difference(expected, outcome.value, check.tolerance.rule(), hidden=hidden)


def _lines(code: str) -> list[str]:
    """The lines of code, without empty lines around them and spaces at their ends."""
    return [line.rstrip() for line in code.strip().splitlines()]


def _parse(field: str, code: str) -> list[ast.stmt]:
    """The statements of code that compiles; ValueError naming the field and the line if not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(code, f"<{field}>", "exec", dont_inherit=True)
            return ast.parse(code).body
    except SyntaxError as error:
        place = f", line {error.lineno}" if error.lineno else ""
        raise ValueError(f"`{field}`{place}: {error.msg}; mend this Python code") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"`{field}` does not compile: {error}") from error
