"""One small item of every type, for tests of items and quizzes."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from pydantic import TypeAdapter

from autograder.items import AnyItem

_COMMON = {
    "concepts": ["freezing"],
    "difficulty": "direct",
    "stem": "The stem.",
    "explanation": "The explanation.",
}

SINGLE_CHOICE: dict[str, Any] = {
    **_COMMON,
    "id": "pick",
    "type": "single_choice",
    "title": "Pick one",
    "points": 2,
    "options": [
        {"id": "red", "text": "Red", "feedback": "Why red is best.", "correct": True},
        {"id": "green", "text": "Green", "feedback": "Why not green.", "misconception": "green-is"},
        {"id": "blue", "text": "Blue", "feedback": "Why not blue."},
    ],
}
MATCHING: dict[str, Any] = {
    **_COMMON,
    "id": "match",
    "type": "matching",
    "title": "Match them",
    "points": 4,
    "prompts": [
        {"id": "sky", "text": "Sky", "match": "blue", "feedback": "Blue scatters most."},
        {"id": "grass", "text": "Grass", "match": "green", "feedback": "Chlorophyll."},
        {
            "id": "rose",
            "text": "Rose",
            "match": "red",
            "feedback": "Usually.",
            "wrong": {"green": "That is its stem."},
            "misconceptions": {"green": "stem-for-flower"},
        },
    ],
    "options": [
        {"id": "red", "text": "Red"},
        {"id": "green", "text": "Green"},
        {"id": "blue", "text": "Blue"},
        {"id": "grey", "text": "Grey"},
    ],
}
ORDERING: dict[str, Any] = {
    **_COMMON,
    "id": "order",
    "type": "ordering",
    "title": "Order them",
    "points": 5,
    "tray": True,
    "steps": [
        {"id": "wake", "text": "Wake up", "feedback": "First of all."},
        {"id": "tea", "text": "Make tea", "feedback": "Awake.", "after": ["wake"]},
        {"id": "bread", "text": "Cut bread", "feedback": "Awake.", "after": ["wake"]},
        {"id": "eat", "text": "Eat", "feedback": "With tea and bread.", "after": ["tea", "bread"]},
        {"id": "sleep", "text": "Go to bed", "feedback": "Not in the morning.", "belongs": False},
    ],
}
CASE_STUDY: dict[str, Any] = {
    **_COMMON,
    "id": "case",
    "type": "case_study",
    "title": "A case",
    "points": 4,
    "rubric": [
        {
            "id": "what",
            "name": "What",
            "levels": [{"points": 0, "text": "Nothing"}, {"points": 2, "text": "All"}],
        },
        {
            "id": "why",
            "name": "Why",
            "levels": [{"points": 0, "text": "Nothing"}, {"points": 2, "text": "All"}],
        },
    ],
    "model_answer": "The model answer.",
}
MULTIPLE_SELECT: dict[str, Any] = {
    **_COMMON,
    "id": "several",
    "type": "multiple_select",
    "title": "Pick all that apply",
    "points": 3,
    "options": [
        {"id": "two", "text": "2", "feedback": "Why 2 is prime.", "correct": True},
        {"id": "three", "text": "3", "feedback": "Why 3 is prime.", "correct": True},
        {"id": "four", "text": "4", "feedback": "Why not 4.", "misconception": "even-primes"},
        {"id": "nine", "text": "9", "feedback": "Why not 9."},
    ],
}
NUMERIC: dict[str, Any] = {
    **_COMMON,
    "id": "amount",
    "type": "numeric",
    "title": "Work it out",
    "points": 2,
    "answer": 22.7,
    "unit": "million",
    "tolerance": {"absolute": 0.1},
    "feedback": "Why 22.7.",
    "slips": [
        {
            "value": 2.27,
            "feedback": "A factor of ten.",
            "fraction": 0.5,
            "misconception": "factor-of-ten",
        },
        {"value": 45.4, "feedback": "Counted twice."},
    ],
}
CLOZE: dict[str, Any] = {
    **_COMMON,
    "id": "fill",
    "type": "cloze",
    "title": "Fill in the table",
    "points": 3,
    "text": "| loss | head | size |\n|---|---|---|\n| [[loss]] | [[head]] | [[size]] |",
    "blanks": [
        {
            "id": "loss",
            "kind": "choice",
            "options": [
                {"id": "ce", "text": "Cross-entropy", "feedback": "Why this.", "correct": True},
                {"id": "mse", "text": "Squares", "feedback": "Why not.", "misconception": "mse"},
            ],
        },
        {
            "id": "head",
            "kind": "text",
            "accept": ["softmax", "soft-max"],
            "feedback": "Why softmax.",
            "wrong": [{"text": "sigmoid", "feedback": "For two.", "misconception": "two"}],
        },
        {
            "id": "size",
            "kind": "number",
            "answer": 768,
            "feedback": "Why 768.",
            "slips": [{"value": 767, "feedback": "Forgot one.", "fraction": 0.5}],
        },
    ],
}
CODE: dict[str, Any] = {
    **_COMMON,
    "id": "program",
    "type": "code",
    "title": "Write it",
    "points": 4,
    "setup": "STEP = 2\n",
    "starter": "def double(number):\n    ...\n",
    "solution": "def double(number):\n    return STEP * number\n",
    "checks": [
        {
            "id": "three",
            "name": "Double of 3",
            "call": "double(3)",
            "expect": 6,
            "visible": True,
            "feedback": "Twice 3.",
        },
        {"id": "list", "name": "A list", "call": "double([1])", "weight": 3, "feedback": "Hidden."},
    ],
}
ALL = [SINGLE_CHOICE, MATCHING, ORDERING, CASE_STUDY, MULTIPLE_SELECT, NUMERIC, CLOZE, CODE]


def changed(data: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """``data`` with ``changes``; the original stays as it is."""
    return {**deepcopy(data), **changes}


def item(data: dict[str, Any], **changes: Any) -> AnyItem:
    """The item that ``data`` with ``changes`` describes."""
    return TypeAdapter[AnyItem](AnyItem).validate_python(changed(data, **changes))
