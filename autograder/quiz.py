"""Quizzes: reading ``quiz.yaml``, and the public part that learners receive.

``Quiz`` holds the key and stays with the instructor. ``PublicQuiz`` is another class, made of
public items only, and is what ``questions.json`` beside a released notebook holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from autograder.course import load_course
from autograder.errors import QuizError
from autograder.items import AnyItem, AnyPublicItem, Code
from autograder.items.base import Slug, Strict, Text, require_unique
from autograder.validation import complaints
from autograder.variants import TEMPLATE_FIELDS, Template, TemplateError, describe, pick

QUIZ_FILE = "quiz.yaml"
QUESTIONS_FILE = "questions.json"


class PublicQuiz(Strict):
    """What a learner receives of a quiz: stems and options, no key and no feedback.

    ``variants`` holds, for each item with parameters, every variant that a learner may get; the
    first of them stands in ``items``.
    """

    id: Slug
    title: Text
    chapter: str
    instructions: Text
    course: Slug = "course"
    items: list[AnyPublicItem]
    variants: Annotated[dict[Slug, list[AnyPublicItem]], Field(default_factory=dict)]

    def to_json(self) -> str:
        """The text of ``questions.json``."""
        return self.model_dump_json(indent=1, exclude_defaults=True) + "\n"

    def for_learner(self, learner: str) -> Self:
        """The quiz with this learner's variant of each item, and no other variant."""
        return self.model_copy(update={"items": _items_of(self, learner), "variants": {}})


class Quiz(Strict):
    """A quiz with its key, as its author wrote it.

    ``course`` and ``variants`` are set when the file is read; see ``PublicQuiz``.
    """

    id: Slug
    title: Text
    chapter: str
    instructions: Text
    course: Slug = "course"
    items: Annotated[list[AnyItem], Field(min_length=1)]
    variants: Annotated[dict[Slug, list[AnyItem]], Field(default_factory=dict)]

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
            course=self.course,
            items=[item.public() for item in self.items],
            variants={
                name: [item.public() for item in items] for name, items in self.variants.items()
            },
        )

    def for_learner(self, learner: str) -> Self:
        """The quiz with this learner's variant of each item, and no other variant."""
        return self.model_copy(update={"items": _items_of(self, learner), "variants": {}})


def find_item(quiz: Quiz | PublicQuiz, item_id: str) -> Any:
    """The item of a quiz that has an id.

    Raises
    ------
    QuizError
        Where there is none, naming those that there are.
    """
    for item in quiz.items:
        if item.id == item_id:
            return item
    known = ", ".join(item.id for item in quiz.items)
    raise QuizError(f"the quiz {quiz.id!r} has no question {item_id!r}; it has: {known}")


def _items_of(quiz: Quiz | PublicQuiz, learner: str) -> list[Any]:
    """The items of a quiz, each in the variant that the learner gets."""
    items: list[Any] = []
    for item in quiz.items:
        variants: Sequence[Any] = quiz.variants.get(item.id, [item])
        items.append(variants[pick(quiz.course, quiz.id, item.id, learner, len(variants))])
    return items


class _Written(Strict):
    """The outline of a ``quiz.yaml``, before its items are read one by one."""

    id: Slug
    title: Text
    chapter: str
    instructions: Text
    items: Annotated[list[Any], Field(min_length=1)]


def load_quiz(path: Path, *, thorough: bool = False) -> Quiz:
    """Read and validate a ``quiz.yaml``.

    Parameters
    ----------
    path
        The file; ``course.yaml`` is looked for in the folder above its own.
    thorough
        Also try every combination of parameters (a large sample where there are too many), not
        only those that learners get.

    Raises
    ------
    QuizError
        Naming file, line, item, field and what is allowed, one line for each problem.
    """
    data = read_yaml(path)
    course = load_course(path.parent.parent)
    problems: list[_Problem] = []
    read: list[list[AnyItem]] = []
    written = data.get("items") if isinstance(data, dict) else None
    for number, item in enumerate(written if isinstance(written, list) else []):
        try:
            read.append(_read_item(item, thorough))
        except _Problems as error:
            problems += [one.below("items", number) for one in error.problems]
    try:
        outline = _Written.model_validate(data)
        if not problems:
            quiz = Quiz(
                **outline.model_dump(exclude={"items"}),
                course=course.id,
                items=[variants[0] for variants in read],
                variants={items[0].id: items for items in read if items[0].variant},
            )
    except ValidationError as error:
        problems += _problems(error, _Written)
    if problems:
        raise QuizError("\n".join(_located(path, data, problem) for problem in problems))
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


