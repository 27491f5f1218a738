"""Nothing but the journal: stock nbgrader finds no submission there."""

from __future__ import annotations

from pathlib import Path


def hand_in(folder: Path) -> None:
    for path in folder.iterdir():
        if path.suffix != ".jsonl":
            path.unlink()
