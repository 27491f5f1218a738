"""A JSON Schema of ``quiz.yaml``, with which editors complete and check it while it is written.

It allows what an author may write: no field that is set when the file is read, formulas in items
with parameters, and the concepts and misconceptions that the course has. What it cannot say (which
option is right, whether ids are unique) is left to ``autograder check``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from autograder.course import load_course
from autograder.field_descriptions import description
from autograder.misconceptions import load_catalogue
from autograder.quiz import Quiz
from autograder.variants import TEMPLATE_FIELDS

SCHEMA_FILE = "quiz.schema.json"
#: A formula may stand for a value anywhere in an item, except in these fields.
_SHARED = ("id", "type", "title", "points", "concepts", "difficulty")
#: The ending of a definition's name in its version for items with parameters.
_WITH = "WithParameters"

_SCALAR = {"type": ["number", "string", "boolean"]}
_FORMULA = {"type": "string", "pattern": r"\{\{[\s\S]*\}\}"}
_TEMPLATE_FIELDS = {
    "parameters": {
        "description": "For each parameter a list of values, of records, or a range of numbers.",
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": r"^[^\W\d]\w*$"},
        "additionalProperties": {
            "anyOf": [
                {
                    "type": "object",
                    "properties": {
                        "from": {"type": "number"},
                        "to": {"type": "number"},
                        "step": {"type": "number", "exclusiveMinimum": 0, "default": 1},
                    },
                    "required": ["from", "to"],
                    "additionalProperties": False,
                },
                {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "anyOf": [_SCALAR, {"type": "object", "additionalProperties": _SCALAR}]
                    },
                },
            ]
        },
    },
    "where": {
        "description": "A formula, or a list of formulas, that must hold for the parameters.",
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    },
    "variants": {
        "description": "How many variants are given out.",
        "type": "integer",
        "minimum": 2,
        "maximum": 200,
        "default": 20,
    },
}
assert set(_TEMPLATE_FIELDS) == set(TEMPLATE_FIELDS)


def quiz_schema(
    concepts: Sequence[str] = (), misconceptions: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of ``quiz.yaml``.

    Parameters
    ----------
    concepts
        The concepts that items may name; any where there are none.
    misconceptions
        The misconceptions that wrong answers may name, with what people think; any where there
        are none.
    """
    schema = _renamed(_tidied(Quiz.model_json_schema()))
    definitions = schema.pop("$defs")
    for name in ("course", "variants"):
        del schema["properties"][name]
    items = [_name(one) for one in schema["properties"]["items"]["items"]["oneOf"]]
    for name in items:
        del definitions[name]["properties"]["variant"]
    for name, definition in [("Quiz", schema), *definitions.items()]:
        _describe(name, definition)
    definitions |= _name_what_there_is(definitions, concepts, misconceptions or {})
    templates = {
        f"{name}{_WITH}": _template(definition, name in items)
        for name, definition in definitions.items()
    }
    both = [{"$ref": f"#/$defs/{name}{end}"} for name in items for end in ("", _WITH)]
    schema["properties"]["items"]["items"] = {"oneOf": both}
    used = {**definitions, **templates}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "quiz.yaml",
        **schema,
        "description": "A quiz with its key; see docs/authors.md.",
        "$defs": {name: used[name] for name in sorted(used)},
    }


def course_schema(source: Path) -> dict[str, Any]:
    """The schema of quizzes of the course whose quizzes stand in ``source``.

    Raises
    ------
    QuizError
        Where the course's concepts or misconceptions cannot be read.
    """
    beliefs = {name: one.belief for name, one in load_catalogue(source).items()}
    return quiz_schema(load_course(source).concepts, beliefs)


def to_text(schema: dict[str, Any]) -> str:
    """The schema as the text of its file."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _name(reference: dict[str, Any]) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _renamed(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema in which equal names of two modules are told apart by short names."""
    text = re.sub(
        r"autograder__items__(\w+?)__(\w+)",
        lambda found: found[1].capitalize() + found[2],
        json.dumps(schema),
    )
    renamed: dict[str, Any] = json.loads(text)
    return renamed


