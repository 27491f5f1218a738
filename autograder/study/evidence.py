"""Which tries say something of what a learner knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import count

from autograder.study.record import Try


def counted(tries: Iterable[Try]) -> list[Try]:
    """The tries that count: of each question and day the earliest, in the order of time.

    It has to be the first since the question was shown, and judged. What follows on the same day
    comes after a verdict and says little of what the learner remembers.
    """
    earliest: dict[tuple[object, ...], Try] = {}
    for one in sorted(tries, key=lambda one: (one.day, one.time, one.id)):
        earliest.setdefault((one.course, one.quiz, one.item, one.day), one)
    return [one for one in earliest.values() if one.number == 1 and one.known is not None]


def days_practised(tries: Iterable[Try]) -> list[date]:
    """The days on which something was tried, in order."""
    return sorted({one.day for one in tries})


def days_in_a_row(days: Sequence[date], today: date) -> int:
    """How many of the days up to today (or yesterday, if today is still to come) had practice."""
    practised = set(days)
    last = today if today in practised else today - timedelta(1)
    return next(n for n in count() if last - timedelta(n) not in practised)
