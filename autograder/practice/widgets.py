"""A question for practice on the page: the view of its type, with a verdict under it."""

from __future__ import annotations

from functools import cache
from html import escape
from typing import Any

import traitlets

from autograder import html
from autograder.grading import Graded
from autograder.items import CaseStudy
from autograder.practice.attempts import Attempt
from autograder.practice.text import question
from autograder.session import view_of
from autograder.widgets import WIDGETS, ItemWidget


@cache
def _widget_type(kind: str) -> type[ItemWidget]:
    """The widget of an item type, with the frame of practice around it."""
    stock = WIDGETS[kind]
    members = {
        "__doc__": stock.__doc__,
        "view_name": "practice_code" if kind == "code" else stock.view_name,
        "frame": ("practice.js",),
        # ``hints`` (HTML), whether there are ``more``, whether there is ``another`` variant, and
        # the ``verdict``: the ``response`` it is on, ``outcome``, ``words``, ``html``, ``rubric``,
        # and what a machine guesses of the answer: ``guesses``.
        "practice": traitlets.Dict().tag(sync=True),
    }
    return type(f"Practice{stock.__name__}", (stock,), members)


def practice_widget(quiz_id: str, attempt: Attempt) -> ItemWidget:
    """The widget of an attempt.

    The page sends ``{"kind": ...}`` with "check", "hint", "solve" or "again".
    """
    widget = _widget_type(attempt.item.type)(quiz=quiz_id, **state_of(attempt))
    widget.text = question(attempt.item.public())

    def show() -> None:
        with widget.hold_sync():
            for name, value in state_of(attempt).items():
                setattr(widget, name, value)

    def responded(change: dict[str, Any]) -> None:
        if change["new"] == attempt.response:
            return
        try:
            if change["new"] is not None:
                attempt.item.public().parse(change["new"])
        except ValueError as error:
            widget.status = {"state": "failed", "message": str(error)}
            return
        attempt.respond(change["new"])
        show()

    def received(_: object, content: object, __: object) -> None:
        kind = content.get("kind") if isinstance(content, dict) else None
        if kind == "check" and attempt.response is not None:
            attempt.check()
        elif kind == "hint":
            attempt.hint()
        elif kind == "solve":
            attempt.give_up()
        elif kind == "again":
            attempt.again()
        show()

    widget.observe(responded, "response")
    widget.on_msg(received)
    return widget


def state_of(attempt: Attempt) -> dict[str, Any]:
    """What the page shows of an attempt."""
    record = {} if attempt.response is None else {"response": attempt.response}
    return {
        "view": view_of(attempt.item.public()) | {"with_stem": True},
        "response": attempt.response,
        "record": record,
        "status": {"state": "saved" if record else "open", "message": ""},
        "practice": {
            "hints": [html.block(hint) for hint in attempt.hints],
            "more": attempt.has_hints,
            "another": attempt.has_variants,
            "checks": attempt.checks,  # so that a check that changes nothing else is news
            "verdict": _verdict(attempt),
        },
    }


def _verdict(attempt: Attempt) -> dict[str, Any]:
    graded = attempt.graded
    if graded is None:
        return {}
    item = attempt.item
    outcome, words = _outcome(graded)
    note = f"<p>{escape(attempt.note)}</p>" if attempt.note else ""
    rubric = []
    if isinstance(item, CaseStudy):
        guesses = attempt.guesses.of_criteria if attempt.guesses else [""] * len(item.rubric)
        rubric = [
            {
                "name": one.name,
                "guess": said,
                "levels": [
                    {"points": level.points, "text": html.inline(level.text)}
                    for level in one.levels
                ],
            }
            for one, said in zip(item.rubric, guesses, strict=True)
        ]
    return {
        "response": attempt.response,
        "outcome": outcome,
        "words": words,
        "html": html.verdict(graded, attempt.remarks, tells_key=attempt.tells_key) + note,
        "guesses": attempt.guesses.preface if attempt.guesses else "",
        "rubric": rubric,
    }


def _outcome(graded: Graded) -> tuple[str, str]:
    """The name of what came of a check, and the words for it."""
    fraction = graded.score.fraction
    if fraction is None:
        return "yours", "Yours to judge"
    if graded.response is None:
        return "yours", "The answer"
    names = {1.0: ("right", "Right"), 0.0: ("wrong", "Not right")}
    name, words = names.get(fraction, ("partly", "Partly right"))
    return name, f"{words}: {graded.points:g} of {graded.item.points:g} points"
