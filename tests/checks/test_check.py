"""``autograder check`` and ``autograder schema``: what they refuse, what they only mention."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import examples
import jsonschema
import pytest
from examples import changed
from ruamel.yaml import YAML
from test_quiz import write_quiz

from autograder.checks import guessing, images, leaks, writing
from autograder.checks.command import run
from autograder.course import Course
from autograder.errors import AutograderError
from autograder.quiz import load_quiz, read_yaml
from autograder.schema import course_schema, quiz_schema, to_text

ROOT = Path(__file__).parents[2]
Item = dict[str, Any]


def option(name: str, text: str, correct: bool = False) -> Item:
    return {"id": name, "text": text, "feedback": "Why.", "correct": correct}


def findings(folder: Path, *items: Item, concepts: tuple[str, ...] = ()) -> list[str]:
    """Errors as ``E loc: message``, warnings as ``W loc: message``."""
    path = write_quiz(folder, items=list(items))
    quiz = load_quiz(path, thorough=True)
    found = [
        *guessing.problems(quiz, guessing.pays(quiz)),
        *leaks.problems(quiz, read_yaml(path)),
        *writing.problems(quiz, Course(concepts=concepts)),
        *images.problems(quiz, path.parent),
    ]
    return [f"{'E' if f.error else 'W'} {'.'.join(map(str, f.loc))}: {f.message}" for f in found]


def test_the_examples_of_every_type_have_no_error(tmp_path: Path) -> None:
    assert [f for f in findings(tmp_path, *examples.ALL) if f.startswith("E")] == []


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (examples.SINGLE_CHOICE, (0, None, 1 / 3)),
        (examples.MATCHING, (0, None, 1 / 4)),
        (examples.MULTIPLE_SELECT, (0, 0, 3 / 16)),
        (examples.NUMERIC, (0, None, 0)),
        (examples.CASE_STUDY, (0, None, 0)),
        (examples.CODE, (0, None, 0)),
    ],
)
def test_guessing_earns_what_counting_gives(data: Item, expected: tuple[Any, ...]) -> None:
    got = guessing.pay(examples.item(data))
    assert (got.blank, got.everything) == expected[:2]
    assert got.random == pytest.approx(expected[2])


def test_a_sample_comes_close_and_says_how_close() -> None:
    item = examples.item(examples.MATCHING)
    got = guessing.pay(item, budget=20)
    assert got.margin > 0
    assert abs(got.random - guessing.pay(item).random) <= got.margin
    assert got == guessing.pay(item, budget=20)


RED, BLUE, LAST = option("red", "Red", True), option("blue", "Blue"), option("green", "Green")


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (changed(examples.SINGLE_CHOICE, options=[RED, BLUE]), "E items.0.type: a random answer"),
        (
            changed(examples.MULTIPLE_SELECT, options=[RED, option("x", "X", True), BLUE]),
            "E items.0.type: all options picked",
        ),
        (changed(examples.NUMERIC, stem="Is it 22.7?"), "E items.0.type: the order shown"),
        (changed(examples.NUMERIC, answer=1, slips=[]), "E items.0.type: a random answer"),
        (
            changed(examples.CLOZE, text="[[loss]]", blanks=examples.CLOZE["blanks"][:1]),
            "E items.0.type: a random answer",
        ),
        (
            changed(examples.SINGLE_CHOICE, options=[RED, BLUE, option("decoy-a", "Other")]),
            "E items.0.options.2.id: the id 'decoy-a' says 'decoy'",
        ),
        (
            changed(
                examples.MATCHING,
                prompts=[
                    {"id": "sky-blue", "text": "Sky", "match": "blue", "feedback": "F."},
                    *examples.MATCHING["prompts"][1:],
                ],
            ),
            "E items.0.prompts.0.id: the id 'sky-blue' shares 'blue'",
        ),
        (
            changed(
                examples.ORDERING,
                tray=False,
                steps=[
                    {"id": "step-1", "text": "A", "feedback": "F."},
                    {"id": "step-2", "text": "B", "feedback": "F.", "after": ["step-1"]},
                    {"id": "step-10", "text": "C", "feedback": "F.", "after": ["step-2"]},
                ],
            ),
            "E items.0.steps: the numerical order",
        ),
        (
            changed(
                examples.CLOZE,
                text="[[softmax]]",
                blanks=[changed(examples.CLOZE["blanks"][1], id="softmax")],
            ),
            "E items.0.blanks.0.id: the id 'softmax' says",
        ),
        (
            changed(
                examples.NUMERIC,
                parameters={"n": [100, 200]},
                answer="{{ n }}",
                stem="Which number?",
                slips=[],
            ),
            "E items.0.parameters.n: nothing that learners see",
        ),
        (
            changed(
                examples.SINGLE_CHOICE, options=[RED, BLUE, option("others", "All of the above")]
            ),
            "E items.0.options.2.text: an option must not speak",
        ),
        (
            changed(examples.SINGLE_CHOICE, options=[RED, LAST, option("reds", "The green!")]),
            "W items.0.options.2.text: reads nearly the same",
        ),
        (
            changed(examples.SINGLE_CHOICE, options=[RED, BLUE, option("z", "It is never red")]),
            "W items.0.options.2.text: only wrong options say 'never'",
        ),
        (changed(examples.CASE_STUDY, stem="Which is not one?"), "W items.0.stem: the question"),
        (examples.MATCHING, "W items.0.prompts.0: no wrong option has feedback"),
        (
            changed(examples.SINGLE_CHOICE, options=[option("r", "x" * 60, True), LAST, BLUE]),
            "W items.0.options: the right option is 60 characters",
        ),
        (changed(examples.CASE_STUDY, concepts=["nope"]), "E items.0.concepts.0: 'nope' is no"),
    ],
)
def test_what_is_found(tmp_path: Path, item: Item, words: str) -> None:
    found = findings(tmp_path, item, concepts=("freezing",))
    assert [one for one in found if one.startswith(words)], found


def test_a_bias_over_many_questions_is_found(tmp_path: Path) -> None:
    names = ["one", "two", "three"]
    items = [
        changed(
            examples.SINGLE_CHOICE,
            id=f"item-{n}",
            options=[option("aa", f"Longest of all {n}", True), *(option(x, x) for x in names)],
        )
        for n in range(8)
    ]
    found = findings(tmp_path, *items)
    assert any("has the id that comes first in 8 of 8" in one for one in found)
    assert any("is the longest in 8 of 8" in one for one in found)
    several = [changed(examples.MULTIPLE_SELECT, id=f"several-{n}") for n in range(4)]
    assert any("all 4 items of multiple_select" in one for one in findings(tmp_path, *several))


def test_the_chance_of_a_bias_is_exact() -> None:
    assert writing.tail([0.5, 0.5], 2) == pytest.approx(0.25)
    assert writing.tail([0.5, 0.25], 1) == pytest.approx(1 - 0.5 * 0.75)
    assert writing.tail([], 0) == 1


def test_the_command_prints_lines_and_fails_on_errors_only(tmp_path: Path) -> None:
    said: list[str] = []
    write_quiz(tmp_path, items=[examples.MATCHING])
    run(["small"], tmp_path, None, True, said.append)
    assert any("item 'match', items.0.prompts.0: no wrong option" in line for line in said)
    path = write_quiz(tmp_path, items=[changed(examples.NUMERIC, stem="Is it 22.7?")])
    with pytest.raises(AutograderError) as caught:
        run(["small"], tmp_path, tmp_path / "nowhere", True, said.append)
    first, *rest = str(caught.value).splitlines()
    number = path.read_text().splitlines().index("  type: numeric") + 1
    assert first.startswith(f"{path}:{number}: item 'amount', items.0.type: the order shown earns")
    assert "nowhere" in rest[-1]


def test_committed_quizzes_hold_to_the_limits_of_guessing() -> None:
    quiz = load_quiz(ROOT / "source" / "heads" / "quiz.yaml", thorough=True)
    assert list(guessing.problems(quiz, guessing.pays(quiz))) == []


def test_the_committed_schema_is_up_to_date() -> None:
    source = ROOT / "source"
    committed = (source / "quiz.schema.json").read_text(encoding="utf-8")
    assert committed == to_text(course_schema(source)), "run `autograder schema` and commit"


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = quiz_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", sorted(ROOT.glob("source/*/quiz.yaml")), ids=str)
def test_the_schema_takes_committed_quizzes(validator: Any, path: Path) -> None:
    assert [e.message for e in validator.iter_errors(YAML(typ="safe").load(path))] == []


def _quiz(*items: Item) -> Item:
    return {"id": "a", "title": "A", "chapter": "c", "instructions": "I", "items": list(items)}


TEMPLATE = changed(examples.NUMERIC, parameters={"n": [1, 2]}, answer="{{ n }}", variants=2)


@pytest.mark.parametrize("item", [*examples.ALL, TEMPLATE, changed(TEMPLATE, where="n > 0")])
def test_the_schema_takes_every_type(validator: Any, item: Item) -> None:
    assert validator.is_valid(_quiz(json.loads(json.dumps(item))))


@pytest.mark.parametrize(
    "item",
    [
        *(changed(item, feedbak="x") for item in examples.ALL),
        changed(examples.NUMERIC, answer="{{ n }}"),
        changed(examples.NUMERIC, answer="two"),
        changed(TEMPLATE, answer="two"),
        changed(TEMPLATE, points="{{ n }}"),
        changed(TEMPLATE, parameters={"n": {"from": 1}}),
        changed(examples.NUMERIC, variant="x"),
        changed(examples.NUMERIC, where="n"),
        changed(examples.NUMERIC, type="essay"),
    ],
)
def test_the_schema_refuses(validator: Any, item: Item) -> None:
    assert not validator.is_valid(_quiz(item))


def test_the_schema_has_authored_fields_only(validator: Any) -> None:
    for field in ("course", "variants", "titel"):
        assert not validator.is_valid({**_quiz(examples.NUMERIC), field: "x"})


def test_images_stand_beside_the_quiz_and_are_described(tmp_path: Path) -> None:
    folder = write_quiz(tmp_path).parent
    (folder / "there.png").write_bytes(b"")
    stem = "See ![a tree](there.png), ![](there.png), ![a](gone.png), ![b](http://x.org/c.png)."
    found = findings(tmp_path, changed(examples.SINGLE_CHOICE, stem=f"{stem} What is it?"))
    told = [line for line in found if "image" in line]
    assert len(told) == 3
    assert all(line.startswith("E items.0.stem: ") for line in told)
    assert "has no description" in told[0]
    assert "there is no image gone.png" in told[1]
    assert "is elsewhere" in told[2]
