"""When a question is due again: FSRS, the free spaced repetition scheduler, by days.

FSRS keeps for each question a stability (the days until the chance of recall falls to 90 %) and a
difficulty; see https://github.com/open-spaced-repetition/py-fsrs. Its published default parameters
are used as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from fsrs import Card, Rating, Scheduler

from autograder.study.record import Question, Try

#: A question is due when the chance that the learner still knows it falls to this.
RETENTION = 0.9

_SCHEDULER = Scheduler(
    desired_retention=RETENTION, learning_steps=(), relearning_steps=(), enable_fuzzing=False
)


@dataclass(frozen=True)
class Memory:
    """What is assumed of one question: how often it was tried, and its card in FSRS."""

    tries: int
    latest: Rating
    card: Card

    @property
    def last(self) -> date:
        """The day on which it was tried last."""
        assert self.card.last_review is not None
        return self.card.last_review.date()

    @property
    def due(self) -> date:
        return self.card.due.date()

    def recall(self, day: date) -> float:
        """The chance, from 0 to 1, that the learner knows it on a day."""
        return float(_SCHEDULER.get_card_retrievability(self.card, _noon(day)))


def rating(known: float, hints: int) -> Rating:
    """How well a question was known: good, hard or again; never easy.

    Good is right at once without a hint; hard is at least half right, or right with hints.
    """
    if known == 1 and hints == 0:
        return Rating.Good
    return Rating.Hard if known >= 0.5 else Rating.Again


def after(memory: Memory | None, rated: Rating, day: date) -> Memory:
    """The memory of a question after a try; None stands for a new question."""
    card = memory.card if memory else Card(card_id=1)
    tries = memory.tries if memory else 0
    reviewed, _ = _SCHEDULER.review_card(card, rated, _noon(day))
    return Memory(tries + 1, rated, reviewed)


def memories(tries: Iterable[Try]) -> dict[Question, Memory]:
    """The memory of each question, from the tries that count in the order of time."""
    found: dict[Question, Memory] = {}
    for one in tries:
        assert one.known is not None
        rated = rating(one.known, one.hints)
        found[one.question] = after(found.get(one.question), rated, one.day)
    return found


def _noon(day: date) -> datetime:
    """FSRS counts whole days of 24 hours: from noon to noon, a learner's days are such."""
    return datetime.combine(day, time(12), UTC)
