"""Courses for the tests of marking and comparing, made by nbgrader itself."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import classes
import examples
from ruamel.yaml import YAML
from typer.testing import CliRunner

from autograder.bulk import grade_class
from autograder.cli import app

ROWS = """
SELECT s.student_id, g.manual_score, m.manual_comment, g.needs_manual_grade
FROM grade g JOIN base_cell c ON c.id = g.cell_id
JOIN submitted_notebook n ON n.id = g.notebook_id
JOIN submitted_assignment s ON s.id = n.assignment_id
JOIN comment m ON m.notebook_id = n.id
JOIN base_cell d ON d.id = m.cell_id AND d.name = c.name
WHERE c.name = 'case' ORDER BY 1
"""
CASE: dict[str, Any] = {
    **examples.CASE_STUDY,
    "title": "Which *strategy*?",
    "stem": "A hospital shares one encoder. Which strategy, and why?",
    "points": 5,
    "rubric": [
        {
            "id": "choice",
            "name": "The choice",
            "levels": [
                {"points": 0, "text": "No strategy."},
                {"points": 1, "text": "A strategy that fits."},
                {"points": 2, "text": "It fits, and its trained parts are named: $W$ and $b$."},
            ],
        },
        {
            "id": "reasons",
            "name": "The reasons",
            "levels": [
                {"points": 0, "text": "No reason."},
                {"points": 1.5, "text": "A reason from the *case*."},
                {"points": 3, "text": "Two reasons or more."},
            ],
        },
    ],
    "model_answer": "LoRA: the **shared** encoder stays as it is.",
    "samples": [
        {"text": "Freeze it.", "points": {"choice": 1, "reasons": 0}, "comment": "No reason."}
    ],
}


def make_course(course: Path, items: Sequence[Mapping[str, Any]], quiz: str = "small") -> Path:
    """A course with one quiz of these items."""
    (course / "source" / quiz).mkdir(parents=True)
    shutil.copy(classes.ROOT / "nbgrader_config.py", course)
    outline = {
        "id": quiz,
        "title": "A small quiz",
        "chapter": "one",
        "instructions": "Answer.",
        "items": [dict(item) for item in items],
    }
    with (course / "source" / quiz / "quiz.yaml").open("w") as file:
        YAML(typ="safe").dump(outline, file)
    return course


def release(course: Path, quiz: str = "small") -> None:
    """Have nbgrader release a quiz, which puts it into the gradebook."""
    built = CliRunner().invoke(app, ["build", quiz, "--source", str(course / "source")])
    assert built.exit_code == 0, built.output
    classes.command(course, "nbgrader", "generate_assignment", quiz, "--force")


def grade(course: Path, quiz: str = "small") -> None:
    """Grade all submissions, as ``autograder grade`` does."""
    with contextlib.chdir(course):
        report = grade_class(quiz)
    assert not report.failed


def hand_in(
    course: Path, learner: str, answers: Mapping[str, Any], quiz: str = "small", revision: int = 1
) -> None:
    """A learner hands in the journal; ``answers`` are responses by item."""
    items = classes.quiz_of(course, quiz).for_learner(learner).items
    variants = {item.id: item.variant for item in items}
    folder = course / "submitted" / learner / quiz
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps(
            {
                "item": item,
                "response": response,
                "revision": number,
                "time": classes.TIME,
                "variant": variants[item],
            }
        )
        for number, (item, response) in enumerate(answers.items(), start=revision)
    ]
    (folder / f"{quiz}.answers.jsonl").write_text("".join(f"{line}\n" for line in lines))


def graded_class(course: Path, learners: int) -> Path:
    """A released quiz with a case study, which a class answered; all is graded by machine."""
    make_course(course, [CASE, examples.SINGLE_CHOICE])
    release(course)
    for number in range(learners):
        text = (
            f"Learner {number} writes: <b>LoRA</b>, since\n\nthe encoder is shared."
            if number
            else ""
        )
        hand_in(course, f"learner-{number:02}", {"case": {"text": text}})
    grade(course)
    return course


def rows(course: Path) -> dict[str, tuple[float | None, str | None, int]]:
    with sqlite3.connect(course / "gradebook.db") as database:
        return {name: tuple(rest) for name, *rest in database.execute(ROWS)}
