"""Questions and receipts as plain text, for front ends without widgets."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from autograder.items import AnyPublicItem
from autograder.items.base import Choice
from autograder.items.code import PublicCode
from autograder.responses import Record

_WIDTH = 88
_STATES = {
    "answered": "answered",
    "partly": "answered in part",
    "open": "NOT ANSWERED",
    "failed": "NOT SAVED",
}
_OUTCOMES = {"value": "gives ", "failed": ""}


def question(
    item: AnyPublicItem, record: Record | None, *, with_stem: bool, status: Mapping[str, str]
) -> str:
    """A question with its options by id, what is recorded, and the line of code that answers it.

    ``status`` is that of the question's widget.
    """
    parts = [heading(item)]
    if with_stem:
        parts.append(item.stem.strip())
    body, example = _body(item)
    parts += body
    if record is None or record.response is None:
        parts.append("Nothing is recorded yet.")
    else:
        done = "NOT SAVED" if status["state"] == "failed" else f"Recorded at {record.time}"
        parts.append(f"{done}: {json.dumps(record.response)}")
    if status["message"]:
        parts.append(textwrap.fill(status["message"], _WIDTH))
    parts.append(f"To answer by code, in this form:\n  {_call(item.id, example)}")
    return "\n\n".join(parts)


def heading(item: AnyPublicItem) -> str:
    """The title of a question, and what it is worth."""
    points = "1 point" if item.points == 1 else f"{item.points:g} points"
    return f"{item.title} ({points})"


def checks_text(item: PublicCode, problem: str, results: Iterable[Mapping[str, str]]) -> str:
    """What came of the visible checks, each with its name and its call; or why they did not run."""
    if problem:
        return problem
    lines = []
    for check, result in zip(item.checks, results, strict=True):
        call = textwrap.indent(check.call.strip(), "    ")
        lines.append(f"{check.name}\n{call}\n  {_OUTCOMES[result['outcome']]}{result['detail']}")
    return "\n\n".join([*lines, "Compare each value with the task."])


def receipt_text(rows: Iterable[Mapping[str, Any]], digest: str, notes: Iterable[str] = ()) -> str:
    """The list of questions with what is recorded for each, and what else is to be known."""
    lines = []
    for number, row in enumerate(rows, start=1):
        time = f" at {row['time']}" if row["state"] != "open" else ""
        lines.append(f"{number:3}. {row['title']}: {_STATES[row['state']]}{time}")
    return "\n".join([*lines, f"Digest of what is recorded: {digest}", *notes])


def _body(item: AnyPublicItem) -> tuple[list[str], dict[str, Any]]:
    """What can be chosen, and a response that shows the form (the first of everything)."""
    if item.type == "single_choice":
        return [_listed("Choose one:", item.options)], {"choice": item.options[0].id}
    if item.type == "multiple_select":
        picks = [option.id for option in item.options[:2]]
        return [_listed("Choose all that apply:", item.options)], {"picks": picks}
    if item.type == "matching":
        pairs = {
            prompt.id: option.id for prompt, option in zip(item.prompts, item.options, strict=False)
        }
        once = "more than once" if item.reuse else "once"
        options = _listed(f"Options, each can be used {once}:", item.options)
        return [_listed("Find the option for each of:", item.prompts), options], {"pairs": pairs}
    if item.type == "ordering":
        spare = "; leave out what does not belong" if item.tray else ""
        order = [step.id for step in item.steps]
        return [_listed(f"Put in order{spare}:", item.steps)], {"order": order}
    if item.type == "numeric":
        unit = f", in {item.unit}" if item.unit else ""
        return [f"A number{unit}."], {"value": 0}
    if item.type == "cloze":
        blanks = [_listed(f"[[{blank.id}]], one of:", blank.options) for blank in item.blanks]
        form = {
            blank.id: blank.options[0].id if blank.options else 0 if blank.kind == "number" else ""
            for blank in item.blanks
        }
        shown = [text for blank, text in zip(item.blanks, blanks, strict=True) if blank.options]
        return [item.text.strip(), *shown], {"blanks": form}
    if item.type == "case_study":
        judged = f"It is judged by: {', '.join(item.headings)}." if item.headings else "Free text."
        return [judged], {"text": "..."}
    return [
        f'Complete the cell that begins with "# answer: {item.id}" and run it; or hand the code '
        "over as text."
    ], {"source": "..."}


def _listed(heading: str, choices: Sequence[Choice]) -> str:
    width = max(len(choice.id) for choice in choices) if choices else 0
    lines = [
        textwrap.fill(
            " ".join(choice.text.split()),
            _WIDTH,
            initial_indent=f"  {choice.id:{width}}  ",
            subsequent_indent=" " * (width + 4),
            break_long_words=False,
        )
        for choice in choices
    ]
    return "\n".join([heading, *lines])


def _call(item_id: str, example: Mapping[str, Any]) -> str:
    return f'quiz.answer("{item_id}", {json.dumps(example)})'
