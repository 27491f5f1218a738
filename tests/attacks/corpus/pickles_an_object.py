"""A pickle in the metadata that would run a command when it is loaded."""

from __future__ import annotations

from pathlib import Path

from editing import edit_notebook

PICKLE = "Y3Bvc2l4CnN5c3RlbQooUyd0b3VjaCBwaWNrbGUtcmFuJwp0Ui4="


def hand_in(folder: Path) -> None:
    held = {"quiz": "heads", "records": {"triage-head": {"__pickle__": PICKLE}}}
    edit_notebook(folder, lambda notebook: notebook["metadata"].update(autograder=held))
