"""Questions and verdicts of practice as text, options by letter: for people, not for code."""

from __future__ import annotations

import string
import textwrap
from collections.abc import Sequence

from autograder.items import AnyPublicItem, CaseStudy
from autograder.items.base import Choice
from autograder.plain_text import heading
from autograder.practice.attempts import Attempt

_WIDTH = 88
_MARKS = {True: "✓", False: "✗", None: "→"}


def question(item: AnyPublicItem) -> str:
    """A question as text: options by letter; prompts, steps and blanks by number."""
    parts = [heading(item), item.stem.strip()]
    if item.type in ("single_choice", "multiple_select"):
        parts.append(_by_letter(item.options))
    elif item.type == "matching":
        parts += [_by_number(item.prompts), _by_letter(item.options)]
    elif item.type == "ordering":
        parts.append(_by_number(item.steps))
    elif item.type == "numeric" and item.unit:
        parts.append(f"In {item.unit}.")
    elif item.type == "cloze":
        text = item.text
        for number, blank in enumerate(item.blanks, start=1):
            text = text.replace(f"[[{blank.id}]]", f"[{number}]")
        parts.append(text.strip())
        parts += [
            f"[{number}] is one of\n{_by_letter(blank.options)}"
            for number, blank in enumerate(item.blanks, start=1)
            if blank.options
        ]
    elif item.type == "case_study":
        parts.append(f"Judge yourself by: {', '.join(item.headings)}.")
    elif item.type == "code":
        parts.append(item.starter)
    return "\n\n".join(parts)


def verdict(attempt: Attempt) -> str:
    """What the answer is worth and why; the key where it may be shown."""
    graded = attempt.graded
    if graded is None:
        return "Nothing is checked yet."
    item, reason = attempt.item, graded.score.reason
    points = "" if graded.points is None else f"{graded.points:g} of {item.points:g} points. "
    parts = [points + reason]
    for remark in attempt.remarks:
        said = f": {remark.text}" if remark.text else ""
        parts.append(filled(f"{_MARKS[remark.right]} {remark.part}{said}"))
    if attempt.note:
        parts.append(filled(attempt.note))
    if not attempt.tells_key:
        return "\n".join([*parts, "Try again, take a hint (?) or see the answer (=)."])
    if isinstance(item, CaseStudy):
        guesses = attempt.guesses.of_criteria if attempt.guesses else [""] * len(item.rubric)
        if attempt.guesses:
            parts.append(f"\n{filled(attempt.guesses.preface)}")
        for criterion, said in zip(item.rubric, guesses, strict=True):
            parts.append(f"\n{criterion.name}")
            parts += [filled(said)] if said else []
            parts += [filled(f"  {one.points:g}: {one.text}") for one in criterion.levels]
        parts.append(f"\nModel answer:\n{item.model_answer}")
    return "\n".join([*parts, f"\n{item.explanation}"])


def _by_letter(choices: Sequence[Choice]) -> str:
    marked = zip(string.ascii_lowercase, choices, strict=False)
    return "\n".join(filled(f"{letter}) {choice.text}") for letter, choice in marked)


def _by_number(choices: Sequence[Choice]) -> str:
    return "\n".join(
        filled(f"{number}. {choice.text}") for number, choice in enumerate(choices, start=1)
    )


def filled(line: str) -> str:
    return textwrap.fill(
        " ".join(line.split()), _WIDTH, subsequent_indent="   ", break_long_words=False
    )