@dataclass(frozen=True)
class _Problem:
    """What is wrong, and the way to it through the file."""

    loc: tuple[str | int, ...]
    message: str

    def below(self, *loc: str | int) -> _Problem:
        return _Problem((*loc, *self.loc), self.message)


class _Problems(Exception):
    def __init__(self, problems: list[_Problem]) -> None:
        super().__init__(problems)
        self.problems = problems


def _problems(error: ValidationError, schema: Any) -> list[_Problem]:
    return [_Problem(loc, message) for loc, message in complaints(error, schema)]


def _read_item(data: Any, thorough: bool) -> list[AnyItem]:
    """The item, or all variants of it that learners can get."""
    if not isinstance(data, dict) or "parameters" not in data:
        _refuse_fields(data, "variant", *TEMPLATE_FIELDS)
        return [_validated(data)]
    _refuse_fields(data, "variant")
    try:
        template = Template.read(data)
        filled = template.every(checked=thorough)
        items = []
        for number, (values, content) in enumerate(filled):
            try:
                item = _validated(content)
            except _Problems as error:
                note = f" (with {describe(values)})"
                raise _Problems(
                    [_Problem(one.loc, one.message + note) for one in error.problems]
                ) from error
            if number < template.variants:
                items.append(item)
    except TemplateError as error:
        raise _Problems([_Problem(error.loc, error.message)]) from error
    first = items[0] if items else None
    for field in ("starter", "setup"):
        if isinstance(first, Code) and any(
            getattr(i, field) != getattr(first, field) for i in items
        ):
            message = "stands in the notebook, the same for all learners: it cannot hold a formula"
            raise _Problems([_Problem((field,), message)])
    if len(items) < 2:
        message = "fewer than two combinations of the parameters are left; widen them"
        raise _Problems([_Problem(("parameters",), message)])
    return items


def _refuse_fields(data: Any, *fields: str) -> None:
    for field in fields:
        if isinstance(data, dict) and field in data:
            message = "has no meaning here: it goes with `parameters:`; remove it"
            raise _Problems([_Problem((field,), message)])


def _validated(data: Any) -> AnyItem:
    try:
        return _item_adapter().validate_python(data)
    except ValidationError as error:
        raise _Problems(_problems(error, AnyItem)) from error


@cache
def _item_adapter() -> TypeAdapter[AnyItem]:
    return TypeAdapter(AnyItem)


def _located(path: Path, data: Any, problem: _Problem) -> str:
    """One line for one problem: file, line, item, field, what is wrong."""
    line, item, field = 1, None, []
    place = data
    for step in problem.loc:
        field.append(str(step))
        try:
            line = _line_of(place, step, line)
            place = place[step]
        except (KeyError, IndexError, TypeError, AttributeError):
            continue
        if item is None and isinstance(place, dict) and "type" in place and "id" in place:
            item = place["id"]
    where = f"item {item!r}, " if item else ""
    return f"{path}:{line}: {where}{'.'.join(field) or 'quiz'}: {problem.message}"


def locate(path: Path, data: Any, loc: tuple[str | int, ...], message: str) -> str:
    """One line that names file, line, item and field of a place in what ``read_yaml`` gave."""
    return _located(path, data, _Problem(loc, message))


def read_yaml(path: Path) -> Any:
    """What a YAML file holds, in containers that know their lines.

    Raises
    ------
    QuizError
        Where it cannot be read.
    """
    from ruamel.yaml import YAML  # a learner's kernel has no use for it
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise QuizError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise QuizError(f"{path}: is not UTF-8 text ({error}); save it as UTF-8") from error
    except YAMLError as error:
        raise QuizError(f"{path}: is not valid YAML: {error}") from error


def _line_of(container: Any, step: int | str, default: int) -> int:
    """The line, from 1, at which a key or element of a loaded YAML container stands."""
    place = container.lc
    position = place.key(step) if isinstance(step, str) else place.item(step)
    return int(position[0]) + 1 if position else default
