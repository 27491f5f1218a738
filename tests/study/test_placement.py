"""The placement quiz: what answers suggest, worked out by hand, and which tries count."""

from __future__ import annotations

import random
from pathlib import Path

import examples
import pytest
from examples import changed
from test_quiz import write_quiz
from typer.testing import CliRunner

from autograder.cli import app
from autograder.quiz import Quiz, load_quiz
from autograder.study.page import placement_page
from autograder.study.placement import Placement, open_placement
from autograder.study.record import Record
from autograder.study.suggestion import Answered, suggest

SOURCE = Path(__file__).parents[2] / "source"
RIGHT, WRONG = {"choice": "red"}, {"choice": "blue"}


@pytest.fixture
def quiz(tmp_path: Path) -> Quiz:
    items = [
        changed(examples.SINGLE_CHOICE, id=name, sections=[f"{chapter}.1", f"{chapter}.4"])
        for chapter, name in enumerate(("one", "two", "three"), start=1)
    ]
    return load_quiz(write_quiz(tmp_path, items=items))


def answers(*right: bool, guess: float = 0.25) -> list[Answered]:
    return [Answered(one, guess, (f"{n}.2",)) for n, one in enumerate(right, start=1)]


def test_how_probable_it_is_that_a_chapter_is_known() -> None:
    right, wrong = suggest(answers(True, False)).chapters
    assert right.known == pytest.approx(0.9 / (0.9 + 0.25))
    assert wrong.known == pytest.approx(0.1 / (0.1 + 0.75))
    assert (right.right, right.wrong, wrong.wrong) == (("1.2",), (), ("2.2",))
    twice = suggest([Answered(True, 0.25, ("4.1",)), Answered(False, 0.05, ("4.2",))])
    odds = 0.9 / 0.25 * 0.1 / 0.95
    assert twice.chapters[0].known == pytest.approx(odds / (1 + odds))


def test_the_start_is_the_first_chapter_that_is_not_known() -> None:
    found = suggest(answers(True, False, True))
    assert found.start == 2
    assert found.sure == pytest.approx(0.9 / 1.15 * (1 - 0.1 / 0.85))
    text = repr(found)
    assert "You may skip chapter 1. Start with chapter 2." in text
    assert "likely (69 %)" in text or "more likely than not (69 %)" in text
    assert "Further on you may skip chapter 3." in text
    assert "In chapter 2, begin with section 2.2." in text
    assert "<td>12 %</td><td>read it</td>" in found._repr_html_()


def test_all_right_and_all_wrong() -> None:
    every = suggest(answers(True, True, guess=0.05))
    assert every.start == 0
    assert every.sure == pytest.approx((0.9 / 0.95) ** 2)
    assert "right in every chapter" in repr(every)
    none = suggest(answers(False, False))
    assert none.start == 1 and "skip" not in none.lines()[0]


def test_part_of_the_points_is_not_right_and_luck_depends_on_the_options() -> None:
    quiz = load_quiz(SOURCE / "placement" / "quiz.yaml")
    items = {item.id: item for item in quiz.items}
    assert not Answered.of(items["dental-clinic"], 0.75).right
    assert Answered.of(items["dental-clinic"], 0.85).right
    assert Answered.of(items["water-utility"], 1.0).guess == 0.25
    assert Answered.of(items["fish-market"], 1.0).guess == 0.05


def test_the_courses_placement_quiz_asks_of_every_chapter_from_1_to_9() -> None:
    placement = open_placement(source=SOURCE)
    assert [one.number for one in placement.suggestion().chapters] == list(range(1, 10))
    assert placement.suggestion().start == 1  # nothing is answered
    assert repr(placement).startswith("Where to start: 12 questions; leave open")


def test_only_the_first_try_without_hints_counts(quiz: Quiz, record: Record) -> None:
    placement = Placement(quiz, record, random.Random(0))
    first, second, third = (placement.attempt(name) for name in placement.items)
    for attempt, response in ((first, RIGHT), (second, WRONG), (third, RIGHT)):
        if attempt is third:
            attempt.hint()
        attempt.respond(response)
        attempt.check()
    second.respond(RIGHT)
    second.check()
    assert placement.open == []
    assert [one.may_skip for one in placement.suggestion().chapters] == [False, False, False]
    known = [one.known for one in placement.suggestion().chapters]
    wrong = 0.1 / (0.1 + 2 / 3)  # of three options
    assert known == pytest.approx([0.9 / (0.9 + 1 / 3), wrong, wrong])


def test_what_is_recorded_of_earlier_days_counts(quiz: Quiz, record: Record) -> None:
    placement = Placement(quiz, record)
    placement.attempt("one").respond(RIGHT)
    placement.attempt("one").check()
    again = Placement(quiz, record)
    assert again.open == ["two", "three"]
    assert again.headline == "2 questions left; leave open what you do not know"
    assert again.suggestion() == placement.suggestion()


def test_a_record_that_cannot_be_read_stops_nothing(quiz: Quiz, tmp_path: Path) -> None:
    damaged = Record(tmp_path / "damaged")
    damaged.path.parent.mkdir(parents=True, exist_ok=True)
    damaged.path.write_bytes(b"no database" * 100)
    placement = Placement(quiz, damaged)
    placement.attempt("one").respond(RIGHT)
    placement.attempt("one").check()
    assert placement.open == ["two", "three"]
    assert damaged.path.read_bytes() == b"no database" * 100


def test_the_page_judges_what_was_not_checked_and_ends_with_the_suggestion(
    quiz: Quiz, record: Record
) -> None:
    placement = Placement(quiz, record)
    _, place, question, onward = placement_page(placement).children
    assert "Question 1 of 3." in place.value
    question.children[0].response = RIGHT
    onward.click()  # not checked, and judged all the same
    onward.click()  # left open
    onward.click()
    assert "Where to start:" in place.value
    assert "Chapter 2" in question.children[0].value
    assert placement.open == ["two", "three"]


def test_at_the_terminal(quiz: Quiz, tmp_path: Path) -> None:
    (path,) = tmp_path.glob("**/quiz.yaml")
    source = str(path.parent.parent)
    result = CliRunner().invoke(
        app, ["placement", "--quiz", quiz.id, "--source", source], input="A\n\nA\n\nA\n\n"
    )
    assert result.exit_code == 0, result.output
    assert "3 questions; leave open what you do not know" in result.output
    assert "Start with chapter" in result.output