def _describe(name: str, definition: dict[str, Any]) -> None:
    """Put into a definition what each of its fields holds, and its type first."""
    properties = definition.get("properties", {})
    for field, inner in properties.items():
        inner["description"] = description(name, field)
    first = {field: properties.pop(field) for field in ("id", "type") if field in properties}
    if first:
        definition["properties"] = first | properties


def _name_what_there_is(
    definitions: dict[str, Any], concepts: Sequence[str], misconceptions: Mapping[str, str]
) -> dict[str, Any]:
    """Allow the course's concepts and misconceptions alone, where it has any; their definitions."""
    for definition in definitions.values():
        properties = definition.get("properties", {})
        if concepts and "concepts" in properties:
            properties["concepts"]["items"] = {"$ref": "#/$defs/Concept"}
        if misconceptions and "misconception" in properties:
            properties["misconception"]["anyOf"][0] = {"$ref": "#/$defs/Misconception"}
        if misconceptions and "misconceptions" in properties:
            properties["misconceptions"]["additionalProperties"] = {"$ref": "#/$defs/Misconception"}
    added: dict[str, Any] = {}
    if concepts:
        added["Concept"] = {"enum": list(concepts)}
    if misconceptions:
        beliefs = [" ".join(belief.split()) for belief in misconceptions.values()]
        added["Misconception"] = {"enum": list(misconceptions), "enumDescriptions": beliefs}
    return added


def _tidied(node: Any, is_map: bool = False) -> Any:
    """A schema of pydantic without titles made from names; texts may be written as numbers."""
    if isinstance(node, list):
        return [_tidied(one) for one in node]
    if not isinstance(node, dict):
        return node
    if is_map:
        return {name: _tidied(inner) for name, inner in node.items()}
    tidy = {
        name: inner
        if name in ("default", "const", "enum", "required")
        else _tidied(inner, name in ("properties", "$defs", "patternProperties"))
        for name, inner in node.items()
        if name not in ("title", "discriminator")
    }
    if tidy.get("type") == "string" and tidy.get("minLength") == 1 and "maxLength" not in tidy:
        tidy["type"] = ["string", "number"]
    if isinstance(tidy.get("description"), str):
        first, _, _ = tidy["description"].partition("\n\n")  # the rest is for maintainers
        tidy["description"] = " ".join(first.replace("``", "`").split())
    return tidy


def _template(definition: dict[str, Any], is_item: bool) -> dict[str, Any]:
    """A definition as it is within an item with parameters."""
    if "enum" in definition:
        formulas: dict[str, Any] = _with_formulas(definition)
        return formulas
    template = deepcopy(definition)
    shared = _SHARED if is_item else ("kind",)
    properties = template.get("properties", {})
    for name, inner in properties.items():
        if name not in shared:
            properties[name] = _with_formulas(inner)
    if is_item:
        properties.update(deepcopy(_TEMPLATE_FIELDS))
        template["required"] = [*template["required"], "parameters"]
    return template


def _with_formulas(node: Any) -> Any:
    """A schema that also takes a formula wherever it takes a number, a flag or a fixed word."""
    if isinstance(node, list):
        return [_with_formulas(one) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return node | {"$ref": f"{node['$ref']}{_WITH}"}
    changed = {
        name: _with_formulas(inner)
        if name in ("items", "anyOf", "oneOf", "allOf", "additionalProperties")
        else {key: _with_formulas(one) for key, one in inner.items()}
        if name == "patternProperties"
        else inner
        for name, inner in node.items()
    }
    if node.get("type") in ("number", "integer", "boolean") or {"pattern", "enum"} & node.keys():
        about = {name: changed.pop(name) for name in ("default", "description") if name in changed}
        return {"anyOf": [changed, _FORMULA], **about}
    return changed
