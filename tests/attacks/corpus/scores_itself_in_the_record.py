"""Records carry points and a fraction beside the response."""

from __future__ import annotations

from pathlib import Path

from editing import append_records, record


def hand_in(folder: Path) -> None:
    forged = record("triage-head", {"choice": "token-scores"}) | {"points": 2, "fraction": 1}
    inside = record("triage-head", {"choice": "token-scores", "correct": True, "score": 1})
    append_records(folder, forged, inside)
