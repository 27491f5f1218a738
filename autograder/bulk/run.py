"""Grade all submissions of a quiz: find them, have them graded, save, report."""

from __future__ import annotations

import datetime
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

from nbgrader.api import Gradebook
from nbgrader.apps import NbGrader
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy.exc import DBAPIError

from autograder.bulk.gradebook import ClassGradebook, Stored, StoredGrade
from autograder.bulk.ledger import Entry, append_ledger, read_ledger, why_changed
from autograder.bulk.pools import Pool, processes
from autograder.bulk.worker import Job, Result, Task, key_digest, key_digests, know_quiz
from autograder.course_folder import handed_in
from autograder.errors import AutograderError
from autograder.graded_notebook import base_notebook
from autograder.quiz import QUIZ_FILE, load_quiz
from autograder.sandbox import Isolation

_CHUNK = 25
#: The gradebook is synced to the disk after so many submissions, or so many seconds.
_BATCH = 200
_BATCH_SECONDS = 1.0


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
    excluded = coursedir.student_id_exclude.split(",")
    everyone = handed_in(folder(coursedir.submitted_directory, "*"))
    learners = [learner for learner in everyone if learner not in excluded]
    if not learners:
        place = coursedir.format_path(coursedir.submitted_directory, "<learner>", quiz_id)
        raise AutograderError(f"there is no submission: nothing stands at {place}")
    report = Report()
    with _open_gradebook(coursedir) as gradebook:
        book = ClassGradebook(gradebook, quiz)
        base = json.dumps(base_notebook(quiz, app, coursedir.db_url))
        job = Job(path.resolve(), key_digest(quiz), base, isolation)
        know_quiz(job.quiz, job.key, quiz)
        graded_before = set(_graded(book, learners, entries))

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

        for results in _batches(pool(job, _chunks(tasks(), _CHUNK))):
            new = [one for one in results if not one.error and not one.unchanged]
            stored = book.stored([one.learner for one in new])
            _note_changes(report, new, stored, entries, keys)
            book.save(new, stored, _needs_person(entries))
            _assign_late_penalties(app, book, new, stored)
            book.commit()  # scores never last without their penalties
            append_ledger(ledger_path, (_entry(one, keys) for one in new))
            _note(report, results)
            progress(sum(report.counts.values()), len(learners))
    return report


@contextmanager
def _open_gradebook(coursedir: CourseDirectory) -> Iterator[Gradebook]:
    """The course's gradebook; a failure of the database becomes an error that says what to do."""
    try:
        with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
            yield gradebook
    except DBAPIError as error:
        raise AutograderError(
            f"the gradebook {coursedir.db_url} cannot be used ({error.orig}). Nothing is lost: end "
            "what else writes to it and grade again, which goes on where this run stopped"
        ) from error


def _entry(result: Result, keys: dict[str, str]) -> Entry:
    return Entry(
        learner=result.learner,
        digest=result.digest,
        keys=keys,
        answers=dict(result.answers),
        scores=dict(result.points),
    )


def _chunks(tasks: Iterator[Task], size: int) -> Iterator[list[Task]]:
    while chunk := list(islice(tasks, size)):
        yield chunk


def _batches(graded: Iterator[list[Result]]) -> Iterator[list[Result]]:
    """Results as they come, but many at a time where they come fast: each sync costs as much."""
    batch: list[Result] = []
    last = time.monotonic()
    for results in graded:
        batch += results
        if len(batch) >= _BATCH or time.monotonic() - last >= _BATCH_SECONDS:
            yield batch
            batch, last = [], time.monotonic()
    if batch:
        yield batch


def _graded(
    book: ClassGradebook, learners: Sequence[str], entries: dict[str, Entry]
) -> Iterator[str]:
    """The learners whom the gradebook holds with the scores that the ledger says."""
    known = (learner for learner in learners if learner in entries)
    while some := list(islice(known, 500)):
        for learner, held in book.stored(some).items():
            scores = {item: grade.auto_score for item, grade in held.grades.items()}
            if book.is_complete(held) and scores == entries[learner].scores:
                yield learner


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
) -> None:
    """Take off for late submissions what the course's rule says, through nbgrader's own plugin."""
    late: dict[str, float] = {}
    for result in results:
        held = stored.get(result.learner, Stored())
        handed_in = result.timestamp or held.timestamp
        if book.due and handed_in:
            due = book.due + (held.extension or datetime.timedelta())
            late[result.learner] = (handed_in - due).total_seconds()
    late = {learner: seconds for learner, seconds in late.items() if seconds > 0}
    if not late:
        return
    rule = AssignLatePenalties(parent=app)
    rule.init_plugin()
    penalties = {}
    for learner, score in book.scores(list(late)).items():
        penalty = rule.plugin_inst.late_submission_penalty(learner, score, late[learner])
        if penalty is not None:
            penalties[learner] = rule._check_late_penalty(SimpleNamespace(score=score), penalty)
    book.save_penalties(penalties)


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
