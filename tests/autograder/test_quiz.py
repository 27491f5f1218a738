"""Reading ``quiz.yaml``: every problem is named by file, line, item, field and remedy."""

from __future__ import annotations

import re
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


CHOICE, AMOUNT, FILL = examples.SINGLE_CHOICE, examples.NUMERIC, examples.CLOZE
FIRST = CHOICE["options"][0]
SLUG = "must be lower-case letters and digits, beginning with a letter, in words joined by single"
RECORD = r"must be a record \(lines of the form `name: value`\)"
LIST = r"must be a list \(each entry on a line of its own that begins with `- `\)"
TYPES = "'single_choice', 'multiple_select', 'matching', 'ordering', 'numeric', 'cloze', "
VARIED = {**AMOUNT, "stem": "{{ n }}"}


@pytest.mark.parametrize(
    ("item", "item_id", "field", "message"),
    [
        (
            {k: v for k, v in CHOICE.items() if k != "stem"},
            "pick",
            "stem",
            "is missing; add `stem:`",
        ),
        (
            {**CHOICE, "options": [{"id": "a", "text": "A"}, FIRST]},
            "pick",
            "options.0.feedback",
            "is missing; add `feedback:`",
        ),
        ({**CHOICE, "points": "many"}, "pick", "points", r"must be a number \(found 'many'\)"),
        ({**CHOICE, "title": None}, "pick", "title", r"must be a text \(put it in quotes\)"),
        ({**CHOICE, "title": ""}, "pick", "title", "must not be empty"),
        ({**CHOICE, "options": "A"}, "pick", "options", LIST),
        ({**CHOICE, "options": ["A", FIRST]}, "pick", "options.0", RECORD),
        (
            {**CHOICE, "options": [{**FIRST, "correct": "perhaps"}, FIRST]},
            "pick",
            "options.0.correct",
            r"must be true or false \(found 'perhaps'\)",
        ),
        (
            {**CHOICE, "option": []},
            "pick",
            "option",
            r"there is no such field here; did you mean `options`\? The fields are: id, .*, stem,",
        ),
        (
            {**CHOICE, "options": [{**FIRST, "colour": "red"}, FIRST]},
            "pick",
            "options.0.colour",
            r"no such field here; remove it. The fields are: id, text, .*feedback",
        ),
        (
            {**CHOICE, "difficulty": "hard"},
            "pick",
            "difficulty",
            r"must be 'direct', 'applied' or 'transfer' \(found 'hard'\)",
        ),
        ({**CHOICE, "options": [FIRST]}, "pick", "options", "must have at least 2 items, has 1"),
        ({**CHOICE, "id": "My Item"}, "My Item", "id", SLUG),
        ({**CHOICE, "id": "a" * 61}, "a" * 61, "id", "has 61 characters, at most 60 are allowed"),
        ({**CHOICE, "concepts": ["no slug"]}, "pick", "concepts.0", SLUG),
        ({**CHOICE, "type": "essay"}, "pick", "type", rf"must be one of {TYPES}.*found 'essay'"),
        ({k: v for k, v in CHOICE.items() if k != "type"}, "", "type", f"is missing; it .*{TYPES}"),
        ("pick", "", "", RECORD),
        ({**CHOICE, "points": 0}, "pick", "points", r"must be greater than 0 \(found 0\)"),
        (
            {**AMOUNT, "tolerance": {"relative": 2}},
            "amount",
            "tolerance.relative",
            r"must be less than 1 \(found 2\)",
        ),
        ({**AMOUNT, "answer": float("inf")}, "amount", "answer", "must be a finite number"),
        (
            {**FILL, "blanks": [{**FILL["blanks"][0], "kind": "essay"}, *FILL["blanks"][1:]]},
            "fill",
            "blanks.0.kind",
            r"must be one of 'choice', 'text', 'number' \(found 'essay'\)",
        ),
        (
            {**FILL, "blanks": [FILL["blanks"][0] | {"colour": 1}, *FILL["blanks"][1:]]},
            "fill",
            "blanks.0.colour",
            "The fields are: id, kind, options",
        ),
        (
            {
                **examples.MATCHING,
                "prompts": [{**examples.MATCHING["prompts"][0], "wrong": {"A": "x"}}],
            },
            "match",
            "prompts.0.wrong.A",
            SLUG,
        ),
        (
            {**examples.CODE, "limits": {"memory_mb": 100.5}},
            "program",
            "limits.memory_mb",
            r"must be a whole number \(found 100.5\)",
        ),
        (
            {**examples.CODE, "starter": "def f(:"},
            "program",
            "",
            "`starter`, line 1: invalid syntax; mend this Python code",
        ),
        ({**VARIED, "parameters": {"n": {"from": 3}}}, "amount", "parameters.n", "add `to:`"),
        (
            {**VARIED, "parameters": {"n": {"from": 3, "to": 4, "stop": 1}}},
            "amount",
            "parameters.n",
            "did you mean `step`.* The fields are: from, to, step",
        ),
        (
            {**VARIED, "parameters": {"n": {"from": 3, "to": 1}}},
            "amount",
            "parameters.n",
            "swap them",
        ),
    ],
)
def test_every_problem_says_where_it_is_and_what_is_allowed(
    tmp_path: Path, item: Any, item_id: str, field: str, message: str
) -> None:
    path = write_quiz(tmp_path, items=[item])
    with pytest.raises(QuizError) as caught:
        load_quiz(path)
    where = f"item '{item_id}', " if item_id else ""
    place = "items.0" + (f".{field}" if field else "")
    wanted = rf"{re.escape(str(path))}:(\d+): {re.escape(where + place)}: .*{message}"
    lines = [re.match(wanted, line) for line in str(caught.value).splitlines()]
    found = next((match for match in lines if match), None)
    assert found, f"{wanted}\nis not in\n{caught.value}"
    line = path.read_text().splitlines()[int(found[1]) - 1]
    last = field.split(".")[-1]
    assert message.startswith(("is missing", "add")) or last.isdigit() or last in line
    assert "pydantic" not in str(caught.value) and "Input should" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"title": None}, "title", "must be a text"),
        ({"ids": 1}, "ids", r"did you mean `id`\? The fields are: id, title, chapter"),
        ({"items": "all"}, "items", LIST),
        ({"id": "no slug"}, "id", SLUG),
    ],
)
def test_the_same_goes_for_the_quiz_itself(
    tmp_path: Path, changes: dict[str, Any], field: str, message: str
) -> None:
    path = write_quiz(tmp_path, **changes)
    with pytest.raises(QuizError, match=rf"quiz.yaml:\d+: {field}: .*{message}"):
        load_quiz(path)


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
