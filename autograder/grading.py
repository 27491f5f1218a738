"""Pure grading: responses and key in, scores and feedback out. No I/O, no learner code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from autograder.items import Code, Item, Score
from autograder.items.code import CodeResponse
from autograder.quiz import Quiz
from autograder.responses import Record, Recorded

_OTHER_VARIANT = (
    "The recorded answer belongs to another variant of this question: it was given under another "
    "name than the one that this submission is handed in under."
)


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


#: Judges the source that a learner wrote for a ``code`` item; see ``autograder.sandbox``.
JudgeCode = Callable[[Code, str], Score]


def grade(
    recorded: Recorded, quiz: Quiz, judge_code: JudgeCode | None = None
) -> Mapping[str, Graded]:
    """Grade every item of a quiz, in the quiz's order.

    Every item ends as graded, unanswered, invalid with a reason, or waiting for a person. Records
    of items that the quiz does not have earn nothing. Where items have variants, ``quiz`` is the
    learner's own (``Quiz.for_learner``). Without ``judge_code``, answers to ``code`` items wait.
    """
    return {
        item.id: _grade_item(item, recorded.records.get(item.id), judge_code) for item in quiz.items
    }


def score(item: Item, response: object, judge_code: JudgeCode | None) -> Score:
    """Judge one response to an item, code included where there is something to judge it with."""
    found = item.score(response)
    if isinstance(item, Code) and found.state == "waiting" and judge_code:
        return judge_code(item, CodeResponse.model_validate(response).source)
    return found


def _grade_item(item: Item, record: Record | None, judge_code: JudgeCode | None) -> Graded:
    if record is None:
        return Graded(item, None, item.score(None), None)
    if record.response is not None and record.variant != item.variant:
        found = Score("invalid", 0.0, _OTHER_VARIANT)
    else:
        found = score(item, record.response, judge_code)
    return Graded(item, record.response, found, record.time)
