"""Feedback pages: what the gradebook says, and no model answer before a person graded."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import classes
import pytest


@pytest.fixture
def graded(undisturbed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(undisturbed, tmp_path / "course"))


def test_pages_withhold_the_model_answer_until_a_person_graded(graded: Path) -> None:
    classes.command(graded, "autograder", "feedback", "heads")
    pages = sorted((graded / "feedback").glob("*/heads/heads.html"))
    assert len(pages) == 60
    texts = [page.read_text() for page in pages]
    assert not any("Model answer" in text or "Rubric" in text for text in texts)
    assert any("&lt;script&gt;alert(1)" in text for text in texts)
    assert not any("<script" in text for text in texts)

    with sqlite3.connect(graded / "gradebook.db") as database:
        database.execute(
            "UPDATE grade SET manual_score = 2.25, needs_manual_grade = 0 "
            "WHERE needs_manual_grade = 1"
        )
        database.execute("UPDATE comment SET manual_comment = 'Well <b>argued</b>.'")
    classes.command(graded, "autograder", "feedback", "heads")
    texts = [page.read_text() for page in pages]
    assert any("Model answer" in text and "2.25 points" in text for text in texts)
    assert all("Well &lt;b&gt;argued&lt;/b&gt;." in text for text in texts)


def test_the_total_is_the_gradebook_s(graded: Path) -> None:
    classes.command(graded, "autograder", "feedback", "heads")
    totals: dict[str, float] = {}
    for learner, _, auto, *_ in classes.rows(graded, classes.GRADES):
        totals[learner] = totals.get(learner, 0) + (auto or 0)
    penalties = {row[0]: row[2] or 0 for row in classes.rows(graded, classes.SUBMISSIONS)}
    assert any(penalties.values())
    for learner, total in totals.items():
        page = (graded / "feedback" / learner / "heads" / "heads.html").read_text()
        assert f"<p class='score'>{total - penalties[learner]:g} of 54 points" in page
        late = f"; {penalties[learner]:g} points taken off for handing in late"
        assert (late in page) == (penalties[learner] > 0)


def test_without_grades_the_remedy_is_named(handed_in: Path) -> None:
    done = classes.command(handed_in, "autograder", "feedback", "heads", check=False)
    assert done.returncode == 1
    assert "autograder grade heads" in done.stderr
