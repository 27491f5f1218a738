"""Item ids that are paths, prototypes and methods."""

from __future__ import annotations

from pathlib import Path

from editing import append_records, record


def hand_in(folder: Path) -> None:
    names = ["../../source/heads/quiz.yaml", "__proto__", "__class__", "constructor", "a\nb: 2.0"]
    append_records(folder, *(record(name, {"choice": "pooled-scores"}) for name in names))
