"""Answers that are alike: what is listed, and above all what is not."""

from __future__ import annotations

import csv
from pathlib import Path

import examples
import marked_class
import numpy as np
import pytest
from typer.testing import CliRunner

from autograder.alike.documents import code_tokens, words
from autograder.alike.likeness import alike_code, alike_texts
from autograder.alike.wrong_answers import Given, _at_least, _curve, agreements
from autograder.cli import app
from autograder.errors import AutograderError

ESSAY = (
    "Low-rank adapters leave the shared encoder as it is, so the other three services keep their "
    "results, and the small matrices fit beside it in memory by day; I would still compare their "
    "accuracy on held-out reports with that of a deeper head before anybody decides."
)
STARTER = "def mean(vectors, mask):\n    ...\n"
SOLUTION = "def mean(vectors, mask):\n    return (vectors * mask).sum(0) / mask.sum()\n"
LOOP = '''def mean(vectors, mask):
    """My own."""
    total, count = 0.0, 0  # two sums
    for row, keep in zip(vectors, mask):
        if keep:
            total = total + row
            count += 1
    if count == 0:
        raise ValueError("nothing is left")
    return total / count
'''
RENAMED = LOOP.replace("total", "s").replace("count", "n").replace("row", "v").replace("# two", "#")


def test_text_is_compared_without_case_punctuation_and_forms() -> None:
    assert words("Soft-max,  ﬁne: “W₁”!") == ("soft", "max", "fine", "w1")
    changed = ESSAY.upper().replace(",", " –").replace("matrices fit", "matrices\n\nfit")
    (found,) = alike_texts({"ann": ESSAY, "ben": changed, "cem": "Other. " * 30}, "", 0.5)
    assert (found.learners, found.kind, found.share) == (("ann", "ben"), "identical text", 1)


def test_nearly_identical_text_is_listed_from_the_threshold_on() -> None:
    half = " ".join(ESSAY.split()[:24]) + " and now something that I thought of by myself"
    texts = {"ann": ESSAY, "ben": half}
    (found,) = alike_texts(texts, "", 0.5)
    assert found.kind == "nearly identical text"
    assert 0.5 <= found.share < 1
    assert alike_texts(texts, "", found.share + 0.01) == []
    group, near = alike_texts({**texts, "cem": ESSAY.lower()}, "", 0.5)
    assert (group.learners, group.kind) == (("ann", "cem"), "identical text")
    assert (near.learners, near.share) == (("ann", "ben", "cem"), found.share)


def test_short_answers_and_what_the_question_says_do_not_count() -> None:
    assert alike_texts({"ann": "softmax", "ben": "Softmax."}, "", 0.1) == []
    assert alike_texts({"ann": ESSAY, "ben": ESSAY}, f"Discuss: {ESSAY}", 0.1) == []
    quoting = {name: f"You ask: {ESSAY} {name} thinks so." for name in ("ann", "ben")}
    assert alike_texts(quoting, ESSAY, 0.1) == []


def test_code_is_compared_without_names_and_comments() -> None:
    keep = frozenset(words(STARTER))
    assert code_tokens(LOOP, keep) == code_tokens(RENAMED, keep)
    assert code_tokens("x = a.total\ntotal = x") == ("_", "=", "a", ".", "total", "_", "=", "_")
    assert code_tokens("def broken(:") == ("def", "broken")
    sources = {"ann": LOOP, "ben": RENAMED, "cem": SOLUTION, "dan": SOLUTION, "eva": STARTER}
    (found,) = alike_code(sources, STARTER, SOLUTION, 0.5)
    assert (found.learners, found.kind) == (("ann", "ben"), "identical code")


def test_code_that_many_write_is_no_finding() -> None:
    usual = {f"learner-{number}": LOOP for number in range(12)}
    assert alike_code(usual, STARTER, SOLUTION, 0.5) == []
    few = {f"other-{number}": SOLUTION for number in range(48)}
    assert len(alike_code({**few, **dict(list(usual.items())[:4])}, STARTER, SOLUTION, 0.5)) == 1


def test_the_chance_of_so_many_is_exact() -> None:
    draw = np.random.default_rng(1)
    chances = draw.random(7)
    patterns = (np.arange(2**7)[:, None] >> np.arange(7)) & 1
    each = np.where(patterns, chances, 1 - chances).prod(axis=1)
    for count in range(9):
        expected = each[patterns.sum(axis=1) >= count].sum()
        assert _at_least(count, chances.tolist()) == pytest.approx(expected, abs=1e-12)


