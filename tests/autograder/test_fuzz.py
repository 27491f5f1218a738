"""Mutated submissions: reading and grading always end, and never with more than was earned.

Bytes and values are changed, cells shuffled, files swapped, renamed, removed and replaced by links
and pipes. Whatever comes of it, every item ends in a state, no score is higher than what the
submission earned before or the mutated answer deserves by itself, what cannot be read is named,
what was read can be written into the graded notebook, and the files stay as they were.

A part of the mutations goes through the batch graders as a class, from two submissions whose points
are worked out by hand. None of these mutations knows an answer, so no score may be above those.

A long run: ``DOWNSTREAM_FUZZ=20000 pytest tests/autograder/test_fuzz.py``.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import classes
import pytest
from test_quiz import write_quiz

from autograder import html
from autograder.bulk import grade_class
from autograder.grading import grade
from autograder.items import Code
from autograder.quiz import Quiz, load_quiz
from autograder.responses import to_metadata
from autograder.submissions import read_submission

ROOT = Path(__file__).parents[2]
MUTATIONS = int(os.environ.get("DOWNSTREAM_FUZZ", "600"))
LEARNER = "ada"
NO_ANSWERS: list[Any] = [None, True, -1, 1.5, 10**400, "", "é\ud800", [], {}, [[]], {"a": {}}]
VALUES: list[Any] = [*NO_ANSWERS, "red"]


def _quiz(name: str) -> Quiz:
    return load_quiz(ROOT / "source" / name / "quiz.yaml").for_learner(LEARNER)


def _half_right(quiz: Quiz) -> dict[str, Any]:
    """Right answers where the first option happens to be one; answers of every type."""
    answers: dict[str, Any] = {}
    for item in quiz.public().items:
        if item.type == "single_choice":
            answers[item.id] = {"choice": item.options[0].id}
        elif item.type == "multiple_select":
            answers[item.id] = {"picks": [item.options[0].id]}
        elif item.type == "matching":
            answers[item.id] = {"pairs": {item.prompts[0].id: item.options[0].id}}
        elif item.type == "ordering":
            answers[item.id] = {"order": [step.id for step in item.steps]}
        elif item.type == "numeric":
            answers[item.id] = {"value": "12"}
        elif item.type == "cloze":
            answers[item.id] = {"blanks": {blank.id: "3" for blank in item.blanks[:1]}}
        elif item.type == "case_study":
            answers[item.id] = {"text": "An answer."}
        else:
            answers[item.id] = {"source": "def f():\n    return 1\n"}
    return answers


def _write(folder: Path, quiz: Quiz, answers: dict[str, Any], released: Path) -> None:
    variants = {item.id: item.variant for item in quiz.items}
    records = [
        {"item": name, "response": response, "revision": revision, "time": "t"}
        | {"variant": variants[name]}
        for revision, (name, response) in enumerate(answers.items(), start=1)
    ]
    text = "".join(json.dumps(one) + "\n" for one in records)
    (folder / f"{quiz.id}.answers.jsonl").write_text(text)
    shutil.copy(released / f"{quiz.id}.ipynb", folder)
    path = folder / f"{quiz.id}.ipynb"
    notebook = json.loads(path.read_text())
    held = {one["item"]: one | {"revision": one["revision"] + 1} for one in records[::2]}
    notebook["metadata"]["autograder"] = {"quiz": quiz.id, "records": held}
    path.write_text(json.dumps(notebook))


def _mutate_bytes(data: bytes, draw: random.Random) -> bytes:
    place = draw.randrange(len(data) + 1)
    kind = draw.randrange(4)
    if kind == 0:
        return data[:place]
    if kind == 1:
        return data[:place] + bytes(draw.randrange(256) for _ in range(4)) + data[place + 4 :]
    if kind == 2:
        return data[:place] + data[place + draw.randrange(1, 200) :]
    return data[:place] + data[max(0, place - 200) :]


def _mutate_value(value: Any, draw: random.Random, values: Sequence[Any]) -> Any:
    if isinstance(value, dict) and value and draw.random() < 0.85:
        key = draw.choice(list(value))
        kind = draw.randrange(5)
        if kind == 0:
            return {name: one for name, one in value.items() if name != key}
        if kind == 1:
            return value | {draw.choice(["x", "score", "points", "__proto__"]): value[key]}
        return value | {key: _mutate_value(value[key], draw, values)}
    if isinstance(value, list) and value and draw.random() < 0.85:
        place = draw.randrange(len(value))
        if draw.randrange(4) == 0:
            return [*draw.sample(value, len(value)), value[place]]
        return [*value[:place], _mutate_value(value[place], draw, values), *value[place + 1 :]]
    return draw.choice(values)


def _replace(target: Path, draw: random.Random) -> None:
    """Nothing, a folder, a pipe, a link or a broken one in the place of a file."""
    kind = draw.randrange(5)
    data = target.read_bytes()
    target.unlink()
    if kind == 1:
        target.mkdir()
    elif kind == 2:
        os.mkfifo(target)
    elif kind > 2:
        elsewhere = target.with_name("elsewhere")
        if kind == 3:
            elsewhere.write_bytes(data)
        target.symlink_to(elsewhere)


def _shuffle_cells(path: Path, draw: random.Random) -> None:
    try:
        notebook = json.loads(path.read_bytes())
        draw.shuffle(notebook["cells"])
    except (OSError, ValueError, LookupError, TypeError):
        return
    path.write_text(json.dumps(notebook))


def _contents(folder: Path) -> dict[str, object]:
    return {
        path.name: path.read_bytes() if path.is_file() else path.lstat().st_mode
        for path in folder.iterdir()
    }


def _unnamed(folder: Path, quiz: Quiz, problems: tuple[str, ...]) -> list[str]:
    """What cannot be read and is named by no problem."""
    if any("more problems" in one for one in problems):
        return []
    unnamed = []
    journal, path = folder / f"{quiz.id}.answers.jsonl", folder / f"{quiz.id}.ipynb"
    for one in (journal, path):
        if (one.is_symlink() or one.is_dir() or one.is_fifo()) and not any(
            problem.startswith(f"{one.name} cannot be read: ") for problem in problems
        ):
            unnamed.append(one.name)
    if journal.is_file() and not journal.is_symlink():
        for number, line in enumerate(journal.read_bytes().splitlines(), start=1):
            place = f"{journal.name}, line {number}: "
            if line.strip() and not _is_object(line):
                unnamed += [place] * (not any(one.startswith(place) for one in problems))
    if not path.is_symlink() and (not path.exists() or path.is_file()):
        whole = path.exists() and _is_object(path.read_bytes())
        unnamed += [path.name] * (not whole and not any(path.name in one for one in problems))
    return unnamed


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except (ValueError, RecursionError):
        return False


def _mutate(folder: Path, quiz: Quiz, draw: random.Random, picked: Sequence[Any] = VALUES) -> None:
    journal, path = folder / f"{quiz.id}.answers.jsonl", folder / f"{quiz.id}.ipynb"
    for _ in range(draw.randint(1, 3)):
        kind = draw.randrange(8)
        target = draw.choice([one for one in (journal, path) if one.exists()] or [folder / "new"])
        if not target.is_file():
            continue
        data = target.read_bytes()
        if kind == 0:
            _replace(target, draw)
        elif kind == 1 and (journal.is_file() or not os.path.lexists(journal)):
            journal.write_bytes(data)
        elif kind == 6 and path.is_file():
            path.rename(folder / draw.choice(["final.ipynb", f"{quiz.id}-1.ipynb", "x.txt"]))
        elif kind == 7 and path.is_file():
            _shuffle_cells(path, draw)
        elif kind in (2, 3):
            target.write_bytes(_mutate_bytes(data, draw))
        else:
            try:
                lines = [data] if target == path else data.splitlines()
                values = [json.loads(line) for line in lines]
                place = draw.randrange(len(values))
                values[place] = _mutate_value(values[place], draw, picked)
            except (ValueError, IndexError):
                continue
            target.write_bytes(b"\n".join(json.dumps(value).encode() for value in values))


@pytest.mark.parametrize("name", ["heads", "tour"])
def test_no_mutation_breaks_grading_or_earns_a_point(name: str, tmp_path: Path) -> None:
    quiz = _quiz(name)
    original = tmp_path / "original"
    original.mkdir()
    _write(original, quiz, _half_right(quiz), ROOT / "quizzes" / name)
    clean = read_submission(original, quiz)
    deserved = grade(clean, quiz)
    assert clean.problems == ()
    assert len(clean.records) == len(quiz.items)
    changed = unreadable = 0
    for seed in range(MUTATIONS // 2):
        folder = tmp_path / "mutated"
        shutil.copytree(original, folder)
        _mutate(folder, quiz, random.Random(f"{name}-{seed}"))
        before = _contents(folder)
        recorded = read_submission(folder, quiz)
        graded = grade(recorded, quiz, judge_code=lambda item, source: _no_points(item))
        assert _contents(folder) == before, seed
        assert _unnamed(folder, quiz, recorded.problems) == [], seed
        held = to_metadata(recorded, quiz.id) | {"problems": recorded.problems}
        assert json.dumps(held, ensure_ascii=False, allow_nan=False).encode(), seed
        assert html.receipt(graded, recorded.problems).encode(), seed
        for item in quiz.items:
            one = graded[item.id]
            assert one.score.state in ("graded", "unanswered", "invalid", "waiting"), seed
            assert one.score.reason, seed
            own = (item.score(one.response).fraction or 0) * item.points
            earned = max(deserved[item.id].points or 0, own)
            assert (one.points or 0) <= earned + 1e-3, (seed, item.id)
            if one.score.state in ("unanswered", "invalid"):
                assert one.points == 0, seed
        unreadable += bool(recorded.problems)
        changed += recorded.records != clean.records
        shutil.rmtree(folder)
    assert changed > MUTATIONS // 10, "the mutations hardly change anything"
    assert unreadable > MUTATIONS // 10, "the mutations hardly damage anything"


def _no_points(item: Code) -> Any:
    return item.score(None)


#: Answers to ``examples.ALL`` and what they are worth by hand. No part of a wrong one is right.
CODE = {"source": "def double(number):\n    return None\n"}
STARTS: dict[str, tuple[dict[str, Any], dict[str, float]]] = {
    "wrong": (
        {
            "pick": {"choice": "blue"},
            "match": {"pairs": {"sky": "grey"}},
            "order": {"order": ["sleep"]},
            "several": {"picks": ["four"]},
            "amount": {"value": "500"},
            "fill": {"blanks": {"head": "tanh", "size": 5}},
            "case": {"text": "An answer."},
            "program": CODE,
        },
        {},
    ),
    "half": (
        {
            "pick": {"choice": "red"},
            "match": {"pairs": {"rose": "red", "sky": "grey"}},
            "order": {"order": ["wake"]},
            "several": {"picks": ["two"]},
            "amount": {"value": "2.27"},
            "fill": {"blanks": {"head": "softmax", "size": 5}},
            "case": {"text": "An answer."},
            "program": CODE,
        },
        {"pick": 2, "match": 1.333, "several": 1.5, "amount": 1, "fill": 1},
    ),
}


def test_a_class_of_mutations_earns_no_more_than_is_known_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = classes.make_course(tmp_path / "course")
    write_quiz(course / "source")
    classes.command(course, "autograder", "build", "small")
    classes.command(course, "nbgrader", "generate_assignment", "small")
    quiz = classes.quiz_of(course, "small")
    for number in range(max(30, MUTATIONS // 20)):
        for start, (answers, _) in STARTS.items():
            learner = f"{start}-{number:05}"
            folder = course / "submitted" / learner / "small"
            folder.mkdir(parents=True)
            kept = {n: one for n, one in answers.items() if n != "program" or number % 6 == 0}
            _write(folder, quiz, kept, course / "quizzes" / "small")
            if number:  # the first of each is left as it is
                _mutate(folder, quiz, random.Random(f"class-{learner}"), NO_ANSWERS)
    submitted = {path: _contents(path) for path in (course / "submitted").glob("*/small")}

    monkeypatch.chdir(course)
    report = grade_class("small")
    assert {path: _contents(path) for path in submitted} == submitted
    assert report.failed == {}
    assert report.counts["graded"] == len(submitted)
    for path in submitted:
        problems = report.problems.get(path.parent.name, ())
        assert _unnamed(path, quiz, problems) == [], path
    points: dict[str, dict[str, float | None]] = {}
    for learner, item, auto, _, waits in classes.rows(course, classes.GRADES):
        points.setdefault(learner, {})[item] = auto
        assert waits == (auto is None)
        assert auto is not None or item == "case", (learner, item)
    assert len(points) == len(submitted)
    changed = 0
    for learner, found in points.items():
        known = STARTS[learner.split("-")[0]][1]
        assert found.keys() == {item.id for item in quiz.items}
        for item, auto in found.items():
            assert (auto or 0) <= known.get(item, 0), (learner, item)
        changed += {item: auto for item, auto in found.items() if auto} != known
    for start, (_, known) in STARTS.items():
        whole = points[f"{start}-00000"]
        assert {item: auto for item, auto in whole.items() if auto} == known
    assert changed > len(submitted) // 8, "the mutations hardly cost anything"
    assert len(report.problems) > len(submitted) // 4, "the mutations hardly damage anything"
