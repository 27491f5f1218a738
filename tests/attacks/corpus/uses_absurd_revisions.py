"""Revisions that are too large, negative, fractional or no numbers."""

from __future__ import annotations

from pathlib import Path

from editing import append_records, record


def hand_in(folder: Path) -> None:
    right = record("triage-head", {"choice": "pooled-scores"})
    revisions = [10**400, -1, 1.5, True, "9", None, float("inf")]
    append_records(folder, *(right | {"revision": revision} for revision in revisions))
