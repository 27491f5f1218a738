"""Grade all submissions of a quiz: find them, have them graded, save, report."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.apps import NbGrader
from nbgrader.preprocessors import AssignLatePenalties

from autograder.bulk.gradebook import ClassGradebook, Stored, StoredGrade
from autograder.bulk.ledger import Entry, append_ledger, read_ledger, why_changed
from autograder.bulk.pools import Pool, processes
from autograder.bulk.worker import Job, Result, Task, key_digests
from autograder.errors import AutograderError
from autograder.notebooks import source_notebook
from autograder.quiz import QUIZ_FILE, Quiz, load_quiz
from autograder.sandbox import Isolation

_CHUNK = 25


@dataclass(frozen=True)
class Change:
    """A score that is another than before."""

    learner: str
    item: str
    before: float | None
    now: float | None
    why: str


@dataclass
class Report:
    """What a run did: submissions by outcome, problems by learner, scores that changed."""

    counts: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    problems: dict[str, tuple[str, ...]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)


def grade_class(
    quiz_id: str,
    *,
    force: bool = False,
    isolation: Isolation = Isolation.REQUIRED,
    pool: Pool = processes,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Grade every submission of a quiz into the gradebook of the course in this folder.

    A submission that is unchanged since it was graded with the same key is left alone. A run that
    was interrupted is continued by the next one. What a person graded stays.

    Parameters
    ----------
    force
        Grade unchanged submissions too.
    pool
        Where the workers are.
    progress
        Called with the number of submissions done and of all, after each batch.

    Raises
    ------
    AutograderError
        Where the quiz or the gradebook cannot be used.
    """
    app = NbGrader()
    app.initialize([])
    coursedir = app.coursedir
    root = Path(coursedir.root)

    def folder(directory: str, learner: str) -> Path:
        return root / coursedir.format_path(directory, learner, quiz_id)

    path = folder(coursedir.source_directory, ".") / QUIZ_FILE
    quiz = load_quiz(path)
    keys = key_digests(quiz)
    ledger_path = folder(coursedir.autograded_directory, ".").parents[0] / (
        f".{quiz_id}.grading.jsonl"
    )
    entries = read_ledger(ledger_path)
    learners = list(_learners(folder(coursedir.submitted_directory, "*")))
    if not learners:
        place = coursedir.format_path(coursedir.submitted_directory, "<learner>", quiz_id)
        raise AutograderError(f"there is no submission: nothing stands at {place}")
    report = Report()
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        book = ClassGradebook(gradebook, quiz)
        job = Job(path.resolve(), _base_notebook(app, quiz), isolation)
        graded_before = set(_in_chunks(iter(learners), 500, book))

        def tasks() -> Iterator[Task]:
            for learner in learners:
                entry = entries.get(learner)
                known = entry.digest if entry and learner in graded_before and not force else None
                yield Task(
                    learner,
                    folder(coursedir.submitted_directory, learner),
                    folder(coursedir.autograded_directory, learner) / f"{quiz_id}.ipynb",
                    known,
                )

        for results in pool(job, _chunks(tasks(), _CHUNK)):
            new = [one for one in results if not one.error and not one.unchanged]
            stored = book.stored([one.learner for one in new])
            _note_changes(report, new, stored, entries, keys)
            book.save(new, stored, _needs_person(entries))
            _assign_late_penalties(app, book, new, stored, quiz_id)
            append_ledger(
                ledger_path,
                [
                    Entry(learner=r.learner, digest=r.digest, keys=keys, answers=dict(r.answers))
                    for r in new
                ],
            )
            _note(report, results)
            progress(sum(report.counts.values()), len(learners))
    return report


def _learners(pattern: Path) -> Iterator[str]:
    """The learners who handed in a folder; where the pattern has ``*`` stands the name."""
    before, _, after = str(pattern).partition("*")
    for place in sorted(Path(before).glob("*")):
        if Path(f"{place}{after}").is_dir():
            yield place.name


def _chunks(tasks: Iterator[Task], size: int) -> Iterator[list[Task]]:
    while chunk := list(islice(tasks, size)):
        yield chunk


def _in_chunks(learners: Iterator[str], size: int, book: ClassGradebook) -> Iterator[str]:
    """The learners whom the gradebook holds with every grade of the quiz."""
    while some := list(islice(learners, size)):
        yield from (name for name, held in book.stored(some).items() if book.is_complete(held))


def _base_notebook(app: NbGrader, quiz: Quiz) -> str:
    """The instructor's notebook as nbgrader's own preprocessors leave it, before any answer."""
    notebook = source_notebook(quiz)
    resources = _resources(app, quiz.id, "")
    for preprocessor in app.config.Autograde.sanitize_preprocessors:
        if preprocessor.__name__ != "RestoreQuiz":
            notebook, resources = preprocessor(parent=app).preprocess(notebook, resources)
    return json.dumps(notebook)


def _resources(app: NbGrader, quiz_id: str, learner: str) -> dict[str, Any]:
    where = {"notebook": quiz_id, "assignment": quiz_id, "student": learner}
    return {"nbgrader": {**where, "db_url": app.coursedir.db_url}}


def _needs_person(
    entries: dict[str, Entry],
) -> Callable[[Result, str, StoredGrade | None], bool]:
    """As nbgrader decides it, but a person's verdict on an unchanged answer stands."""

    def decide(result: Result, item: str, before: StoredGrade | None) -> bool:
        if before is None or before.manual_score is None:
            return result.points[item] is None
        entry = entries.get(result.learner)
        same_answer = entry is not None and entry.answers.get(item) == result.answers[item]
        return before.needs_manual_grade if same_answer else True

    return decide


def _note_changes(
    report: Report,
    results: Sequence[Result],
    stored: dict[str, Stored],
    entries: dict[str, Entry],
    keys: dict[str, str],
) -> None:
    for result in results:
        held = stored.get(result.learner)
        entry = entries.get(result.learner)
        for item, before in held.grades.items() if held else ():
            now = result.points[item]
            if before.auto_score != now and not (entry is None and before.auto_score is None):
                why = why_changed(entry, keys, result.answers[item], item)
                report.changes.append(Change(result.learner, item, before.auto_score, now, why))


def _assign_late_penalties(
    app: NbGrader,
    book: ClassGradebook,
    results: Sequence[Result],
    stored: dict[str, Stored],
    quiz_id: str,
) -> None:
    """Leave late submissions to nbgrader's own preprocessor, which knows the course's rule."""
    for result in results:
        extension = stored[result.learner].extension if result.learner in stored else None
        due = book.due and (book.due + extension if extension else book.due)
        if due and result.timestamp and result.timestamp > due:
            resources = _resources(app, quiz_id, result.learner)
            AssignLatePenalties(parent=app).preprocess(NotebookNode(cells=[]), resources)


def _note(report: Report, results: Sequence[Result]) -> None:
    for result in results:
        if result.error:
            report.counts["failed"] += 1
            report.failed[result.learner] = result.error
            continue
        report.counts["unchanged" if result.unchanged else "graded"] += 1
        report.waiting += "waiting" in result.states.values()
        if result.problems:
            report.problems[result.learner] = result.problems
