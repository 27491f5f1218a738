"""A file in the submission shadows the module sitecustomize."""

from __future__ import annotations

from pathlib import Path

CODE = "from pathlib import Path; Path(__file__).with_name('shadow-ran').touch()"


def hand_in(folder: Path) -> None:
    (folder / "sitecustomize.py").write_text(CODE)
