"""Quizzes: reading ``quiz.yaml``, and the public part that learners receive.

``Quiz`` holds the key and stays with the instructor. ``PublicQuiz`` is another class, made of
public items only, and is what ``questions.json`` beside a released notebook holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from autograder.errors import QuizError
from autograder.items import AnyItem, AnyPublicItem
from autograder.items.base import Slug, Strict, Text, require_unique

QUIZ_FILE = "quiz.yaml"
QUESTIONS_FILE = "questions.json"


class PublicQuiz(Strict):
    """What a learner receives of a quiz: stems and options, no key and no feedback."""

    id: Slug
    title: Text
    chapter: str
    instructions: Text
    items: list[AnyPublicItem]

    def to_json(self) -> str:
        """The text of ``questions.json``."""
        return self.model_dump_json(indent=1) + "\n"


class Quiz(Strict):
    """A quiz with its key, as its author wrote it."""

    id: Slug
    title: Text
    chapter: str
    instructions: Text
    items: Annotated[list[AnyItem], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        require_unique("items", [item.id for item in self.items])
        return self

    def public(self) -> PublicQuiz:
        """The part of the quiz that may reach a learner."""
        return PublicQuiz(
            id=self.id,
            title=self.title,
            chapter=self.chapter,
            instructions=self.instructions,
            items=[item.public() for item in self.items],
        )


def load_quiz(path: Path) -> Quiz:
    """Read and validate a ``quiz.yaml``.

    Raises
    ------
    QuizError
        Naming file, line, item, field and what is allowed, one line for each problem.
    """
    try:
        data = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise QuizError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise QuizError(f"{path}: is not UTF-8 text ({error}); save it as UTF-8") from error
    except YAMLError as error:
        raise QuizError(f"{path}: is not valid YAML: {error}") from error
    try:
        quiz = Quiz.model_validate(data)
    except ValidationError as error:
        problems = [_describe(path, data, problem) for problem in error.errors()]
        raise QuizError("\n".join(problems)) from error
    if quiz.id != path.parent.name:
        raise QuizError(
            f"{path}:1: the quiz has `id: {quiz.id}` but stands in the folder "
            f"{path.parent.name!r}; make the two equal"
        )
    return quiz


def load_public_quiz(path: Path) -> PublicQuiz:
    """Read a ``questions.json``.

    Raises
    ------
    QuizError
        Where the file is missing or damaged; it says how to get it back.
    """
    try:
        return PublicQuiz.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise QuizError(
            f"{path.name} is not beside this notebook ({path.parent}). "
            "Copy it there from the quiz's folder as you received it, then run this cell again."
        ) from error
    except (OSError, ValidationError) as error:
        raise QuizError(
            f"{path.name} beside this notebook cannot be read. Replace it by the one from the "
            "quiz's folder as you received it, then run this cell again. Your answers are safe."
        ) from error


def _describe(path: Path, data: Any, problem: Any) -> str:
    """One line for one validation problem: file, line, item, field, what is wrong."""
    steps = [step for step in problem["loc"] if not _is_union_tag(step, problem["loc"])]
    line, item = 1, None
    place = data
    for step in steps:
        try:
            line = _line_of(place, step, line)
            place = place[step]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
        if isinstance(place, dict) and "type" in place and "id" in place:
            item = place["id"]
    field = ".".join(str(step) for step in steps) or "quiz"
    message = problem["msg"].removeprefix("Value error, ")
    where = f"item {item!r}, " if item else ""
    got = "" if isinstance(problem["input"], dict | list) else f" (found {problem['input']!r})"
    return f"{path}:{line}: {where}{field}: {message}{got}"


def _is_union_tag(step: int | str, loc: Sequence[int | str]) -> bool:
    """Whether a step of a pydantic location only names the item type."""
    return len(loc) > 2 and loc[0] == "items" and step is loc[2] and isinstance(step, str)


def _line_of(container: Any, step: int | str, default: int) -> int:
    """The line, from 1, at which a key or element of a loaded YAML container stands."""
    place = container.lc
    position = place.key(step) if isinstance(step, str) else place.item(step)
    return int(position[0]) + 1 if position else default
