"""Practice in a page without a server: the question, its key and its views as JavaScript.

The views are those of JupyterLab. ``judging.js`` judges as Python does; every text comes to it as
HTML. A page with a question for practice holds its key: whoever needs secret keys publishes none.
"""

from __future__ import annotations

import json
import random
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, singledispatch
from html import escape
from importlib.resources import files
from typing import Any

from autograder import html
from autograder.items import AnyItem, CaseStudy
from autograder.items.base import plain
from autograder.items.cloze import BLANK, Blank, ChoiceBlank, Cloze, NumberBlank
from autograder.items.matching import Matching
from autograder.items.multiple_select import MultipleSelect
from autograder.items.numeric import NumberKey, Numeric
from autograder.items.ordering import Ordering
from autograder.items.single_choice import Option, SingleChoice
from autograder.practice.attempts import Attempt
from autograder.practice.widgets import state_of
from autograder.quiz import Quiz, find_item
from autograder.widgets import code_of_views


def library() -> str:
    """The script that puts a question on each element ``data-practice="quiz/item"`` of a page."""
    parts = [code_of_views(("practice.js",)), judging(), _text("page.js")]
    return "\n".join(["{", *parts, "}"]) + "\n"


def judging() -> str:
    """The part of the script that judges: it defines ``Attempt`` and needs no page."""
    return f"const UNICODE = {json.dumps(_unicode())};\n{_text('judging.js')}"


def script(quiz: Quiz, item_id: str) -> str:
    """The script that brings one question to a page, with all its variants.

    Raises
    ------
    QuizError
        Where the quiz has no such question.
    ValueError
        Where it is a ``code`` item, which no page can judge.
    """
    item = find_item(quiz, item_id)
    variants = json.dumps([variant(one) for one in variants_of(quiz, item)], ensure_ascii=False)
    name = json.dumps(f"{quiz.id}/{item_id}")
    return f"(globalThis.autograderPractice ??= {{}})[{name}] = {variants};\n"


def variants_of(quiz: Quiz, item: AnyItem) -> Sequence[AnyItem]:
    """All variants of an item; the item alone where it has none."""
    return quiz.variants.get(item.id, [item])


def variant(item: AnyItem) -> dict[str, Any]:
    """What ``judging.js`` needs of one variant: ``view``, ``hints``, ``explanation``, ``key``."""
    attempt = _attempt(item)
    while attempt.hint():
        pass
    shown = state_of(attempt)
    view = {name: _with_named_headings(value) for name, value in shown["view"].items()}
    return {
        "view": view,
        "hints": shown["practice"]["hints"],
        "explanation": html.block(item.explanation),
        "key": _key(item),
    }


def _with_named_headings(value: Any) -> Any:
    """HTML whose tables have no heading without a word: the corner of a table is a plain cell."""
    return value.replace("<th></th>", "<td></td>") if isinstance(value, str) else value


def as_text(item: AnyItem) -> str:
    """A question as HTML that only shows it: for readers without scripts, and for code."""
    view = state_of(_attempt(item))["view"]
    parts = [view["stem"]]
    if item.type in ("single_choice", "multiple_select", "matching", "ordering"):
        for field in ("prompts", "options", "steps"):
            parts += [_list(one["text"] for one in view[field])] if field in view else []
    elif item.type == "cloze":
        parts.append(BLANK.sub("____", view["text"]))
    elif item.type == "code":
        parts.append(f"<pre tabindex='0'><code>{escape(view['starter'])}</code></pre>")
        if view["checks"]:
            parts.append(
                f"<p>Visible checks:</p>{_list(escape(c['name']) for c in view['checks'])}"
            )
    return "".join(parts)


