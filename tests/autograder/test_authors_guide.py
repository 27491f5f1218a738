"""What the guide for authors shows is what the package accepts."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import Any, get_args

import pytest
from ruamel.yaml import YAML
from test_quiz import write_quiz

from autograder.checks import writing
from autograder.course import Course
from autograder.items import AnyItem, Code
from autograder.quiz import Quiz, load_quiz
from autograder.sandbox import verify
from autograder.variants import _functions

GUIDE = (Path(__file__).parents[2] / "docs" / "authors.md").read_text(encoding="utf-8")
BLOCKS = [YAML(typ="safe").load(text) for text in re.findall(r"```yaml\n(.*?)```", GUIDE, re.S)]
ITEMS: list[dict[str, Any]] = [block for block in BLOCKS if "type" in block]
TYPES = [model.model_fields["type"].annotation for model in get_args(get_args(AnyItem)[0])]


@pytest.fixture
def guide(tmp_path: Path) -> Quiz:
    """A quiz of all the items that the guide shows."""
    return load_quiz(write_quiz(tmp_path, items=ITEMS), thorough=True)


def test_every_type_is_shown_whole(guide: Quiz) -> None:
    types = {get_args(one)[0] for one in TYPES}
    assert len(types) == 8
    assert {item.type for item in guide.items} == types
    assert [name for name in types if f"### {name}\n" not in GUIDE] == []


def test_the_outline_of_a_quiz_is_that_of_the_guide(tmp_path: Path) -> None:
    (outline,) = [block for block in BLOCKS if "items" in block]
    assert set(outline) == {"id", "title", "chapter", "instructions", "items"}
    load_quiz(write_quiz(tmp_path, **{**outline, "id": "small", "items": ITEMS}))


def test_variants_are_shown_as_they_work(guide: Quiz) -> None:
    (variants,) = guide.variants.values()
    assert len(variants) == 12
    assert all("{{" not in item.model_dump_json() for item in variants)


def test_the_guide_names_every_function_of_formulas() -> None:
    assert [name for name in _functions() if not re.search(rf"`{name}[`(]", GUIDE)] == []


def test_the_code_that_is_shown_passes_its_own_checks(guide: Quiz) -> None:
    (code,) = [item for item in guide.items if isinstance(item, Code)]
    assert verify(code) == []


BAD = {
    "an option must not speak of the others": lambda item: item["options"].append(
        {"id": "sea", "text": "All of the above", "feedback": "No."}
    ),
    "level the lengths": lambda item: item["options"][0].update(
        text="Blue, because air scatters the short waves of sunlight far more than the long ones"
    ),
    "only wrong options say 'always'": lambda item: item["options"][1].update(
        text="It is always green"
    ),
    "the question is negated by 'not'": lambda item: item.update(
        stem="Which of these colours does a clear sky not have?"
    ),
}


@pytest.mark.parametrize("words", BAD)
def test_what_the_guide_quotes_is_what_check_says(words: str, tmp_path: Path) -> None:
    assert f'"{words}"' in GUIDE
    item = deepcopy(next(one for one in ITEMS if one["type"] == "single_choice"))
    assert not [one for one in _said(tmp_path / "good", item) if words in one]
    BAD[words](item)
    assert [one for one in _said(tmp_path / "bad", item) if words in one]


def _said(folder: Path, item: dict[str, Any]) -> list[str]:
    folder.mkdir()
    quiz = load_quiz(write_quiz(folder, items=[item]))
    return [finding.message for finding in writing.problems(quiz, Course())]
