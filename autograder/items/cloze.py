"""Several blanks in a text or a table: choices, words and numbers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, Self

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
    plain,
    require_different,
    require_known,
    require_unique,
)
from autograder.items.numeric import NumberKey, Typed, read_number
from autograder.items.single_choice import Option

#: Where a blank stands in the text: its id in double square brackets.
BLANK = re.compile(r"\[\[([a-z][a-z0-9-]*)\]\]")
_MAX_LENGTH = 200


class ClozeResponse(Response):
    """For each blank the id of an option, or what was typed; open blanks are absent or empty."""

    blanks: dict[str, Typed]


class PublicBlank(Strict):
    """A blank as a learner sees it; ``options`` belong to a choice, ``unit`` to a number."""

    id: Slug
    kind: Literal["choice", "text", "number"]
    options: Annotated[list[Choice], Field(default_factory=list)]
    unit: Text | None = None

    def check(self, given: Typed) -> None:
        """Raise ValueError where ``given`` cannot fill this blank."""
        if self.kind == "number":
            read_number(given, self.unit)
        elif not isinstance(given, str):
            raise ValueError("a text is expected here")
        elif self.kind == "choice":
            require_known("option", [given], self.options)
        elif len(given) > _MAX_LENGTH:
            raise ValueError(f"a word has at most {_MAX_LENGTH} characters")


class PublicCloze(PublicItem):
    response_type: ClassVar[type[Response]] = ClozeResponse

    type: Literal["cloze"]
    text: Text
    blanks: list[PublicBlank]

    def check(self, response: ClozeResponse) -> None:
        blanks = {blank.id: blank for blank in self.blanks}
        require_known("blank", list(response.blanks), self.blanks)
        for name, given in filled(response).items():
            try:
                blanks[name].check(given)
            except ValueError as error:
                raise ValueError(f"blank {name!r}: {error}") from error

    def progress(self, response: ClozeResponse) -> Progress:
        done = len(filled(response))
        if not done:
            return "open"
        return "partly" if done < len(self.blanks) else "answered"


def filled(response: ClozeResponse) -> dict[str, Typed]:
    """The blanks that hold something."""
    return {name: given for name, given in response.blanks.items() if str(given).strip()}


class ChoiceBlank(Strict):
    """A drop-down with exactly one correct option."""

    id: Slug
    kind: Literal["choice"]
    options: Annotated[list[Option], Field(min_length=2)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        require_unique("options", [option.id for option in self.options])
        require_different("options", [option.text for option in self.options])
        if sum(option.correct for option in self.options) != 1:
            raise ValueError("exactly one option of a blank must have `correct: true`")
        return self

    def judge(self, given: Any) -> tuple[float, Remark]:
        """The fraction that an option earns, and why."""
        picked = next(option for option in self.options if option.id == given)
        if picked.correct:
            return 1.0, Remark(picked.text, True, picked.feedback)
        said = f"{picked.feedback} {self.solution}"
        return 0.0, Remark(picked.text, False, said, picked.misconception, early=picked.feedback)

    @property
    def solution(self) -> str:
        """The right option, and why it is right."""
        right = next(option for option in self.options if option.correct)
        return f"Best: {right.text}. {right.feedback}"


class WrongWord(Strict):
    """A wrong spelling or word that deserves feedback of its own."""

    text: Text
    feedback: Text
    misconception: Slug | None = None


class TextBlank(Strict):
    """A word or short phrase; case, spacing and compatibility forms make no difference."""

    id: Slug
    kind: Literal["text"]
    accept: Annotated[list[Text], Field(min_length=1)]
    feedback: Text
    wrong: Annotated[list[WrongWord], Field(default_factory=list)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        words = [*self.accept, *(word.text for word in self.wrong)]
        require_different("accepted or wrong words", words, plain)
        return self

    def judge(self, given: Any) -> tuple[float, Remark]:
        """The fraction that a word earns, and why."""
        if plain(given) in map(plain, self.accept):
            return 1.0, Remark(given, True, self.feedback)
        for wrong in self.wrong:
            if plain(given) == plain(wrong.text):
                said = f"{wrong.feedback} {self.solution}"
                return 0.0, Remark(given, False, said, wrong.misconception, early=wrong.feedback)
        return 0.0, Remark(given, False, self.solution)

    @property
    def solution(self) -> str:
        """The first accepted spelling, and why it is right."""
        return f"Right: {self.accept[0]}. {self.feedback}"


class NumberBlank(NumberKey):
    """A number; its key is the same as that of a ``numeric`` item."""

    id: Slug
    kind: Literal["number"]
    feedback: Text

    def judge(self, given: Any) -> tuple[float, Remark]:
        """The fraction that a number earns, and why."""
        return self.judge_number(read_number(given, self.unit), self.feedback)

    @property
    def solution(self) -> str:
        """The right value, and why it is right."""
        return f"Right: {self.with_unit(self.answer)}. {self.feedback}"


Blank = Annotated[ChoiceBlank | TextBlank | NumberBlank, Field(discriminator="kind")]


class Cloze(Item):
    """Score: the mean over the blanks."""

    type: Literal["cloze"]
    text: Text
    blanks: Annotated[list[Blank], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        ids = [blank.id for blank in self.blanks]
        require_unique("blanks", ids)
        placed = BLANK.findall(self.text)
        require_unique("places in the text", placed)
        if set(placed) != set(ids):
            raise ValueError(
                f"the text has places for {sorted(placed)}, but the blanks are {sorted(ids)}; "
                "write each blank's id once in the text, like [[this]]"
            )
        return self

    def hints(self) -> list[str]:
        first = next(blank for blank in self.blanks if blank.id == BLANK.findall(self.text)[0])
        return [f"Blank 1. {first.solution}"] if len(self.blanks) > 1 else []

    def public(self) -> PublicCloze:
        blanks = {blank.id: self._public_blank(blank) for blank in self.blanks}
        in_order = [blanks[name] for name in BLANK.findall(self.text)]
        return PublicCloze(**self.common(), text=self.text, blanks=in_order)

    def _public_blank(self, blank: Blank) -> PublicBlank:
        if isinstance(blank, ChoiceBlank):
            choices = [Choice(id=option.id, text=option.text) for option in blank.options]
            shown = self.shuffled(choices, blank.id)
            return PublicBlank(id=blank.id, kind="choice", options=shown)
        unit = blank.unit if isinstance(blank, NumberBlank) else None
        return PublicBlank(id=blank.id, kind=blank.kind, options=[], unit=unit)

    def judge(self, response: ClozeResponse) -> Score:
        given = filled(response)
        blanks = {blank.id: blank for blank in self.blanks}
        earned, remarks = 0.0, []
        for number, name in enumerate(BLANK.findall(self.text), start=1):
            blank = blanks[name]
            if name not in given:
                remarks.append(Remark(f"Blank {number} (left open)", False, blank.solution))
                continue
            fraction, remark = blank.judge(given[name])
            earned += fraction
            part = f"Blank {number}: {remark.part}"
            remarks.append(replace(remark, part=part))
        right = sum(remark.right is True for remark in remarks)
        reason = f"{right} of {len(remarks)} blanks are right."
        return Score("graded", earned / len(self.blanks), reason, tuple(remarks))
