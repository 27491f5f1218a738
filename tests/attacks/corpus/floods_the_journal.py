"""A hundred thousand records and an answer of five megabytes."""

from __future__ import annotations

from pathlib import Path

from editing import append_records, record


def hand_in(folder: Path) -> None:
    wrong = record("triage-head", {"choice": "token-scores"})
    many = [wrong | {"revision": number} for number in range(2, 100_002)]
    append_records(folder, *many, record("triage-head", {"choice": "x" * 5_000_000}))
