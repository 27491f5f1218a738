"""Practice: attempts, what is withheld, new variants, and the terminal."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import examples
import pytest
from examples import changed
from test_quiz import write_quiz
from typer.testing import CliRunner

from autograder.cli import app
from autograder.errors import QuizError
from autograder.items import AnyItem
from autograder.practice import Attempt, PracticeSession, find_source, open_practice
from autograder.practice.terminal import parse, practise
from autograder.practice.text import question, verdict
from autograder.quiz import load_quiz

ROOT = Path(__file__).parents[2]
SUMS = changed(
    examples.NUMERIC,
    stem="What is 2 times {{ n }}?",
    parameters={"n": [3, 4, 5]},
    answer="{{ 2 * n }}",
)


@pytest.fixture(scope="module")
def bank() -> list[AnyItem]:
    """Every item of the course."""
    quizzes = map(load_quiz, sorted(ROOT.glob("source/*/quiz.yaml")))
    return [item for quiz in quizzes for item in quiz.items]


def attempt(data: dict[str, Any]) -> Attempt:
    return Attempt([examples.item(data)], random.Random(1))


def test_an_answer_is_judged_as_grading_does() -> None:
    at = attempt(examples.SINGLE_CHOICE)
    at.respond({"choice": "green"})
    assert at.check().points == 0
    at.respond({"choice": "red"})
    assert at.graded is None  # what was said of another answer is gone
    assert at.check().points == 2


def test_a_wrong_answer_is_told_why_and_not_what_is_right() -> None:
    at = attempt(examples.SINGLE_CHOICE)
    at.respond({"choice": "green"})
    at.check()
    said = verdict(at)
    assert "Why not green." in said
    assert "Red" not in said and "The explanation." not in said
    at.give_up()
    assert "Best answer: Red: Why red is best." in verdict(at)
    assert "The explanation." in verdict(at)


def test_nothing_of_the_key_is_told_while_a_learner_tries(bank: list[AnyItem]) -> None:
    """Over the whole bank: what is right and not in the answer stays unsaid."""
    tried = 0
    for item in bank:
        wrong, secrets = _wrong_answer(item)
        if wrong is None:
            continue
        at = Attempt([item], random.Random(1))
        at.respond(wrong)
        assert at.check().score.fraction != 1
        said = " ".join(verdict(at).split())
        of_parts = " ".join(" ".join(str(remark.early) for remark in at.remarks).split())
        for secret in [*secrets, item.explanation]:
            told = " ".join(secret.split())
            assert told not in said or told in of_parts, item.id
        tried += 1
    assert tried > 100


def _wrong_answer(item: Any) -> tuple[Any, list[str]]:
    """A wrong answer, and the texts that would tell the key; None for what a program must judge."""
    if item.type == "single_choice":
        wrong = next(one.id for one in item.options if not one.correct)
        return {"choice": wrong}, [one.feedback for one in item.options if one.correct]
    if item.type == "multiple_select":
        wrong = next(one.id for one in item.options if not one.correct)
        return {"picks": [wrong]}, [one.text for one in item.options if one.correct]
    if item.type == "matching":
        prompt = item.prompts[0]
        wrong = next(one.id for one in item.options if one.id != prompt.match)
        return {"pairs": {prompt.id: wrong}}, [one.feedback for one in item.prompts]
    if item.type == "ordering":
        order = [step.id for step in reversed(item.steps)]
        return {"order": order}, [" → ".join(step.text for step in item.steps if step.belongs)]
    if item.type == "numeric":
        return {"value": item.answer + 1e6}, [item.feedback]
    if item.type == "cloze":
        blanks = {blank.id: _wrong(blank) for blank in item.blanks}
        return {"blanks": blanks}, [blank.solution for blank in item.blanks]
    return None, []


def _wrong(blank: Any) -> str:
    if blank.kind == "choice":
        return next(option.id for option in blank.options if not option.correct)
    return "nothing of the kind" if blank.kind == "text" else str(blank.answer + 1e6)


def test_hints_go_from_the_vague_to_the_plain_and_leave_something_to_find(
    bank: list[AnyItem],
) -> None:
    for item in bank:
        at = Attempt([item], random.Random(1))
        hints = []
        while hint := at.hint():
            hints.append(hint)
        assert at.hints == hints
        assert not at.has_hints
        if item.sections:
            assert hints[0].startswith("To read again: section ")
        if item.type == "single_choice":
            out = [one for one in item.options if any(f"“{one.text}”" in hint for hint in hints)]
            assert not any(one.correct for one in out)
            assert len(out) == len(item.options) - 2


def test_every_retry_has_another_variant(tmp_path: Path) -> None:
    quiz = load_quiz(write_quiz(tmp_path, items=[SUMS]))
    session = PracticeSession(quiz, random.Random(7))
    at = session.attempt(SUMS["id"])
    seen = set()
    for _ in range(30):
        before = at.item.variant
        seen.add(before)
        at.respond({"value": "1"})
        at.again()
        assert at.item.variant != before
        assert (at.response, at.graded, at.hints) == (None, None, [])
    assert len(seen) == 3


def test_the_source_is_found_from_a_folder_below(tmp_path: Path) -> None:
    write_quiz(tmp_path, items=[SUMS])
    (source,) = {path.parent.parent for path in tmp_path.rglob("quiz.yaml")}
    if source.name != "source":
        source = source.rename(source.parent / "source")
    below = source.parent / "notebooks" / "deep"
    below.mkdir(parents=True)
    assert find_source(below) == source
    with pytest.raises(QuizError, match="has no quiz 'nothing'; it has: "):
        open_practice("nothing", source)


def test_without_a_key_the_error_says_where_to_start() -> None:
    with pytest.raises(QuizError, match="start it in the course's own folder"):
        find_source(Path("/"))


def _at_terminal(session: PracticeSession, lines: Sequence[str]) -> str:
    typed, said = iter(lines), []

    def read(prompt: str) -> str:
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    practise(session, session.items, read, lambda text: text + "\nsolved = 1", said.append)
    assert not list(typed)
    return "\n".join(said)


def test_a_terminal_takes_every_type(tmp_path: Path) -> None:
    items = [
        examples.SINGLE_CHOICE,
        examples.MULTIPLE_SELECT,
        examples.MATCHING,
        examples.ORDERING,
        examples.NUMERIC,
        examples.CLOZE,
        examples.CASE_STUDY,
    ]
    quiz = load_quiz(write_quiz(tmp_path, items=items))
    session = PracticeSession(quiz, random.Random(1))
    lines: list[str] = []
    for item in quiz.items:
        lines += [*_perfect_lines(item), ""]
    said = _at_terminal(session, lines)
    for item in quiz.items:
        graded = session.attempt(item.id).graded
        assert graded is not None, item.id
        if item.type == "case_study":
            assert graded.score.state == "waiting"
            assert item.model_answer.strip() in said
        else:
            assert graded.score.fraction == 1, item.id


def _perfect_lines(item: Any) -> list[str]:
    public = item.public()

    def letter(choices: Any, wanted: str) -> str:
        return "abcdefghij"[[choice.id for choice in choices].index(wanted)]

    def number(choices: Any, wanted: str) -> str:
        return str([choice.id for choice in choices].index(wanted) + 1)

    if item.type == "single_choice":
        (right,) = [one.id for one in item.options if one.correct]
        return [letter(public.options, right).upper()]
    if item.type == "multiple_select":
        return [", ".join(letter(public.options, one.id) for one in item.options if one.correct)]
    if item.type == "matching":
        pairs = [(prompt.id, prompt.match) for prompt in item.prompts]
        return [" ".join(number(public.prompts, p) + letter(public.options, o) for p, o in pairs)]
    if item.type == "ordering":
        return [" ".join(number(public.steps, step.id) for step in item._valid_order())]
    if item.type == "numeric":
        return [f"{item.answer}"]
    if item.type == "cloze":
        keys = {blank.id: blank for blank in item.blanks}
        return ["; ".join(_right(keys[blank.id], blank, letter) for blank in public.blanks)]
    return ["My answer,", "on two lines.", "."]


def _right(key: Any, public: Any, letter: Any) -> str:
    if key.kind == "choice":
        return letter(public.options, next(one.id for one in key.options if one.correct))
    return key.accept[0] if key.kind == "text" else f"{key.answer}"


def test_code_is_written_in_an_editor(tmp_path: Path) -> None:
    quiz = load_quiz(write_quiz(tmp_path, items=[examples.CODE]))
    session = PracticeSession(quiz)
    typed = iter(["what", "e", "q"])
    said: list[str] = []
    practise(
        session,
        session.items,
        lambda prompt: next(typed),
        lambda text: examples.CODE["solution"],
        said.append,
    )
    graded = session.attempt(examples.CODE["id"]).graded
    assert graded is not None and graded.score.fraction == 1
    assert any("'what' is no command" in line for line in said)


@pytest.mark.parametrize(
    ("data", "typed", "told"),
    [
        (examples.SINGLE_CHOICE, "z", "'z' is none of the letters a to c"),
        (examples.SINGLE_CHOICE, "ab", "'ab' is none of the letters"),
        (examples.MULTIPLE_SELECT, "a 1", "'1' is none of the letters"),
        (examples.MATCHING, "9a", "'9' is none of the numbers 1 to 3"),
        (examples.ORDERING, "1 0", "'0' is none of the numbers"),
        (examples.CLOZE, ";;;;;;;;", "blanks, and 9 answers"),
    ],
)
def test_what_cannot_be_meant_is_told(data: dict[str, Any], typed: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        parse(examples.item(data).public(), typed)


def test_a_slip_of_the_keyboard_costs_nothing(tmp_path: Path) -> None:
    session = PracticeSession(load_quiz(write_quiz(tmp_path, items=[examples.NUMERIC])))
    said = _at_terminal(session, ["many", "22.7", "q"])
    assert "not a number" in said and "Expected: a number." in said
    assert "2 of 2 points" in said


def test_the_command_names_an_unknown_question() -> None:
    command = ["practice", "tour", "nothing", "--source", str(ROOT / "source")]
    result = CliRunner().invoke(app, command)
    assert "no question 'nothing'; it has: which-head" in str(result.exception)


def test_the_command_asks_and_judges() -> None:
    command = ["practice", "tour", "which-head", "--source", str(ROOT / "source")]
    result = CliRunner().invoke(app, command, input="a\n=\nq\n")
    assert result.exit_code == 0
    assert "points." in result.output


def test_a_question_reads_as_text_without_its_key(bank: list[AnyItem]) -> None:
    for item in bank:
        said = question(item.public())
        assert item.title in said
        assert item.explanation.strip() not in said
