"""A free-text answer that a person judges against a rubric."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from autograder.items.base import (
    Item,
    Progress,
    PublicItem,
    Response,
    Score,
    Slug,
    Strict,
    Text,
    require_unique,
)


class CaseStudyResponse(Response):
    text: str


class Level(Strict):
    """What earns ``points`` on a criterion."""

    points: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    text: Text


class Criterion(Strict):
    id: Slug
    name: Text
    levels: Annotated[list[Level], Field(min_length=2)]

    @property
    def points(self) -> float:
        """The points of the best level."""
        return max(level.points for level in self.levels)


class Sample(Strict):
    """An answer graded with the rubric, to calibrate graders: ``points`` for each criterion."""

    text: Text
    points: dict[Slug, float]
    comment: Text


class Words(Strict):
    """How long an answer is expected to be; a hint to the learner, never part of the grade."""

    min: int | None = None
    max: int | None = None


class PublicCaseStudy(PublicItem):
    response_type: ClassVar[type[Response]] = CaseStudyResponse

    type: Literal["case_study"]
    headings: list[Text]
    words: Words

    def check(self, response: CaseStudyResponse) -> None:
        """Any text can be an answer."""

    def progress(self, response: CaseStudyResponse) -> Progress:
        return "answered" if response.text.strip() else "open"


class CaseStudy(Item):
    """Judged by a person in formgrader; the model answer shows after grading."""

    type: Literal["case_study"]
    rubric: Annotated[list[Criterion], Field(min_length=2)]
    model_answer: Text
    samples: tuple[Sample, ...] = ()
    words: Words = Words()

    @model_validator(mode="after")
    def _check(self) -> Self:
        require_unique("criteria", [criterion.id for criterion in self.rubric])
        total = sum(criterion.points for criterion in self.rubric)
        if abs(total - self.points) > 1e-9:
            raise ValueError(
                f"the best levels of the rubric add up to {total:g} points, "
                f"but the item has `points: {self.points:g}`; make the two equal"
            )
        levels = {one.id: [level.points for level in one.levels] for one in self.rubric}
        for sample in self.samples:
            if set(sample.points) != set(levels):
                raise ValueError(
                    f"a sample needs points for each criterion of the rubric: {', '.join(levels)}"
                )
            for name, points in sample.points.items():
                if points not in levels[name]:
                    allowed = ", ".join(f"{one:g}" for one in levels[name])
                    raise ValueError(
                        f"a sample has {points:g} points for {name!r}, whose levels have {allowed}"
                    )
        return self

    def public(self) -> PublicCaseStudy:
        headings = [criterion.name for criterion in self.rubric]
        return PublicCaseStudy(**self.common(), headings=headings, words=self.words)

    def hints(self) -> list[str]:
        best = [max(one.levels, key=lambda level: level.points) for one in self.rubric]
        whole = zip(self.rubric, best, strict=True)
        return [f"What earns all of “{one.name}”: {level.text}" for one, level in whole][:-1]

    def judge(self, response: CaseStudyResponse) -> Score:
        return Score("waiting", None, "A person grades this answer against the rubric.")
