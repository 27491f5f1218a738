"""Links that lead nowhere and in a circle, on which copying a submission fails."""

from __future__ import annotations

from pathlib import Path


def hand_in(folder: Path) -> None:
    (folder / "notes.txt").symlink_to("/no/such/file")
    (folder / "circle").symlink_to("circle")
    (folder / "timestamp.txt").symlink_to("circle")
