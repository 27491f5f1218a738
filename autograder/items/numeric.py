"""A number, right within a tolerance."""

from __future__ import annotations

import math
import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

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
)

Finite = Annotated[float, Field(allow_inf_nan=False)]
#: What a learner typed, or a number by code.
Typed = int | float | str

_NUMERAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_MAX_LENGTH = 60


def read_number(typed: Typed, unit: str | None = None) -> float:
    """The number that a learner typed, with or without the unit.

    Raises
    ------
    ValueError
        Saying how a number is written.
    """
    if isinstance(typed, str):
        if len(typed) > _MAX_LENGTH:
            raise ValueError(f"a number has at most {_MAX_LENGTH} characters")
        text = typed.strip().replace("\N{MINUS SIGN}", "-")
        if unit and text.casefold().endswith(unit.casefold()):
            text = text[: -len(unit)].strip()
        if not _NUMERAL.fullmatch(text):
            raise ValueError(
                f"{typed!r} is not a number; write it like 1024, 0.5 or 3e-4 "
                "(a point for decimals, nothing between thousands)"
            )
        typed = text
    try:
        number = float(typed)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("the number is too large to be read")
    return number


class Tolerance(Strict):
    """A value counts where it is off by at most the larger of the two allowances."""

    absolute: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    relative: Annotated[float, Field(ge=0, lt=1)] = 0.0

    def admits(self, value: float, answer: float) -> bool:
        """Whether ``value`` counts as ``answer``; binary rounding is never held against it."""
        allowed = max(self.absolute, self.relative * abs(answer))
        return abs(value - answer) <= allowed * (1 + 1e-9) + 1e-12 * abs(answer)


class Slip(Strict):
    """A wrong value that tells what went wrong; it may earn a part (``fraction``)."""

    value: Finite
    feedback: Text
    fraction: Annotated[float, Field(ge=0, lt=1)] = 0.0
    misconception: Slug | None = None


class NumberKey(Strict):
    """What is right for a number: shared by ``numeric`` items and the blanks of a ``cloze``."""

    answer: Finite
    unit: Text | None = None
    tolerance: Tolerance = Tolerance()
    slips: Annotated[list[Slip], Field(default_factory=list)]

    @model_validator(mode="after")
    def _slips_are_wrong(self) -> Self:
        for number, slip in enumerate(self.slips):
            if self.tolerance.admits(slip.value, self.answer):
                raise ValueError(
                    f"the slip {slip.value:g} counts as right: the tolerance admits it; narrow "
                    "the tolerance, or remove the slip"
                )
            for other in self.slips[:number]:
                if self.tolerance.admits(slip.value, other.value):
                    raise ValueError(
                        f"the slips {other.value:g} and {slip.value:g} cannot be told apart; "
                        "narrow the tolerance, or remove one"
                    )
        return self

    def judge_number(self, value: float, feedback: str) -> tuple[float, Remark]:
        """The fraction that a value earns, and why; ``feedback`` explains the right value."""
        shown = self.with_unit(value)
        if self.tolerance.admits(value, self.answer):
            return 1.0, Remark(shown, True, feedback)
        best = f"Right: {self.with_unit(self.answer)}. {feedback}"
        for slip in sorted(self.slips, key=lambda slip: abs(value - slip.value)):
            if self.tolerance.admits(value, slip.value):
                said = f"{slip.feedback} {best}"
                remark = Remark(shown, False, said, slip.misconception, early=slip.feedback)
                return slip.fraction, remark
        return 0.0, Remark(shown, False, best)

    def with_unit(self, value: float) -> str:
        """A value as text, with the unit where there is one."""
        return f"{value:.10g} {self.unit}" if self.unit else f"{value:.10g}"


class NumericResponse(Response):
    """What the learner typed, or a number by code."""

    value: Typed


class PublicNumeric(PublicItem):
    response_type: ClassVar[type[Response]] = NumericResponse

    type: Literal["numeric"]
    unit: Text | None

    def check(self, response: NumericResponse) -> None:
        if self.progress(response) != "open":
            read_number(response.value, self.unit)

    def progress(self, response: NumericResponse) -> Progress:
        return "open" if str(response.value).strip() == "" else "answered"


class Numeric(Item, NumberKey):
    """Score 1 within the tolerance; a value listed under ``slips`` earns the slip's fraction."""

    type: Literal["numeric"]
    feedback: Text

    def public(self) -> PublicNumeric:
        return PublicNumeric(**self.common(), unit=self.unit)

    def judge(self, response: NumericResponse) -> Score:
        value = read_number(response.value, self.unit)
        fraction, remark = self.judge_number(value, self.feedback)
        reason = "Right." if remark.right else "Not the right value."
        if fraction and not remark.right:
            reason = "A known slip: part of the points."
        return Score("graded", fraction, reason, (remark,))
