"""Bulk grading: the same to the letter as ``nbgrader autograde``, and nothing is lost."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import classes
import pytest

Fresh = Callable[[str], Path]


def test_bulk_and_nbgrader_agree_on_sixty_submissions(undisturbed: Path, fresh: Fresh) -> None:
    plugin = fresh("plugin")
    classes.command(plugin, "nbgrader", "autograde", "heads")
    ours, theirs = classes.gradebook(undisturbed), classes.gradebook(plugin)
    assert len(ours[0]) == 60 * 14
    assert ours == theirs
    types = {item.id: item.type for item in classes.quiz_of(plugin, "heads").items}
    scores: dict[str, set[float | None]] = {name: set() for name in types.values()}
    for _, item, auto, *_ in ours[0]:
        scores[types[item]].add(auto)
    assert len(scores) == 8
    assert {name for name, found in scores.items() if len(found) < 2} == set(), "too uniform"
    assert len([row for row in ours[2] if row[2]]) > 5, "nobody is late"
    bulk_notebooks = classes.graded_notebooks(undisturbed, "heads")
    assert len(bulk_notebooks) == 60
    assert bulk_notebooks == classes.graded_notebooks(plugin, "heads")


def test_nbgrader_goes_on_from_there(undisturbed: Path, tmp_path: Path) -> None:
    classes.command(undisturbed, "nbgrader", "generate_feedback", "heads", "--student=learner-000")
    assert (undisturbed / "feedback/learner-000/heads/heads.html").exists()
    classes.command(undisturbed, "nbgrader", "export", "--to", str(tmp_path / "grades.csv"))
    with (tmp_path / "grades.csv").open() as lines:
        assert len(list(csv.DictReader(lines))) == 60


def test_a_second_run_changes_nothing_and_grades_nothing(undisturbed: Path) -> None:
    before = classes.gradebook(undisturbed)
    done = classes.command(undisturbed, "autograder", "grade", "heads")
    assert "0 graded, 60 unchanged, 0 failed" in done.stdout
    done = classes.command(undisturbed, "autograder", "grade", "heads", "--force")
    assert "60 graded" in done.stdout
    assert "scores changed" not in done.stdout
    assert classes.gradebook(undisturbed) == before


def test_what_is_not_in_the_gradebook_as_it_was_graded_is_graded_again(
    undisturbed: Path, tmp_path: Path
) -> None:
    course = Path(shutil.copytree(undisturbed, tmp_path / "course", copy_function=os.link))
    (course / "gradebook.db").unlink()
    shutil.copy(undisturbed / "gradebook.db", course)
    classes.command(course, "autograder", "grade", "heads")
    before = classes.gradebook(course)
    with sqlite3.connect(course / "gradebook.db") as database:  # an older copy was put back
        database.execute(
            "UPDATE grade SET auto_score = 0.125 WHERE rowid = (SELECT min(rowid) FROM grade)"
        )
    (course / "autograded/learner-030/heads/heads.ipynb").unlink()
    path = course / "submitted/learner-040/heads/heads.answers.jsonl"
    state = path.stat()
    text = path.read_text()
    path.write_text(text)  # the same size and, by force, the same date
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    done = classes.command(course, "autograder", "grade", "heads")
    assert "3 graded, 57 unchanged, 0 failed" in done.stdout
    assert classes.gradebook(course) == before


@pytest.mark.parametrize("seed", [1, 2])
def test_a_grader_killed_at_random_moments_ends_with_the_same_gradebook(
    seed: int, undisturbed: Path, fresh: Fresh
) -> None:
    course = fresh("killed")
    draw = random.Random(seed)
    command = [sys.executable, "-m", "autograder", "grade", "heads", "--workers", "2"]
    for options in ([], [], ["--force"]):
        before = _last_graded(course)
        grader = subprocess.Popen(
            [*command, *options], cwd=course, start_new_session=True, stdout=subprocess.DEVNULL
        )
        while grader.poll() is None and _last_graded(course) == before:
            time.sleep(0.01)
        time.sleep(draw.uniform(0, 0.25))
        grader.kill()
        grader.wait()
        assert _ends(grader.pid), "workers live on after the grader was killed"
    classes.command(course, "autograder", "grade", "heads")
    assert classes.gradebook(course) == classes.gradebook(undisturbed)
    notebooks = classes.graded_notebooks(course, "heads")
    assert notebooks == classes.graded_notebooks(undisturbed, "heads")


def _ends(group: int) -> bool:
    """Whether the processes of a group end within ten seconds."""
    for _ in range(200):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def _last_graded(course: Path) -> int:
    """When a graded notebook was written last; 0 where none was."""
    notebooks = (course / "autograded").glob("*/heads/heads.ipynb")
    return max((path.stat().st_mtime_ns for path in notebooks), default=0)


DIES = """
import os
from autograder.bulk import gradebook
from autograder.cli import main
gradebook.ClassGradebook.save_penalties = lambda *rest: os._exit(9)
main()
"""


def test_a_grader_killed_between_scores_and_penalties_costs_no_penalty(
    undisturbed: Path, tmp_path: Path
) -> None:
    course = Path(shutil.copytree(undisturbed, tmp_path / "course"))
    classes.command(course, "autograder", "grade", "heads")
    before = classes.gradebook(course)
    assert [row for row in before[2] if row[2]]
    command = [sys.executable, "-c", DIES, "grade", "heads", "--force"]
    assert subprocess.run(command, cwd=course).returncode == 9
    done = classes.command(course, "autograder", "grade", "heads")
    assert "60 unchanged" in done.stdout
    assert classes.gradebook(course) == before


def test_regrading_keeps_what_a_person_entered_and_says_what_changed(fresh: Fresh) -> None:
    course = fresh("regraded")
    classes.command(course, "autograder", "grade", "heads")
    before = _scores(course)
    with sqlite3.connect(course / "gradebook.db") as database:
        database.execute(
            "UPDATE grade SET manual_score = 3.5, needs_manual_grade = 0 "
            "WHERE needs_manual_grade = 1"
        )
        database.execute("UPDATE comment SET manual_comment = 'Well argued.'")
    by_hand = [row for row in classes.rows(course, classes.GRADES) if row[3] is not None]
    assert by_hand
    path = course / "source/heads/quiz.yaml"
    text = path.read_text()
    old = "    text: Swap the masked-word head for a new layer that turns h_cls into one number"
    assert text.count("    correct: true\n") > 1 and old in text
    first, rest = text.split("    correct: true\n", 1)
    start = rest.index(old)
    end = rest.index("\n", start) + 1
    path.write_text(first + rest[:end] + "    correct: true\n" + rest[end:])

    done = classes.command(course, "autograder", "grade", "heads")
    now = _scores(course)
    changed = {key for key in now if now[key] != before[key]}
    assert changed and {item for _, item in changed} == {"triage-head"}
    with (course / "regrade-heads.csv").open() as lines:
        listed = list(csv.DictReader(lines))
    assert {(row["learner"], row["item"]) for row in listed} == changed
    assert {row["why"] for row in listed} == {"the item changed"}
    assert f"{len(changed)} scores changed" in done.stdout
    assert [r for r in classes.rows(course, classes.GRADES) if r[3] is not None] == by_hand
    assert {row[3] for row in classes.rows(course, classes.COMMENTS)} == {"Well argued."}


def _scores(course: Path) -> dict[tuple[str, str], Any]:
    return {(row[0], row[1]): row[2] for row in classes.rows(course, classes.GRADES)}


def test_an_answer_handed_in_again_after_a_person_graded_it_is_flagged(fresh: Fresh) -> None:
    course = fresh("again")
    classes.command(course, "autograder", "grade", "heads")
    learner, item = next(r[:2] for r in classes.rows(course, classes.GRADES) if r[4])
    with sqlite3.connect(course / "gradebook.db") as database:
        database.execute(
            "UPDATE grade SET manual_score = 3, needs_manual_grade = 0 WHERE needs_manual_grade = 1"
        )
    record = {"item": item, "response": {"text": "Another answer."}, "revision": 500}
    journal = course / "submitted" / learner / "heads" / "heads.answers.jsonl"
    with journal.open("a") as file:
        file.write(json.dumps({**record, "time": classes.TIME}) + "\n")
    classes.command(course, "autograder", "grade", "heads")
    flagged = [row[:2] for row in classes.rows(course, classes.GRADES) if row[4]]
    assert flagged == [(learner, item)]


def test_one_submission_that_fails_stops_no_other(undisturbed: Path, fresh: Fresh) -> None:
    course = fresh("failing")
    (course / "autograded").mkdir()
    (course / "autograded" / "learner-007").write_text("a file where a folder has to be")
    done = classes.command(course, "autograder", "grade", "heads", check=False)
    assert done.returncode == 1
    assert "59 graded, 0 unchanged, 1 failed" in done.stdout
    assert "learner-007: NOT GRADED" in done.stdout
    kept = [row for row in classes.gradebook(undisturbed)[0] if row[0] != "learner-007"]
    assert classes.gradebook(course)[0] == kept


def test_a_quiz_changed_after_its_release_is_refused_with_the_remedy(fresh: Fresh) -> None:
    course = fresh("changed")
    path = course / "source/heads/quiz.yaml"
    path.write_text(path.read_text().replace("points: 2", "points: 3", 1))
    done = classes.command(course, "autograder", "grade", "heads", check=False)
    assert done.returncode == 1
    assert "nbgrader generate_assignment heads --force" in done.stderr
    assert not (course / "autograded").exists()


def test_a_dask_cluster_that_loses_a_worker_loses_no_submission(
    undisturbed: Path, fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import LocalCluster

    from autograder.bulk import grade_class, pools

    course = fresh("dask")
    monkeypatch.chdir(course)
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as (cluster):
        victims = [worker.pid for worker in cluster.workers.values()]

        def dask_with_a_kill(job: Any, chunks: Any) -> Any:
            for number, results in enumerate(pools.dask(job, chunks, cluster.scheduler_address)):
                if number == 0:
                    os.kill(victims[0], signal.SIGKILL)
                yield results

        monkeypatch.setattr("autograder.bulk.run._CHUNK", 5)
        report = grade_class("heads", pool=dask_with_a_kill)
    assert (report.counts["graded"], report.failed) == (60, {})
    assert classes.gradebook(course) == classes.gradebook(undisturbed)


def test_a_scheduler_that_does_not_answer_is_named(fresh: Fresh) -> None:
    course = fresh("nobody")
    scheduler = ["--scheduler", "tcp://127.0.0.1:9"]
    done = classes.command(course, "autograder", "grade", "heads", *scheduler, check=False)
    assert done.returncode == 1
    assert "tcp://127.0.0.1:9" in done.stderr
