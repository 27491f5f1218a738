"""nbgrader's gradebook, written for many submissions at a time.

The tables are nbgrader's own; what ``nbgrader autograde`` writes row by row is written here by one
statement a table and batch. What a person entered (``manual_score``, ``extra_credit``,
``manual_comment``) is never touched.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import bindparam, insert, select, update

from autograder.bulk.worker import Result
from autograder.quiz import Quiz
from autograder.released import require_released


@dataclass(frozen=True)
class StoredGrade:
    """A row of the table ``grade`` as it stood before."""

    id: str
    auto_score: float | None
    manual_score: float | None
    needs_manual_grade: bool


@dataclass
class Stored:
    """What the gradebook holds of one learner's submission; empty ids where it holds nothing."""

    submission: str = ""
    notebook: str = ""
    timestamp: datetime.datetime | None = None
    extension: datetime.timedelta | None = None
    grades: dict[str, StoredGrade] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)


#: Whether a person has to look (again) at an item: result, item, what was stored for it.
NeedsPerson = Callable[[Result, str, StoredGrade | None], bool]


class ClassGradebook:
    """The gradebook of a course, opened for one quiz.

    Raises
    ------
    AutograderError
        Where the quiz is not in the gradebook as ``quiz.yaml`` has it.
    """

    def __init__(self, gradebook: Gradebook, quiz: Quiz) -> None:
        self._db = gradebook.db
        notebook = require_released(gradebook, quiz)
        self._assignment, self._notebook = notebook.assignment_id, notebook.id
        self.due = notebook.assignment.duedate
        self._graded = {cell.name: cell.id for cell in notebook.grade_cells}
        self._solved = {cell.name: cell.id for cell in notebook.solution_cells}

    def stored(self, learners: Sequence[str]) -> dict[str, Stored]:
        """What is stored for each of some learners."""
        found: dict[str, Stored] = defaultdict(Stored)
        by_notebook: dict[str, Stored] = {}
        submissions = (
            select(
                SubmittedAssignment.student_id,
                SubmittedAssignment.id,
                SubmittedNotebook.id,
                SubmittedAssignment.timestamp,
                SubmittedAssignment.extension,
            )
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .where(SubmittedAssignment.assignment_id == self._assignment)
            .where(SubmittedNotebook.notebook_id == self._notebook)
            .where(SubmittedAssignment.student_id.in_(learners))
        )
        for learner, submission, notebook, *times in self._db.execute(submissions):
            found[learner] = by_notebook[notebook] = Stored(submission, notebook, *times)
        cells = {cell: name for name, cell in self._graded.items()}
        table = Grade.__table__.c
        grades = select(
            table.notebook_id,
            table.cell_id,
            table.id,
            table.auto_score,
            table.manual_score,
            table.needs_manual_grade,
        ).where(table.notebook_id.in_(by_notebook))
        for notebook, cell, *values in self._db.execute(grades):
            by_notebook[notebook].grades[cells[cell]] = StoredGrade(*values)
        cells = {cell: name for name, cell in self._solved.items()}
        comments = Comment.__table__.c
        query = select(comments.notebook_id, comments.cell_id, comments.id)
        for notebook, cell, row in self._db.execute(
            query.where(comments.notebook_id.in_(by_notebook))
        ):
            by_notebook[notebook].comments[cells[cell]] = row
        return dict(found)

    def is_complete(self, held: Stored) -> bool:
        """Whether every question has its grade."""
        return held.grades.keys() == self._graded.keys()

    def save(
        self,
        results: Iterable[Result],
        stored: Mapping[str, Stored],
        needs_person: NeedsPerson,
    ) -> None:
        """Write some results; ``commit`` makes them last."""
        rows = _Rows()
        known = set(
            self._db.scalars(
                select(Student.id).where(Student.id.in_([one.learner for one in results]))
            )
        )
        for result in results:
            if result.learner not in known:
                rows.students.append({"id": result.learner, "lms_user_id": None})
            held = stored.get(result.learner)
            if held is None:
                held = self._add_submission(rows, result)
            else:
                self._update_submission(rows, result, held)
            for name, points in result.points.items():
                before = held.grades.get(name)
                values = {
                    "auto_score": points,
                    "needs_manual_grade": needs_person(result, name, before),
                }
                if before:
                    rows.grades_changed.append({"row": before.id, **values})
                else:
                    rows.grades.append(self._row(held, self._graded[name]) | values)
            for name, comment in result.comments.items():
                if name in held.comments:
                    rows.comments_changed.append(
                        {"row": held.comments[name], "auto_comment": comment}
                    )
                else:
                    row = self._row(held, self._solved[name])
                    rows.comments.append(row | {"auto_comment": comment})
        self._write(rows)

    def scores(self, learners: Sequence[str]) -> dict[str, float]:
        """What each of some learners has for the quiz, by nbgrader's own rule, before penalties."""
        query = (
            select(SubmittedAssignment.student_id, SubmittedNotebook.score)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .where(SubmittedNotebook.notebook_id == self._notebook)
            .where(SubmittedAssignment.student_id.in_(learners))
        )
        return {learner: score for learner, score in self._db.execute(query)}

    def save_penalties(self, penalties: Mapping[str, float]) -> None:
        """Write the late penalty of some learners; ``commit`` makes them last."""
        table, submission = SubmittedNotebook.__table__, SubmittedAssignment.__table__
        of_learner = select(submission.c.id).where(
            submission.c.assignment_id == self._assignment,
            submission.c.student_id == bindparam("learner"),
        )
        statement = (
            update(table)
            .where(table.c.notebook_id == self._notebook)
            .where(table.c.assignment_id == of_learner.scalar_subquery())
            .values(late_submission_penalty=bindparam("penalty"))
        )
        rows = [{"learner": name, "penalty": penalty} for name, penalty in penalties.items()]
        if rows:
            self._db.connection().execute(statement, rows)

    def commit(self) -> None:
        """Make all that was written last, or nothing of it where the grader ends before."""
        self._db.commit()

    def _add_submission(self, rows: _Rows, result: Result) -> Stored:
        held = Stored(uuid4().hex, uuid4().hex)
        rows.submissions.append(
            {
                "id": held.submission,
                "assignment_id": self._assignment,
                "student_id": result.learner,
                "timestamp": result.timestamp,
            }
        )
        rows.notebooks.append(
            {
                "id": held.notebook,
                "assignment_id": held.submission,
                "notebook_id": self._notebook,
                "late_submission_penalty": None,
            }
        )
        return held

    @staticmethod
    def _update_submission(rows: _Rows, result: Result, held: Stored) -> None:
        if result.timestamp:
            rows.timestamps.append({"row": held.submission, "timestamp": result.timestamp})
        rows.on_time.append({"row": held.notebook, "late_submission_penalty": None})

    @staticmethod
    def _row(held: Stored, cell: str) -> dict[str, object]:
        return {"id": uuid4().hex, "notebook_id": held.notebook, "cell_id": cell}

    def _write(self, rows: _Rows) -> None:
        for model, new in (
            (Student, rows.students),
            (SubmittedAssignment, rows.submissions),
            (SubmittedNotebook, rows.notebooks),
            (Grade, rows.grades),
            (Comment, rows.comments),
        ):
            if new:
                self._db.execute(insert(model.__table__), new)
        for model, changed in (
            (SubmittedAssignment, rows.timestamps),
            (SubmittedNotebook, rows.on_time),
            (Grade, rows.grades_changed),
            (Comment, rows.comments_changed),
        ):
            if changed:
                table = model.__table__
                values: dict[str, Any] = {
                    name: bindparam(name) for name in changed[0] if name != "row"
                }
                statement = update(table).where(table.c.id == bindparam("row")).values(values)
                self._db.connection().execute(statement, changed)


@dataclass
class _Rows:
    """What one batch inserts and updates, by table."""

    students: list[dict[str, object]] = field(default_factory=list)
    submissions: list[dict[str, object]] = field(default_factory=list)
    notebooks: list[dict[str, object]] = field(default_factory=list)
    grades: list[dict[str, object]] = field(default_factory=list)
    comments: list[dict[str, object]] = field(default_factory=list)
    timestamps: list[dict[str, object]] = field(default_factory=list)
    on_time: list[dict[str, object]] = field(default_factory=list)
    grades_changed: list[dict[str, object]] = field(default_factory=list)
    comments_changed: list[dict[str, object]] = field(default_factory=list)
