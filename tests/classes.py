"""A course with a class of varied submissions, made the same way every time."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from autograder.items import AnyPublicItem
from autograder.quiz import Quiz, load_quiz

ROOT = Path(__file__).parents[1]
TIME = "2026-11-24T08:00:00+00:00"
GRADES = """
SELECT s.student_id, c.name, g.auto_score, g.manual_score, g.needs_manual_grade
FROM grade g JOIN base_cell c ON c.id = g.cell_id
JOIN submitted_notebook n ON n.id = g.notebook_id
JOIN submitted_assignment s ON s.id = n.assignment_id ORDER BY 1, 2
"""
COMMENTS = """
SELECT s.student_id, c.name, m.auto_comment, m.manual_comment
FROM comment m JOIN base_cell c ON c.id = m.cell_id
JOIN submitted_notebook n ON n.id = m.notebook_id
JOIN submitted_assignment s ON s.id = n.assignment_id ORDER BY 1, 2
"""
SUBMISSIONS = """
SELECT s.student_id, s.timestamp, n.late_submission_penalty FROM submitted_assignment s
JOIN submitted_notebook n ON n.assignment_id = s.id ORDER BY 1
"""


def command(course: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a Python module's command in the course's folder."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=course, capture_output=True, text=True
    )
    assert not check or done.returncode == 0, done.stderr + done.stdout
    return done


def make_course(course: Path, *quizzes: str, more: Sequence[dict[str, Any]] = ()) -> Path:
    """A course with released quizzes, which have ``more`` items, and no submission."""
    (course / "source").mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", course)
    shutil.copy(ROOT / "source" / "course.yaml", course / "source")
    for quiz in quizzes:
        (course / "source" / quiz).mkdir()
        shutil.copy(ROOT / "source" / quiz / "quiz.yaml", course / "source" / quiz)
        if more:
            with (course / "source" / quiz / "quiz.yaml").open("a") as file:
                YAML(typ="safe").dump(list(more), file)
        command(course, "autograder", "build", quiz)
        command(course, "nbgrader", "generate_assignment", quiz)
    return course


def set_due(course: Path, due: str) -> None:
    """Set when the quizzes of a course were due; who is later gets no point."""
    with (course / "nbgrader_config.py").open("a") as file:
        file.write("\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    with sqlite3.connect(course / "gradebook.db") as database:
        database.execute("UPDATE assignment SET duedate = ?", [due])


def quiz_of(course: Path, quiz: str) -> Quiz:
    return load_quiz(course / "source" / quiz / "quiz.yaml")


def hand_in_class(course: Path, quiz_id: str, learners: int, seed: int = 1) -> None:
    """Submissions of every kind: whole and partial, folders and single files, damaged and late."""
    quiz = quiz_of(course, quiz_id)
    draw = random.Random(seed)
    for number in range(learners):
        learner = f"learner-{number:03}"
        public = quiz.for_learner(learner).public()
        kept = [
            item
            for item in public.items
            if draw.random() < 0.85 and (item.type != "code" or number % 5 == 0)  # they take long
        ]
        records = [
            {
                "item": item.id,
                "response": random_response(item, draw),
                "revision": revision,
                "time": TIME,
                "variant": item.variant,
            }
            for revision, item in enumerate(kept, start=1)
        ]
        _hand_in(course, quiz_id, learner, records, number, draw)


def _hand_in(
    course: Path,
    quiz_id: str,
    learner: str,
    records: list[dict[str, Any]],
    kind: int,
    draw: random.Random,
) -> None:
    folder = course / "submitted" / learner / quiz_id
    shutil.copytree(course / "quizzes" / quiz_id, folder)
    notebook = json.loads((folder / f"{quiz_id}.ipynb").read_text())
    journal = folder / f"{quiz_id}.answers.jsonl"
    lines = [json.dumps(record) for record in records]
    if kind % 6 == 1:  # the notebook alone
        held = {"quiz": quiz_id, "records": {record["item"]: record for record in records}}
        notebook["metadata"]["autograder"] = held
    else:
        journal.write_text("\n".join(lines) + "\n")
    if kind % 6 == 2:  # both, and the notebook has a newer answer
        newer = {**records[0], "response": None, "revision": 99} if records else None
        records_held = {newer["item"]: newer} if newer else {}
        notebook["metadata"]["autograder"] = {"quiz": quiz_id, "records": records_held}
    if kind % 6 == 3:  # damaged lines, unknown items, answers of the wrong type
        extra = ["not a record", json.dumps({**records[0], "item": "no-such-item", "revision": 50})]
        extra.append(json.dumps({**records[0], "response": {"choice": 7}, "revision": 60}))
        journal.write_text("\n".join([*lines, *extra]) + "\n")
    if kind % 6 == 4:  # deleted, edited and forged cells
        notebook["cells"] = draw.sample(notebook["cells"], len(notebook["cells"]) // 2)
        for cell in notebook["cells"]:
            cell["source"] = "raise SystemExit"
            cell["metadata"].get("nbgrader", {})["points"] = 1000
    (folder / f"{quiz_id}.ipynb").write_text(json.dumps(notebook))
    if kind % 6 == 5:  # not a notebook at all
        (folder / f"{quiz_id}.ipynb").write_text('{"cells": [')
    if kind % 4 == 0:
        (folder / "timestamp.txt").write_text("2026-11-20 10:00:00 UTC")


def random_response(item: AnyPublicItem, draw: random.Random) -> dict[str, Any]:
    """A readable answer to an item."""
    if item.type == "single_choice":
        return {"choice": draw.choice(item.options).id}
    if item.type == "multiple_select":
        return {"picks": [option.id for option in item.options if draw.random() < 0.5]}
    if item.type == "matching":
        options = [option.id for option in item.options]
        number = draw.randint(0, len(item.prompts))
        picked = draw.choices(options, k=number) if item.reuse else draw.sample(options, number)
        return {
            "pairs": {prompt.id: one for prompt, one in zip(item.prompts, picked, strict=False)}
        }
    if item.type == "ordering":
        return {"order": [step.id for step in draw.sample(item.steps, len(item.steps))]}
    if item.type == "numeric":
        return {"value": str(300 * draw.randint(0, 9))}
    if item.type == "cloze":
        return {
            "blanks": {
                blank.id: draw.choice(blank.options).id
                if blank.kind == "choice"
                else draw.choice(["2", "3", "128", "768", 768, "767"])
                if blank.kind == "number"
                else draw.choice(["softmax", "Sigmoid"])
                for blank in item.blanks
            }
        }
    if item.type == "code":
        ways = ["# not done", "double = lambda n: 2 * n", "double = lambda n: [n][:n]", "1 / 0"]
        return {"source": f"{item.starter}\n{draw.choice(ways)}"}
    texts = ["", "Prompting trains nothing. <script>alert(1)</script>", "One *model*, many heads."]
    return {"text": draw.choice(texts)}


def rows(course: Path, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(course / "gradebook.db") as database:
        return database.execute(query).fetchall()


def gradebook(course: Path) -> list[list[tuple[Any, ...]]]:
    """All that the gradebook says of the class, without the random ids of its rows."""
    return [rows(course, query) for query in (GRADES, COMMENTS, SUBMISSIONS)]


def graded_notebooks(course: Path, quiz: str) -> dict[str, Any]:
    """Every graded notebook, as JSON, by learner."""
    return {
        path.parent.parent.name: json.loads(path.read_text())
        for path in (course / "autograded").glob(f"*/{quiz}/{quiz}.ipynb")
    }
