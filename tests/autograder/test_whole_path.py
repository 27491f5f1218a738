"""The whole path with real nbgrader: build, release, submit, autograde, feedback, export.

Every expected score was worked out by hand from the scoring table and ``source/heads/quiz.yaml``.
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from autograder import open_quiz
from autograder.errors import AnswerError

ROOT = Path(__file__).parents[2]

RIGHT_ORDER = ["load-encoder", "label-and-split", "put-head-on", "encode-texts"]
RIGHT_ORDER += ["minimise-loss", "pick-checkpoint", "report-score"]
RIGHT_PAIRS = {
    "newspaper": "class-softmax",
    "pharmacy": "token-softmax",
    "lease": "two-positions",
    "garage": "single-value",
    "driving-school": "pair-score",
    "festival": "step-vocabulary",
}
PERFECT: dict[str, Any] = {
    "triage-head": {"choice": "pooled-scores"},
    "startup-few-labels": {"choice": "examples-in-context"},
    "match-tasks-to-heads": {"pairs": RIGHT_PAIRS},
    "same-tag-everywhere": {"choice": "what-the-head-reads"},
    "claims-in-common": {"choice": "linear-squared"},
    "load-report": {
        "pairs": {
            "embeddings": "loaded-still",
            "upper-layer": "loaded-moving",
            "prediction-transform": "no-place",
            "pooler": "random-moving",
            "classifier": "random-moving",
        }
    },
    "order-adaptation-steps": {"order": RIGHT_ORDER},
    "prompting-efficiency": {"text": "Prompting trains nothing. <script>alert(1)</script>"},
    "choose-strategy": {"text": "Freeze the encoder first, and measure."},
    "one-ptm-many-tasks": {"text": "One encoder, three heads."},
}
HALF: dict[str, Any] = {
    "triage-head": {"choice": "one-number"},
    "startup-few-labels": {"choice": "examples-in-context"},
    "match-tasks-to-heads": {
        "pairs": {
            "newspaper": "class-softmax",
            "pharmacy": "token-softmax",
            "lease": "two-positions",
            "garage": "class-sigmoids",
        }
    },
    "same-tag-everywhere": {"choice": "how-words-are-split"},
    "claims-in-common": {"choice": "linear-squared"},
    "load-report": {
        "pairs": {
            "embeddings": "loaded-still",
            "upper-layer": "loaded-moving",
            "prediction-transform": "cut-to-size",
            "pooler": "random-still",
            "classifier": "random-still",
        }
    },
    "order-adaptation-steps": {
        "order": [*RIGHT_ORDER[:5], "report-score", "pick-checkpoint", "build-vocabulary"]
    },
    "prompting-efficiency": {"text": "It depends."},
}
CASES = ("prompting-efficiency", "choose-strategy", "one-ptm-many-tasks")
AUTO_SCORES: dict[str, dict[str, float | None]] = {
    "perfect": {
        "triage-head": 2,
        "startup-few-labels": 2,
        "match-tasks-to-heads": 6,
        "same-tag-everywhere": 2,
        "claims-in-common": 2,
        "load-report": 5,
        "order-adaptation-steps": 5,
        **dict.fromkeys(CASES, None),
    },
    "half": {
        "triage-head": 0,
        "startup-few-labels": 2,
        "match-tasks-to-heads": 3,  # three of six pairs
        "same-tag-everywhere": 0,
        "claims-in-common": 2,
        "load-report": 2,  # two of five pairs
        "order-adaptation-steps": 3.333,  # two moves: 5 * (1 - 2 / 6)
        "prompting-efficiency": None,
        "choose-strategy": 0,
        "one-ptm-many-tasks": 0,
    },
    "empty": dict.fromkeys(PERFECT, 0),
    "lone": {**dict.fromkeys(PERFECT, 0), "triage-head": 2, "match-tasks-to-heads": 6},
    "tampered": {**dict.fromkeys(PERFECT, 0), "match-tasks-to-heads": 6},
}


def _nbgrader(course: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=course, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr


def _answer(folder: Path, answers: dict[str, Any]) -> None:
    quiz = open_quiz("heads", folder)
    for item, response in answers.items():
        quiz.answer(item, response)


def _submit(course: Path, learner: str, answers: dict[str, Any]) -> Path:
    folder = course / "submitted" / learner / "heads"
    shutil.copytree(course / "quizzes" / "heads", folder)
    _answer(folder, answers)
    return folder


def _submit_lone_notebook(course: Path) -> None:
    """Only the .ipynb, with the answers that the page wrote into its metadata."""
    answers = {name: PERFECT[name] for name in ("triage-head", "match-tasks-to-heads")}
    folder = _submit(course, "lone", {"startup-few-labels": {"choice": "vectors-fixed"}, **answers})
    _answer(folder, {"startup-few-labels": None})
    journal = folder / "heads.answers.jsonl"
    records = [json.loads(line) for line in journal.read_text().splitlines()]
    path = folder / "heads.ipynb"
    notebook = json.loads(path.read_text())
    held = {"quiz": "heads", "records": {record["item"]: record for record in records}}
    notebook["metadata"]["autograder"] = held
    path.write_text(json.dumps(notebook))
    journal.unlink()
    (folder / "questions.json").unlink()


def _submit_tampered(course: Path, marker: Path) -> None:
    """A deleted question, an edited one that would print its own score, and forged points."""
    answers = {"triage-head": {"choice": "one-number"}}
    answers["match-tasks-to-heads"] = PERFECT["match-tasks-to-heads"]
    path = _submit(course, "tampered", answers) / "heads.ipynb"
    notebook = json.loads(path.read_text())
    cells = []
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name == "match-tasks-to-heads":
            continue
        if name == "triage-head":
            cell["source"] = f"from pathlib import Path\nPath({str(marker)!r}).touch()\n100.0"
            cell["metadata"]["nbgrader"]["points"] = 100
            data = {"text/plain": "100.0"}
            cell["outputs"] = [
                {"output_type": "execute_result", "data": data, "metadata": {}}
                | {"execution_count": 1}
            ]
        cells.append(cell)
    notebook["cells"] = cells
    path.write_text(json.dumps(notebook))


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with five submissions, graded by ``nbgrader autograde``."""
    course = tmp_path_factory.mktemp("course")
    (course / "source" / "heads").mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", course)
    shutil.copy(ROOT / "source" / "heads" / "quiz.yaml", course / "source" / "heads")
    subprocess.run([sys.executable, "-m", "autograder", "build"], cwd=course, check=True)
    _nbgrader(course, "generate_assignment", "heads")
    _submit(course, "perfect", PERFECT)
    _submit(course, "half", HALF)
    _submit(course, "empty", {})
    _submit_lone_notebook(course)
    _submit_tampered(course, course / "learner-code-ran")
    before = _digests(course / "submitted")
    _nbgrader(course, "autograde", "heads")
    assert _digests(course / "submitted") == before
    return course


