"""What every kind of quiz item has in common, and what scoring one returns."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from autograder.markdown import shown


def _number_to_text(value: object) -> object:
    """``text: 768`` means the text "768", in a file as in a variant."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:.10g}" if isinstance(value, float) else str(value)
    return value


#: How ids are written: small letters and digits, with single hyphens between words.
SLUG = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
Slug = Annotated[str, StringConstraints(pattern=SLUG, max_length=60)]
Text = Annotated[
    str,
    BeforeValidator(_number_to_text),
    StringConstraints(strip_whitespace=True, min_length=1),
]
Difficulty = Literal["direct", "applied", "transfer"]
Progress = Literal["open", "partly", "answered"]
State = Literal["graded", "unanswered", "invalid", "waiting"]

#: A number that stands by itself: no part of a name, a version or an address.
_NUMERAL = re.compile(
    r"(?:^\+)?(?<![\w.])(?:(?:\d{1,3}(?:,\d{3})+|\d{1,30})(?:\.\d{1,30})?|\.\d{1,30})"
    r"(?:e[+-]?\d{1,2})?(?!\w|[.,]\d)"
)


class Strict(BaseModel):
    """A model that refuses fields it does not know.

    Its validation is built at its first use: a learner's kernel needs that of the public parts
    alone, and the rest would keep the first question waiting.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


@dataclass(frozen=True)
class Remark:
    """Feedback on one part of a response.

    ``part`` names the option, pair or step as a learner sees it; ``right`` is None where the part
    is neither right nor wrong. ``early`` is what practice says of a wrong part while the learner
    still tries, without the key; None where the part itself would tell it.
    """

    part: str
    right: bool | None
    text: str
    misconception: str | None = None
    early: str | None = ""


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
    and grading can name them, by the same rule. ``variant`` is empty unless the item has variants.
    """

    response_type: ClassVar[type[Response]]

    id: Slug
    title: Text
    points: float
    difficulty: Difficulty
    stem: Text
    variant: str = ""

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
    (``judge``). ``sections`` are where to read again, such as "3.6". ``variant`` names the
    parameter values that the item was made with; it is set when variants are made, never by an
    author.
    """

    id: Slug
    title: Text
    concepts: Annotated[list[Slug], Field(min_length=1)]
    difficulty: Difficulty
    points: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    stem: Text
    explanation: Text
    sections: tuple[Text, ...] = ()
    variant: str = ""

    @abstractmethod
    def public(self) -> PublicItem:
        """The part of the item that may reach a learner."""

    @abstractmethod
    def judge(self, response: Any) -> Score:
        """Judge a readable response that answers at least a part of the item."""

    @cached_property
    def _public(self) -> PublicItem:
        """The public part, made once: a class has thousands of answers read by it."""
        return self.public()

    def hints(self) -> list[str]:
        """What practice tells before the answer, from the vague to the plain (Markdown).

        The last one still leaves something to find.
        """
        return []

    def common(self) -> dict[str, Any]:
        """The fields that the public view shares with the item."""
        names = ("id", "type", "title", "points", "difficulty", "stem", "variant")
        return {name: getattr(self, name) for name in names}

    def shuffled(self, choices: list[Choice], part: str = "") -> list[Choice]:
        """The choices in an order that depends on the ids alone (and on the variant).

        The order in the author's file would often tell the key (the right option first, the steps
        in sequence); the order of hashed ids says nothing about it and is the same in every build.
        """
        seed = "/".join(filter(None, [self.id, self.variant, part]))

        def rank(choice: Choice) -> str:
            return hashlib.sha256(f"{seed}/{choice.id}".encode()).hexdigest()

        return sorted(choices, key=rank)

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
        public = self._public
        try:
            parsed = public.parse(response)
        except ValueError as error:
            return Score("invalid", 0.0, f"The recorded answer is unreadable: {error}.")
        if public.progress(parsed) == "open":
            return unanswered
        return self.judge(parsed)


def require_unique(what: str, ids: list[str]) -> None:
    """Raise ValueError naming the first id that occurs twice."""
    seen: set[str] = set()
    for identifier in ids:
        if identifier in seen:
            raise ValueError(f"two {what} have the id {identifier!r}; every id must be unique")
        seen.add(identifier)


class Identified(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> str: ...


def require_known(what: str, ids: list[str], choices: Sequence[Identified]) -> None:
    """Raise ValueError naming the first id that is none of the choices'."""
    known = [choice.id for choice in choices]
    for identifier in ids:
        if identifier not in known:
            raise ValueError(f"there is no {what} {identifier!r}; there are: {', '.join(known)}")


def looks(text: str) -> str:
    """A Markdown text as a learner tells it from others.

    What is emphasis or code makes no difference, nor do case, spacing and compatibility forms, and
    a number counts by its value, however many zeros are written.
    """
    return _NUMERAL.sub(_by_value, plain(shown(text)).replace("\N{MINUS SIGN}", "-"))


def _by_value(numeral: re.Match[str]) -> str:
    return f"{Decimal(numeral[0].replace(',', '')).normalize():f}"


def plain(text: str) -> str:
    """A text as it is compared: compatibility forms, case and spacing make no difference."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def require_different(what: str, texts: list[str], form: Callable[[str], str] = looks) -> None:
    """Raise ValueError naming the first text that is, in a form, the same as one before it."""
    seen: dict[str, str] = {}
    for text in texts:
        look = form(text)
        if look in seen:
            raise ValueError(
                f"two {what} read {text!r} and {seen[look]!r}; a learner could not tell them "
                "apart, so change or remove one"
            )
        seen[look] = text
