"""Without widgets: every question reads as text, and nbgrader's Validate says what is open."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder import open_quiz
from autograder.errors import AnswerError
from autograder.quiz import load_quiz
from autograder.session import QuizSession

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "quizzes" / "tour", tmp_path / "tour"))


@pytest.fixture
def quiz(folder: Path, monkeypatch: pytest.MonkeyPatch) -> QuizSession:
    monkeypatch.setenv("JUPYTERHUB_USER", "ann")
    return open_quiz("tour", folder)


def _shown(quiz: QuizSession, name: str) -> str:
    data, *_ = quiz.show(name)._repr_mimebundle_()
    return str(data["text/plain"])


def test_every_question_shows_all_that_is_needed_to_answer_it(quiz: QuizSession) -> None:
    for item in load_quiz(ROOT / "source" / "tour" / "quiz.yaml").for_learner("ann").public().items:
        text = _shown(quiz, item.id)
        assert text.startswith(item.title)
        assert "Nothing is recorded yet." in text
        for field in ("options", "prompts", "steps", "blanks"):
            for part in getattr(item, field, []):
                assert part.id in text
        assert (" ".join(item.stem.split()[:5]) in " ".join(text.split())) == bool(item.variant)


def test_the_line_of_code_that_is_shown_answers_the_question(quiz: QuizSession) -> None:
    for name in ("which-head", "kept-parts", "tasks-and-outputs", "training-step", "head-size"):
        line = _shown(quiz, name).splitlines()[-1].strip()
        assert line.startswith(f'quiz.answer("{name}", ')
        recorded = eval(line, {"quiz": quiz, "null": None})
        assert "recorded at" in recorded
        assert "Recorded at" in _shown(quiz, name)
    assert repr(quiz) == "Quiz 'A tour of the question types' for ann: 5 of 9 answered"
    data, *_ = quiz._repr_mimebundle_()
    assert data["text/plain"] == repr(quiz)


def test_a_form_left_as_it_is_shown_is_refused_where_it_says_nothing(quiz: QuizSession) -> None:
    with pytest.raises(AnswerError, match=r"which-head: .*no-such"):
        quiz.answer("which-head", {"choice": "no-such"})


def test_a_converted_page_shows_every_question_as_text(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "quizzes" / "heads", tmp_path / "heads"))
    convert = ["-m", "nbconvert", "--to", "html", "--execute", "heads.ipynb"]
    convert.append("--ExecutePreprocessor.store_widget_state=False")  # as JupyterLab saves it
    subprocess.run([sys.executable, *convert], cwd=folder, check=True, capture_output=True)
    page = html.unescape((folder / "heads.html").read_text(encoding="utf-8"))
    for item in load_quiz(ROOT / "source" / "heads" / "quiz.yaml").items:
        assert f'quiz.answer("{item.id}", ' in page


def _validate(folder: Path, name: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "validate", f"{name}.ipynb"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)


def test_validate_names_open_and_unreadable_questions_and_no_others(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "quizzes" / "heads", tmp_path / "heads"))
    quiz = open_quiz("heads", folder)
    quiz.answer("triage-head", {"choice": "one-number"})  # wrong
    quiz.answer("startup-few-labels", {"choice": "examples-in-context"})  # right
    (folder / "heads.answers.jsonl").open("a").write(
        json.dumps({"item": "claims-in-common", "response": {"choice": 7}, "revision": 9})[:-1]
        + ', "time": "2026-11-24T08:00:00+00:00"}\n'
    )
    before = (folder / "heads.answers.jsonl").read_bytes()
    told = _validate(folder, "heads")
    titles = {item.id: item.title for item in load_quiz(ROOT / "source/heads/quiz.yaml").items}
    assert "triage-head" not in told
    assert "startup-few-labels" not in told
    assert f"The question '{titles['match-tasks-to-heads']}' is not answered yet." in told
    assert "The recorded answer cannot be read" in told
    assert f'The question "{titles["one-ptm-many-tasks"]}" is not answered yet.' in told
    assert (folder / "heads.answers.jsonl").read_bytes() == before

    held = {"quiz": "heads", "records": {}}
    record = {"item": "same-tag-everywhere", "revision": 1, "time": "", "variant": ""}
    (choice, *_) = load_quiz(ROOT / "source/heads/quiz.yaml").public().items[3].options
    held["records"] = {"same-tag-everywhere": {**record, "response": {"choice": choice.id}}}
    notebook = json.loads((folder / "heads.ipynb").read_text())
    notebook["metadata"]["autograder"] = held
    (folder / "heads.ipynb").write_text(json.dumps(notebook))
    assert repr(titles["same-tag-everywhere"]) in told
    assert repr(titles["same-tag-everywhere"]) not in _validate(folder, "heads")
