"""Every attack of the corpus ends with no undeserved point, no key read and nothing changed.

Each file in ``corpus/`` says first what it tries. An attacker has one answer, a wrong one;
``honest`` has one right answer. The whole class is graded by ``nbgrader autograde`` and, in a copy,
by ``autograder grade``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "bulk")]

import classes  # noqa: E402
from editing import append_records, record  # noqa: E402

ATTACKS = sorted(path.stem for path in (HERE / "corpus").glob("*.py"))
GRADERS = {
    "nbgrader": ("nbgrader", "autograde", "heads"),
    "bulk": ("autograder", "grade", "heads"),
}


def _hand_in(course: Path, learner: str, choice: str) -> Path:
    folder = course / "submitted" / learner / "heads"
    shutil.copytree(course / "quizzes" / "heads", folder)
    append_records(folder, record("triage-head", {"choice": choice}) | {"revision": 1})
    return folder


def _digests(folder: Path) -> dict[bytes, str]:
    """What every file is: its contents, or where it leads."""
    found = {}
    for place, _, files in os.walk(os.fsencode(folder)):
        for name in files:
            path = os.path.join(place, name)  # noqa: PTH118  (names in no encoding)
            if os.path.islink(path):  # noqa: PTH114
                found[path] = os.fsdecode(os.readlink(path))  # noqa: PTH115
            else:
                with open(path, "rb") as file:  # noqa: PTH123
                    found[path] = hashlib.sha256(file.read()).hexdigest()
    return found


@pytest.fixture(scope="module", params=GRADERS)
def graded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class of attackers and one honest learner, graded."""
    course = classes.make_course(tmp_path_factory.mktemp("attacks") / "course", "heads")
    _hand_in(course, "honest", "pooled-scores")
    for name in ATTACKS:
        folder = _hand_in(course, name, "token-scores")
        spec = importlib.util.spec_from_file_location(name, HERE / "corpus" / f"{name}.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.hand_in(folder)
    before = _digests(course / "submitted")
    classes.command(course, *GRADERS[request.param])
    assert _digests(course / "submitted") == before, "grading changed what was handed in"
    return course


def _grades(course: Path, learner: str) -> dict[str, tuple[float | None, int]]:
    rows = classes.rows(course, classes.GRADES)
    return {item: (auto, waits) for name, item, auto, _, waits in rows if name == learner}


def test_the_honest_learner_has_the_point(graded: Path) -> None:
    grades = _grades(graded, "honest")
    assert grades["triage-head"] == (2.0, 0)
    assert sum(auto or 0 for auto, _ in grades.values()) == 2


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_earns_a_point_or_stays_open(graded: Path, attack: str) -> None:
    grades = _grades(graded, attack)
    assert len(grades) == 10
    assert sum(auto or 0 for auto, _ in grades.values()) == 0
    waiting = {item for item, (auto, waits) in grades.items() if auto is None and waits}
    assert waiting == ({"choose-strategy"} if attack == "injects_markup" else set())
    assert {item for item, (auto, _) in grades.items() if auto is None} == waiting


def test_no_code_of_a_submission_ran(graded: Path) -> None:
    marks = {"learner-code-ran", "shadow-ran", "pickle-ran"}
    assert [path for path in graded.rglob("*") if path.name in marks] == []


def test_no_key_comes_back_and_markup_is_harmless(graded: Path) -> None:
    classes.command(graded, "nbgrader", "generate_feedback", "heads", "--force")
    links = graded / "feedback" / "links_to_the_key"
    assert {path.name for path in links.rglob("*") if path.is_file()} & {
        "notes.txt",
        "book.db",
        "passwd",
        "quiz.yaml",
    } == set()
    notebook = classes.graded_notebooks(graded, "heads")["injects_markup"]
    shown = [str(cell.get("outputs")) for cell in notebook["cells"]]
    shown.append((graded / "feedback/injects_markup/heads/heads.html").read_text())
    assert any("&lt;script&gt;alert(1)" in text for text in shown[:-1])
    for text in shown:
        for markup in ("<script>alert", "<img src=x", "<iframe src=//evil", "<svg onload"):
            assert markup not in text
