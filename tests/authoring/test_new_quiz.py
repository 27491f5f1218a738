"""A new quiz: it loads, only what is still to be written is wrong with it, and nothing is lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from autograder.authoring.new import new_quiz
from autograder.checks import command
from autograder.cli import app
from autograder.errors import AutograderError
from autograder.items import ITEM_TYPES
from autograder.notebooks import source_notebook, to_text
from autograder.quiz import load_quiz

ROOT = Path(__file__).parents[2]
UNWRITTEN = ("is still to be written", "'todo' is no concept", "the misconception 'todo'")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for name in ("course.yaml", "misconceptions.yaml"):
        shutil.copy(ROOT / "source" / name, folder)
    return folder


def test_all_types_load_and_lack_nothing_but_what_is_to_be_written(source: Path) -> None:
    path = new_quiz(
        source, "week-3", 'The "third" week', "03_the_task_decides_the_head", ITEM_TYPES
    )
    quiz = load_quiz(path, thorough=True)
    assert [item.type for item in quiz.items] == list(ITEM_TYPES)
    assert (quiz.title, quiz.chapter) == ('The "third" week', "03_the_task_decides_the_head")
    assert len(quiz.variants["a-number"]) == 20
    with pytest.raises(AutograderError) as caught:
        command.run(["week-3"], source, None, False, lambda line: None)
    lines = str(caught.value).splitlines()
    assert [line for line in lines if not any(words in line for words in UNWRITTEN)] == []
    text = path.read_text().splitlines()
    for item in quiz.items:
        assert any(f"item {item.id!r}" in line for line in lines)
    (stem,) = [line for line in lines if "'single-choice'" in line and "items.0.stem" in line]
    assert text[int(stem.split(":")[1]) - 1].strip().startswith("stem:")
    assert any("instructions" in line and UNWRITTEN[0] in line for line in lines)
    todo = [n for n, line in enumerate(text, 1) if "TODO" in line and not line.startswith("#")]
    in_blocks = {n: n - 1 for n in todo if text[n - 2].endswith("|")}  # named where they begin
    listed = {int(line.split(":")[1]) for line in lines if UNWRITTEN[0] in line}
    assert listed == {in_blocks.get(n, n) for n in todo}


def test_the_editor_is_told_where_the_schema_is(source: Path) -> None:
    path = new_quiz(source, "week-3", "Three", "00_start_here", ["numeric"])
    assert path.read_text().startswith("# yaml-language-server: $schema=../quiz.schema.json\n")


def test_a_type_may_come_twice(source: Path) -> None:
    path = new_quiz(source, "twice", "Twice", "00_start_here", ["cloze", "cloze", "cloze"])
    assert [item.id for item in load_quiz(path).items] == ["blanks", "blanks-2", "blanks-3"]


def test_filled_in_it_is_a_quiz_like_any_other(source: Path) -> None:
    path = new_quiz(source, "done", "Done", "00_start_here", ["single_choice"])
    text = path.read_text().replace("TODO: ", "").replace("todo", "transfer")
    data = YAML(typ="safe").load(text.replace("    misconception: transfer\n", ""))
    with path.open("w") as file:
        YAML().dump(data, file)
    said: list[str] = []
    command.run(["done"], source, None, False, said.append)
    assert said[-1] == "no problem found in done"
    assert source_notebook(load_quiz(path))["cells"]


def test_it_is_not_released_before_it_is_written(source: Path) -> None:
    path = new_quiz(source, "week-3", "Three", "00_start_here", ["single_choice"])
    shutil.copy(ROOT / "nbgrader_config.py", source.parent)
    assert "items.0.options.3.text: is still to be written: 'TODO: a third one" in _release(source)
    assert not (source.parent / "quizzes" / "week-3").exists()
    text = path.read_text().replace("    misconception: todo\n", "")
    path.write_text(text.replace("TODO: ", "").replace("[todo]", "[transfer]"))
    assert _release(source) == ""
    assert (source.parent / "quizzes" / "week-3" / "week-3.ipynb").exists()


def _release(source: Path) -> str:
    """Build week-3 and let nbgrader release it; what nbgrader says where it does not."""
    quiz = load_quiz(source / "week-3" / "quiz.yaml")
    (source / "week-3" / "week-3.ipynb").write_text(to_text(source_notebook(quiz)))
    (source / "week-3" / "questions.json").write_text(quiz.public().to_json())
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", "week-3", "--no-db"]
    done = subprocess.run(command, cwd=source.parent, capture_output=True, text=True)
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["Week 3"], "'Week 3' cannot be a quiz's id"),
        (["../week"], "'../week' cannot be a quiz's id"),
        (["week", "--with", "essay,numeric"], "no such type: essay; there are: single_choice"),
        (["week", "--with", ""], "no such type"),
        (["taken"], "taken: is there already"),
    ],
)
def test_what_cannot_be_made_is_named_and_nothing_is_written(
    source: Path, arguments: list[str], reason: str
) -> None:
    (source / "taken").mkdir()
    (source / "taken" / "notes.txt").write_text("mine")
    before = sorted(source.rglob("*"))
    result = CliRunner().invoke(app, ["new", *arguments, "--source", str(source)])
    assert isinstance(result.exception, AutograderError)
    assert reason in str(result.exception)
    assert sorted(source.rglob("*")) == before
