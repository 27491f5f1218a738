"""The journal is a folder, and the notebook has no text in it."""

from __future__ import annotations

from pathlib import Path


def hand_in(folder: Path) -> None:
    journal = folder / "heads.answers.jsonl"
    journal.unlink()
    journal.mkdir()
    (folder / "heads.ipynb").write_bytes(b"\xff\xfe\x00")
