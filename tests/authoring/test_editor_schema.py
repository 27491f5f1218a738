"""What editors know of a quiz.yaml: what each field holds, and the names that the course has."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from autograder import field_descriptions
from autograder.course import load_course
from autograder.misconceptions import load_catalogue
from autograder.schema import course_schema

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "source"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return course_schema(SOURCE)


@pytest.fixture(scope="module")
def validator(schema: dict[str, Any]) -> Any:
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture
def tour() -> dict[str, Any]:
    return YAML(typ="safe").load(SOURCE / "tour" / "quiz.yaml")


def test_every_field_says_what_it_holds(schema: dict[str, Any]) -> None:
    silent = [
        f"{name}.{field}"
        for name, definition in [("Quiz", schema), *schema["$defs"].items()]
        for field, inner in definition.get("properties", {}).items()
        if len(inner.get("description", "")) < 10
    ]
    assert silent == []


def test_nothing_is_described_that_is_not_there(schema: dict[str, Any]) -> None:
    fields = {
        name: set(definition.get("properties", {}))
        for name, definition in [("Quiz", schema), *schema["$defs"].items()]
    }
    described = {
        (name, field)
        for name, own in field_descriptions._OF_DEFINITIONS.items()
        for field in own
        if field not in fields[name]
    }
    assert described == set()
    assert set(field_descriptions._EVERYWHERE) <= set().union(*fields.values())


@pytest.mark.parametrize("path", sorted(SOURCE.glob("*/quiz.yaml")), ids=lambda p: p.parent.name)
def test_the_course_keeps_to_its_own_names(validator: Any, path: Path) -> None:
    assert [e.message for e in validator.iter_errors(YAML(typ="safe").load(path))] == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("task-dictates-architecture", "task-decides"),
        ("pooled-head-for-tokens", "pooled-head-for-token"),
    ],
)
def test_names_that_the_course_does_not_have_are_marked(
    validator: Any, tour: dict[str, Any], before: str, after: str
) -> None:
    text = json.dumps(tour)
    assert f'"{before}"' in text and validator.is_valid(tour)
    assert not validator.is_valid(json.loads(text.replace(f'"{before}"', f'"{after}"')))


def test_a_misconception_may_come_from_a_formula(validator: Any, tour: dict[str, Any]) -> None:
    item = next(one for one in tour["items"] if one["id"] == "copies")
    changed = deepcopy(tour)
    slip = next(one for one in changed["items"] if one["id"] == "copies")["slips"][0]
    slip["misconception"] = "{{ 'batch-forgotten' if 2 > 1 else 'bias-forgotten' }}"
    assert "parameters" in item and validator.is_valid(changed)
    slip["misconception"] = "forgotten"
    assert not validator.is_valid(changed)


def test_beliefs_stand_beside_the_misconceptions(schema: dict[str, Any]) -> None:
    listed = schema["$defs"]["Misconception"]
    beliefs = dict(zip(listed["enum"], listed["enumDescriptions"], strict=True))
    catalogue = load_catalogue(SOURCE)
    assert beliefs.keys() == catalogue.keys()
    assert all(beliefs[name].split() == one.belief.split() for name, one in catalogue.items())
    assert schema["$defs"]["Concept"]["enum"] == list(load_course(SOURCE).concepts)


def test_a_course_without_concepts_and_catalogue_may_use_any(tmp_path: Path) -> None:
    schema = course_schema(tmp_path)
    assert not {"Concept", "Misconception"} & schema["$defs"].keys()


def test_vs_code_is_told_which_schema_goes_with_which_file() -> None:
    settings = json.loads((ROOT / ".vscode" / "settings.json").read_text())
    ((schema, files),) = settings["yaml.schemas"].items()
    assert (ROOT / schema).resolve() == SOURCE / "quiz.schema.json"
    assert sorted(ROOT.glob(files)) == sorted(SOURCE.glob("*/quiz.yaml"))
