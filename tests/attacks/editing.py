"""What the attacks use to change a submission."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def edit_notebook(folder: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    path = folder / "heads.ipynb"
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
    with (folder / "heads.answers.jsonl").open("a") as journal:
        journal.writelines(json.dumps(one) + "\n" for one in records)
