"""Variants: formulas, who gets which variant, and what an author is told."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import examples
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_quiz import write_quiz

from autograder import open_quiz, sign_in
from autograder.errors import AnswerError, QuizError
from autograder.grading import grade
from autograder.learner import signed_in
from autograder.quiz import Quiz, load_public_quiz, load_quiz
from autograder.responses import Record, Recorded
from autograder.variants import CHECKED, Range, Template, pick

HEAD: dict[str, Any] = {
    "concepts": ["freezing"],
    "difficulty": "applied",
    "id": "head-size",
    "type": "numeric",
    "title": "Parameters of a head",
    "points": 2,
    "parameters": {"hidden": [256, 384, 768], "labels": {"from": 3, "to": 9}},
    "stem": "A linear layer from {{ hidden }} values to {{ labels }} scores. How many parameters?",
    "answer": "{{ hidden * labels + labels }}",
    "feedback": "{{ hidden }} × {{ labels }} weights and {{ labels }} biases.",
    "explanation": "The answer is {{ comma(hidden * labels + labels) }}.",
    "slips": [{"value": "{{ hidden * labels }}", "feedback": "No biases.", "fraction": 0.5}],
}
LEARNERS = [f"learner-{number}" for number in range(300)]


def load(folder: Path, *, thorough: bool = False, **changes: Any) -> Quiz:
    """The quiz with ``HEAD`` as its only item, after ``changes`` (None takes a field away)."""
    item = {name: value for name, value in {**HEAD, **changes}.items() if value is not None}
    return load_quiz(write_quiz(folder, items=[item]), thorough=thorough)


def problem(folder: Path, *, thorough: bool = False, **changes: Any) -> str:
    """What an author is told of ``HEAD`` with ``changes``, without the file's name."""
    with pytest.raises(QuizError) as caught:
        load(folder, thorough=thorough, **changes)
    message = str(caught.value)
    file = f"{folder / 'small' / 'quiz.yaml'}:"
    assert message.startswith(file)
    line, _, rest = message.removeprefix(file).partition(": item 'head-size', ")
    assert int(line) > 1
    return rest


def only_item(quiz: Quiz, learner: str) -> Any:
    return quiz.for_learner(learner).items[0]


def test_each_variant_is_an_item_with_its_own_numbers(tmp_path: Path) -> None:
    quiz = load(tmp_path)
    assert len(quiz.variants["head-size"]) == 20
    for learner in LEARNERS:
        item = only_item(quiz, learner)
        hidden, labels = (int(word) for word in item.stem.split() if word.isdigit())
        right = hidden * labels + labels
        assert item.score({"value": right}).fraction == 1
        assert item.score({"value": hidden * labels}).fraction == 0.5
        assert f"{right:,}" in item.explanation


def test_a_learner_gets_the_same_variant_at_every_reload_and_at_grading(tmp_path: Path) -> None:
    quiz = load(tmp_path)
    (tmp_path / "questions.json").write_text(quiz.public().to_json())
    again = load(tmp_path, thorough=True)
    for learner in LEARNERS[:50]:
        public = load_public_quiz(tmp_path / "questions.json").for_learner(learner)
        assert public.items == quiz.for_learner(learner).public().items
        assert only_item(again, learner) == only_item(quiz, learner)
        assert public.variants == {}


def test_learners_spread_over_the_variants(tmp_path: Path) -> None:
    quiz = load(tmp_path)
    counts = Counter(only_item(quiz, learner).variant for learner in LEARNERS)
    assert set(counts) == {item.variant for item in quiz.variants["head-size"]}
    assert max(counts.values()) < 3 * len(LEARNERS) / 20


def test_a_learner_gets_unrelated_variants_of_different_items_and_courses() -> None:
    draws = {
        tuple(pick(course, "quiz", item, learner, 1000) for learner in LEARNERS[:5])
        for course in ("this", "that")
        for item in ("first", "second")
    }
    assert len(draws) == 4


def test_a_name_counts_as_the_same_however_a_file_system_spells_it() -> None:
    assert pick("c", "q", "i", "Zo\u00eb", 1000) == pick("c", "q", "i", "Zoe\u0308", 1000)


def test_a_variant_keeps_its_name_while_its_values_stay(tmp_path: Path) -> None:
    def names(**changes: Any) -> list[str]:
        (items,) = load(tmp_path, **changes).variants.values()
        return [item.variant for item in items]

    assert names(stem="{{ hidden }}, {{ labels }}?", answer="{{ hidden }}") == names()
    other = names(parameters={"hidden": [512, 1024, 2048], "labels": {"from": 3, "to": 9}})
    assert set(other) & set(names()) == set()
    assert set(names(id="other-item")) & set(names()) == set()


