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
ALL = [SINGLE_CHOICE, MATCHING, ORDERING, CASE_STUDY]


def item(data: dict[str, Any], **changes: Any) -> AnyItem:
    """The item that ``data`` with ``changes`` describes."""
    return TypeAdapter[AnyItem](AnyItem).validate_python({**deepcopy(data), **changes})