def test_chances_to_be_right_follow_ability_and_difficulty() -> None:
    easy = np.array([0.2, 0.5, 0.8, 0.95])
    for right in (1, 2, 3):
        chances = _curve(easy, right)
        assert chances.sum() == pytest.approx(right, abs=1e-6)
        assert (np.diff(chances) > 0).all()
    assert _curve(easy, 0).max() < 0.2
    assert _curve(easy, 4).min() > 0.9


def a_class(seed: int, learners: int = 100, items: int = 20) -> dict[str, dict[str, Given]]:
    """Learners who work alone: a Rasch model; every second question has many wrong answers."""
    draw = np.random.default_rng(seed)
    ability, hard = draw.normal(size=learners), draw.normal(-0.6, 1, items)
    likes = [draw.dirichlet(np.ones(3 if item % 2 else 15)) for item in range(items)]
    answers: dict[str, dict[str, Given]] = {}
    for learner in range(learners):
        own = answers[f"learner-{learner:03}"] = {}
        for item in range(items):
            wrong = draw.random() > 1 / (1 + np.exp(hard[item] - ability[learner]))
            shown = str(draw.choice(len(likes[item]), p=likes[item])) if wrong else None
            own[f"item-{item:02}"] = Given(str(learner % 3) if item % 5 == 0 else "", shown)
    return answers


def test_a_copying_pair_in_a_class_of_a_hundred_is_listed_and_nobody_else() -> None:
    answers = a_class(seed=5)
    assert agreements(answers, 0.05) == []
    weak = sorted(
        answers, key=lambda name: sum(one.wrong is not None for one in answers[name].values())
    )
    source, copier = weak[80], weak[60]
    for place, (item, given) in enumerate(answers[source].items()):
        if place % 10 and answers[copier][item].variant == given.variant:
            answers[copier][item] = given  # nine of ten, where both have the same variant
    (found,) = agreements(answers, 0.05)
    assert set(found.learners) == {source, copier}
    assert len(found.items) > 3 * found.expected
    assert found.chance <= 0.05


@pytest.mark.parametrize("seed", range(6))
def test_a_class_that_works_alone_has_nothing_listed(seed: int) -> None:
    assert agreements(a_class(seed), 0.05) == []


def test_identical_right_answers_are_no_evidence() -> None:
    right = {f"item-{place}": Given("", None) for place in range(30)}
    wrong = {f"item-{place}": Given("", "b") for place in range(30)}
    others = {f"other-{place}": wrong for place in range(40)}
    assert agreements({"ann": right, "ben": right, **others}, 0.05) == []


def quiz_class(course: Path) -> None:
    """Ten learners with answers of every type; two share an essay, others only what is right."""
    marked_class.make_course(
        course, [marked_class.CASE, examples.CLOZE, examples.CODE, examples.MATCHING]
    )
    for number in range(10):
        answers = {
            "case": {"text": ESSAY if number in (3, 7) else f"I am {number}. " * 12},
            "fill": {"blanks": {"loss": "ce", "head": "softmax", "size": 768}},
            "program": {"source": "def double(number):\n    return STEP * number\n"},
            "match": {"pairs": {"sky": "blue"}},
        }
        marked_class.hand_in(course, f"learner-{number}", answers)


def test_the_command_lists_what_to_look_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quiz_class(tmp_path / "course")
    monkeypatch.chdir(tmp_path / "course")
    (Path("submitted") / "learner-9" / "small" / "small.ipynb").write_text("{")
    result = CliRunner().invoke(app, ["alike", "small"])
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "10 submissions compared; 1 things to look at" in said
    assert "To look at, no verdict." in said
    with Path("alike-small.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert row == {
        "what": "identical text",
        "question": "case",
        "learners": "learner-3; learner-7",
        "share": "1",
        "same": "",
        "expected": "",
        "chance": "",
    }
    result = CliRunner().invoke(app, ["alike", "small", "--report", "no/such/folder.csv"])
    assert isinstance(result.exception, AutograderError)
    assert "name another file with --report" in str(result.exception)


def test_a_class_of_one_cannot_be_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = marked_class.make_course(tmp_path / "course", [marked_class.CASE])
    marked_class.hand_in(course, "ann", {"case": {"text": ESSAY}})
    monkeypatch.chdir(course)
    result = CliRunner().invoke(app, ["alike", "small"])
    assert isinstance(result.exception, AutograderError)
    assert "1 submissions; there is nothing to compare" in str(result.exception)
