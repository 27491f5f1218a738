"""A quiz.yaml (a YAML bomb), easier questions, and an nbgrader_config.py of the learner's own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

BOMB = "a: &a [x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def hand_in(folder: Path) -> None:
    (folder / "quiz.yaml").write_text(BOMB)
    questions = json.loads((folder / "questions.json").read_text())
    questions["items"] = questions["items"][:1]
    questions["items"][0]["options"] = questions["items"][0]["options"][1:2]
    (folder / "questions.json").write_text(json.dumps(questions))
    (folder / "nbgrader_config.py").write_text("raise SystemExit\n")
    (folder / ".ipynb_checkpoints").mkdir()
    shutil.copy(folder / "heads.ipynb", folder / ".ipynb_checkpoints")
