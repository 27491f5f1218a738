"""The placement quiz: a dozen questions, and then where to start."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.practice import Attempt, PracticeSession, find_quiz
from autograder.quiz import Quiz
from autograder.study.evidence import counted
from autograder.study.record import Record, RecordError
from autograder.study.recorder import Recorder
from autograder.study.suggestion import Answered, Suggestion, suggest

if TYPE_CHECKING:
    from autograder.widgets import ItemWidget

PLACEMENT_QUIZ = "placement"


def open_placement(quiz_id: str = PLACEMENT_QUIZ, source: Path | str | None = None) -> Placement:
    """Open the placement quiz; errors and ``source`` as ``open_practice``."""
    return Placement(find_quiz(quiz_id, source))


class _FirstTries(Recorder):
    """Records as practice does, and keeps what the first try at each question was worth."""

    def __init__(self, record: Record | None = None) -> None:
        super().__init__(record)
        self.fractions: dict[str, float] = {}

    def keep(self, quiz: Quiz, attempt: Attempt) -> str:
        assert attempt.graded is not None
        helped = attempt.hints or attempt.given_up
        fraction = attempt.graded.score.fraction or 0.0
        self.fractions.setdefault(attempt.item.id, 0.0 if helped else fraction)
        return super().keep(quiz, attempt)


class Placement:
    """The questions, and what their answers suggest. Made by ``open_placement``.

    On a line of its own it shows one question after the other and then the suggestion. Only the
    first try at a question counts, without hints; what the learner's record holds of earlier days
    counts, too.
    """

    def __init__(
        self, quiz: Quiz, record: Record | None = None, draw: random.Random | None = None
    ) -> None:
        self._quiz = quiz
        self._tries = _FirstTries(record)
        self._tries.fractions.update(_recorded(quiz, record or Record()))
        self._session = PracticeSession(quiz, draw, self._tries)

    @property
    def title(self) -> str:
        return self._quiz.title

    @property
    def headline(self) -> str:
        """What there is to do, in a sentence."""
        count = len(self.open)
        if not count:
            return "every question is answered"
        left = "questions" if count == len(self.items) else "questions left"
        return f"{count} {left}; leave open what you do not know"

    @property
    def items(self) -> list[str]:
        """The ids of the questions, in the order of the chapters."""
        return self._session.items

    @property
    def open(self) -> list[str]:
        """The ids of the questions that were not answered yet."""
        return [name for name in self.items if name not in self._tries.fractions]

    def attempt(self, item_id: str) -> Attempt:
        """The attempt at a question; errors as ``PracticeSession``."""
        return self._session.attempt(item_id)

    def show(self, item_id: str) -> ItemWidget:
        """A question as a widget, as in practice; errors as ``PracticeSession``."""
        return self._session.show(item_id)

    def settle(self, item_id: str) -> None:
        """Judge an answer that was given and not checked, before the next question comes."""
        attempt = self.attempt(item_id)
        if attempt.response is not None and attempt.graded is None:
            attempt.check()

    def suggestion(self) -> Suggestion:
        """Where to start; a question without an answer counts as not known."""
        worth = self._tries.fractions
        return suggest([Answered.of(item, worth.get(item.id, 0.0)) for item in self._quiz.items])

    def __repr__(self) -> str:
        if len(self.open) == len(self.items):
            return f"{self.title}: {self.headline}"
        return f"{self.title}: {self.headline}\n{self.suggestion()}"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        from autograder.study.page import placement_page, with_text

        return with_text(placement_page(self), repr(self), options)


def _recorded(quiz: Quiz, record: Record) -> dict[str, float]:
    """What first tries of the quiz were worth, as far as the record can be read."""
    try:
        tries = counted(record.tries(quiz.course))
    except RecordError:
        return {}
    found: dict[str, float] = {}
    for one in tries:
        if one.quiz == quiz.id:
            found.setdefault(one.item, one.known or 0.0)
    return found
