"""Answers of the wrong type that hold the right one among all others."""

from __future__ import annotations

from pathlib import Path

from editing import append_records, record


def hand_in(folder: Path) -> None:
    options = ["pooled-scores", "token-scores", "one-number", "stacked-scores"]
    append_records(
        folder,
        record("triage-head", {"choice": options}),
        record("load-report", {"order": {"0": "every"}}),
        record("match-tasks-to-heads", {"pairs": [["triage", options]]}),
    )
