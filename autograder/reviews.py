"""The record of reviews: who solved which item blind, and whether that agreed with the key.

A reader gets a sheet with what a learner sees and answers it. The answers are scored by the items
themselves and appended to ``source/reviews.jsonl``, with a digest of the item as it was read: an
item that changed since is an item that nobody has reviewed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from autograder.errors import QuizError
from autograder.grading import score
from autograder.items import AnyItem
from autograder.items.base import Slug, Strict, Text
from autograder.quiz import Quiz
from autograder.sandbox import judge_or_wait

REVIEWS_FILE = "reviews.jsonl"
READERS = 2
"""How many readers have to solve an item blind."""


class Verdict(Strict):
    """What a reader says of an item: the answer, and what is doubtful.

    ``defensible`` names another answer that could be defended, ``note`` what else is unclear.
    """

    answer: Any = None
    defensible: str = ""
    note: str = ""


class Review(Strict):
    """One reader's work on one item.

    ``score`` is what the answer earned, of 1; None where only a person could say, and ``agrees`` is
    then that person's word. ``change`` says what was done about a disagreement.
    """

    quiz: Slug
    item: Slug
    digest: str
    round: Annotated[int, Field(ge=1)]
    reader: Text
    score: float | None
    agrees: bool
    defensible: str = ""
    note: str = ""
    change: str = ""


def digest(item: AnyItem) -> str:
    """A short hash of everything that a review is about: what learners see, and the key."""
    unseen = {"concepts", "points", "sections"}
    text = json.dumps(item.model_dump(mode="json", exclude=unseen), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def sheet(quiz: Quiz, reader: str) -> dict[str, Any]:
    """What a reader gets: the public part of each item, in the variant that the name picks."""
    return {
        item.id: item.public().model_dump(mode="json") for item in quiz.for_learner(reader).items
    }


def load_verdicts(path: Path) -> dict[str, Verdict]:
    """Read a reader's answers: a JSON object with a verdict for each item.

    Raises
    ------
    QuizError
        Naming the file, the item and the field of the first problem.
    """
    try:
        return TypeAdapter(dict[str, Verdict]).validate_json(path.read_bytes())
    except OSError as error:
        raise QuizError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise QuizError(
            f"{path}: {place}: {first['msg']}; expected is "
            '{"item-id": {"answer": ..., "defensible": "", "note": ""}, ...}'
        ) from error


def review(
    quiz: Quiz, verdicts: Mapping[str, Verdict], reader: str, round_number: int
) -> list[Review]:
    """Compare a reader's answers with the key of the variants that the reader got.

    Code runs in the sandbox. Case studies are not scored here: they agree unless the reader names
    a doubt; so does code where there is no sandbox.

    Raises
    ------
    QuizError
        If a verdict names no item of the quiz.
    """
    items = {item.id: item for item in quiz.for_learner(reader).items}
    digests = {item.id: digest(item) for item in quiz.items}
    unknown = sorted(set(verdicts) - set(items))
    if unknown:
        raise QuizError(f"{quiz.id} has no item {unknown[0]!r}; it has: {', '.join(items)}")
    found = []
    for name, verdict in verdicts.items():
        fraction = score(items[name], verdict.answer, judge_or_wait).fraction
        right = fraction is None or fraction > 1 - 1e-9
        found.append(
            Review(
                quiz=quiz.id,
                item=name,
                digest=digests[name],
                round=round_number,
                reader=reader,
                score=fraction,
                agrees=right and not verdict.defensible,
                defensible=verdict.defensible,
                note=verdict.note,
            )
        )
    return found


def load_reviews(source: Path) -> list[Review]:
    """Read the record of the folder that holds a folder for each quiz; empty if there is none.

    Raises
    ------
    QuizError
        Naming file and line of what cannot be read.
    """
    path = source / REVIEWS_FILE
    if not path.exists():
        return []
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            found.append(Review.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "the line"
            raise QuizError(f"{path}:{number}: {field}: {first['msg']}") from error
    return found


def append_reviews(source: Path, reviews: Sequence[Review]) -> None:
    """Add reviews to the record."""
    with (source / REVIEWS_FILE).open("a", encoding="utf-8") as file:
        file.writelines(one.model_dump_json(exclude_defaults=True) + "\n" for one in reviews)


def unreviewed(quiz: Quiz, reviews: Sequence[Review]) -> dict[str, str]:
    """The items that too few readers have agreed on since their last change, and why.

    An item is reviewed when two different readers agreed with it as it is now, and none of those
    who read it as it is now disagrees.
    """
    problems = {}
    for item in quiz.items:
        now = [
            one
            for one in reviews
            if (one.quiz, one.item, one.digest) == (quiz.id, item.id, digest(item))
        ]
        against = [one.reader for one in now if not one.agrees]
        readers = {one.reader for one in now if one.agrees}
        if against:
            problems[item.id] = f"{', '.join(against)} did not agree with it as it is now"
        elif len(readers) < READERS:
            problems[item.id] = (
                f"{len(readers)} of {READERS} readers have solved it blind since its last change"
            )
    return problems
