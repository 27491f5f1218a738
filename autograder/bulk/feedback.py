"""Feedback pages for learners: one light HTML file each, from graded notebooks and gradebook."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from nbgrader.api import (
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import select

from autograder import html
from autograder.course_folder import CourseFolder
from autograder.errors import AutograderError
from autograder.graded_notebook import FOR_GRADERS
from autograder.quiz import Quiz
from autograder.released import require_released
from autograder.submissions import SECRET_FILE, TIMESTAMP_FILE

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.55 system-ui, sans-serif; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid #8888; padding: .5rem 0 1rem; }
.score { font-weight: 600; }
.comment { border-left: .25rem solid #3778c2; padding-left: .75rem; white-space: pre-wrap; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .25rem .6rem; }
table, th, td { border: 1px solid #8888; }
math { font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", "DejaVu Math TeX Gyre",
  math; }
div.wide, pre { overflow-x: auto; } pre, code { font-size: .95em; }
"""


@dataclass(frozen=True)
class Mark:
    """What the gradebook says of one question of one learner."""

    score: float
    waiting: bool


@dataclass
class Marks:
    """What the gradebook says of one learner."""

    penalty: float = 0.0
    marks: dict[str, Mark] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)


def write_feedback(quiz_id: str) -> list[Path]:
    """Write the page of every learner whose submission is graded; the pages' paths.

    Beside a page stand the time and the secret of its submission, from which ``nbgrader
    release_feedback`` knows where the page belongs.

    Raises
    ------
    AutograderError
        Where nothing is graded yet.
    """
    course = CourseFolder(quiz_id)
    quiz = course.quiz
    with course.gradebook() as gradebook:
        everyone = _read_marks(gradebook, require_released(gradebook, quiz).id)
    written = []
    for learner, marks in everyone.items():
        graded = course.graded(learner)
        if graded.exists():
            path = course.feedback(learner)
            path.parent.mkdir(parents=True, exist_ok=True)
            notebook = json.loads(graded.read_text(encoding="utf-8"))
            path.write_text(page(quiz, learner, notebook, marks), encoding="utf-8")
            for name in (TIMESTAMP_FILE, SECRET_FILE):
                (path.parent / name).unlink(missing_ok=True)
                if (graded.parent / name).exists():
                    shutil.copyfile(graded.parent / name, path.parent / name)
            written.append(path)
    if not written:
        raise AutograderError(f"no submission is graded yet; run: autograder grade {quiz_id}")
    return written


def page(quiz: Quiz, learner: str, notebook: Mapping[str, Any], marks: Marks) -> str:
    """The page of one learner. Rubric and model answer wait until a person has graded."""
    total = sum(mark.score for mark in marks.marks.values())
    possible = sum(item.points for item in quiz.items)
    waiting = sum(mark.waiting for mark in marks.marks.values())
    notes = [f"{total - marks.penalty:g} of {possible:g} points"]
    if marks.penalty:
        notes.append(f"{marks.penalty:g} points taken off for handing in late")
    if waiting:
        notes.append(f"{waiting} of {len(marks.marks)} answers still wait for a person")
    body = "".join(_sections(notebook, marks))
    title = escape(quiz.title)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main><h1>{title}</h1>"
        f"<p>{escape(learner)}</p><p class='score'>{escape('; '.join(notes))}</p>{body}"
        "</main></body></html>\n"
    )


def _sections(notebook: Mapping[str, Any], marks: Marks) -> Iterator[str]:
    """A section for each question: stem, code where there is some, result, score, comment."""
    before: list[str] = []
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            before = [html.block(source)] if name.startswith("stem-") else []
        elif name.startswith("code-"):
            before.append(f"<pre tabindex='0'><code>{escape(source)}</code></pre>")
            before += _comment(marks, name)
        elif name in marks.marks:
            yield f"<section>{''.join([*before, *_result(cell, name, marks)])}</section>"
        elif name == "receipt":
            yield f"<section><h2>What was recorded</h2>{_outputs(cell)}</section>"


def _result(cell: Mapping[str, Any], name: str, marks: Marks) -> Iterator[str]:
    mark = marks.marks[name]
    yield f"<div class='wide'>{_outputs(cell, for_graders=not mark.waiting)}</div>"
    state = "waits for a person" if mark.waiting else f"{mark.score:g} points"
    yield f"<p class='score'>Score: {state}</p>"
    yield from _comment(marks, name)


def _comment(marks: Marks, name: str) -> list[str]:
    comment = marks.comments.get(name)
    return [f"<p class='comment'>{escape(comment)}</p>"] if comment else []


def _outputs(cell: Mapping[str, Any], *, for_graders: bool = False) -> str:
    shown = []
    for output in cell.get("outputs", []):
        if for_graders or not output.get("metadata", {}).get(FOR_GRADERS):
            text = output.get("data", {}).get("text/html", "")
            shown.append(text if isinstance(text, str) else "".join(text))
    return "".join(shown)


def _read_marks(gradebook: Gradebook, notebook: str) -> dict[str, Marks]:
    """What the gradebook says of every learner's submission of a notebook."""
    found: dict[str, Marks] = {}
    submissions = (
        select(
            SubmittedAssignment.student_id,
            SubmittedNotebook.id,
            SubmittedNotebook.late_submission_penalty,
        )
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .where(SubmittedNotebook.notebook_id == notebook)
    )
    by_row: dict[str, Marks] = {}
    for learner, row, penalty in gradebook.db.execute(submissions):
        found[learner] = by_row[row] = Marks(penalty or 0.0)
    grades = select(Grade.notebook_id, BaseCell.name, Grade.score, Grade.needs_manual_grade)
    for row, name, score, waiting in gradebook.db.execute(
        grades.join(BaseCell, BaseCell.id == Grade.cell_id).where(BaseCell.notebook_id == notebook)
    ):
        by_row[row].marks[name] = Mark(score, waiting)
    comments = select(Comment.notebook_id, BaseCell.name, Comment.comment)
    for row, name, comment in gradebook.db.execute(
        comments.join(BaseCell, BaseCell.id == Comment.cell_id).where(
            BaseCell.notebook_id == notebook
        )
    ):
        if comment:
            by_row[row].comments[name] = comment
    return found
