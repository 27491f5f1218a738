"""What every kind of quiz item has in common, and what scoring one returns."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Difficulty = Literal["direct", "applied", "transfer"]
Progress = Literal["open", "partly", "answered"]
State = Literal["graded", "unanswered", "invalid", "waiting"]


class Strict(BaseModel):
    """A model that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Remark:
    """Feedback on one part of a response.

    ``part`` names the option, pair or step as a learner sees it; ``right`` is None where the part
    is neither right nor wrong.
    """

    part: str
    right: bool | None
    text: str
    misconception: str | None = None


@dataclass(frozen=True)
class Score:
    """How one response to one item was judged.

    ``fraction`` lies in [0, 1] and is None while a person still has to judge; ``reason`` says in
    one sentence why the score is what it is.
    """

    state: State
    fraction: float | None
    reason: str
    remarks: tuple[Remark, ...] = ()


class Response(Strict):
    """A learner's answer to one item, as the widget or ``quiz.answer`` records it."""


class PublicItem(Strict, ABC):
    """The part of an item that a learner receives. It has no field that could hold a key.

    It also knows which responses are readable, so that the learner's side can refuse the others
    and grading can name them, by the same rule.
    """

    response_type: ClassVar[type[Response]]

    id: Slug
    title: Text
    points: float
    difficulty: Difficulty
    stem: Text

    def parse(self, response: object) -> Response:
        """The response as this item's ``response_type``.

        Raises
        ------
        ValueError
            Saying in a few words why it cannot be an answer to this item.
        """
        try:
            parsed = self.response_type.model_validate(response, strict=True)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(step) for step in first["loc"]) or "the answer"
            raise ValueError(f"{place}: {first['msg']}") from error
        self.check(parsed)
        return parsed

    @abstractmethod
    def check(self, response: Any) -> None:
        """Raise ValueError where a response names what the item does not have."""

    @abstractmethod
    def progress(self, response: Any) -> Progress:
        """How much of the item a readable response answers."""


class Choice(Strict):
    """An option, prompt or step as a learner sees it."""

    id: Slug
    text: Text


class Item(Strict, ABC):
    """An item as its author wrote it: the public part and the key together.

    Subclasses say how they look to a learner (``public``) and how a readable response is judged
    (``judge``).
    """

    id: Slug
    title: Text
    concepts: Annotated[list[Slug], Field(min_length=1)]
    difficulty: Difficulty
    points: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    stem: Text
    explanation: Text

    @abstractmethod
    def public(self) -> PublicItem:
        """The part of the item that may reach a learner."""

    @abstractmethod
    def judge(self, response: Any) -> Score:
        """Judge a readable response that answers at least a part of the item."""

    def common(self) -> dict[str, Any]:
        """The fields that the public view shares with the item."""
        names = ("id", "type", "title", "points", "difficulty", "stem")
        return {name: getattr(self, name) for name in names}

    def score(self, response: object) -> Score:
        """Judge what was recorded for this item, whatever it is.

        Parameters
        ----------
        response
            The JSON value recorded for the item, or None where nothing was.

        Returns
        -------
        Score
            ``unanswered`` or ``invalid`` (both with fraction 0 and a reason) where there is
            nothing to judge; otherwise what ``judge`` says.
        """
        unanswered = Score("unanswered", 0.0, "No answer was recorded.")
        if response is None:
            return unanswered
        public = self.public()
        try:
            parsed = public.parse(response)
        except ValueError as error:
            return Score("invalid", 0.0, f"The recorded answer is unreadable: {error}.")
        if public.progress(parsed) == "open":
            return unanswered
        return self.judge(parsed)


def shuffled(item_id: str, choices: list[Choice]) -> list[Choice]:
    """The choices in an order that depends on their ids alone.

    The order in the author's file would often tell the key (the right option first, the steps in
    sequence); the order of hashed ids says nothing about it and is the same in every build.
    """

    def rank(choice: Choice) -> str:
        return hashlib.sha256(f"{item_id}/{choice.id}".encode()).hexdigest()

    return sorted(choices, key=rank)


def require_unique(what: str, ids: list[str]) -> None:
    """Raise ValueError naming the first id that occurs twice."""
    seen: set[str] = set()
    for identifier in ids:
        if identifier in seen:
            raise ValueError(f"two {what} have the id {identifier!r}; every id must be unique")
        seen.add(identifier)


def require_known(what: str, ids: list[str], choices: list[Choice]) -> None:
    """Raise ValueError naming the first id that is none of the choices'."""
    known = [choice.id for choice in choices]
    for identifier in ids:
        if identifier not in known:
            raise ValueError(f"there is no {what} {identifier!r}; there are: {', '.join(known)}")
