"""One best answer out of several options."""

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
    Slug,
    Strict,
    Text,
    require_different,
    require_known,
    require_unique,
)


class SingleChoiceResponse(Response):
    choice: str


class Option(Strict):
    """An option with its key (``correct``) and why it is right or wrong (``feedback``)."""

    id: Slug
    text: Text
    feedback: Text
    correct: bool = False
    misconception: Slug | None = None


class PublicSingleChoice(PublicItem):
    response_type: ClassVar[type[Response]] = SingleChoiceResponse

    type: Literal["single_choice"]
    options: list[Choice]

    def check(self, response: SingleChoiceResponse) -> None:
        require_known("option", [response.choice], self.options)

    def progress(self, response: SingleChoiceResponse) -> Progress:
        return "answered"


class SingleChoice(Item):
    """Score 1 for the correct option, 0 for any other."""

    type: Literal["single_choice"]
    options: Annotated[list[Option], Field(min_length=2)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        require_unique("options", [option.id for option in self.options])
        require_different("options", [option.text for option in self.options])
        correct = [option.id for option in self.options if option.correct]
        if len(correct) != 1:
            raise ValueError(
                f"exactly one option must have `correct: true`, found {len(correct)} {correct}"
            )
        return self

    def public(self) -> PublicSingleChoice:
        choices = [Choice(id=option.id, text=option.text) for option in self.options]
        return PublicSingleChoice(**self.common(), options=self.shuffled(choices))

    def judge(self, response: SingleChoiceResponse) -> Score:
        options = {option.id: option for option in self.options}
        picked = options[response.choice]
        said = picked.feedback
        remarks = [Remark(picked.text, picked.correct, said, picked.misconception, early=said)]
        if picked.correct:
            return Score("graded", 1.0, "Right.", tuple(remarks))
        right = next(option for option in self.options if option.correct)
        remarks.append(Remark(f"Best answer: {right.text}", None, right.feedback))
        return Score("graded", 0.0, "Another option is the best answer.", tuple(remarks))

    def hints(self) -> list[str]:
        wrong = [option for option in self.options if not option.correct]
        return [f"Not “{option.text}”. {option.feedback}" for option in wrong[:-1]]
