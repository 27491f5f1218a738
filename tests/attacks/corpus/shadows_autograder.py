"""A file in the submission shadows the module autograder."""

from __future__ import annotations

from pathlib import Path

CODE = "from pathlib import Path; Path(__file__).with_name('shadow-ran').touch()"


def hand_in(folder: Path) -> None:
    (folder / "autograder.py").write_text(CODE)
