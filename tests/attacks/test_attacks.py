"""Every attack of the corpus ends with no undeserved point, no key read and nothing changed.

Each file in ``corpus/`` says first what it tries; ``QUIZ`` names the quiz that it is made for, if
it is not ``heads``, and ``WAITING`` the answers that a person still has to read. An attacker has
one answer, a wrong one; ``honest`` has one right answer. The whole class is graded by ``nbgrader
autograde``, in a copy by ``autograder grade``, and once more by the functions that both rely on.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import classes  # noqa: E402
from editing import append_records, record, write_code  # noqa: E402

from autograder.grading import grade  # noqa: E402
from autograder.html import block  # noqa: E402
from autograder.sandbox import judge_or_wait  # noqa: E402
from autograder.submissions import read_submission  # noqa: E402

QUIZZES = ("heads", "probe")
GRADERS = {"nbgrader": ("nbgrader", "autograde"), "bulk": ("autograder", "grade")}


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HERE / "corpus" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ATTACKS = {path.stem: _load(path.stem) for path in sorted((HERE / "corpus").glob("*.py"))}


def _quiz(attack: str) -> str:
    return str(getattr(ATTACKS[attack], "QUIZ", "heads"))


def _hand_in(course: Path, learner: str, quiz: str, choice: str) -> Path:
    folder = course / "submitted" / learner / quiz
    shutil.copytree(course / "quizzes" / quiz, folder)
    if quiz == "heads":
        append_records(folder, record("triage-head", {"choice": choice}) | {"revision": 1})
    return folder


def _digests(folder: Path) -> dict[bytes, str]:
    """What every file is: its contents, where it leads, or its kind."""
    found = {}
    for place, folders, files in os.walk(os.fsencode(folder)):
        for name in (*folders, *files):
            path = os.path.join(place, name)  # noqa: PTH118  (names in no encoding)
            if os.path.islink(path):  # noqa: PTH114
                found[path] = os.fsdecode(os.readlink(path))  # noqa: PTH115
            elif os.path.isfile(path):  # noqa: PTH113
                with open(path, "rb") as file:  # noqa: PTH123
                    found[path] = hashlib.sha256(file.read()).hexdigest()
            else:
                found[path] = oct(os.stat(path).st_mode)  # noqa: PTH116
    return found


def _add_probe(course: Path) -> None:
    (course / "source" / "probe").mkdir()
    shutil.copy(HERE / "probe" / "quiz.yaml", course / "source" / "probe")
    classes.command(course, "autograder", "build", "probe")
    classes.command(course, "nbgrader", "generate_assignment", "probe")


@pytest.fixture(scope="module", params=GRADERS)
def graded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class of attackers and one honest learner, with feedback; the log stands in ``log``."""
    course = classes.make_course(tmp_path_factory.mktemp("attacks") / request.param, "heads")
    _add_probe(course)
    _hand_in(course, "honest", "heads", "pooled-scores")
    (_hand_in(course, "brief", "heads", "pooled-scores") / "heads.ipynb").unlink()
    write_code(_hand_in(course, "honest", "probe", ""), "def double(n):\n    return STEP * n\n")
    for name, attack in ATTACKS.items():
        attack.hand_in(_hand_in(course, name, _quiz(name), "token-scores"))
    before = _digests(course / "submitted")
    log = ""
    for quiz in QUIZZES:
        done = classes.command(course, *GRADERS[request.param], quiz)
        log += done.stdout + done.stderr
    (course / "log").write_text(log)
    for quiz in QUIZZES if request.param == "nbgrader" else ():  # from the same notebooks
        classes.command(course, "nbgrader", "generate_feedback", quiz)
    assert _digests(course / "submitted") == before, "grading changed what was handed in"
    return course


def _grades(course: Path, learner: str, quiz: str) -> dict[str, tuple[float | None, int]]:
    """Score of each item, and whether it waits for a person."""
    items = {item.id for item in classes.quiz_of(course, quiz).items}
    rows = classes.rows(course, classes.GRADES)
    return {
        item: (auto, waits)
        for name, item, auto, _, waits in rows
        if name == learner and item in items
    }


