"""Extra grade cells with points of their own, and duplicates of the real ones."""

from __future__ import annotations

from pathlib import Path

from editing import code_cell, edit_notebook


def hand_in(folder: Path) -> None:
    def edit(notebook: dict) -> None:
        extra = code_cell("1000")
        extra["metadata"] = {"nbgrader": {"grade": True, "grade_id": "bonus", "points": 1000}}
        notebook["cells"] += [extra, *notebook["cells"]]

    edit_notebook(folder, edit)
