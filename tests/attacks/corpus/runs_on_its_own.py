"""Every cell leaves a mark on the disk and prints a full score, should it ever run."""

from __future__ import annotations

from pathlib import Path

from editing import edit_notebook

CODE = "from pathlib import Path; Path('../../../learner-code-ran').touch(); print(100.0)"


def hand_in(folder: Path) -> None:
    def edit(notebook: dict) -> None:
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["source"] = CODE

    edit_notebook(folder, edit)
