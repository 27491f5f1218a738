"""What a file that came in is: a notebook of the quiz, a journal, a receipt, or nothing of use.

A file's name decides little: browsers and learners rename. A notebook says in its metadata which
quiz it holds answers to; where nothing was answered in it, the ids of its cells tell.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from autograder.collecting.sources import Found
from autograder.items import AnyItem
from autograder.quiz import QUESTIONS_FILE, Quiz
from autograder.receipts import Receipt
from autograder.responses import (
    METADATA_KEY,
    Record,
    Recorded,
    brief,
    names_quiz,
    parse_journal,
    read_notebook,
)
from autograder.submissions import SECRET_FILE, TIMESTAMP_FILE

NOTEBOOK, JOURNAL, RECEIPT, TIME, OTHER = "notebook", "journal", "receipt", "time", "other"
_JSON = (".ipynb", ".json", ".txt")  # some browsers put .txt or .json behind a notebook's name
_COURSE_OWN = (QUESTIONS_FILE, SECRET_FILE)
_MOST_DIGITS = 1_000
_MOST_JOURNAL = 20 * 2**20  # as grading reads


@dataclass(frozen=True)
class Content:
    """What a file is. ``problem`` and ``remedy`` say why it cannot be used; both are empty where it
    can, and for what nobody needs. ``stray`` is a file that never was to be graded: it is no
    problem beside one that is.
    """

    kind: str
    recorded: Recorded = field(default_factory=lambda: Recorded({}))
    receipt: Receipt | None = None
    problem: str = ""
    remedy: str = ""
    stray: bool = False

    @cached_property
    def records(self) -> Mapping[str, Record]:
        """The answers in the file."""
        return self.recorded.records

    @property
    def revision(self) -> int:
        """The number of the last answer in the file; 0 where there is none."""
        return max((one.revision for one in self.records.values()), default=0)


def read_content(found: Found, quiz: Quiz) -> Content:
    """What a file that can be read is."""
    assert found.held is not None
    name = found.path[-1] if found.path else found.source.name
    lower = name.lower()
    if name == TIMESTAMP_FILE:
        return Content(TIME)
    if name in _COURSE_OWN:
        return Content(OTHER)
    try:
        if ".jsonl" in lower:
            with found.held.open("rb") as file:
                return _journal(file.read(_MOST_JOURNAL), quiz, name)
        if lower.endswith(_JSON):
            return _json(found.held.read_bytes(), quiz, lower)
    except OSError as error:
        return _unusable(f"cannot be read ({error.strerror})", "see to its permissions")
    remedy = f"ask for {quiz.id}.ipynb"
    return Content(OTHER, problem="is not a notebook", remedy=remedy, stray=True)


def digest(path: Path) -> str:
    """SHA-256 of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unusable(problem: str, remedy: str) -> Content:
    return Content(OTHER, problem=problem, remedy=remedy)


def _journal(data: bytes, quiz: Quiz, name: str) -> Content:
    recorded = parse_journal(data, name)
    if recorded.records and not recorded.records.keys() & {item.id for item in quiz.items}:
        return _unusable("answers questions of another quiz", "collect it for that quiz")
    return Content(JOURNAL, recorded)


def _json(data: bytes, quiz: Quiz, name: str) -> Content:
    ask = f"ask for {quiz.id}.ipynb anew"
    try:
        held = json.loads(data, parse_int=_integer)
    except RecursionError:
        return _unusable("is not a notebook: nested too deeply", ask)
    except ValueError as error:
        return _unusable(f"is not a notebook: {error}", ask)
    if not isinstance(held, Mapping):
        return _unusable("is not a notebook", ask)
    if "cells" not in held and {"digest", "records"} <= held.keys():
        return _receipt(data, quiz)
    if not isinstance(held.get("cells"), list) or not isinstance(held.get("metadata"), Mapping):
        return _unusable("is not a notebook", ask)
    if names_quiz(held, quiz.id):
        return Content(NOTEBOOK, read_notebook(held["metadata"], quiz.id))
    answers = held["metadata"].get(METADATA_KEY)
    other = answers.get("quiz") if isinstance(answers, Mapping) else None
    if isinstance(other, str):
        return _unusable(
            f"holds answers to the quiz {brief(other)}", f"collect it for {brief(other)}"
        )
    if _cell_ids(held["cells"]) & {item.id for item in quiz.items}:
        return Content(NOTEBOOK)
    return _unusable(
        f"is no notebook of {quiz.id!r}: neither its metadata nor its cells name it",
        f"{ask}, or put it into the learner's folder by hand",
    )


def _integer(digits: str) -> float:
    """A number of JSON; one that is too long for Python is no part of an answer."""
    return int(digits) if len(digits) <= _MOST_DIGITS else math.inf


def _receipt(data: bytes, quiz: Quiz) -> Content:
    try:
        receipt = Receipt.model_validate_json(data)
    except ValidationError:
        return _unusable("is a receipt that cannot be read", "ask for it anew")
    if receipt.quiz != quiz.id:
        other = brief(receipt.quiz)
        return _unusable(f"is a receipt for the quiz {other}", f"collect it for {other}")
    return Content(RECEIPT, receipt=receipt)


def _cell_ids(cells: list[Any]) -> set[str]:
    """The ids that nbgrader gave to cells."""
    found = set()
    for cell in cells:
        metadata = cell.get("metadata") if isinstance(cell, Mapping) else None
        held = metadata.get("nbgrader") if isinstance(metadata, Mapping) else None
        name = held.get("grade_id") if isinstance(held, Mapping) else None
        if isinstance(name, str):
            found.add(name)
    return found


def foreign(
    records: Mapping[str, Record], quiz: Quiz, learner: str, others: list[str]
) -> tuple[int, list[str]]:
    """How many answers are to variants of somebody else's, and whose these all may be."""
    varied = {name: one for name, one in records.items() if quiz.variants.get(name)}
    if not varied:
        return 0, []

    def misfits(name: str) -> int:
        items: dict[str, AnyItem] = {item.id: item for item in quiz.for_learner(name).items}
        return sum(one.variant != items[item].variant for item, one in varied.items())

    wrong = misfits(learner)
    return wrong, [one for one in others if wrong and one != learner and not misfits(one)]
