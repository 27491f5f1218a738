"""From an attempt in practice to a try in the record. Practice goes on whatever becomes of it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import ValidationError

from autograder.study.record import Record, RecordError, Try, day_of, switched_off

if TYPE_CHECKING:
    from autograder.practice.attempts import Attempt
    from autograder.quiz import Quiz

_MOST_SECONDS = 600


def _now() -> datetime:
    return datetime.now().astimezone()


class Recorder:
    """Writes tries into a record.

    What cannot be written waits and is written with a later try, while the kernel lives.
    """

    def __init__(self, record: Record | None = None, now: Callable[[], datetime] = _now) -> None:
        self._record = record
        self._now = now
        self._last = 0.0
        self._waiting: list[Try] = []

    def keep(self, quiz: Quiz, attempt: Attempt) -> str:
        """Record what an attempt has come to; where that fails, why, for the learner."""
        begun, self._last = max(attempt.begun, self._last), time.monotonic()
        if switched_off():
            return ""
        try:
            self._waiting.append(self._try(quiz, attempt, self._last - begun))
            (self._record or Record()).add(self._waiting)
        except (RecordError, ValidationError) as error:
            why = error if isinstance(error, RecordError) else "this computer's clock is far off."
            return f"Not recorded: {why}"
        self._waiting.clear()
        return ""

    def _try(self, quiz: Quiz, attempt: Attempt, seconds: float) -> Try:
        moment = self._now()
        assert attempt.graded is not None
        return Try(
            id=uuid.uuid4().hex,
            course=quiz.course,
            quiz=quiz.id,
            item=attempt.item.id,
            variant=attempt.item.variant,
            type=attempt.item.type,
            time=moment.astimezone(UTC).isoformat(timespec="milliseconds"),
            day=day_of(moment),
            number=attempt.tries,
            fraction=attempt.graded.score.fraction,
            hints=len(attempt.hints),
            given_up=attempt.given_up,
            seconds=round(min(seconds, _MOST_SECONDS), 1),
        )
