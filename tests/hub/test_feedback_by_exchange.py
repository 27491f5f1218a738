"""Feedback through nbgrader's exchange, where not every submission came through it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import classes
import pytest

SECRETS = {"ann": "a1" * 64, "ben": "b2" * 64}
TIME = "2026-11-24 08:00:00.000001 UTC"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ann and ben submitted, cem wrote an e-mail, dee and eve spoilt their secrets."""
    course = classes.make_course(tmp_path_factory.mktemp("exchange") / "course", "heads")
    exchange = course.parent / "exchange"
    exchange.mkdir()
    with (course / "nbgrader_config.py").open("a") as file:
        file.write(f"\nc.Exchange.root = {str(exchange)!r}\n")
    for learner in ("ann", "ben", "cem", "dee", "eve"):
        folder = course / "submitted" / learner / "heads"
        shutil.copytree(course / "quizzes" / "heads", folder)
        if learner != "cem":
            (folder / "timestamp.txt").write_text(TIME)
    for learner, secret in SECRETS.items():
        _secret(course, learner).write_text(secret)
    _secret(course, "dee").write_text("")
    _secret(course, "eve").symlink_to(course / "source" / "heads" / "quiz.yaml")
    return course


@pytest.mark.parametrize("way", ["bulk", "nbgrader"])
def test_what_can_go_back_goes_back(course: Path, tmp_path: Path, way: str) -> None:
    own = Path(shutil.copytree(course.parent, tmp_path / "class", symlinks=True)) / "course"
    with (own / "nbgrader_config.py").open("a") as file:
        file.write(f"\nc.Exchange.root = {str(own.parent / 'exchange')!r}\n")
    if way == "bulk":
        done = classes.command(own, "autograder", "grade", "heads")
        classes.command(own, "autograder", "feedback", "heads")
    else:
        done = classes.command(own, "nbgrader", "autograde", "heads")
        classes.command(own, "nbgrader", "generate_feedback", "heads")
    for learner, reason in (("dee", "holds no secret"), ("eve", "is a symbolic link")):
        assert re.search(rf"{learner}.*submission_secret.txt.*{reason}", done.stdout + done.stderr)

    told = classes.command(own, "nbgrader", "release_feedback", "heads").stderr
    released = {
        path.read_text() for path in (own.parent / "exchange" / "downstream" / "feedback").iterdir()
    }
    pages = {
        path.parents[1].name: path.read_text() for path in (own / "feedback").glob("*/heads/*.html")
    }
    assert pages.keys() == {"ann", "ben", "cem", "dee", "eve"}
    assert released == {pages["ann"], pages["ben"]}
    for learner in ("cem", "dee", "eve"):
        assert f"feedback/{learner}/heads cannot go back through the exchange" in told
        assert not (own / "feedback" / learner / "heads" / "submission_secret.txt").exists()


def test_a_learner_finds_the_page_of_the_submission_that_was_graded(
    course: Path, tmp_path: Path
) -> None:
    """A new secret comes with each submission; what stands beside a page is the graded one's."""
    own = Path(shutil.copytree(course, tmp_path / "course", symlinks=True))
    classes.command(own, "autograder", "grade", "heads")
    _secret(own, "ann").write_text("c3" * 64)  # collected again, not graded again
    classes.command(own, "autograder", "feedback", "heads")
    beside = own / "feedback" / "ann" / "heads" / "submission_secret.txt"
    assert beside.read_text() == SECRETS["ann"]

    done = classes.command(own, "autograder", "grade", "heads")
    assert "1 graded, 4 unchanged" in done.stdout
    classes.command(own, "autograder", "feedback", "heads")
    assert beside.read_text() == "c3" * 64


def _secret(course: Path, learner: str) -> Path:
    return course / "submitted" / learner / "heads" / "submission_secret.txt"
