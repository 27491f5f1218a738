"""Reading ``quiz.yaml``: every problem is named by file, line, item, field and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import examples
import pytest
from ruamel.yaml import YAML

from autograder.cli import main
from autograder.errors import QuizError
from autograder.quiz import load_public_quiz, load_quiz


def write_quiz(folder: Path, **changes: Any) -> Path:
    """A valid quiz of one item a type in ``folder/small``, with ``changes`` at the top level."""
    data = {
        "id": "small",
        "title": "A small quiz",
        "chapter": "00_start_here",
        "instructions": "Answer all.",
        "items": examples.ALL,
        **changes,
    }
    path = folder / "small" / "quiz.yaml"
    path.parent.mkdir(exist_ok=True)
    yaml = YAML(typ="safe")
    yaml.default_flow_style = False
    yaml.dump(data, path)
    return path


def test_a_valid_quiz_is_read(tmp_path: Path) -> None:
    quiz = load_quiz(write_quiz(tmp_path))
    assert [item.id for item in quiz.items] == [item["id"] for item in examples.ALL]


def test_the_public_part_survives_the_file(tmp_path: Path) -> None:
    public = load_quiz(write_quiz(tmp_path)).public()
    (tmp_path / "questions.json").write_text(public.to_json())
    assert load_public_quiz(tmp_path / "questions.json") == public


def test_a_problem_is_named_with_its_line_item_and_field(tmp_path: Path) -> None:
    path = write_quiz(tmp_path)
    lines = path.read_text().splitlines()
    number = next(i for i, line in enumerate(lines) if "points: 2" in line) + 1
    lines[number - 1] = lines[number - 1].replace("2", "-2")
    path.write_text("\n".join(lines))
    with pytest.raises(QuizError) as caught:
        load_quiz(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:{number}: item 'pick', items.0.points:")
    assert "greater than 0" in message
    assert "found -2" in message


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    items = [{**examples.SINGLE_CHOICE, "points": 0, "colour": "red"}, examples.CASE_STUDY]
    with pytest.raises(QuizError) as caught:
        load_quiz(write_quiz(tmp_path, items=items))
    message = str(caught.value)
    assert "items.0.points" in message
    assert "items.0.colour" in message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"items": [examples.CASE_STUDY] * 2}, "two items have the id 'case'"),
        ({"items": []}, "at least 1 item"),
        ({"items": [{**examples.CASE_STUDY, "type": "essay"}]}, "'case_study'"),
        ({"id": "other"}, "folder 'small'"),
    ],
)
def test_what_a_quiz_must_not_be(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(QuizError, match=message):
        load_quiz(write_quiz(tmp_path, **changes))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"items: [", "not valid YAML"),
        (b"\xff\xfe", "not UTF-8"),
        (b"just text", "quiz.yaml:1"),
        (b"", "quiz.yaml:1"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "quiz.yaml"
    path.write_bytes(content)
    with pytest.raises(QuizError, match=message):
        load_quiz(path)


def test_a_missing_or_damaged_questions_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(QuizError, match="Copy it there"):
        load_public_quiz(tmp_path / "questions.json")
    (tmp_path / "questions.json").write_text("{}")
    with pytest.raises(QuizError, match="Replace it"):
        load_public_quiz(tmp_path / "questions.json")


def test_check_ends_with_the_problems_and_a_failure_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_quiz(tmp_path, items=[])
    monkeypatch.setattr("sys.argv", ["autograder", "check", "--source", str(tmp_path)])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    assert "quiz.yaml:" in capsys.readouterr().err


def test_check_in_the_wrong_folder_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["autograder", "check", "--source", str(tmp_path)])
    with pytest.raises(SystemExit):
        main()
    assert "--source" in capsys.readouterr().err
