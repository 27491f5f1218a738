"""What a worker does with a submission: read it, grade it, write its graded notebook."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4.rwbase import split_lines
from nbgrader.utils import compute_checksum, is_solution

from autograder.errors import AutograderError
from autograder.graded_notebook import read_base, write_results
from autograder.grading import Graded, grade
from autograder.quiz import Quiz, load_quiz
from autograder.responses import METADATA_KEY, journal_path, to_metadata
from autograder.sandbox import Isolation, judge_or_wait
from autograder.submissions import (
    SECRET_FILE,
    TIMESTAMP_FILE,
    read_secret,
    read_submission,
    read_timestamp,
)

#: Part of every digest: raise it when the same submission may be graded otherwise than before.
_GRADER = "3"
#: The quiz of this run, by its file and ``key_digest``.
_known: dict[tuple[Path, str], Quiz] = {}


@dataclass(frozen=True)
class Job:
    """What is the same for all submissions of a quiz.

    ``key`` is the ``key_digest`` of the quiz, so that a worker that lives on, or a file edited
    meanwhile, cannot bring another key in. ``base`` is the notebook, as JSON, that graded
    submissions start from: the instructor's cells as nbgrader knows them.
    """

    quiz: Path
    key: str
    base: str
    isolation: Isolation = Isolation.REQUIRED


@dataclass(frozen=True)
class Task:
    """One submission: where it stands, where its graded notebook goes, what was graded before."""

    learner: str
    submitted: Path
    autograded: Path
    known: str | None = None


@dataclass(frozen=True)
class Result:
    """What came of a submission.

    ``digest`` names the submission and the key that it was graded with; ``unchanged`` says that it
    is the one known before, so that nothing was graded. ``answers`` holds a digest of each
    answer. ``error`` says why nothing could be graded.
    """

    learner: str
    digest: str = ""
    unchanged: bool = False
    points: Mapping[str, float | None] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    comments: Mapping[str, str | None] = field(default_factory=dict)
    timestamp: datetime.datetime | None = None
    problems: tuple[str, ...] = ()
    error: str | None = None


def grade_tasks(job: Job, tasks: Sequence[Task]) -> list[Result]:
    """Grade some submissions; one that fails becomes a result with an ``error``."""
    return [_grade_safely(job, task) for task in tasks]


def key_digests(quiz: Quiz) -> dict[str, str]:
    """A digest of each item with its key and all its variants."""
    return {
        item.id: _digest(*(one.model_dump_json() for one in quiz.variants.get(item.id, [item])))
        for item in quiz.items
    }


def key_digest(quiz: Quiz) -> str:
    """A digest of all items with their keys."""
    return _digest(*key_digests(quiz).values())


def _grade_safely(job: Job, task: Task) -> Result:
    try:
        return _grade(job, task)
    except AutograderError as error:
        return Result(task.learner, error=str(error))
    except Exception as error:  # one submission never stops the others
        return Result(task.learner, error=f"{type(error).__name__}: {error}")


def _grade(job: Job, task: Task) -> Result:
    if not task.learner.isprintable():
        raise AutograderError("no gradebook can hold this name of a learner; rename the folder")
    quiz = _quiz(job.quiz, job.key).for_learner(task.learner)
    digest = _digest(_GRADER, job.key, task.learner, *_state(task.submitted, quiz.id))
    if digest == task.known and task.autograded.exists():
        return Result(task.learner, digest, unchanged=True)
    recorded = read_submission(task.submitted, quiz)
    timestamp, complaint = read_timestamp(task.submitted)
    secret, objection = read_secret(task.submitted)
    problems = (*recorded.problems, *filter(None, (complaint, objection)))

    judge_code = partial(judge_or_wait, isolation=job.isolation)
    graded = grade(recorded, quiz, judge_code)
    notebook = read_base(job.base)
    held = to_metadata(recorded, quiz.id) | {"problems": list(recorded.problems)}
    notebook.metadata[METADATA_KEY] = nbformat.from_dict(held)
    write_results(notebook, graded, recorded.problems)
    said = comments(notebook)
    split_lines(
        notebook
    )  # as nbformat writes it, but for indentation, which costs more than grading
    text = json.dumps(notebook, ensure_ascii=False, sort_keys=True)
    _write(task.autograded, text + "\n")
    if timestamp:  # kept beside it as nbgrader does, which compares the two
        time = f"{timestamp.isoformat(' ')} UTC\n"
        _write(task.autograded.parent / TIMESTAMP_FILE, time)
    if secret:
        _write(task.autograded.parent / SECRET_FILE, secret)
    return Result(
        task.learner,
        digest,
        points={name: one.points for name, one in graded.items()},
        states={name: one.score.state for name, one in graded.items()},
        answers={name: _answer(one) for name, one in graded.items()},
        comments=said,
        timestamp=timestamp,
        problems=problems,
    )


def comments(notebook: NotebookNode) -> dict[str, str | None]:
    """What ``SaveAutoGrades`` of nbgrader comments on each cell that a learner could change."""
    found: dict[str, str | None] = {}
    for cell in filter(is_solution, notebook.cells):
        held = cell.metadata.nbgrader
        untouched = held.get("checksum") == compute_checksum(cell)
        found[held.grade_id] = "No response." if untouched else None
    return found


def _answer(graded: Graded) -> str:
    return _digest(json.dumps(graded.response, sort_keys=True), graded.item.variant)


def know_quiz(path: Path, key: str, quiz: Quiz) -> None:
    """Keep a quiz for ``_quiz``: where workers are forked, they have it without reading it."""
    _known.clear()
    _known[path, key] = quiz


def _quiz(path: Path, key: str) -> Quiz:
    """The quiz in a file, which has to be the one that the run started with."""
    if (path, key) not in _known:
        quiz = load_quiz(path)
        if key_digest(quiz) != key:
            raise AutograderError(f"{path} changed while it was used for grading; grade again")
        know_quiz(path, key, quiz)
    return _known[path, key]


def _state(folder: Path, quiz_id: str) -> list[str]:
    """What tells whether a submission is the one that was graded before.

    The time of a file's last change of any kind cannot be set by hand, so that a file that is
    replaced by one of the same size and date is noticed.
    """
    names = {journal_path(folder, quiz_id).name, TIMESTAMP_FILE, SECRET_FILE}
    try:
        names.update(path.name for path in folder.iterdir() if path.suffix == ".ipynb")
    except OSError:
        return ["unreadable"]
    state = []
    for name in sorted(names):
        try:
            found = os.lstat(folder / name)
        except OSError:
            state.append(f"{name}: absent")
        else:
            times = f"{found.st_mtime_ns}/{found.st_ctime_ns}"
            state.append(f"{name}: {found.st_mode}/{found.st_size}/{times}")
    return state


def _write(path: Path, text: str) -> None:
    """Write a file at once or not at all, read-only as nbgrader leaves it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(file.fileno(), 0o444)
    Path(name).replace(path)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:24]
