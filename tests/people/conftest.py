"""A small course whose case study a class has answered and nbgrader's gradebook holds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import marked_class
import pytest


@pytest.fixture(scope="session")
def graded_class(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve learners wrote about a case, one of them nothing; graded, and waiting for a person."""
    return marked_class.graded_class(tmp_path_factory.mktemp("people") / "course", 12)


@pytest.fixture
def course(graded_class: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in which the test stands."""
    copy = Path(shutil.copytree(graded_class, tmp_path / "course"))
    monkeypatch.chdir(copy)
    return copy


@pytest.fixture
def rows(course: Path) -> Callable[[], dict[str, tuple[float | None, str | None, int]]]:
    """What the gradebook says of the case study, by learner: score, comment, whether it waits."""
    return lambda: marked_class.rows(course)
