"""The catalogue of misconceptions: what people think, why, and what sets it right.

``source/misconceptions.yaml`` is hand-written; wrong options, steps and blanks name its ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, RootModel, ValidationError

from autograder.errors import QuizError
from autograder.items.base import Slug, Strict, Text
from autograder.quiz import Quiz, locate, read_yaml

CATALOGUE_FILE = "misconceptions.yaml"

_HEAD = """# Misconceptions

What people get wrong about adapting pre-trained models, why, and what sets it right. Wrong answers
in the quizzes name these; class reports count them.

Built from `source/misconceptions.yaml` by `autograder catalogue`.
"""


class Misconception(Strict):
    """``belief`` is what people think, in their words; ``sections`` are where to read again."""

    belief: Text
    why: Text
    remedy: Text
    sections: Annotated[list[str], Field(min_length=1)]


class _Catalogue(RootModel[dict[Slug, Misconception]]):
    pass


def load_catalogue(source: Path) -> dict[str, Misconception]:
    """Read the catalogue of the folder that holds a folder for each quiz; empty if there is none.

    Raises
    ------
    QuizError
        Naming file, line, misconception and field of each problem.
    """
    path = source / CATALOGUE_FILE
    if not path.exists():
        return {}
    data = read_yaml(path)
    try:
        return _Catalogue.model_validate(data).root
    except ValidationError as error:
        lines = [locate(path, data, one["loc"], one["msg"]) for one in error.errors()]
        raise QuizError("\n".join(lines)) from error


def named(quiz: Quiz) -> Iterator[tuple[str, str]]:
    """``(item, misconception)`` for every misconception that an item of the quiz names."""
    for item in quiz.items:
        for identifier in sorted(set(_ids(item.model_dump()))):
            yield item.id, identifier


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            if name == "misconception" and part:
                yield part
            elif name == "misconceptions":
                yield from part.values()
            else:
                yield from _ids(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _ids(part)


def to_markdown(catalogue: Mapping[str, Misconception], quizzes: Sequence[Quiz]) -> str:
    """The text of ``docs/misconceptions.md``."""
    places: dict[str, list[str]] = {}
    for quiz in quizzes:
        for item, identifier in named(quiz):
            places.setdefault(identifier, []).append(f"{quiz.id}/{item}")
    parts = [
        _entry(identifier, one, places.get(identifier, []))
        for identifier, one in sorted(catalogue.items())
    ]
    return "\n".join([_HEAD, *parts])


def _entry(identifier: str, one: Misconception, items: Iterable[str]) -> str:
    return (
        f"## {identifier}\n\n"
        f"**What people think.** {one.belief}\n\n"
        f"**Why.** {one.why}\n\n"
        f"**What sets it right.** {one.remedy}\n\n"
        f"Sections: {', '.join(one.sections)}. Items: {', '.join(items) or 'none yet'}.\n"
    )