def test_the_honest_learner_has_the_points(graded: Path) -> None:
    grades = _grades(graded, "honest", "heads")
    assert grades["triage-head"] == (2.0, 0)
    assert sum(auto or 0 for auto, _ in grades.values()) == 2
    assert _grades(graded, "brief", "heads") == grades, "the journal alone is enough"
    assert _grades(graded, "honest", "probe") == {
        "amount": (0.0, 0),
        "fill": (0.0, 0),
        "program": (4.0, 0),
    }


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_earns_a_point_or_stays_open(graded: Path, attack: str) -> None:
    quiz = classes.quiz_of(graded, _quiz(attack))
    grades = _grades(graded, attack, quiz.id)
    assert grades.keys() == {item.id for item in quiz.items}
    assert sum(auto or 0 for auto, _ in grades.values()) == 0
    waiting = {item for item, (auto, waits) in grades.items() if auto is None and waits}
    assert waiting == getattr(ATTACKS[attack], "WAITING", set())
    assert {item for item, (auto, waits) in grades.items() if auto is None or waits} == waiting

    own = quiz.for_learner(attack)
    recorded = read_submission(graded / "submitted" / attack / quiz.id, own)
    points = {name: one.points for name, one in grade(recorded, own, judge_or_wait).items()}
    assert points == {item: auto for item, (auto, _) in grades.items()}


def test_a_quiz_changed_after_its_release_leaves_nothing_open(graded: Path) -> None:
    path = graded / "source" / "probe" / "quiz.yaml"
    text = path.read_text()
    _hand_in(graded, "late", "probe", "")
    path.write_text(text.replace("points: 4", "points: 5"))
    done = classes.command(graded, "nbgrader", "autograde", "probe", check=False)
    path.write_text(text)
    shutil.rmtree(graded / "submitted" / "late")
    assert done.returncode != 0
    assert "nbgrader generate_assignment probe --force" in done.stderr
    assert _grades(graded, "late", "probe") == {}


def test_no_code_of_a_submission_ran(graded: Path) -> None:
    marks = {"learner-code-ran", "shadow-ran", "pickle-ran"}
    assert [path for path in graded.rglob("*") if path.name in marks] == []


def test_no_line_of_the_log_is_forged(graded: Path) -> None:
    log = (graded / "log").read_text()
    assert "FORGED" in log, "the attack does not reach the log"
    assert not [line for line in log.splitlines() if line.lstrip().startswith("FORGED")]
    assert not {character for character in log if not character.isprintable()} - {"\n"}


def test_no_key_and_nobody_else_s_work_comes_back(graded: Path) -> None:
    cases = {
        item.id: block(item.model_answer)
        for item in classes.quiz_of(graded, "heads").items
        if item.type == "case_study"
    }
    for attack, module in ATTACKS.items():
        quiz = _quiz(attack)
        expected = {f"{quiz}.ipynb", f"{quiz}.html", "timestamp.txt", "questions.json"}
        for directory in ("autograded", "feedback"):
            folder = graded / directory / attack
            assert {path.name for path in folder.rglob("*") if path.is_file()} <= expected, attack
        if graded.name == "nbgrader":
            page = (graded / "feedback" / attack / quiz / f"{quiz}.html").read_text()
            for item in getattr(module, "WAITING", set()):
                assert cases[item] not in page, attack


def test_no_hidden_check_comes_back(graded: Path) -> None:
    shown = str(classes.graded_notebooks(graded, "probe")["sends_the_hidden_check_back"])
    assert "Your code raised" in shown and "double(3)" in shown, "the visible check is not shown"
    assert "double([1])" not in shown


def test_markup_of_a_submission_is_harmless(graded: Path) -> None:
    for quiz, attack in (("heads", "injects_markup"), ("probe", "injects_markdown")):
        notebook = classes.graded_notebooks(graded, quiz)[attack]
        shown = [
            "".join(output["data"].get("text/html", ""))
            for cell in notebook["cells"]
            for output in cell.get("outputs", [])
        ]
        assert any("alert(1)" in text for text in shown), "the attack is not shown at all"
        if graded.name == "nbgrader":
            shown.append((graded / "feedback" / attack / quiz / f"{quiz}.html").read_text())
        for text in shown:
            for markup in (
                "<script>alert",
                "<img src=x",
                "<iframe src=//evil",
                "<svg onload",
                "<meta http-equiv=refresh",
                "<link rel=stylesheet href=//evil",
                "<style>*",
                'href="http://evil',
                'src="http://evil',
                'href="javascript',
            ):
                assert markup not in text
