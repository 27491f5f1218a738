"""A timestamp.txt that is no time, on which stock nbgrader gives the submission up."""

from __future__ import annotations

from pathlib import Path


def hand_in(folder: Path) -> None:
    (folder / "timestamp.txt").write_bytes(b"\xff\x00 yesterday\n")
