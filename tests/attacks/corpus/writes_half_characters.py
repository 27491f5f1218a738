"""Halves of surrogate pairs and null bytes, on which writing the graded notebook fails."""

from __future__ import annotations

from pathlib import Path

from editing import append_records, edit_notebook, record

WAITING = {"prompting-efficiency"}


def hand_in(folder: Path) -> None:
    text = record("prompting-efficiency", {"text": "\ud800 \0 an answer"})
    append_records(folder, record("claims-in-common", {"choice": "\udfff\0"}))
    held = {"quiz": "heads", "records": {"prompting-efficiency": text}}
    edit_notebook(folder, lambda notebook: notebook["metadata"].update(autograder=held))
