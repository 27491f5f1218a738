"""Folders and workers out of the ordinary: nobody is forgotten and nobody stops the others."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import classes
import pytest

from autograder.bulk import grade_class, pools, worker
from autograder.errors import AutograderError
from autograder.quiz import load_quiz

RIGHT = {"item": "triage-head", "response": {"choice": "pooled-scores"}, "revision": 1}


@pytest.fixture
def small(handed_in: Path, tmp_path: Path) -> Path:
    """The course with six of its submissions."""
    kept = [f"learner-{number:03}" for number in range(6)]

    def others(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if folder.endswith("submitted") and name not in kept}

    return Path(shutil.copytree(handed_in, tmp_path / "course", ignore=others))


def _hand_in_journal(folder: Path) -> None:
    folder.mkdir(parents=True)
    line = json.dumps({**RIGHT, "time": classes.TIME})
    (folder / "heads.answers.jsonl").write_text(line + "\n")


def test_odd_folders(small: Path) -> None:
    submitted = small / "submitted"
    _hand_in_journal(submitted / "journal-only" / "heads")
    (submitted / "nothing" / "heads").mkdir(parents=True)
    _hand_in_journal(submitted / ".hidden" / "heads")
    _hand_in_journal(submitted / "excluded" / "heads")
    _hand_in_journal(submitted / "two\nlines" / "heads")
    _hand_in_journal(Path(os.fsdecode(os.fsencode(submitted) + b"/no-\xff-name/heads")))
    with (small / "nbgrader_config.py").open("a") as file:
        file.write("\nc.CourseDirectory.student_id_exclude = 'somebody,excluded'\n")
    done = classes.command(small, "autograder", "grade", "heads", check=False)
    assert done.returncode == 1, done.stderr
    assert "8 graded, 0 unchanged, 2 failed" in done.stdout
    assert "NOT GRADED" in done.stdout and "rename the folder" in done.stdout
    totals = {
        learner: sum(r[2] or 0 for r in classes.rows(small, classes.GRADES) if r[0] == learner)
        for learner, *_ in classes.rows(small, classes.SUBMISSIONS)
    }
    assert len(totals) == 8
    assert (totals["journal-only"], totals["nothing"]) == (2, 0)
    assert "nothing: heads.ipynb was not handed in" in done.stdout


def _grade_or_die(job: worker.Job, tasks: Sequence[worker.Task]) -> list[worker.Result]:
    if any(task.learner == "learner-003" for task in tasks):
        os._exit(1)
    return worker.grade_tasks(job, tasks)


def test_a_submission_that_kills_its_worker_is_named(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(small)
    monkeypatch.setattr(pools, "grade_tasks", _grade_or_die)
    report = grade_class("heads", pool=partial(pools.processes, workers=2))
    assert report.failed == {"learner-003": "the process that graded it died twice"}
    assert report.counts["graded"] == 5
    assert len(classes.rows(small, classes.SUBMISSIONS)) == 5


def test_a_submission_that_kills_dask_workers_is_named(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cloudpickle
    import dask
    from distributed import LocalCluster

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    monkeypatch.chdir(small)
    monkeypatch.setattr(pools, "grade_tasks", _grade_or_die)
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
    ):
        report = grade_class("heads", pool=partial(pools.dask, scheduler=cluster.scheduler_address))
    assert report.failed == {"learner-003": "the process that graded it died again and again"}
    assert report.counts["graded"] == 5


def test_a_worker_that_lives_on_never_uses_an_older_key(small: Path) -> None:
    path = small / "source/heads/quiz.yaml"
    first = worker.key_digest(load_quiz(path))
    worker._quiz(path, first)
    path.write_text(path.read_text().replace("points: 2", "points: 3", 1))
    second = worker.key_digest(load_quiz(path))
    assert first != second
    assert worker.key_digest(worker._quiz(path, second)) == second
    with pytest.raises(AutograderError, match="changed while it was used"):
        worker._quiz(path, "a third")