def test_an_answer_to_another_variant_is_invalid_and_says_why(tmp_path: Path) -> None:
    quiz = load(tmp_path)
    mine = only_item(quiz, LEARNERS[0])
    theirs = next(i for i in quiz.variants["head-size"] if i.variant != mine.variant)

    def graded(variant: str) -> Any:
        record = Record(
            item="head-size",
            response={"value": mine.answer},
            revision=1,
            time="2026-01-01T00:00:00+00:00",
            variant=variant,
        )
        recorded = Recorded({"head-size": record})
        return grade(recorded, quiz.for_learner(LEARNERS[0]))["head-size"].score

    assert (graded(mine.variant).state, graded(mine.variant).fraction) == ("graded", 1.0)
    for variant in (theirs.variant, ""):
        assert (graded(variant).state, graded(variant).fraction) == ("invalid", 0.0)
        assert "another variant" in graded(variant).reason


def test_the_public_part_with_variants_survives_the_file_and_holds_no_key(tmp_path: Path) -> None:
    quiz = load(tmp_path)
    public = quiz.public()
    text = public.to_json()
    (tmp_path / "questions.json").write_text(text)
    assert load_public_quiz(tmp_path / "questions.json") == public
    assert len(json.loads(text)["variants"]["head-size"]) == 20
    secrets = [f'"{name}"' for name in ("answer", "slips", "feedback", "explanation", "tolerance")]
    secrets += ["No biases", "weights and", "{{", '"parameters"', '"where"']
    secrets += [f"{item.answer:.0f}" for item in quiz.variants["head-size"]]  # type: ignore[union-attr]
    assert [secret for secret in secrets if secret in text] == []


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"answer": "{{ hiden }}"}, "items.0.answer", "'hiden' is not defined"),
        ({"answer": "{{ hidden / (labels - labels) }}"}, "items.0.answer", "division"),
        ({"answer": "{{ hidden + }}"}, "items.0.answer", "cannot be worked out"),
        ({"answer": "{{ [hidden] }}"}, "items.0.answer", "gives a list; a number or a text"),
        ({"answer": "{{ hidden * 1e308 }}"}, "items.0.answer", "no number below 1e300 with"),
        ({"answer": "{{ list(hidden) }}"}, "items.0.answer", "only these can be called: sqrt,"),
        ({"stem": "{{ hidden }} or {{ labels"}, "items.0.stem", "never ends with '}}'"),
        ({"points": "{{ labels }}"}, "items.0.points", "shared by all variants"),
        ({"title": "{{ labels }} labels"}, "items.0.title", "shared by all variants"),
        ({"points": -1}, "items.0.points", "greater than 0"),
        ({"where": "labels > 99"}, "items.0.parameters", "fewer than two combinations"),
        ({"where": "label > 3"}, "items.0.where", "'label' is not defined"),
        ({"where": 3}, "items.0.where", "a formula or a list of formulas"),
        ({"variants": 1}, "items.0.variants", "a number from 2 to 200"),
        ({"variants": 201}, "items.0.variants", "a number from 2 to 200"),
        ({"parameters": None}, "items.0.variants", "goes with `parameters:`"),
        ({"variant": "mine"}, "items.0.variant", "has no meaning here"),
    ],
)
def test_a_template_that_cannot_be_filled_is_named_with_its_field(
    tmp_path: Path, changes: dict[str, Any], field: str, message: str
) -> None:
    if changes == {"parameters": None}:
        changes = {**changes, "variants": 5}
    told = problem(tmp_path, **changes)
    assert told.startswith(f"{field}: ")
    assert message in told


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"from": 5, "to": 3}, "`to` is less than `from`"),
        ({"from": 1, "to": 3, "step": 0}, "greater than 0"),
        ({"from": 1}, "is missing; add `to:`"),
        ({"from": 0, "to": 1, "step": 1e-9}, "at most a million"),
        ([], "has no value"),
        ([3, 3.0], "has the same value twice"),
        ([3, None], "a list of numbers"),
        (3, "a list of numbers"),
    ],
)
def test_values_that_a_parameter_cannot_have(tmp_path: Path, values: Any, message: str) -> None:
    told = problem(tmp_path, parameters={"hidden": [256, 768], "labels": values})
    assert told.startswith("items.0.parameters")
    assert message in told


def test_a_parameter_that_no_formula_uses_is_named(tmp_path: Path) -> None:
    told = problem(tmp_path, parameters={**HEAD["parameters"], "layers": [2, 4]})
    assert told.startswith("items.0.parameters.layers: ")
    assert "used in no formula" in told


