"""``autograder check`` runs the solution of a ``code`` item against its own checks."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import examples
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]


def test_a_solution_that_fails_and_a_starter_that_passes_are_refused(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "source" / "tour", tmp_path / "source" / "tour")
    path = tmp_path / "source" / "tour" / "quiz.yaml"
    data = YAML(typ="safe").load(path)
    code = next(item for item in data["items"] if item["type"] == "code")
    failing = {**examples.CODE, "id": "failing", "solution": "raise ValueError('no')"}
    check = {name: value for name, value in code["checks"][0].items() if name != "expect"}
    data["items"] = [failing, {**code, "checks": [check | {"call": "1 + 1"}]}]
    with path.open("w") as file:
        YAML(typ="safe").dump(data, file)
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "check", "tour"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "item 'failing'" in done.stderr
    assert "the solution" in done.stderr
    assert "the starter passes already" in done.stderr
