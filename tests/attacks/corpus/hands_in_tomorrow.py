"""A timestamp.txt in the far future."""

from __future__ import annotations

from pathlib import Path


def hand_in(folder: Path) -> None:
    (folder / "timestamp.txt").write_text("9999-12-31 23:59:59 UTC")
