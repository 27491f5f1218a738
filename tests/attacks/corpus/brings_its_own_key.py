"""A quiz.yaml, a questions.json and an nbgrader_config.py of the learner's own."""

from __future__ import annotations

import shutil
from pathlib import Path


def hand_in(folder: Path) -> None:
    (folder / "quiz.yaml").write_text("id: heads\nitems: []\n")
    (folder / "questions.json").write_text("{}")
    (folder / "nbgrader_config.py").write_text("raise SystemExit\n")
    (folder / ".ipynb_checkpoints").mkdir()
    shutil.copy(folder / "heads.ipynb", folder / ".ipynb_checkpoints")