@pytest.mark.parametrize("name", ["two words", "sqrt", "2nd", ""])
def test_a_name_that_no_formula_could_use_is_refused(tmp_path: Path, name: str) -> None:
    assert "cannot be the name" in problem(tmp_path, parameters={name: [1, 2]})


def test_options_that_become_equal_are_found_with_their_values(tmp_path: Path) -> None:
    options = [
        {"id": "sum", "text": "{{ hidden + labels }}", "feedback": "Sum.", "correct": True},
        {"id": "double", "text": "{{ 2 * hidden }}", "feedback": "Double."},
    ]
    told = problem(
        tmp_path,
        type="single_choice",
        parameters={"hidden": [3, 4], "labels": [4, 5]},
        options=options,
        answer=None,
        slips=None,
        feedback=None,
    )
    assert "two options read '8'" in told
    assert "(with hidden=4, labels=4)" in told


def test_a_key_that_equals_a_slip_beyond_the_released_variants_is_found_when_thorough(
    tmp_path: Path,
) -> None:
    """Only hidden=labels makes the key equal to the slip: one of 400 combinations."""
    parameters = {"hidden": {"from": 1, "to": 20}, "labels": {"from": 20, "to": 39}}
    slips = [{"value": "{{ labels }}", "feedback": "The labels."}]
    changes: dict[str, Any] = {"parameters": parameters, "slips": slips, "variants": 5}
    changes["answer"] = "{{ hidden }}"
    quiz = load(tmp_path, **changes)
    assert all(item.score({"value": 20}).fraction == 0 for item in quiz.variants["head-size"])
    told = problem(tmp_path, thorough=True, **changes)
    assert "the slip 20 counts as right" in told
    assert "(with hidden=20, labels=20)" in told
    safe = load(tmp_path, thorough=True, where="hidden != labels", **changes)
    assert len(safe.variants["head-size"]) == 5


ATTACKS = [
    "__import__('os').system('true')",
    "hidden.__class__.__mro__",
    "().__class__.__bases__[0].__subclasses__()",
    "sqrt.__globals__",
    "'{0.__class__}'.format(hidden)",
    "open('/etc/passwd').read()",
    "eval('1')",
    "getattr(hidden, 'real')",
    "(lambda: 1)()",
    "9**9**9",
    "9**99999",
    "1 << 10**9",
    "'a' * 10**9",
    "'a'.ljust(10**10)",
    "'%0999999999d' % hidden",
    "f'{hidden:0999999999d}'",
    "fixed(hidden, 10**9)",
    "[x for x in [hidden] * 9999]",
    "[[1] * 9999] * 9999",
]


@pytest.mark.parametrize("formula", ATTACKS)
def test_a_formula_can_run_no_code_and_takes_no_time(tmp_path: Path, formula: str) -> None:
    start = time.perf_counter()
    told = problem(tmp_path, answer="{{ " + formula + " }}")
    assert told.startswith("items.0.answer: ")
    assert "the formula" in told
    assert time.perf_counter() - start < 2
    assert len(told) < 1000


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("hidden * labels", "2304"),
        ("hidden / 2", "384"),
        ("hidden % 7", "5"),
        ("round(hidden / 7, 2)", "109.71"),
        ("comma(1000 * hidden)", "768,000"),
        ("fixed(labels, 2)", "3.00"),
        ("'many' if labels > 2 else 'few'", "many"),
        ("max(hidden, labels)", "768"),
        ("floor(sqrt(hidden))", "27"),
        ("ceil(log2(hidden))", "10"),
        ("labels in [2, 3]", "True"),
        ("model.name", "Large"),
        ("model['width'] * 2", "8"),
    ],
)
def test_what_formulas_can_say(formula: str, value: str) -> None:
    model = {"name": "Large", "width": 4}
    data = {"id": "x", "parameters": {"hidden": [768], "labels": [3], "model": [model]}}
    stem = "{{ " + formula + " }}! {{ hidden }} {{ labels }} {{ model.name }}"
    template = Template.read({**data, "stem": stem})
    (values,) = template.combinations()
    assert template.fill(values)["stem"] == f"{value}! 768 3 Large"


def test_a_formula_leaves_no_trace_in_those_after_it(tmp_path: Path) -> None:
    for _ in range(2):
        load(
            tmp_path,
            parameters={"set": [2, 3], "list": [4, 5]},
            stem="{{ set }} and {{ list }}",
            answer="{{ set * list }}",
            feedback="Why.",
            explanation="Why.",
            slips=None,
        )


def test_a_lone_formula_keeps_its_kind_of_value() -> None:
    template = Template.read({"id": "x", "parameters": {"n": [2]}, "answer": "{{ n / 4 }}"})
    assert template.fill({"n": 2})["answer"] == 0.5


