"""The notebook has another name and the journal is gone: stock nbgrader grades nothing."""

from __future__ import annotations

from pathlib import Path


def hand_in(folder: Path) -> None:
    (folder / "heads.ipynb").rename(folder / "heads (1) final.ipynb")
    (folder / "heads.answers.jsonl").unlink()
