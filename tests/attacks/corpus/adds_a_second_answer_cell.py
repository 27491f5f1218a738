"""Wrong code in the answer's cell, and more cells with the same mark: code, text and output."""

from __future__ import annotations

from pathlib import Path

from editing import code_cell, edit_notebook, write_code

QUIZ = "probe"
RIGHT = "# answer: program\ndef double(number):\n    return 2 * number\n"


def hand_in(folder: Path) -> None:
    write_code(folder, "def double(number):\n    return 'no'\n")
    text = code_cell(RIGHT) | {"cell_type": "markdown"}

    def edit(notebook: dict) -> None:
        notebook["cells"] = [text, *notebook["cells"], code_cell(RIGHT)]

    edit_notebook(folder, edit)