def _gradebook(course: Path) -> Gradebook:
    return Gradebook(f"sqlite:///{course / 'gradebook.db'}")


@pytest.mark.parametrize("learner", AUTO_SCORES)
def test_every_score_is_the_one_worked_out_by_hand(course: Path, learner: str) -> None:
    with _gradebook(course) as gradebook:
        submission = gradebook.find_submission_notebook("heads", "heads", learner)
        scores = {grade.name: grade.auto_score for grade in submission.grades}
        waiting = {grade.name for grade in submission.grades if grade.needs_manual_grade}
        maxima = {grade.name: grade.max_score for grade in submission.grades}
    assert scores == AUTO_SCORES[learner]
    assert waiting == {name for name, score in AUTO_SCORES[learner].items() if score is None}
    assert sum(maxima.values()) == 42


def test_no_learner_code_ran(course: Path) -> None:
    assert not (course / "learner-code-ran").exists()


def test_an_open_case_study_has_a_reason_for_its_zero(course: Path) -> None:
    with _gradebook(course) as gradebook:
        comment = gradebook.find_comment("choose-strategy", "heads", "heads", "half")
        assert comment.comment == "No response."


def test_a_grader_sees_answer_rubric_and_model_answer_together(course: Path) -> None:
    notebook = json.loads((course / "autograded/perfect/heads/heads.ipynb").read_text())
    cell = next(
        cell
        for cell in notebook["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "prompting-efficiency"
    )
    shown = "".join("".join(output["data"]["text/html"]) for output in cell["outputs"])
    assert "Prompting trains nothing. &lt;script&gt;" in shown
    assert "<script>" not in shown
    assert "Rubric" in shown
    assert "Model answer" in shown


def test_feedback_explains_and_withholds_the_model_answer_until_a_person_has_graded(
    course: Path,
) -> None:
    _nbgrader(course, "generate_feedback", "heads", "--force")
    page = course / "feedback/half/heads/heads.html"
    text = page.read_text()
    assert "3 of 6 pairs are right." in text
    assert "2 steps away from a valid order." in text
    assert "Unordered classes need one score each." in text
    assert "No answer was recorded." in text
    assert "Model answer" not in text

    with _gradebook(course) as gradebook:
        grade = gradebook.find_grade("prompting-efficiency", "heads", "heads", "half")
        grade.manual_score, grade.needs_manual_grade = 4, False
        gradebook.db.commit()
    _nbgrader(course, "generate_feedback", "heads", "--force")
    assert page.read_text().count("Model answer") == 1

    _nbgrader(course, "export")
    with (course / "grades.csv").open() as lines:
        totals = {row["student_id"]: float(row["score"]) for row in csv.DictReader(lines)}
    assert totals == pytest.approx(
        {"perfect": 24, "half": 12.333 + 4, "empty": 0, "lone": 8, "tampered": 6}
    )


def test_a_broken_submission_stops_no_other(course: Path) -> None:
    broken = course / "submitted" / "broken" / "heads"
    broken.mkdir(parents=True)
    (broken / "heads.ipynb").write_text('{"cells": [')
    late = _submit(course, "late", {"triage-head": PERFECT["triage-head"]})
    (late / "heads.answers.jsonl").open("a").write("not a record\n")
    command = [sys.executable, "-m", "nbgrader", "autograde", "heads"]
    done = subprocess.run(command, cwd=course, capture_output=True, text=True)
    shutil.rmtree(course / "submitted" / "broken")
    assert "'broken'" in done.stderr
    assert "late, heads: heads.answers.jsonl, line 2: not a readable answer" in done.stderr
    with _gradebook(course) as gradebook:
        assert gradebook.find_grade("triage-head", "heads", "heads", "late").auto_score == 2


def test_answers_by_code_are_checked_and_survive_a_restart(course: Path, tmp_path: Path) -> None:
    shutil.copy(course / "quizzes/heads/questions.json", tmp_path)
    quiz = open_quiz("heads", tmp_path)
    assert "recorded" in quiz.answer("triage-head", {"choice": "one-number"})
    with pytest.raises(AnswerError, match="triage-head: there is no option 'maybe'; there are:"):
        quiz.answer("triage-head", {"choice": "maybe"})
    assert repr(open_quiz("heads", tmp_path)).endswith("1 of 10 answered")
    quiz.answer("triage-head", None)
    assert repr(open_quiz("heads", tmp_path)).endswith("0 of 10 answered")


def test_a_disk_that_cannot_be_written_is_told(course: Path, tmp_path: Path) -> None:
    shutil.copy(course / "quizzes/heads/questions.json", tmp_path)
    quiz = open_quiz("heads", tmp_path)
    (tmp_path / "heads.answers.jsonl").mkdir()  # also refuses root, whom permissions do not
    with pytest.raises(AnswerError, match=r"heads\.answers\.jsonl cannot be written"):
        quiz.answer("triage-head", {"choice": "one-number"})
