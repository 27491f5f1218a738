"""``autograder new``: a quiz to fill in. Each text that is still to be written begins with TODO."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from autograder.errors import AutograderError
from autograder.items import ITEM_TYPES
from autograder.items.base import SLUG
from autograder.quiz import QUIZ_FILE
from autograder.schema import SCHEMA_FILE

_HEAD = """\
# yaml-language-server: $schema=../{schema}
# What begins with TODO is to be written; `autograder check {quiz}` lists it, and no release is made
# before it is gone. docs/authors.md describes every field.
id: {quiz}
title: {title}
chapter: {chapter}
instructions: |
  TODO: what these questions go with, and how they are scored.
items:
"""


def new_quiz(source: Path, quiz_id: str, title: str, chapter: str, types: Sequence[str]) -> Path:
    """Write ``quiz.yaml`` of a new quiz, with an item of each type to fill in; its path.

    Raises
    ------
    AutograderError
        Where the id or a type cannot be used, or the quiz is there already.
    """
    if not re.fullmatch(SLUG, quiz_id):
        raise AutograderError(
            f"{quiz_id!r} cannot be a quiz's id: use small letters and digits, with single "
            "hyphens between words, such as week-3"
        )
    unknown = [name for name in types if name not in ITEM_TYPES]
    if unknown or not types:
        raise AutograderError(
            f"no such type: {', '.join(unknown)}; there are: {', '.join(ITEM_TYPES)}"
        )
    path = source / quiz_id / QUIZ_FILE
    if path.parent.exists():
        raise AutograderError(f"{path.parent}: is there already; choose another id")
    templates = files(__package__) / "templates"
    items = [
        _item(templates.joinpath(f"{name}.yaml").read_text(), types, n)
        for n, name in enumerate(types)
    ]
    head = _HEAD.format(
        schema=SCHEMA_FILE, quiz=quiz_id, title=_quoted(title), chapter=_quoted(chapter)
    )
    try:
        path.parent.mkdir(parents=True)
        path.write_text("\n".join([head, *items]), encoding="utf-8")
    except OSError as error:
        raise AutograderError(f"{path}: cannot be written ({error.strerror})") from error
    return path


def _item(text: str, types: Sequence[str], number: int) -> str:
    """A template, with an id of its own where its type comes more than once."""
    earlier = types[:number].count(types[number])
    return re.sub(r"\A- id: (\S+)", rf"- id: \1-{earlier + 1}", text) if earlier else text


def _quoted(text: str) -> str:
    """A text as YAML reads it back, on one line."""
    return '"' + " ".join(text.replace("\\", "\\\\").replace('"', '\\"').split()) + '"'
