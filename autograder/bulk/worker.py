"""What a worker does with a submission: read it, grade it, write its graded notebook."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4.rwbase import split_lines
from nbgrader.utils import compute_checksum, is_solution, parse_utc

from autograder.errors import AutograderError
from autograder.graded_notebook import write_results
from autograder.grading import Graded, grade
from autograder.quiz import Quiz, load_quiz
from autograder.responses import METADATA_KEY, journal_path, to_metadata
from autograder.sandbox import Isolation, judge_or_wait
from autograder.submissions import read_submission

#: Part of every digest: raise it when the same submission may be graded otherwise than before.
_GRADER = "1"


@dataclass(frozen=True)
class Job:
    """What is the same for all submissions of a quiz.

    ``base`` is the notebook, as JSON, that graded submissions start from: the instructor's cells as
    nbgrader knows them.
    """

    quiz: Path
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


def _grade_safely(job: Job, task: Task) -> Result:
    try:
        return _grade(job, task)
    except AutograderError as error:
        return Result(task.learner, error=str(error))
    except Exception as error:  # one submission never stops the others
        return Result(task.learner, error=f"{type(error).__name__}: {error}")


def _grade(job: Job, task: Task) -> Result:
    whole, key = _quiz(job.quiz)
    quiz = whole.for_learner(task.learner)
    digest = _digest(_GRADER, key, task.learner, *_state(task.submitted, quiz.id))
    if digest == task.known and task.autograded.exists():
        return Result(task.learner, digest, unchanged=True)
    recorded = read_submission(task.submitted, quiz)
    timestamp, complaint = _timestamp(task.submitted)
    problems = (*recorded.problems, *complaint)

    judge_code = partial(judge_or_wait, isolation=job.isolation)
    graded = grade(recorded, quiz, judge_code)
    notebook = nbformat.from_dict(json.loads(job.base))
    held = to_metadata(recorded, quiz.id) | {"problems": list(recorded.problems)}
    notebook.metadata[METADATA_KEY] = nbformat.from_dict(held)
    write_results(notebook, graded, recorded.problems)
    comments = _comments(notebook)
    split_lines(
        notebook
    )  # as nbformat writes it, but for indentation, which costs more than grading
    text = json.dumps(notebook, ensure_ascii=False, sort_keys=True)
    _write(task.autograded, text)
    _write_timestamp(task)
    return Result(
        task.learner,
        digest,
        points={name: one.points for name, one in graded.items()},
        states={name: one.score.state for name, one in graded.items()},
        answers={name: _answer(one) for name, one in graded.items()},
        comments=comments,
        timestamp=timestamp,
        problems=problems,
    )


def _comments(notebook: NotebookNode) -> dict[str, str | None]:
    """What ``SaveAutoGrades`` of nbgrader comments on each cell that a learner could change."""
    comments: dict[str, str | None] = {}
    for cell in filter(is_solution, notebook.cells):
        held = cell.metadata.nbgrader
        untouched = held.get("checksum") == compute_checksum(cell)
        comments[held.grade_id] = "No response." if untouched else None
    return comments


def _answer(graded: Graded) -> str:
    return _digest(json.dumps(graded.response, sort_keys=True), graded.item.variant)


@lru_cache(maxsize=2)
def _quiz(path: Path) -> tuple[Quiz, str]:
    quiz = load_quiz(path)
    return quiz, _digest(*key_digests(quiz).values())


def _state(folder: Path, quiz_id: str) -> list[str]:
    """What tells whether a submission is the one that was graded before."""
    names = [f"{quiz_id}.ipynb", journal_path(folder, quiz_id).name, "timestamp.txt"]
    state = []
    for name in names:
        try:
            found = os.lstat(folder / name)
        except OSError:
            state.append("absent")
        else:
            state.append(f"{found.st_mode}/{found.st_size}/{found.st_mtime_ns}")
    return state


def _timestamp(folder: Path) -> tuple[datetime.datetime | None, tuple[str, ...]]:
    """When the submission was handed in (UTC), from the exchange's ``timestamp.txt``."""
    path = folder / "timestamp.txt"
    if path.is_symlink() or not path.is_file():
        return None, ()
    try:
        return parse_utc(path.read_text(encoding="utf-8")[:100].strip()), ()
    except (OSError, ValueError, OverflowError):
        return None, ("timestamp.txt cannot be read: taken as handed in on time",)


def _write_timestamp(task: Task) -> None:
    """Keep ``timestamp.txt`` beside the graded notebook, as nbgrader does: it compares the two."""
    source = task.submitted / "timestamp.txt"
    if source.is_file() and not source.is_symlink():
        _write(task.autograded.parent / source.name, source.read_text(errors="replace")[:100])


def _write(path: Path, text: str) -> None:
    """Write a file at once or not at all, read-only as nbgrader leaves it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + ("" if text.endswith("\n") else "\n"))
        os.fchmod(file.fileno(), 0o444)
    Path(name).replace(path)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:24]