def test_records_keep_values_together(tmp_path: Path) -> None:
    encoders = [{"name": "Small", "hidden": 256}, {"name": "Base", "hidden": 768}]
    quiz = load(
        tmp_path,
        parameters={"encoder": encoders, "labels": [3, 5]},
        stem="{{ encoder.name }}, {{ labels }} labels.",
        answer="{{ encoder.hidden * labels }}",
        feedback="Why.",
        explanation="Why.",
        slips=None,
    )
    found = {(item.stem, item.answer) for item in quiz.variants["head-size"]}  # type: ignore[union-attr]
    assert found == {
        ("Small, 3 labels.", 768),
        ("Small, 5 labels.", 1280),
        ("Base, 3 labels.", 2304),
        ("Base, 5 labels.", 3840),
    }


@given(st.integers(-50, 50), st.integers(1, 40), st.sampled_from([0.1, 0.25, 0.3, 1, 2, 7]))
def test_a_range_includes_its_ends_and_shows_no_binary_rounding(
    first: int, count: int, step: float
) -> None:
    values = Range.model_validate({"from": first, "to": first + (count - 1) * step, "step": step})
    found = [values[number] for number in range(len(values))]
    assert len(found) == count
    assert found == pytest.approx([first + number * step for number in range(count)])
    assert all(len(str(value)) <= 6 for value in found)
    assert all(isinstance(value, int) for value in found if value == int(value))


def test_a_huge_space_is_sampled_at_once() -> None:
    million = {"from": 1, "to": 10**6}
    data = {"id": "x", "parameters": dict.fromkeys("abcd", million), "stem": "{{ a+b+c+d }}"}
    found = list(Template.read(data).combinations())
    assert len({tuple(values.values()) for values in found}) == len(found) == CHECKED


@pytest.fixture
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A computer on which nobody has signed in."""
    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)
    monkeypatch.setattr("autograder.learner._file", lambda: tmp_path / "data" / "learner.txt")
    return tmp_path


def test_signing_in_is_remembered(computer: Path) -> None:
    assert signed_in() is None
    sign_in("  ada.lovelace ")
    assert signed_in() == "ada.lovelace"


def test_the_hub_knows_better_than_a_file(computer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in("ada")
    monkeypatch.setenv("JUPYTERHUB_USER", "grace")
    assert signed_in() == "grace"


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a\\b", "a\nb", "x" * 101])
def test_what_cannot_be_a_learners_name(computer: Path, name: str) -> None:
    with pytest.raises(AnswerError, match="user name that your instructor"):
        sign_in(name)
    assert signed_in() is None


def released(folder: Path) -> Path:
    (folder / "questions.json").write_text(load(folder).public().to_json())
    return folder


def test_a_quiz_with_variants_says_what_to_do_where_nobody_is_signed_in(
    computer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_input(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", no_input)
    with pytest.raises(QuizError, match=r'from autograder import sign_in; sign_in\("'):
        open_quiz("small", released(computer))


def test_a_quiz_with_variants_asks_once_who_is_there(
    computer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return LEARNERS[0]

    monkeypatch.setattr("builtins.input", answer)
    quiz = released(computer)
    assert f"for {LEARNERS[0]}" in repr(open_quiz("small", quiz))
    open_quiz("small", quiz)
    assert len(asked) == 1


def test_what_a_session_records_is_graded_as_the_same_variant(computer: Path) -> None:
    sign_in(LEARNERS[7])
    mine = only_item(load(computer), LEARNERS[7])
    open_quiz("small", released(computer)).answer("head-size", {"value": mine.answer})
    from autograder.responses import journal_path, read_journal

    recorded = read_journal(journal_path(computer, "small"))
    graded = grade(recorded, load(computer).for_learner(LEARNERS[7]))
    assert graded["head-size"].points == 2
    sign_in(LEARNERS[8])
    assert "0 of 1 answered" in repr(open_quiz("small", computer))


def test_a_quiz_without_variants_asks_nobody(
    computer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiz = load_quiz(write_quiz(computer, items=[examples.NUMERIC]))
    (computer / "questions.json").write_text(quiz.public().to_json())
    monkeypatch.setattr("builtins.input", None)
    open_quiz("small", computer).answer("amount", {"value": 3})
    assert quiz.for_learner("anybody").items == quiz.items


def test_a_starter_is_the_same_for_all_learners(tmp_path: Path) -> None:
    code = {**examples.CODE, "id": "head-size", "parameters": {"n": [2, 3]}}
    code = {**code, "stem": "Multiply by {{ n }}.", "setup": "STEP = {{ n }}"}
    with pytest.raises(QuizError, match=r"items\.0\.setup: stands in the notebook"):
        load_quiz(write_quiz(tmp_path, items=[code]))
