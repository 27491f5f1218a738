"""JSON nested so deeply that reading it exhausts the stack."""

from __future__ import annotations

from pathlib import Path


def hand_in(folder: Path) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    with (folder / "heads.answers.jsonl").open("a") as journal:
        journal.write('{"item": "triage-head", "response": ' + deep + "}\n")
    (folder / "heads.ipynb").write_text('{"metadata": ' + deep + "}")
