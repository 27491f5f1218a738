"""What learners chose, from readable answers of every type."""

from __future__ import annotations

import random
from typing import Any

import classes
import examples
import pytest

from autograder.items import Remark
from autograder.reports.choices import chosen, places


@pytest.mark.parametrize("data", examples.ALL, ids=lambda one: one["type"])
@pytest.mark.parametrize("varies", [False, True])
def test_all_choices_are_right_where_the_score_is_full(data: dict[str, Any], varies: bool) -> None:
    item = examples.item(data, variant="variant" if varies else "")
    draw = random.Random(2)
    full = 0
    for _ in range(300):
        response = _response(item, draw)
        if item.score(response).state != "graded":
            continue
        made = chosen(item, item.public().parse(response))
        assert made.keys() <= {place.id for place in places(item)}
        right = len(made) == len(places(item)) and all(one.right for one in made.values())
        assert right == (item.score(response).fraction == 1)
        full += right
    assert full or not places(item), "no answer was right: the test says nothing"
    if not places(item):
        assert item.type in ("case_study", "code")


@pytest.mark.parametrize("data", examples.ALL, ids=lambda one: one["type"])
def test_choices_name_the_misconceptions_that_grading_names(data: dict[str, Any]) -> None:
    item = examples.item(data)
    draw = random.Random(3)
    for _ in range(300):
        response = _response(item, draw)
        score = item.score(response)
        if score.state == "graded":
            made = chosen(item, item.public().parse(response)).values()
            assert {one.misconception for one in made if one.misconception} == _named(score.remarks)


@pytest.mark.parametrize(
    ("typed", "identifier", "text"),
    [
        ("22.75", "right", "22.7 million"),
        ("2.27", "slip-1", "2.27 million"),
        ("45.4 million", "slip-2", "45.4 million"),
        ("7", "= 7", "7 million"),
    ],
)
def test_numbers_are_told_apart(typed: str, identifier: str, text: str) -> None:
    item = examples.item(examples.NUMERIC)
    made = chosen(item, item.public().parse({"value": typed}))["number"]
    assert (made.id, made.text, made.typed) == (identifier, text, identifier == "= 7")
    varied = examples.item(examples.NUMERIC, variant="x")
    other = chosen(varied, varied.public().parse({"value": "7"}))["number"]
    assert other.id == "other", "numbers of several variants say nothing together"


def test_words_that_look_like_names_of_choices_are_no_such_choices() -> None:
    item = examples.item(examples.CLOZE)
    for word in ("right", "other", "wrong-1"):
        made = chosen(item, item.public().parse({"blanks": {"head": word}}))["head"]
        assert (made.right, made.typed, made.text) == (False, True, word)
    assert chosen(item, item.public().parse({"blanks": {"head": " Soft-MAX "}}))["head"].right


def _response(item: Any, draw: random.Random) -> Any:
    """A random answer, so drawn that every type is sometimes wholly right."""
    if item.type == "numeric":
        return {"value": draw.choice(["22.7", "2.27", "45.4", "1e3"])}
    if item.type == "ordering":
        steps = [step.id for step in item.steps if step.belongs or draw.random() < 0.4]
        return {"order": steps if draw.random() < 0.4 else draw.sample(steps, len(steps) - 1)}
    if item.type == "cloze" and draw.random() < 0.2:
        return {"blanks": {"loss": "ce", "head": "softmax", "size": draw.choice([768, 767])}}
    return classes.random_response(item.public(), draw)


def _named(remarks: tuple[Remark, ...]) -> set[str]:
    return {one.misconception for one in remarks if one.right is False and one.misconception}
