"""The nbgrader metadata claims a version that makes nbgrader stop the whole batch."""

from __future__ import annotations

from pathlib import Path

from editing import edit_notebook


def hand_in(folder: Path) -> None:
    def edit(notebook: dict) -> None:
        for number, cell in enumerate(notebook["cells"]):
            cell["metadata"]["nbgrader"]["schema_version"] = 1 if number % 2 else 99

    edit_notebook(folder, edit)
