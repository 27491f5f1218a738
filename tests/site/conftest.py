"""The site in small: two chapters and the tour of question types, opened as files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "site"))

from build_site import build
from site_pages import load_course

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Chapters 3 and 4, with the practice pages of the tour and of chapter 3."""
    course = load_course(ROOT, chapters="0[34]_*", quizzes="[ht][eo]*")
    assert list(course.quizzes) == ["heads", "tour"]
    target = tmp_path_factory.mktemp("course") / "site"
    assert build(course, target).problems == ()
    return target
