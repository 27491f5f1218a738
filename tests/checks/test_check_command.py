"""``autograder check`` and the JSON Schema, as an author meets them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from autograder.checks import guessing
from autograder.quiz import load_quiz
from autograder.schema import SCHEMA_FILE, quiz_schema, to_text

ROOT = Path(__file__).parents[2]
QUIZZES = sorted(path.parent.name for path in ROOT.glob("source/*/quiz.yaml"))


def _raw(quiz: str) -> Any:
    return YAML(typ="safe").load(ROOT / "source" / quiz / "quiz.yaml")


def _check(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "autograder", "check", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.fixture
def course(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    shutil.copy(ROOT / "source" / "course.yaml", tmp_path / "source")
    shutil.copytree(ROOT / "source" / "heads", tmp_path / "source" / "heads")
    return tmp_path


def _edit(course: Path, old: str, new: str) -> None:
    path = course / "source" / "heads" / "quiz.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_committed_schema_is_current() -> None:
    committed = (ROOT / "source" / SCHEMA_FILE).read_text()
    assert committed == to_text(quiz_schema()), "run `autograder schema` and commit"


@pytest.mark.parametrize("quiz", QUIZZES)
def test_committed_quizzes_satisfy_the_schema(quiz: str) -> None:
    Draft202012Validator(quiz_schema()).validate(_raw(quiz))


def test_the_schema_refuses_a_misspelt_field() -> None:
    data = _raw("heads")
    data["items"][0]["explanaton"] = data["items"][0].pop("explanation")
    assert not Draft202012Validator(quiz_schema()).is_valid(data)


def test_what_guessing_pays_is_what_scoring_says() -> None:
    quiz = load_quiz(ROOT / "source" / "heads" / "quiz.yaml")
    pays = guessing.pays(quiz)
    item = quiz.items[0]
    first = item.public().options[0].id
    assert pays[item.id].first == item.score({"choice": first}).fraction
    assert pays[item.id].random == pytest.approx(0.25, abs=0.05)
    assert all(pay.blank == 0 for pay in pays.values())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("- id: pooled-scores", "- id: correct-scores", "correct"),
        (
            "concepts: [task-dictates",
            "concepts: [no-such-concept, task-dictates",
            "no-such-concept",
        ),
        ("text: Swap the masked-word head", "text: All of the above. Swap", "all of the above"),
    ],
)
def test_what_an_author_must_not_write_is_named_by_line(
    course: Path, old: str, new: str, message: str
) -> None:
    _edit(course, old, new)
    done = _check(course, "heads")
    line = next(line for line in done.stderr.splitlines() if message in line.casefold())
    assert done.returncode == 1
    assert line.startswith("source/heads/quiz.yaml:")
    assert "item 'triage-head'" in line


def test_two_options_pay_too_much_for_guessing(course: Path) -> None:
    path = course / "source" / "heads" / "quiz.yaml"
    data = json.loads(json.dumps(YAML(typ="safe").load(path)))
    data["items"][0]["options"] = data["items"][0]["options"][:2]
    with path.open("w") as file:
        YAML(typ="safe").dump(data, file)
    done = _check(course, "heads")
    assert done.returncode == 1
    assert "50%" in done.stderr


def test_a_solution_that_fails_its_own_checks_is_refused(course: Path) -> None:
    shutil.copytree(ROOT / "source" / "tour", course / "source" / "tour")
    path = course / "source" / "tour" / "quiz.yaml"
    data = json.loads(json.dumps(YAML(typ="safe").load(path)))
    item = next(item for item in data["items"] if item["type"] == "code")
    item["solution"] = "raise ValueError('no')"
    with path.open("w") as file:
        YAML(typ="safe").dump(data, file)
    done = _check(course, "tour")
    assert done.returncode == 1
    assert f"item {item['id']!r}" in done.stderr
    assert "the solution" in done.stderr
