"""Infinity, NaN and numbers of ten thousand digits, in answers and beside them."""

from __future__ import annotations

from pathlib import Path

from editing import append_records, edit_notebook, record


def hand_in(folder: Path) -> None:
    append_records(folder, record("triage-head", float("nan")))
    held = record("triage-head", {"choice": float("inf")})
    edit_notebook(
        folder,
        lambda notebook: notebook["metadata"].update(
            autograder={"quiz": "heads", "records": {"triage-head": held}}, size="DIGITS"
        ),
    )
    path = folder / "heads.ipynb"
    path.write_text(path.read_text().replace('"DIGITS"', "9" * 10_000))
