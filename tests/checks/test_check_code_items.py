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
    head = {**code, "id": "head", "checks": [check | {"call": "1 + 1"}]}
    paying = {
        **code,
        "id": "paying",
        "setup": "",
        "starter": "def size(texts: list[str]) -> int: ...",
        "solution": "def size(texts: list[str]) -> int: return len(texts)",
        "checks": [check | {"call": "size([])", "id": "none"}, check | {"call": "size(['a'])"}],
    }
    data["items"] = [failing, head, paying]
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
    (line,) = [one for one in done.stderr.splitlines() if "item 'paying', " in one]
    assert "a constant that every function returns earns 50% of the points" in line
    assert "(code that returns 0 passes: The result has one vector for each text)" in line
    assert "let these checks return more, or give them less weight" in line
    (row,) = [one for one in done.stdout.splitlines() if one.startswith("paying ")]
    assert row.split()[2:] == ["0.00", "0.50", "0.00", "0.00"]
