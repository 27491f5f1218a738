"""Reading a graded class: scores from the gradebook, answers as grading read them."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from nbgrader.api import Student
from sqlalchemy import select

from autograder.bulk.gradebook import ClassGradebook, StoredGrade
from autograder.course_folder import CourseFolder
from autograder.grading import Graded, grade
from autograder.items import Item
from autograder.misconceptions import Misconception, load_catalogue
from autograder.quiz import Quiz
from autograder.reports.choices import Choice, chosen
from autograder.responses import Record, Recorded, read_notebook
from autograder.submissions import read_submission

#: Longer gaps between two answers are taken for pauses.
LONGEST_GAP = datetime.timedelta(minutes=30)
_MANY = 500

#: How an answer ended, as in docs/instructors.md; ``lost`` where only its score is left.
State = Literal["graded", "unanswered", "invalid", "waiting", "lost"]


@dataclass(frozen=True)
class Answer:
    """One learner's answer to one item, in the learner's own variant.

    ``points`` is None while a person has to judge. Extra credit is not part of it. ``seconds`` is
    the time since the learner's answer before; see ``seconds_taken``.
    """

    item: Item
    state: State
    points: float | None
    choices: Mapping[str, Choice]
    misconceptions: frozenset[str] = frozenset()
    seconds: float | None = None

    @property
    def fraction(self) -> float | None:
        """The points as a part of the item's, from 0 to 1 even where a person gave more."""
        if self.points is None:
            return None
        return min(max(self.points / self.item.points, 0.0), 1.0)


@dataclass(frozen=True)
class ReadClass:
    """A class and its answers to a quiz.

    ``answers`` holds those who are scored, by learner and item. The others are counted: ``blank``
    handed in without any answer, ``ungraded`` are not in the gradebook yet, ``silent`` handed in
    nothing.
    """

    quiz: Quiz
    answers: Mapping[str, Mapping[str, Answer]]
    blank: int = 0
    ungraded: int = 0
    silent: int = 0
    catalogue: Mapping[str, Misconception] = field(default_factory=dict)


def read_class(quiz_id: str) -> ReadClass:
    """Read a quiz's class from the course in this folder.

    Raises
    ------
    AutograderError
        Where the quiz cannot be read, was not released, or the gradebook fails.
    """
    folder = CourseFolder(quiz_id)
    quiz = folder.quiz
    handed_in = set(folder.learners())
    answers: dict[str, Mapping[str, Answer]] = {}
    with folder.gradebook() as gradebook:
        book = ClassGradebook(gradebook, quiz)
        students = set(gradebook.db.scalars(select(Student.id)))
        for learner, grades in _grades(book, sorted(students)):
            answers[learner] = _read_learner(folder, learner, quiz.for_learner(learner), grades)
    blank = {learner for learner, read in answers.items() if _is_blank(read.values())}
    return ReadClass(
        quiz,
        {learner: read for learner, read in answers.items() if learner not in blank},
        blank=len(blank),
        ungraded=len(handed_in - answers.keys()),
        silent=len(students - handed_in - answers.keys()),
        catalogue=load_catalogue(folder.source.parent),
    )


def seconds_taken(records: Iterable[Record]) -> dict[str, float]:
    """For each item, the seconds from the learner's answer before to the answer that counts.

    The records are the newest of each item, in the order in which they were given (by revision),
    so that a question to which a learner came back has the time of coming back. The first answer
    has no time; neither have answers after a pause of more than half an hour or a clock set back.
    """
    taken: dict[str, float] = {}
    before: datetime.datetime | None = None
    for record in sorted(records, key=lambda one: one.revision):
        now = _time(record.time)
        if now and before and datetime.timedelta() <= now - before <= LONGEST_GAP:
            taken[record.item] = (now - before).total_seconds()
        before = now or before
    return taken


def _grades(
    book: ClassGradebook, students: Sequence[str]
) -> Iterator[tuple[str, Mapping[str, StoredGrade]]]:
    for start in range(0, len(students), _MANY):
        for learner, held in book.stored(students[start : start + _MANY]).items():
            yield learner, held.grades


def _read_learner(
    folder: CourseFolder, learner: str, quiz: Quiz, grades: Mapping[str, StoredGrade]
) -> dict[str, Answer]:
    recorded = _recorded(folder, learner, quiz)
    if recorded is None:
        return {item.id: _without_answer(item, grades.get(item.id)) for item in quiz.items}
    taken = seconds_taken(recorded.records.values())
    return {
        name: _answer(one, grades.get(name), taken.get(name))
        for name, one in grade(recorded, quiz).items()
    }


def _recorded(folder: CourseFolder, learner: str, quiz: Quiz) -> Recorded | None:
    """The answers that were graded: from the graded notebook or, without one, the submission."""
    try:
        notebook = json.loads(folder.graded(learner).read_bytes())
        return read_notebook(notebook["metadata"], quiz.id)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        submitted = folder.submitted(learner)
        return read_submission(submitted, quiz) if submitted.is_dir() else None


def _answer(graded: Graded, stored: StoredGrade | None, seconds: float | None) -> Answer:
    item, state = graded.item, graded.score.state
    points = _points(stored)
    shown: Mapping[str, Choice] = {}
    if state in ("graded", "waiting"):
        shown = chosen(item, item.public().parse(graded.response))
        state = "waiting" if points is None else "graded"
    elif points is None:
        state = "waiting"
    wrong = {one.misconception for one in graded.score.remarks if one.right is False}
    return Answer(
        item,
        state,
        points,
        shown,
        frozenset(filter(None, wrong)),
        seconds if graded.response is not None else None,
    )


def _without_answer(item: Item, stored: StoredGrade | None) -> Answer:
    points = _points(stored)
    return Answer(item, "waiting" if points is None else "lost", points, {})


def _points(stored: StoredGrade | None) -> float | None:
    if stored is None or stored.needs_manual_grade:
        return None
    return stored.auto_score if stored.manual_score is None else stored.manual_score


def _is_blank(answers: Iterable[Answer]) -> bool:
    return all(one.state == "unanswered" and not one.points for one in answers)


def _time(text: str) -> datetime.datetime | None:
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=datetime.UTC)
