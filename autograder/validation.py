"""What pydantic finds wrong in a file, said for its author: what is allowed, and what to do."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, ValidationError

Loc = tuple[str | int, ...]

_SLUG = (
    "must be lower-case letters and digits, beginning with a letter, in words joined by single "
    "hyphens, such as first-head"
)
_KINDS = {
    "string": "a text (put it in quotes)",
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "tuple": "a list (each entry on a line of its own that begins with `- `)",
    "list": "a list (each entry on a line of its own that begins with `- `)",
    "dict": "a record (lines of the form `name: value`)",
    "model": "a record (lines of the form `name: value`)",
    "model_attributes": "a record (lines of the form `name: value`)",
}
_BOUNDS = {
    "greater_than": "greater than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
}


def complaints(error: ValidationError, schema: Any) -> Iterator[tuple[Loc, str]]:
    """Each problem: the way to the field, what is wrong with it, and what is allowed.

    Parameters
    ----------
    schema
        The type that the data were validated as.
    """
    for one in error.errors():
        loc, kind, context = one["loc"], one["type"], one.get("ctx", {})
        value = context.get("tag", one["input"])
        if kind in ("union_tag_not_found", "union_tag_invalid"):
            loc = (*loc, str(context["discriminator"]).strip("'"))
        found = "" if isinstance(value, dict | list) else f" (found {_short(repr(value))})"
        yield _path(schema, loc), _message(one, schema) + found


def _path(schema: Any, loc: Loc) -> Loc:
    """The location in the file: without the names that pydantic has for members of unions."""
    return tuple(
        step
        for number, step in enumerate(loc)
        if step != "[key]" and not _member(_at(schema, loc[:number]), step)
    )


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"


def _message(one: Any, schema: Any) -> str:
    loc, kind, context = one["loc"], one["type"], one.get("ctx", {})
    stem, _, how = kind.rpartition("_")
    if kind == "missing":
        return f"is missing; add `{loc[-1]}:`"
    if kind == "extra_forbidden":
        return _unknown_field(str(loc[-1]), _fields(_at(schema, loc[:-1])))
    if kind == "literal_error":
        return f"must be {context['expected']}"
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        missing = "is missing; it " if kind == "union_tag_not_found" else ""
        return f"{missing}must be one of {', '.join(_tags(_at(schema, loc)))}"
    if kind in _BOUNDS:
        return f"must be {_BOUNDS[kind].format(**context)}"
    if kind in ("too_short", "string_too_short"):
        return _too_short(one["input"], context)
    if kind == "string_too_long":
        return f"has {len(one['input'])} characters, at most {context['max_length']} are allowed"
    if kind == "string_pattern_mismatch":
        return _SLUG
    if kind in ("finite_number", "int_from_float"):
        return "must be a finite number" if kind == "finite_number" else "must be a whole number"
    if kind == "invalid-json-value":
        return "must be a number, a text, true, false, null, or a list or record of these"
    if how in ("type", "parsing") and stem in _KINDS:
        return f"must be {_KINDS[stem]}"
    return str(one["msg"]).removeprefix("Value error, ")


def _too_short(value: Any, context: Mapping[str, Any]) -> str:
    if isinstance(value, str):
        return "must not be empty"
    least = context["min_length"]
    return f"must have at least {least} {'item' if least == 1 else 'items'}, has {len(value)}"


def _unknown_field(name: str, allowed: list[str]) -> str:
    close = get_close_matches(name, allowed, 1)
    hint = f"; did you mean `{close[0]}`?" if close else "; remove it."
    return f"there is no such field here{hint} The fields are: {', '.join(allowed)}"


def _fields(schema: Any) -> list[str]:
    """The fields that an author may write."""
    if not _is_model(schema):
        return []
    hidden = {"variant", "course", "variants"}
    return [
        field.alias or name for name, field in schema.model_fields.items() if name not in hidden
    ]


def _tags(schema: Any) -> list[str]:
    """The names of the members of a union that a field tells apart."""
    return [repr(name) for member in get_args(schema) for name in _names(member)]


def _names(member: Any) -> tuple[str, ...]:
    """The values of the field by which a model is known."""
    for field in ("type", "kind"):
        if _is_model(member) and field in member.model_fields:
            return get_args(member.model_fields[field].annotation)
    return ()


def _at(schema: Any, loc: Loc) -> Any:
    """The type to which a location leads; None where it leads to none."""
    schema = _bare(schema)
    if _is_model(schema) and issubclass(schema, RootModel):
        schema = schema.model_fields["root"].annotation
    if not loc:
        return schema
    step, rest = loc[0], loc[1:]
    if _is_union(schema):
        found = (_at(member, loc) for member in get_args(schema))
        member = _member(schema, step)
        return _at(member, rest) if member else next((one for one in found if one), None)
    if _is_model(schema):
        for name, field in schema.model_fields.items():
            if step in (name, field.alias):
                return _at(field.annotation, rest)
        return None
    if get_origin(schema) in (list, dict):
        return _at(get_args(schema)[-1], rest)
    return None


def _member(schema: Any, step: str | int) -> Any:
    """The member of a union that a step names; None where it is none, or names none."""
    for member in map(_bare, get_args(schema) if _is_union(schema) else ()):
        name = getattr(member, "__name__", "")
        if step in (*_names(member), name) or str(step).endswith(f" {name}]"):
            return member
    return None


def _bare(schema: Any) -> Any:
    while get_origin(schema) is Annotated:
        schema = get_args(schema)[0]
    return schema


def _is_union(schema: Any) -> bool:
    return get_origin(schema) in (Union, types.UnionType)


def _is_model(schema: Any) -> bool:
    return isinstance(schema, type) and issubclass(schema, BaseModel)
