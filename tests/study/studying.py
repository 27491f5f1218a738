"""Tries for tests of the record, and small courses to try."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import examples
from examples import changed
from test_quiz import write_quiz

from autograder.study.record import Try

DAY = date(2026, 3, 1)


def tried(item: str = "pick", after: int = 0, fraction: float | None = 1.0, **more: Any) -> Try:
    """A try so many days after ``DAY``, at nine in the morning."""
    day = DAY + timedelta(after)
    data = {
        "id": uuid.uuid4().hex,
        "course": "course",
        "quiz": "small",
        "item": item,
        "type": "single_choice",
        "time": f"{day}T09:00:00.000+00:00",
        "day": day,
        "number": 1,
        "fraction": fraction,
        "hints": 0,
        "given_up": False,
        "seconds": 30.0,
    }
    return Try.model_validate(data | more)


def course(folder: Path) -> Path:
    """A course of one quiz: the folder of its quizzes."""
    second = changed(examples.SINGLE_CHOICE, id="other", concepts=["freezing", "transfer"])
    third = changed(examples.SINGLE_CHOICE, id="third", concepts=["transfer"])
    sums = changed(
        examples.NUMERIC,
        stem="What is 2 times {{ n }}?",
        parameters={"n": [3, 4, 5]},
        answer="{{ 2 * n }}",
    )
    items = [examples.SINGLE_CHOICE, second, third, sums, examples.CASE_STUDY]
    return write_quiz(folder, items=items).parent.parent
