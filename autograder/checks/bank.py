"""What holds for the items of a course together: misconceptions, sections, reviews."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from autograder.checks.findings import Finding
from autograder.misconceptions import Misconception, named
from autograder.quiz import Quiz
from autograder.reviews import Review, unreviewed


def problems(
    quiz: Quiz, catalogue: Mapping[str, Misconception], reviews: Sequence[Review]
) -> Iterator[Finding]:
    """Misconceptions that the catalogue lacks, and items not reviewed since their last change.

    A course without a catalogue, or without a record of reviews, is not asked for one.
    """
    numbers = {item.id: number for number, item in enumerate(quiz.items)}
    if catalogue:
        for item, identifier in named(quiz):
            if identifier not in catalogue:
                yield Finding(
                    ("items", numbers[item]),
                    f"the misconception {identifier!r} is not in the catalogue; "
                    "correct its name, or describe it in misconceptions.yaml",
                )
    if reviews:
        for item, why in unreviewed(quiz, reviews).items():
            yield Finding(("items", numbers[item]), f"not reviewed: {why}", error=False)


def course_problems(
    quizzes: Sequence[Quiz], catalogue: Mapping[str, Misconception], whole: bool
) -> Iterator[Finding]:
    """Misconceptions that no item tests, where all quizzes were read."""
    used = {identifier for quiz in quizzes for _, identifier in named(quiz)}
    for identifier in sorted(set(catalogue) - used) if whole else []:
        yield Finding((), f"no item tests the misconception {identifier!r}", error=False)
