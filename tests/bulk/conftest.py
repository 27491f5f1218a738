from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import classes
import examples
import pytest

#: The types that ``heads`` does not have; the first of them with variants.
MORE: list[dict[str, Any]] = [
    {
        **examples.NUMERIC,
        "parameters": {"n": {"from": 2, "to": 9}},
        "stem": "What is {{ n }} times 300?",
        "answer": "{{ 300 * n }}",
        "slips": [{"value": "{{ 300 * n + 300 }}", "fraction": 0.5, "feedback": "Once more."}],
    },
    examples.MULTIPLE_SELECT,
    examples.CLOZE,
    examples.CODE,
]


@pytest.fixture(scope="session")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with 60 submissions of ``heads`` that nobody graded, a part of them late.

    The quiz has items of all eight types.
    """
    course = classes.make_course(tmp_path_factory.mktemp("class") / "course", "heads", more=MORE)
    classes.hand_in_class(course, "heads", 60)
    classes.set_due(course, "2026-11-19 10:00:00.000000")
    return course


@pytest.fixture
def fresh(handed_in: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Copies of that course."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(handed_in, tmp_path / name))

    return copy


@pytest.fixture(scope="session")
def undisturbed(handed_in: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course graded in bulk, without any disturbance."""
    course = Path(shutil.copytree(handed_in, tmp_path_factory.mktemp("graded") / "course"))
    classes.command(course, "autograder", "grade", "heads")
    return course
