"""What the attacks use to change a submission."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.quiz import Quiz, load_quiz


def edit_notebook(folder: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    path = folder / f"{folder.name}.ipynb"
    notebook = json.loads(path.read_text())
    edit(notebook)
    path.write_text(json.dumps(notebook))


def code_cell(source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }


def result(text: str) -> dict[str, Any]:
    data = {"text/plain": text}
    return {
        "output_type": "execute_result",
        "data": data,
        "metadata": {},
        "execution_count": 1,
    }


def record(item: str, response: Any) -> dict[str, Any]:
    return {"item": item, "response": response, "revision": 1_000, "time": "2026-11-24T09:00:00"}


def append_records(folder: Path, *records: dict[str, Any]) -> None:
    with (folder / f"{folder.name}.answers.jsonl").open("a") as journal:
        journal.writelines(json.dumps(one) + "\n" for one in records)


def key_of(folder: Path) -> Quiz:
    """The quiz with its key and all variants, as an attacker who had stolen it would know it."""
    return load_quiz(folder.parents[2] / "source" / folder.name / "quiz.yaml")


def write_code(folder: Path, source: str) -> None:
    """Complete the cell of the ``code`` item, without ever recording the answer."""

    def edit(notebook: dict[str, Any]) -> None:
        for cell in notebook["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == "code-program":
                cell["source"] = f"# answer: program\n{source}"

    edit_notebook(folder, edit)
