"""An assignment that is no quiz is released and graded by nbgrader as ever, beside quizzes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import classes
import nbformat
from nbformat.v4 import new_code_cell, new_notebook


def _cell(name: str, source: str, **kind: Any) -> nbformat.NotebookNode:
    common = {"grade_id": name, "schema_version": 3, "task": False, "grade": False}
    return new_code_cell(source, metadata={"nbgrader": {**common, "solution": False, **kind}})


SOLUTION = "### BEGIN SOLUTION\nanswer = 42\n### END SOLUTION"
TEST = "### BEGIN HIDDEN TESTS\nassert answer == 42\n### END HIDDEN TESTS"


def test_an_assignment_without_a_quiz_is_nbgrader_s_own(tmp_path: Path) -> None:
    course = classes.make_course(tmp_path / "course")
    folder = course / "source" / "plain"
    folder.mkdir()
    cells = [
        _cell("work", SOLUTION, solution=True, locked=False),
        _cell("test", TEST, grade=True, locked=True, points=3),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(whole, folder / "plain.ipynb")
    classes.command(course, "nbgrader", "generate_assignment", "plain")
    released = json.loads((course / "quizzes/plain/plain.ipynb").read_text())
    assert not any("42" in "".join(cell["source"]) for cell in released["cells"])

    for learner, answer in (("right", "answer = 42\nprint('ran')"), ("wrong", "answer = 41")):
        place = course / "submitted" / learner / "plain"
        place.mkdir(parents=True)
        work, test = released["cells"]
        forged = {**test, "source": "pass"}
        forged["metadata"] = {"nbgrader": {**test["metadata"]["nbgrader"], "points": 100}}
        handed_in = {**released, "cells": [{**work, "source": answer}, forged]}
        (place / "plain.ipynb").write_text(json.dumps(handed_in))
    classes.command(course, "nbgrader", "autograde", "plain")
    scores = {row[0]: row[2:] for row in classes.rows(course, classes.GRADES)}
    assert scores == {"right": (3.0, None, 0), "wrong": (0.0, None, 0)}
    graded = json.dumps(classes.graded_notebooks(course, "plain")["right"])
    assert "assert answer == 42" in graded and "ran" in graded
