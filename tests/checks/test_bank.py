"""The record of reviews, and the catalogue of misconceptions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import examples
import pytest
from examples import changed
from test_quiz import write_quiz
from typer.testing import CliRunner

from autograder.checks.bank import course_problems, problems
from autograder.cli import app
from autograder.errors import QuizError
from autograder.misconceptions import load_catalogue, named, to_markdown
from autograder.quiz import Quiz, load_quiz
from autograder.reviews import Verdict, load_reviews, review, sheet, unreviewed

CATALOGUE = """\
all-grass:
  belief: Everything outdoors is green.
  why: Grass is.
  remedy: Look up.
  sections: ["1.1"]
"""
CHOICE = changed(
    examples.SINGLE_CHOICE,
    options=[
        {"id": "blue", "text": "Blue", "correct": True, "feedback": "Yes."},
        {"id": "green", "text": "Green", "feedback": "No.", "misconception": "all-grass"},
        {"id": "red", "text": "Red", "feedback": "No."},
    ],
)


@pytest.fixture
def quiz(tmp_path: Path) -> Quiz:
    return load_quiz(write_quiz(tmp_path, items=[CHOICE, examples.CASE_STUDY]))


def solved(quiz: Quiz, reader: str, choice: str = "blue", **doubts: str) -> list[Any]:
    verdicts = {
        CHOICE["id"]: Verdict(answer={"choice": choice}, **doubts),
        examples.CASE_STUDY["id"]: Verdict(answer={"text": "Because."}),
    }
    return review(quiz, verdicts, reader, 1)


def test_two_readers_who_agree_make_an_item_reviewed(quiz: Quiz) -> None:
    assert set(unreviewed(quiz, [])) == {item.id for item in quiz.items}
    once = solved(quiz, "one")
    assert "1 of 2 readers" in unreviewed(quiz, once + once)[CHOICE["id"]]
    assert unreviewed(quiz, once + solved(quiz, "two")) == {}


@pytest.mark.parametrize("doubts", [{"choice": "red"}, {"defensible": "red, at sunset"}])
def test_a_wrong_answer_or_a_second_defensible_one_is_a_disagreement(
    quiz: Quiz, doubts: dict[str, str]
) -> None:
    found = [*solved(quiz, "one"), *solved(quiz, "two"), *solved(quiz, "three", **doubts)]
    assert unreviewed(quiz, found) == {CHOICE["id"]: "three did not agree with it as it is now"}


@pytest.mark.parametrize(
    ("change", "stays"),
    [
        ({"stem": "And at night?"}, False),
        ({"points": 5}, True),
        ({"concepts": ["other"]}, True),
        ({"sections": ["1.1"]}, True),
    ],
)
def test_an_item_that_changed_has_to_be_reviewed_again(
    quiz: Quiz, tmp_path: Path, change: dict[str, Any], stays: bool
) -> None:
    found = [*solved(quiz, "one"), *solved(quiz, "two")]
    folder = tmp_path / "later"
    folder.mkdir()
    later = load_quiz(write_quiz(folder, items=[changed(CHOICE, **change), examples.CASE_STUDY]))
    assert (CHOICE["id"] not in unreviewed(later, found)) is stays


def test_the_sheet_is_what_a_learner_sees(quiz: Quiz) -> None:
    text = json.dumps(sheet(quiz, "one"))
    assert "Blue" in text
    for secret in ("correct", "all-grass", "feedback", examples.CASE_STUDY["model_answer"]):
        assert secret not in text


def test_readers_get_variants_of_their_own_and_are_judged_by_them(tmp_path: Path) -> None:
    sums = changed(
        examples.NUMERIC,
        stem="What is 2 times {{ n }}?",
        parameters={"n": {"from": 1, "to": 50}},
        answer="{{ 2 * n }}",
    )
    quiz = load_quiz(write_quiz(tmp_path, items=[sums]))
    name = sums["id"]
    asked = {reader: sheet(quiz, reader)[name]["stem"] for reader in ("one", "two", "three")}
    assert len(set(asked.values())) > 1
    for reader, stem in asked.items():
        number = 2 * int(stem.split()[-1].rstrip("?"))
        (right,) = review(quiz, {name: Verdict(answer={"value": str(number)})}, reader, 1)
        (wrong,) = review(quiz, {name: Verdict(answer={"value": str(number + 1)})}, reader, 1)
        assert (right.agrees, wrong.agrees) == (True, False)


def test_a_reader_s_code_is_run(tmp_path: Path) -> None:
    quiz = load_quiz(write_quiz(tmp_path, items=[examples.CODE]))
    name = examples.CODE["id"]
    for source, score in ((examples.CODE["solution"], 1.0), ("raise ValueError", 0.0)):
        (found,) = review(quiz, {name: Verdict(answer={"source": source})}, "one", 1)
        assert (found.score, found.agrees) == (score, score == 1.0)


def test_a_verdict_on_an_unknown_item_is_named(quiz: Quiz) -> None:
    with pytest.raises(QuizError, match=r"no item 'other'; it has: "):
        review(quiz, {"other": Verdict()}, "one", 1)


def test_the_command_records_a_reader_s_answers(quiz: Quiz, tmp_path: Path) -> None:
    (source,) = {path.parent.parent for path in tmp_path.rglob("quiz.yaml")}
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps({CHOICE["id"]: {"answer": {"choice": "red"}, "note": "Sunset?"}}))
    options = ["review", quiz.id, "--source", str(source)]
    nameless = CliRunner().invoke(app, options)
    assert "name the reader" in str(nameless.exception)
    options += ["--reader", "one"]
    printed = CliRunner().invoke(app, options)
    assert json.loads(printed.output) == sheet(quiz, "one")
    done = CliRunner().invoke(app, [*options, "--answers", str(answers)])
    assert "Sunset?" in done.output and "0 of 1 answers agree" in done.output
    (record,) = load_reviews(source)
    assert (record.item, record.reader, record.score) == (CHOICE["id"], "one", 0.0)


def test_what_is_damaged_is_named(tmp_path: Path) -> None:
    (tmp_path / "reviews.jsonl").write_text('{"quiz": "q"}\n')
    with pytest.raises(QuizError, match=r"reviews\.jsonl:1: item: "):
        load_reviews(tmp_path)
    (tmp_path / "misconceptions.yaml").write_text(CATALOGUE.replace("  why: Grass is.\n", ""))
    with pytest.raises(QuizError, match=r"misconceptions\.yaml:1: all-grass\.why: "):
        load_catalogue(tmp_path)


def test_misconceptions_are_looked_up_in_the_catalogue(quiz: Quiz, tmp_path: Path) -> None:
    (tmp_path / "misconceptions.yaml").write_text(CATALOGUE)
    catalogue = load_catalogue(tmp_path)
    assert list(named(quiz)) == [(CHOICE["id"], "all-grass")]
    assert list(problems(quiz, catalogue, [])) == []
    (unknown,) = problems(quiz, {"other": catalogue["all-grass"]}, [])
    assert unknown.error and "'all-grass' is not in the catalogue" in unknown.message
    (unused,) = course_problems([], catalogue, True)
    assert not unused.error and "'all-grass'" in unused.message
    page = to_markdown(catalogue, [quiz])
    assert "## all-grass" in page and f"{quiz.id}/{CHOICE['id']}" in page


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ({"facts": 1}, "points for each criterion of the rubric: facts, reasons"),
        ({"facts": 1, "reasons": 0.7}, "a sample has 0.7 points for 'reasons'"),
    ],
)
def test_a_graded_sample_follows_the_rubric(
    tmp_path: Path, points: dict[str, float], message: str
) -> None:
    rubric = [
        {
            "id": name,
            "name": name,
            "levels": [{"points": 0, "text": "no"}, {"points": 1, "text": "y"}],
        }
        for name in ("facts", "reasons")
    ]
    data = changed(
        examples.CASE_STUDY,
        points=2,
        rubric=rubric,
        samples=[{"text": "An answer.", "points": points, "comment": "Why."}],
    )
    with pytest.raises(QuizError, match=message):
        load_quiz(write_quiz(tmp_path, items=[data]))
