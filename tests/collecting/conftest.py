from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import classes
import examples
import pytest

sys.path.insert(0, str(Path(__file__).parent))

VARIED = {
    **examples.NUMERIC,
    "parameters": {"n": {"from": 2, "to": 9}},
    "stem": "What is {{ n }} times 300?",
    "answer": "{{ 300 * n }}",
    "slips": [{"value": "{{ 300 * n + 300 }}", "fraction": 0.5, "feedback": "Once more."}],
}


@pytest.fixture(scope="session")
def empty_course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with the released quiz ``heads``, one item of which has variants."""
    folder = tmp_path_factory.mktemp("collecting") / "course"
    course = classes.make_course(folder, "heads", more=[VARIED])
    classes.set_due(course, "2026-11-24 12:00:00.000000")
    return course


@pytest.fixture
def fresh(
    empty_course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Path]:
    """Copies of that course; the last one is where commands run."""

    def copy(name: str = "course") -> Path:
        course = Path(shutil.copytree(empty_course, tmp_path / name))
        monkeypatch.chdir(course)
        return course

    return copy


@pytest.fixture
def course(fresh: Callable[[str], Path]) -> Path:
    return fresh("course")
