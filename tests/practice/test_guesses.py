"""A machine's guess in practice: where it shows, how it is labelled, and that it counts nowhere."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import examples
import pytest
from examples import changed
from test_quiz import write_quiz

from autograder import html
from autograder.errors import AutograderError
from autograder.practice import Attempt, PracticeSession, open_practice
from autograder.practice.guesses import Guesser
from autograder.practice.text import verdict
from autograder.practice.widgets import practice_widget, state_of
from autograder.quiz import load_quiz

MEASURED = "It agreed with a person in 61 of 100 cases."
CASE = changed(
    examples.CASE_STUDY,
    rubric=[
        {
            "id": name,
            "name": f"On {name}",
            "levels": [{"points": 0, "text": "Nothing"}, {"points": 2, "text": name}],
        }
        for name in ("loss", "head")
    ],
)
ANSWER = {"text": "The <b>loss</b> is squared. So it is."}
TOUCHED = "A machine's guess: your text seems to touch this, in “The <b>loss</b> is squared”"
NOT_TOUCHED = "A machine's guess: your text does not seem to touch this."


@dataclass(frozen=True)
class ByWord:
    """Guesses that a sentence touches a point when it holds the point's last wording."""

    measured: str = MEASURED

    def __call__(self, answer: str, points: Sequence[Sequence[str]]) -> list[str]:
        found = answer.split(". ")
        return [next((one for one in found if point[-1] in one), "") for point in points]


@dataclass(frozen=True)
class Faulty:
    """Fails, or makes a number of guesses that is not the number of points."""

    found: list[str] | None
    measured: str = MEASURED

    def __call__(self, answer: str, points: Sequence[Sequence[str]]) -> list[str]:
        if self.found is None:
            raise OSError("the encoder is not there")
        return self.found


def attempt(guesser: Guesser | None, data: dict[str, Any] = CASE) -> Attempt:
    return Attempt([examples.item(data)], random.Random(1), guesser=guesser)


def checked(guesser: Guesser | None) -> Attempt:
    at = attempt(guesser)
    at.respond(ANSWER)
    at.check()
    return at


def test_each_criterion_has_a_guess_that_says_it_is_one() -> None:
    shown = state_of(checked(ByWord()))["practice"]["verdict"]
    assert [one["guess"] for one in shown["rubric"]] == [TOUCHED, NOT_TOUCHED]
    assert "a machine's guess" in shown["guesses"]
    assert "It is no part of any grade." in shown["guesses"]
    assert shown["guesses"].endswith(MEASURED)


def test_a_terminal_shows_it_under_each_heading() -> None:
    said = verdict(checked(ByWord()))
    assert f"On loss\n{TOUCHED}\n" in said
    assert f"On head\n{NOT_TOUCHED}\n" in said
    assert "no part of any grade" in " ".join(said.split())


def test_it_comes_after_the_learner_wrote_and_checked_and_is_on_that_text_alone() -> None:
    at = attempt(ByWord())
    assert at.guesses is None
    at.check()  # nothing is written
    assert at.guesses is None
    at.respond(ANSWER)
    at.give_up()  # the answer is shown, and nothing was asked of the guesser
    assert at.guesses is None
    at.check()
    assert at.guesses is not None
    at.respond({"text": "Another text."})
    assert at.guesses is None
    at.check()
    assert at.guesses is not None
    at.again()
    assert at.guesses is None


def test_what_is_judged_and_its_feedback_are_the_same_without_it() -> None:
    with_guess, without = checked(ByWord()), checked(None)
    assert with_guess.graded == without.graded
    assert with_guess.graded and with_guess.graded.points is None
    for said in (html.result(with_guess.graded), html.answer(with_guess.graded)):
        assert "guess" not in said
    shown = state_of(without)["practice"]["verdict"]
    assert shown["guesses"] == "" and {one["guess"] for one in shown["rubric"]} == {""}
    assert "guess" not in verdict(without)


@pytest.mark.parametrize(
    ("guesser", "why"),
    [
        (Faulty(None), "OSError: the encoder is not there"),
        (Faulty(["", "", ""]), "ValueError: 3 guesses for 2 criteria"),
    ],
)
def test_where_guessing_fails_the_rubric_stands_alone_and_says_why(
    guesser: Guesser, why: str
) -> None:
    at = checked(guesser)
    shown = state_of(at)["practice"]["verdict"]
    assert shown["guesses"] == f"There is no machine's guess of your text ({why})."
    assert {one["guess"] for one in shown["rubric"]} == {""}
    assert at.tries == 1


def test_only_case_studies_are_guessed_at() -> None:
    at = attempt(Faulty(None), examples.SINGLE_CHOICE)
    at.respond({"choice": "red"})
    assert at.check().points == 2
    assert at.guesses is None


def test_a_long_sentence_is_cut() -> None:
    at = attempt(ByWord())
    at.respond({"text": "loss " * 100})
    at.check()
    assert at.guesses is not None
    assert len(at.guesses.of_criteria[0]) < 220 and at.guesses.of_criteria[0].endswith(" …”")


@pytest.mark.parametrize("guesser", [ByWord(measured=" "), lambda answer, points: []])
def test_a_guesser_that_does_not_say_how_good_it_is_is_refused(
    guesser: Any, tmp_path: Path
) -> None:
    write_quiz(tmp_path)
    with pytest.raises(AutograderError, match=r"guesser: .* has no text `measured`"):
        open_practice("small", tmp_path, guesser=guesser)


def test_a_session_hands_it_to_the_widget(tmp_path: Path) -> None:
    quiz = load_quiz(write_quiz(tmp_path, items=[CASE]))
    session = PracticeSession(quiz, guesser=ByWord())
    widget = session.show("case")
    assert "guess" not in str(widget.practice)
    widget.response = ANSWER
    widget._handle_custom_msg({"kind": "check"}, [])
    assert widget.practice["verdict"]["rubric"][0]["guess"] == TOUCHED
    widget.response = {"text": "Again."}
    assert widget.practice["verdict"] == {}
    assert practice_widget("small", session.attempt("case")).practice == widget.practice
