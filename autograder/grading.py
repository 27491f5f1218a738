"""Pure grading: responses and key in, scores and feedback out. No I/O, no learner code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from autograder.items import Item, Score
from autograder.quiz import Quiz
from autograder.responses import Recorded


@dataclass(frozen=True)
class Graded:
    """One item of one submission after grading.

    ``points`` is None while a person still has to judge; ``time`` is when the answer was recorded.
    """

    item: Item
    response: object
    score: Score
    time: str | None

    @property
    def points(self) -> float | None:
        """The points earned, rounded to a thousandth so that sums print as people expect."""
        if self.score.fraction is None:
            return None
        return round(self.score.fraction * self.item.points, 3)


def grade(recorded: Recorded, quiz: Quiz) -> Mapping[str, Graded]:
    """Grade every item of a quiz, in the quiz's order.

    Every item ends as graded, unanswered, invalid with a reason, or waiting for a person. Records
    of items that the quiz does not have earn nothing.
    """
    graded = {}
    for item in quiz.items:
        record = recorded.records.get(item.id)
        response = record.response if record else None
        time = record.time if record else None
        graded[item.id] = Graded(item, response, item.score(response), time)
    return graded
