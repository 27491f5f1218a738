"""Practice: any question, judged at once, with hints, as often as one likes and with new numbers.

Practice needs the key, so it works from ``quiz.yaml`` itself and is for those who have it: whoever
studies alone, or a class whose instructor releases a quiz for practice. Nothing counts; a quiz that
counts is opened with ``open_quiz``. What a try was worth goes into the learner's own record, on the
learner's own machine (``autograder.study``).
"""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.errors import QuizError
from autograder.practice.attempts import Attempt
from autograder.practice.guesses import Guesser, require_measured
from autograder.quiz import QUIZ_FILE, Quiz, find_item, load_quiz
from autograder.study.recorder import Recorder

if TYPE_CHECKING:
    from autograder.widgets import ItemWidget

__all__ = ["Attempt", "PracticeSession", "open_practice"]

_SOURCE = "source"


def open_practice(
    quiz_id: str,
    source: Path | str | None = None,
    *,
    record: bool = True,
    guesser: Guesser | None = None,
) -> PracticeSession:
    """Open a quiz for practice.

    Parameters
    ----------
    quiz_id
        The name of the quiz's folder.
    source
        The folder that holds a folder for each quiz; by default the nearest ``source`` in the
        current folder or one above it.
    record
        Whether what a try was worth goes into the learner's own record.
    guesser
        Guesses which criteria a free-text answer touches, for example
        ``downstream.coverage.load_guesser()``. Its guesses are labelled as a machine's.

    Raises
    ------
    QuizError
        Where there is no such quiz, naming the folder that was looked in.
    AutograderError
        Where the guesser does not say how far its guesses can be trusted.
    """
    quiz = find_quiz(quiz_id, source)
    if guesser is not None:
        require_measured(guesser)
    return PracticeSession(quiz, recorder=Recorder() if record else None, guesser=guesser)


def find_quiz(quiz_id: str, source: Path | str | None = None) -> Quiz:
    """A quiz with its key; parameters and errors as ``open_practice``."""
    folder = given_source(source)
    path = folder / quiz_id / QUIZ_FILE
    if not path.exists():
        known = ", ".join(sorted(one.parent.name for one in folder.glob(f"*/{QUIZ_FILE}")))
        raise QuizError(f"{folder}: has no quiz {quiz_id!r}; it has: {known or 'none'}")
    return load_quiz(path)


def given_source(source: Path | str | None) -> Path:
    """The folder that was named, or else the nearest one; errors as ``find_source``."""
    return Path(source) if source is not None else find_source(Path.cwd())


def find_source(start: Path) -> Path:
    """The nearest folder ``source`` with quizzes, in a folder or one above it.

    Raises
    ------
    QuizError
        Where there is none.
    """
    for folder in (start, *start.parents):
        if any((folder / _SOURCE).glob(f"*/{QUIZ_FILE}")):
            return folder / _SOURCE
    raise QuizError(
        f"{start}: neither here nor in a folder above is a folder {_SOURCE!r} with quizzes. "
        "Practice needs their key: start it in the course's own folder, or name the folder"
    )


class PracticeSession:
    """A quiz that is practised. Made by ``open_practice``."""

    def __init__(
        self,
        quiz: Quiz,
        draw: random.Random | None = None,
        recorder: Recorder | None = None,
        guesser: Guesser | None = None,
    ) -> None:
        self._quiz = quiz
        self._recorder = recorder
        self._guesser = guesser
        self._draw = draw or random.Random()
        self._attempts: dict[str, Attempt] = {}

    def __repr__(self) -> str:
        width = max(len(item.id) for item in self._quiz.items)
        lines = [f"  {item.id:{width}}  {item.title}" for item in self._quiz.items]
        return "\n".join([f"Practice: {self._quiz.title}", *lines])

    @property
    def items(self) -> list[str]:
        """The ids of the questions, in the quiz's order."""
        return [item.id for item in self._quiz.items]

    def attempt(self, item_id: str) -> Attempt:
        """The attempt at a question that goes on; a first one draws a variant.

        Raises
        ------
        QuizError
            Where there is no such question.
        """
        if item_id not in self._attempts:
            item = find_item(self._quiz, item_id)
            variants = self._quiz.variants.get(item_id, [item])
            record = partial(self._recorder.keep, self._quiz) if self._recorder else None
            self._attempts[item_id] = Attempt(variants, self._draw, record, self._guesser)
        return self._attempts[item_id]

    def show(self, item_id: str) -> ItemWidget:
        """The question as a widget, with buttons: check, hint, show the answer, new numbers.

        Raises
        ------
        QuizError
            Where there is no such question.
        """
        from autograder.practice.widgets import practice_widget

        return practice_widget(self._quiz.id, self.attempt(item_id))
