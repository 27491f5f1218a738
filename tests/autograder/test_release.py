"""What learners receive: it matches what it is built from, and holds no key."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
QUIZZES = sorted(path.parent.name for path in ROOT.glob("source/*/quiz.yaml"))
PUBLIC_FIELDS = {"id", "type", "title", "chapter", "instructions", "points", "difficulty", "stem"}
PUBLIC_FIELDS |= {"text", "name", "min", "max"}
KEY_FIELDS = {"correct", "feedback", "match", "wrong", "misconception", "misconceptions", "after"}
KEY_FIELDS |= {"belongs", "model_answer", "explanation", "rubric", "levels", "concepts"}


def _commands(folder: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", *arguments], cwd=folder, check=True, capture_output=True)


#: One process for all quizzes: starting nbgrader takes longer than releasing one.
RELEASE = """
import sys
from nbgrader.apps import NbGrader
from nbgrader.apps.api import NbGraderAPI

app = NbGrader()
app.initialize([])
for quiz in sys.argv[1:]:
    done = NbGraderAPI(app.coursedir, parent=app).generate_assignment(quiz)
    assert done["success"], done["log"]
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every quiz built from its quiz.yaml and released."""
    course = tmp_path_factory.mktemp("course")
    shutil.copy(ROOT / "nbgrader_config.py", course)
    for quiz in QUIZZES:
        (course / "source" / quiz).mkdir(parents=True)
        shutil.copy(ROOT / "source" / quiz / "quiz.yaml", course / "source" / quiz)
    shutil.copy(ROOT / "source" / "course.yaml", course / "source")
    _commands(course, "autograder", "build")
    subprocess.run(
        [sys.executable, "-c", RELEASE, *QUIZZES], cwd=course, check=True, capture_output=True
    )
    return course


@pytest.mark.parametrize("quiz", QUIZZES)
def test_source_and_release_are_what_quiz_yaml_builds(quiz: str, course: Path) -> None:
    for folder in (Path("source") / quiz, Path("quizzes") / quiz):
        built = {path.name: path.read_bytes() for path in (course / folder).iterdir()}
        committed = {
            path.name: path.read_bytes() for path in (ROOT / folder).iterdir() if path.is_file()
        }
        committed = {n: b for n, b in committed.items() if not n.endswith(".answers.jsonl")}
        assert committed == built, f"{folder} is out of date: run `make quizzes` and commit"


def test_a_release_with_a_second_copy_of_the_key_does_not_go_out(tmp_path: Path) -> None:
    folder = tmp_path / "source" / "heads"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    shutil.copy(ROOT / "source" / "course.yaml", tmp_path / "source")
    shutil.copy(ROOT / "source" / "heads" / "quiz.yaml", folder)
    _commands(tmp_path, "autograder", "build", "heads")
    shutil.copy(folder / "quiz.yaml", folder / "notes_for_me.yaml")
    (folder / "key.txt").write_text("key: pooled-scores\n")
    questions = folder / "questions.json"
    whole = questions.read_text()
    questions.write_text(whole.replace('"points": 2.0', '"points": 3.0', 1))
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", "heads"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert "heads must not be released. Where it is not what the quiz builds, run" in done.stderr
    for line in (
        "source/heads/key.txt: would go to learners, but no text that they see names it; name it "
        "there, or move it elsewhere",
        "quizzes/heads/notes_for_me.yaml: holds a secret text (a flag of the key, 'correct: true')",
        "quizzes/heads/questions.json: items.0.points: differs from what the quiz builds",
    ):
        assert line in done.stderr
    assert not (tmp_path / "quizzes" / "heads").exists()

    questions.write_text(whole)
    (folder / "key.txt").unlink()
    (folder / "notes_for_me.yaml").unlink()
    _commands(tmp_path, *command[2:])
    released = {path.name for path in (tmp_path / "quizzes" / "heads").iterdir()}
    assert released == {"heads.ipynb", "questions.json"}


@pytest.mark.parametrize("quiz", QUIZZES)
def test_no_key_feedback_or_model_answer_reaches_a_learner(quiz: str) -> None:
    """Every text of quiz.yaml that is not public is searched for, whole and by its sentences."""
    data = YAML(typ="safe").load(ROOT / "source" / quiz / "quiz.yaml")
    public = " ".join(_normal(text) for item in data["items"] for text in _public_texts(item))
    secrets = {
        sentence
        for item in data["items"]
        for text in _secret_texts(item)
        for sentence in re.split(r"(?<=[.:;])\s+", _normal(text))
        if len(sentence) > 12 and sentence not in public
    }
    assert len(secrets) > 50
    # Half a phrase stands anywhere, and an explanation may repeat what another quiz asks.
    telling = {secret for secret in secrets if len(secret) > 40 and secret not in _asked()}
    released = [path for path in (ROOT / "quizzes").rglob("*") if path.is_file()]
    assert released
    for path in released:
        text = _normal(" ".join(_strings(path)))
        own = path.parent.name == quiz
        found = [secret for secret in (secrets if own else telling) if secret in text]
        assert found == [], path


@pytest.mark.parametrize("quiz", QUIZZES)
def test_questions_have_no_field_that_could_hold_a_key(quiz: str) -> None:
    questions = json.loads((ROOT / "quizzes" / quiz / "questions.json").read_text())
    assert _keys(questions) & KEY_FIELDS == set()


@pytest.mark.parametrize("quiz", QUIZZES)
def test_no_cell_carries_more_than_nbgrader_needs(quiz: str) -> None:
    notebook = json.loads((ROOT / "quizzes" / quiz / f"{quiz}.ipynb").read_text())
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    for cell in notebook["cells"]:
        assert set(cell["metadata"]) <= {"deletable", "editable", "nbgrader"}
        assert cell.get("outputs", []) == []


@pytest.mark.parametrize("quiz", QUIZZES)
def test_every_question_is_shown_by_a_cell(quiz: str) -> None:
    notebook = json.loads((ROOT / "quizzes" / quiz / f"{quiz}.ipynb").read_text())
    shown = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    shown = [code for code in shown if code.startswith(("from autograder", "quiz."))]
    items = YAML(typ="safe").load(ROOT / "source" / quiz / "quiz.yaml")["items"]
    assert shown[1:-1] == [f'quiz.show("{item["id"]}")' for item in items]


def test_only_notebooks_and_questions_are_released() -> None:
    names = {path.name for path in (ROOT / "quizzes").rglob("*") if path.is_file()}
    names = {name for name in names if not name.endswith(".answers.jsonl")}
    assert names == {"questions.json", *(f"{quiz}.ipynb" for quiz in QUIZZES)}


@cache
def _asked() -> str:
    """The public texts of all quizzes."""
    files = (ROOT / "source" / quiz / "quiz.yaml" for quiz in QUIZZES)
    items = [item for path in files for item in YAML(typ="safe").load(path)["items"]]
    return _normal(" ".join(text for item in items for text in _public_texts(item)))


def _normal(text: str) -> str:
    return " ".join(text.split()).casefold()


def _strings(path: Path) -> Iterator[str]:
    """Every string in a JSON file, keys included, escapes decoded; the raw text as well."""
    raw = path.read_text(encoding="utf-8")
    yield raw
    open_values: list[Any] = [json.loads(raw)]
    while open_values:
        value = open_values.pop()
        if isinstance(value, dict):
            open_values += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            if value and all(isinstance(line, str) for line in value):
                yield "".join(value)
            open_values += value
        elif isinstance(value, str):
            yield value


def _public_texts(item: dict[str, Any]) -> Iterator[str]:
    yield from (item["title"], item["stem"])
    for part in ("options", "prompts", "steps"):
        yield from (choice["text"] for choice in item.get(part, []))
    yield from (criterion["name"] for criterion in item.get("rubric", []))
    yield from (item[field] for field in ("text", "starter", "setup") if field in item)
    for check in item.get("checks", []):
        if check.get("visible"):
            yield from (check["name"], check["call"])


def _secret_texts(value: Any, field: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            in_rubric = field == "levels" and name == "text"
            # the values of parameters stand in stems; the linter of releases looks for their misuse
            if in_rubric or name not in PUBLIC_FIELDS | {
                "concepts",
                "match",
                "after",
                "parameters",
            }:
                yield from _secret_texts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _secret_texts(inner, field)
    elif isinstance(value, str):
        yield value


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*(_keys(inner) for inner in value.values()), set())
    if isinstance(value, list):
        return set().union(*(_keys(inner) for inner in value), set())
    return set()
