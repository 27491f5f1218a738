"""Today's review of a course: which questions, why, and the way to practise them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fsrs import Rating

from autograder.course import load_course
from autograder.errors import QuizError
from autograder.items import AnyItem, CaseStudy
from autograder.practice import Attempt, PracticeSession, given_source
from autograder.quiz import QUIZ_FILE, Quiz, load_quiz
from autograder.study.evidence import counted
from autograder.study.mastery import Mastery, mastery
from autograder.study.memory import RETENTION, Memory, memories
from autograder.study.queue import MINUTES, seconds_by_type, todays_queue
from autograder.study.record import Question, Record, Try, today
from autograder.study.recorder import Recorder

if TYPE_CHECKING:
    from autograder.widgets import ItemWidget

_RESULTS = {Rating.Good: "you knew it", Rating.Hard: "you knew it in part, or with hints"}
_NOT_KNOWN = "you did not know it yet"


def open_review(source: Path | str | None = None, *, minutes: float = MINUTES) -> Review:
    """Open today's review: what is due of all that you practised, in about ten minutes.

    Parameters
    ----------
    source
        The folder that holds a folder for each quiz; by default the nearest ``source`` in the
        current folder or one above it.
    minutes
        How long it is to take.

    Raises
    ------
    QuizError
        Where there are no quizzes.
    RecordError
        Where the record cannot be read.
    """
    folder = given_source(source)
    return Review(folder, Record(), minutes)


class Review:
    """A day's review. Made by ``open_review``; on a line of its own it shows the questions."""

    def __init__(
        self,
        source: Path,
        record: Record,
        minutes: float = MINUTES,
        day: date | None = None,
        draw: random.Random | None = None,
    ) -> None:
        self._source = source
        self._day = day or today()
        self._draw = draw or random.Random()
        self._recorder = Recorder(record)
        self._record = record
        self._course = load_course(source)
        self._quizzes = dict(self._begun(record.tries(self._course.id)))
        self._sessions = {
            name: PracticeSession(quiz, self._draw, self._recorder)
            for name, quiz in self._quizzes.items()
        }
        self._queue = self._todays(minutes)

    def _begun(self, tries: Sequence[Try]) -> Iterator[tuple[str, Quiz]]:
        """The quizzes of which something was tried and that the course still has."""
        for name in sorted({one.quiz for one in tries}):
            path = self._source / name / QUIZ_FILE
            if path.exists():
                yield name, load_quiz(path)

    @cached_property
    def _items(self) -> dict[Question, AnyItem]:
        """The questions that a program can judge, by chapter."""
        quizzes = sorted(self._quizzes.values(), key=lambda quiz: (quiz.chapter, quiz.id))
        return {
            Question(quiz.id, item.id): item
            for quiz in quizzes
            for item in quiz.items
            if not isinstance(item, CaseStudy)
        }

    def _counted(self) -> list[Try]:
        return counted(self._record.tries(self._course.id))

    def _memories(self) -> dict[Question, Memory]:
        found = memories(self._counted())
        return {question: found[question] for question in self._items if question in found}

    def _todays(self, minutes: float) -> list[Question]:
        tries = self._record.tries(self._course.id)
        known = self._memories()
        done = {one.question for one in tries if one.day == self._day}
        concepts = {concept for question in known for concept in self._items[question].concepts}
        new = [
            question
            for question, item in self._items.items()
            if question not in known and question not in done and concepts & set(item.concepts)
        ]
        by_type = seconds_by_type(counted(tries))
        self._seconds = {one: by_type[item.type] for one, item in self._items.items()}
        open_today = {one: memory for one, memory in known.items() if one not in done}
        return todays_queue(open_today, new, self._seconds, self._day, minutes)

    @property
    def queue(self) -> list[str]:
        """Today's questions, as ``quiz/question``, in the order in which they are asked."""
        return [str(question) for question in self._queue]

    @property
    def minutes(self) -> float:
        """About how long today's questions take this learner."""
        return sum(self._seconds[question] for question in self._queue) / 60

    def explain(self, question: str) -> str:
        """Why a question is asked today, or when it will be, in plain words.

        Raises
        ------
        QuizError
            Where no quiz that was begun has such a question.
        """
        name = self._named(question)
        memory = self._memories().get(name)
        if memory is None:
            return f"New: it belongs to “{self._quizzes[name.quiz].title}”, which you have begun."
        result = _RESULTS.get(memory.latest, _NOT_KNOWN)
        seen = f"You tried it {_ago((self._day - memory.last).days)}, and {result}."
        if memory.last >= self._day:
            return f"{seen} It comes back on {_dated(memory.due)}."
        chance = f"{100 * memory.recall(self._day):.0f} %"
        if memory.due > self._day:
            return (
                f"{seen} The chance that you still know it is about {chance}. It comes back on "
                f"{_dated(memory.due)}."
            )
        return (
            f"{seen} The chance that you still know it is about {chance} by now; a question comes "
            f"back when its chance falls to about {100 * RETENTION:.0f} %, or on the day after you "
            "did not know it."
        )

    def attempt(self, question: str) -> Attempt:
        """The attempt at a question; errors as ``explain``."""
        name = self._named(question)
        return self._sessions[name.quiz].attempt(name.item)

    def show(self, question: str) -> ItemWidget:
        """A question as a widget, as in practice; errors as ``explain``."""
        name = self._named(question)
        return self._sessions[name.quiz].show(name.item)

    def title(self, question: str) -> str:
        """The title of a question; errors as ``explain``."""
        return self._items[self._named(question)].title

    def mastery(self) -> list[Mastery]:
        """Mastery of the concepts of the quizzes that were begun."""
        return mastery(self._counted(), self._items, self._memories(), self._day)

    def summary(self) -> Summary:
        """Mastery of the concepts of the quizzes that were begun, as a table."""
        return Summary(self.mastery())

    def _named(self, question: str) -> Question:
        for name in self._items:
            if str(name) == question:
                return name
        raise QuizError(
            f"no quiz that you have begun has a question {question!r}; name one as quiz/question, "
            f"for example: {next(map(str, self._items), 'heads/triage-head')}"
        )

    @property
    def headline(self) -> str:
        """What there is to do today, in one sentence."""
        if not self._quizzes:
            first = min(self._source.glob(f"*/{QUIZ_FILE}")).parent.name
            return (
                "Nothing is begun yet. Practise a question of any chapter, for example "
                f'open_practice("{first}"); from the next day on, it is here when it is due.'
            )
        if not self._queue:
            later = [one.due for one in self._memories().values() if one.due > self._day]
            back = f" The next question is due on {_dated(min(later))}." if later else ""
            return f"Nothing is due today.{back}"
        count = len(self._queue)
        return (
            f"{count} {'question' if count == 1 else 'questions'}, about "
            f"{max(round(self.minutes), 1)} min"
        )

    def __repr__(self) -> str:
        lines = [f"  {one}: {self.explain(one)}" for one in self.queue]
        return "\n".join([f"Today's review: {self.headline}", *lines])

    def _repr_mimebundle_(self, **options: Any) -> Any:
        from autograder.study.page import review_page, with_text

        return with_text(review_page(self), repr(self), options)


_HEADS = ("Concept", "Mastery", "90 % interval", "Known today", "Questions tried")


class Summary:
    """A table of mastery, for a page and for a terminal."""

    def __init__(self, found: Sequence[Mastery]) -> None:
        self.rows = [_row(one) for one in found]

    def __repr__(self) -> str:
        table = [_HEADS, *self.rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{name}</th>' for name in _HEADS)
        body = "".join(
            f'<tr><th scope="row">{escape(first)}</th>'
            f"{''.join(f'<td>{escape(cell)}</td>' for cell in rest)}</tr>"
            for first, *rest in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _row(one: Mastery) -> tuple[str, str, str, str, str]:
    mean = f"{100 * one.mean:.0f} %" if one.is_known else "not yet known"
    interval = f"{100 * one.low:.0f} to {100 * one.high:.0f} %"
    recall = "–" if one.recall is None else f"{100 * one.recall:.0f} %"
    return one.concept, mean, interval, recall, f"{one.tried} of {one.questions}"


def _ago(days: int) -> str:
    return {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")


def _dated(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
