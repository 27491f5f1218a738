"""The record says that it answers another variant."""

from __future__ import annotations

from pathlib import Path

from editing import append_records, record


def hand_in(folder: Path) -> None:
    right = record("triage-head", {"choice": "pooled-scores"})
    append_records(folder, right | {"variant": "deadbeef"})