def _list(entries: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{entry}</li>' for entry in entries)}</ul>"


def _attempt(item: AnyItem) -> Attempt:
    return Attempt([item], random.Random(0))


@singledispatch
def _key(item: AnyItem) -> dict[str, Any]:
    """The key of an item as ``judging.js`` reads it, its texts as HTML."""
    raise ValueError(f"{item.id}: a page cannot judge an item of type {item.type!r}")


@_key.register
def _(item: SingleChoice) -> dict[str, Any]:
    return {"options": _options(item.options)}


@_key.register
def _(item: MultipleSelect) -> dict[str, Any]:
    return {"options": _options(item.options), "scoring": item.scoring}


@_key.register
def _(item: Matching) -> dict[str, Any]:
    prompts = [
        {
            "id": one.id,
            "text": html.inline(one.text),
            "match": one.match,
            "feedback": html.inline(one.feedback),
            "wrong": {option: html.inline(text) for option, text in one.wrong.items()},
        }
        for one in item.prompts
    ]
    return {"prompts": prompts, "options": {one.id: html.inline(one.text) for one in item.options}}


@_key.register
def _(item: Ordering) -> dict[str, Any]:
    steps = [
        {
            "id": one.id,
            "text": html.inline(one.text),
            "feedback": html.inline(one.feedback),
            "after": one.after,
            "belongs": one.belongs,
        }
        for one in item.steps
    ]
    return {"steps": steps}


@_key.register
def _(item: Numeric) -> dict[str, Any]:
    return _number(item, item.feedback)


@_key.register
def _(item: Cloze) -> dict[str, Any]:
    blanks = {blank.id: blank for blank in item.blanks}
    return {"blanks": [_blank(blanks[name]) for name in BLANK.findall(item.text)]}


@_key.register
def _(item: CaseStudy) -> dict[str, Any]:
    """What is shown once the learner has written (``judged``), or wants to see it (``shown``).

    Neither depends on what was written, so Python says it beforehand.
    """
    verdicts = {}
    for name, response in (("judged", {"text": "…"}), ("shown", None)):
        attempt = _attempt(item)
        attempt.respond(response)
        attempt.give_up()
        verdicts[name] = state_of(attempt)["practice"]["verdict"]
        del verdicts[name]["response"]
    return verdicts


def _options(options: Sequence[Option]) -> list[dict[str, Any]]:
    return [
        {
            "id": one.id,
            "text": html.inline(one.text),
            "correct": one.correct,
            "feedback": html.inline(one.feedback),
        }
        for one in options
    ]


def _number(key: NumberKey, feedback: str) -> dict[str, Any]:
    return {
        "answer": key.answer,
        "unit": key.unit,
        "unit_shown": key.unit and html.inline(key.unit),
        "absolute": key.tolerance.absolute,
        "relative": key.tolerance.relative,
        "slips": [
            {
                "value": slip.value,
                "fraction": slip.fraction,
                "feedback": html.inline(slip.feedback),
            }
            for slip in key.slips
        ],
        "feedback": html.inline(feedback),
    }


def _blank(blank: Blank) -> dict[str, Any]:
    key: dict[str, Any] = {"id": blank.id, "kind": blank.kind}
    if isinstance(blank, ChoiceBlank):
        return key | {"options": _options(blank.options)}
    if isinstance(blank, NumberBlank):
        return key | _number(blank, blank.feedback)
    return key | {
        "first": html.inline(blank.accept[0]),
        "accept": [plain(word) for word in blank.accept],
        "wrong": [
            {"text": plain(one.text), "feedback": html.inline(one.feedback)} for one in blank.wrong
        ],
        "feedback": html.inline(blank.feedback),
    }


@cache
def _unicode() -> dict[str, Any]:
    """What JavaScript does not know of characters: case folding, and the digits of all scripts."""
    characters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    return {
        "fold": {one: one.casefold() for one in characters if one.casefold() != one.lower()},
        "zeros": [ord(one) for one in characters if unicodedata.decimal(one, None) == 0],
    }


def _text(name: str) -> str:
    return files("autograder.practice").joinpath(name).read_text(encoding="utf-8")
