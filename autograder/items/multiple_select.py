"""Every option that applies, out of several."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from autograder.items.base import (
    Choice,
    Item,
    Progress,
    PublicItem,
    Remark,
    Response,
    Score,
    require_different,
    require_known,
    require_unique,
)
from autograder.items.single_choice import Option


class MultipleSelectResponse(Response):
    """The ids of the options that the learner ticked, in any order."""

    picks: list[str]


class PublicMultipleSelect(PublicItem):
    response_type: ClassVar[type[Response]] = MultipleSelectResponse

    type: Literal["multiple_select"]
    options: list[Choice]

    def check(self, response: MultipleSelectResponse) -> None:
        require_known("option", response.picks, self.options)
        require_unique("options of the answer", response.picks)

    def progress(self, response: MultipleSelectResponse) -> Progress:
        return "answered" if response.picks else "open"


class MultipleSelect(Item):
    """Score: (right picks - wrong picks) / keyed options, at least 0.

    With ``scoring: all-or-nothing`` it is 1 for exactly the keyed options and 0 for anything else.
    """

    type: Literal["multiple_select"]
    options: Annotated[list[Option], Field(min_length=3)]
    scoring: Literal["net", "all-or-nothing"] = "net"

    @model_validator(mode="after")
    def _check(self) -> Self:
        require_unique("options", [option.id for option in self.options])
        require_different("options", [option.text for option in self.options])
        keyed = sum(option.correct for option in self.options)
        if keyed in (0, len(self.options)):
            raise ValueError(
                "at least one option must have `correct: true` and at least one must not"
            )
        return self

    def public(self) -> PublicMultipleSelect:
        choices = [Choice(id=option.id, text=option.text) for option in self.options]
        return PublicMultipleSelect(**self.common(), options=self.shuffled(choices))

    def judge(self, response: MultipleSelectResponse) -> Score:
        picks = set(response.picks)
        keyed = [option for option in self.options if option.correct]
        right = sum(option.id in picks for option in keyed)
        wrong = len(picks) - right
        fraction = max(0.0, (right - wrong) / len(keyed))
        if self.scoring == "all-or-nothing":
            fraction = float(right == len(keyed) and not wrong)
        reason = f"{right} of the {len(keyed)} options that apply, and {wrong} that do not."
        return Score("graded", fraction, reason, self._remarks(picks))

    def _remarks(self, picks: set[str]) -> tuple[Remark, ...]:
        remarks = []
        for option in self.options:
            if option.id in picks:
                misconception = None if option.correct else option.misconception
                said = option.feedback
                remark = Remark(option.text, option.correct, said, misconception, early=said)
                remarks.append(remark)
            elif option.correct:
                part = f"(not picked) {option.text}"
                remarks.append(Remark(part, False, option.feedback, early=None))
        return tuple(remarks)

    def hints(self) -> list[str]:
        wrong = [option for option in self.options if not option.correct]
        right = len(self.options) - len(wrong)
        return [
            f"{right} of the {len(self.options)} options {'applies' if right == 1 else 'apply'}.",
            *(f"Not “{option.text}”. {option.feedback}" for option in wrong[:1]),
        ]
