"""Mastery of concepts, with its uncertainty.

Each question that counts is a fraction of a success and a fraction of a failure for its concepts,
shared equally among them. What happened 30 days ago weighs half (Jøsang and Ismail, The Beta
Reputation System, 2002: a Beta posterior that forgets). With the uniform prior Beta(1, 1), mastery
of a concept is Beta(1 + successes, 1 + failures): its mean, and its middle 90 %.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from statistics import fmean

from autograder.items import AnyItem
from autograder.study.memory import Memory
from autograder.study.record import Question, Try

HALF_LIFE_DAYS = 30
#: An interval that is wider says too little to name a mean.
_WIDEST = 0.6


@dataclass(frozen=True)
class Mastery:
    """What is known of a learner and a concept.

    Attributes
    ----------
    successes, failures
        Weights of what was known and what was not; they sum to the number of whole questions.
    mean, low, high
        The posterior's mean and the ends of its middle 90 %, from 0 to 1.
    tried, questions
        How many of the concept's questions were tried, and how many there are.
    recall
        The mean chance that a tried question would be known today; None where none was tried.
    """

    concept: str
    successes: float
    failures: float
    mean: float
    low: float
    high: float
    tried: int
    questions: int
    recall: float | None

    @property
    def is_known(self) -> bool:
        """Whether there is enough evidence to say anything."""
        return self.high - self.low <= _WIDEST


def mastery(
    tries: Iterable[Try],
    items: Mapping[Question, AnyItem],
    memories: Mapping[Question, Memory],
    day: date,
) -> list[Mastery]:
    """Mastery of every concept of the items, in the order in which the items name them.

    Parameters
    ----------
    tries
        Those that count; see ``autograder.study.evidence``.
    day
        The day for which it is told.
    """
    successes: dict[str, float] = defaultdict(float)
    failures: dict[str, float] = defaultdict(float)
    for one in tries:
        item = items.get(one.question)
        if item is None:
            continue
        assert one.known is not None
        age = max((day - one.day).days, 0)
        weight = 0.5 ** (age / HALF_LIFE_DAYS) / len(item.concepts)
        for concept in item.concepts:
            successes[concept] += weight * one.known
            failures[concept] += weight * (1 - one.known)
    concepts = dict.fromkeys(concept for item in items.values() for concept in item.concepts)
    return [
        _mastery(concept, successes[concept], failures[concept], items, memories, day)
        for concept in concepts
    ]


def _mastery(
    concept: str,
    successes: float,
    failures: float,
    items: Mapping[Question, AnyItem],
    memories: Mapping[Question, Memory],
    day: date,
) -> Mastery:
    from scipy.special import betaincinv  # half a second

    alpha, beta = 1 + successes, 1 + failures
    questions = [question for question, item in items.items() if concept in item.concepts]
    tried = [question for question in questions if question in memories]
    return Mastery(
        concept,
        successes,
        failures,
        mean=alpha / (alpha + beta),
        low=float(betaincinv(alpha, beta, 0.05)),
        high=float(betaincinv(alpha, beta, 0.95)),
        tried=len(tried),
        questions=len(questions),
        recall=fmean(memories[one].recall(day) for one in tried) if tried else None,
    )
