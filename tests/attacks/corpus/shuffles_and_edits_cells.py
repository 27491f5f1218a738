"""Cells in another order, some twice, with other stems and other calls."""

from __future__ import annotations

from pathlib import Path

from editing import edit_notebook


def hand_in(folder: Path) -> None:
    def edit(notebook: dict) -> None:
        notebook["cells"] = [*notebook["cells"][::-1], *notebook["cells"][::3]]
        for cell in notebook["cells"]:
            cell["source"] = cell["source"] and "quiz.show('claims-in-common'); 2.0"

    edit_notebook(folder, edit)
