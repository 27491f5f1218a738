from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import classes
import pytest


@pytest.fixture(scope="session")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with 60 submissions of ``heads`` that nobody graded."""
    course = classes.make_course(tmp_path_factory.mktemp("class") / "course", "heads")
    classes.hand_in_class(course, "heads", 60)
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
