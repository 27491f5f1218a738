"""What learners do not receive of an item, as a table: key, feedback, explanation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from typing import Any

from autograder import html
from autograder.items import AnyItem

#: What the preview says in a line of its own.
_SAID = {"concepts", "difficulty", "points", "sections"}
_SOURCE_CODE = {"solution", "call"}
_CELL = 'style="text-align: left; vertical-align: top; font-weight: normal"'


def key_table(item: AnyItem) -> str:
    """HTML with a row for each part of an item that has something which learners do not receive."""
    public = dict(_fields(item.public().model_dump()))
    hidden = [
        (place.rpartition("."), value)
        for place, value in _fields(item.model_dump(exclude=_SAID, exclude_defaults=True))
        if public.get(place) != value and place.rpartition(".")[2] != "id"
    ]
    rows = []
    for part, fields in groupby(hidden, key=lambda field: field[0][0]):
        text = public.get(f"{part}.text", public.get(f"{part}.name", ""))
        if part:
            told = "".join(f"{_named(place[2])}{_told(place[2], value)}" for place, value in fields)
            rows.append((part, html.block(text), told))
        else:
            rows += [(place[2], "", _told(place[2], value)) for place, value in fields]
    return "<table><tbody>{}</tbody></table>".format(
        "".join(
            f"<tr><th scope='row' {_CELL}><code>{escape(place)}</code>{text}</th>"
            f"<td {_CELL}>{told}</td></tr>"
            for place, text, told in rows
        )
    )


def _named(field: str) -> str:
    return "" if field == "feedback" else f"<strong>{escape(field)}</strong> "


def _told(field: str, value: Any) -> str:
    """A field's value; Markdown is shown as it will be."""
    if value is True:
        return "✓<br>"
    if field in _SOURCE_CODE:
        return f"<pre>{escape(value)}</pre>"
    if isinstance(value, str) and " " in value:
        return html.block(value)
    return f"<code>{escape(f'{value:.10g}' if isinstance(value, float) else str(value))}</code><br>"


def _fields(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of what was dumped; parts of a list go by their ids, where they have one."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _fields(part, f"{place}.{name}" if place else name)
    elif isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
        for number, part in enumerate(value, start=1):
            yield from _fields(part, f"{place}.{part.get('id', number)}")
    elif value not in ([], ()):
        yield place, value
