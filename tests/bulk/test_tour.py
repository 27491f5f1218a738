"""Bulk grading and ``nbgrader autograde`` agree on every kind of item, and on what comes late."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import classes
import pytest


@pytest.fixture(scope="module")
def late_course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with the tour, which was due before a part of the class handed it in."""
    course = classes.make_course(tmp_path_factory.mktemp("tour") / "course", "tour")
    classes.hand_in_class(course, "tour", 14, seed=5)
    classes.set_due(course, "2026-11-19 10:00:00.000000")
    return course


def test_they_agree_on_the_tour_and_on_late_penalties(late_course: Path, tmp_path: Path) -> None:
    bulk = Path(shutil.copytree(late_course, tmp_path / "bulk"))
    plugin = Path(shutil.copytree(late_course, tmp_path / "plugin"))
    classes.command(bulk, "autograder", "grade", "tour")
    classes.command(plugin, "nbgrader", "autograde", "tour")
    assert classes.gradebook(bulk) == classes.gradebook(plugin)
    assert len([row for row in classes.rows(bulk, classes.SUBMISSIONS) if row[2]]) >= 3
    notebooks = classes.graded_notebooks(bulk, "tour")
    assert len(notebooks) == 14
    assert notebooks == classes.graded_notebooks(plugin, "tour")
    times = [_times(course) for course in (bulk, plugin)]
    assert times[0] == times[1] != {}

    for course in (bulk, plugin):  # an extension, a time that is gone, and all once more
        with sqlite3.connect(course / "gradebook.db") as database:
            database.execute(
                "UPDATE submitted_assignment SET extension = '1970-01-08 00:00:00.000000' "
                "WHERE student_id = 'learner-004'"
            )
        (course / "submitted/learner-008/tour/timestamp.txt").unlink()
    classes.command(bulk, "autograder", "grade", "tour", "--force")
    classes.command(plugin, "nbgrader", "autograde", "tour", "--force")
    assert classes.gradebook(bulk) == classes.gradebook(plugin)
    penalties = {row[0]: row[2] for row in classes.rows(bulk, classes.SUBMISSIONS)}
    assert penalties["learner-004"] is None
    assert penalties["learner-008"] is not None  # still late: the gradebook knows its time


def _times(course: Path) -> dict[str, str]:
    return {
        path.parts[-3]: path.read_text()
        for path in (course / "autograded").glob("*/tour/timestamp.txt")
    }
