"""Today's review: what is due, in about ten minutes, then something new.

Order, number of new questions and desired retention were chosen among some seventy settings with an
earlier version of ``benchmarks/review.py``, on simulated learners that were not used again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from statistics import median

from autograder.study.memory import Memory
from autograder.study.record import Question, Try

MINUTES = 10
#: So many new questions a day: each of them comes back. A share of the time is kept for them, or a
#: backlog would stop the learner's way through the course.
NEW_A_DAY = 2
_SHARE_OF_NEW = 1 / 3
#: Seconds that a question takes, until the record knows better.
_TYPICAL = {
    "single_choice": 45,
    "multiple_select": 60,
    "matching": 90,
    "ordering": 90,
    "numeric": 60,
    "cloze": 90,
    "code": 240,
}
_ENOUGH = 3


def seconds_by_type(tries: Iterable[Try]) -> dict[str, float]:
    """How long this learner takes for a question of each type: the median of the tries that count.

    A type with fewer than three tries has the value that is typical of it.
    """
    taken: dict[str, list[float]] = defaultdict(list)
    for one in tries:
        taken[one.type].append(one.seconds)
    own = {kind: median(seconds) for kind, seconds in taken.items() if len(seconds) >= _ENOUGH}
    return _TYPICAL | own


def most_urgent(memories: Mapping[Question, Memory], day: date) -> list[Question]:
    """The questions that are due, those first that were not seen for the longest time."""
    due = [question for question, memory in memories.items() if memory.due <= day]
    return sorted(due, key=lambda question: (memories[question].last, question))


def within(
    questions: Iterable[Question], seconds: Mapping[Question, float], budget: float
) -> list[Question]:
    """Questions, in their order, as many as fit into so many seconds."""
    chosen: list[Question] = []
    for question in questions:
        if seconds[question] <= budget:
            chosen.append(question)
            budget -= seconds[question]
    return chosen


def todays_queue(
    memories: Mapping[Question, Memory],
    new: Sequence[Question],
    seconds: Mapping[Question, float],
    day: date,
    minutes: float = MINUTES,
) -> list[Question]:
    """What to practise on a day: what is due, then what is new; one question at least.

    Parameters
    ----------
    memories
        What was tried before and can be asked today.
    new
        Questions to begin with, in the order in which to begin.
    seconds
        How long each of them takes.
    """
    due, first_new, budget = most_urgent(memories, day), new[:NEW_A_DAY], minutes * 60
    kept_free = sum(seconds[one] for one in within(first_new, seconds, budget * _SHARE_OF_NEW))
    again = within(due, seconds, budget - kept_free)
    left = budget - sum(seconds[one] for one in again)
    return again + within(first_new, seconds, left) or [*due, *new][:1]
