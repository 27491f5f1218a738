"""All quizzes of the course, loaded once, and their exports, one variant of each item."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from autograder.interchange import FORMATS
from autograder.interchange.shared import Export
from autograder.quiz import Quiz, load_quiz

settings.register_profile("briefly", settings(), deadline=None, max_examples=25)
settings.load_profile("briefly")

SOURCE = Path(__file__).parents[2] / "source"


@cache
def _quiz(name: str) -> Quiz:
    return load_quiz(SOURCE / name / "quiz.yaml")


@cache
def _export(name: str, form: str) -> Export:
    return FORMATS[form].write(_quiz(name), SOURCE / name, 1)


@pytest.fixture(scope="session")
def course_quiz() -> Callable[[str], Quiz]:
    return _quiz


@pytest.fixture(scope="session")
def course_export() -> Callable[[str, str], Export]:
    return _export
