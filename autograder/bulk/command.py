"""What ``autograder grade`` does around ``grade_class``: the progress bar and the report."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table

from autograder.bulk.pools import dask, processes
from autograder.bulk.run import Change, Report, grade_class
from autograder.responses import brief
from autograder.sandbox import Isolation

_MOST_SHOWN = 20


def run(
    quiz: str,
    force: bool,
    workers: int | None,
    scheduler: str | None,
    run_code_unprotected: bool,
    report_path: Path | None,
) -> None:
    """Grade a class and say what was done; exit code 1 where a submission could not be graded."""
    console = Console(highlight=False)
    pool = partial(dask, scheduler=scheduler) if scheduler else partial(processes, workers=workers)
    isolation = Isolation.ACCEPT_RISK if run_code_unprotected else Isolation.REQUIRED
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(quiz, total=None)
        report = grade_class(
            quiz,
            force=force,
            isolation=isolation,
            pool=pool,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    path = report_path or Path(f"regrade-{quiz}.csv")
    if report.changes:
        _write_changes(path, report.changes)
    _print(console, quiz, report, path)
    if report.failed:
        raise SystemExit(1)


def _print(console: Console, quiz: str, report: Report, path: Path) -> None:
    counts = report.counts
    console.print(
        f"{quiz}: {counts['graded']} graded, {counts['unchanged']} unchanged, "
        f"{counts['failed']} failed; {report.waiting} of the graded wait for a person"
    )
    for learner, problems in sorted(report.problems.items()):
        for problem in problems:
            console.print(f"{_shown(learner)}: {problem}", markup=False)
    for learner, error in sorted(report.failed.items()):
        console.print(f"{_shown(learner)}: NOT GRADED: {error}", markup=False)
    if not report.changes:
        return
    table = Table("learner", "question", "before", "now", "why")
    for change in report.changes[:_MOST_SHOWN]:
        table.add_row(*map(str, _row(change)))
    console.print(table)
    console.print(f"{len(report.changes)} scores changed; all of them are in {path}")


def _shown(learner: str) -> str:
    """The name of a learner's folder, which need not be printable."""
    return learner if learner.isprintable() else brief(learner)


def _write_changes(path: Path, changes: list[Change]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["learner", "item", "before", "now", "why"])
        writer.writerows(map(_row, changes))


def _row(change: Change) -> tuple[str, str, float | str, float | str, str]:
    before = "waiting" if change.before is None else change.before
    now = "waiting" if change.now is None else change.now
    return change.learner, change.item, before, now, change.why
