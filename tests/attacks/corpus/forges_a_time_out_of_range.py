"""A timestamp.txt whose zone lies so far off that computing with it overflows."""

from __future__ import annotations

from pathlib import Path


def hand_in(folder: Path) -> None:
    (folder / "timestamp.txt").write_text("0001-01-01 00:00:00 86399")
