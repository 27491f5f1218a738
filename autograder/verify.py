"""Comparing a learner's receipt with what arrived: ``autograder verify``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nbgrader.apps import NbGrader

from autograder.errors import AutograderError
from autograder.quiz import QUIZ_FILE, load_quiz
from autograder.receipts import Receipt, differences, read_receipt
from autograder.submissions import read_submission


def verify(paths: Iterable[Path], learner: str | None) -> tuple[list[str], bool]:
    """Compare receipts with the submissions in the course of this folder.

    Parameters
    ----------
    learner
        Whose receipts these are, where they do not say it themselves.

    Returns
    -------
    tuple
        What to tell, line by line, and whether everything agreed.
    """
    app = NbGrader()
    app.initialize([])
    lines: list[str] = []
    agreed = True
    for path in paths:
        try:
            found = [f"{path}: {line}" for line in _compare(app, read_receipt(path), path, learner)]
        except AutograderError as error:
            found = [str(error)]
        lines += found or [f"{path}: agrees with what arrived"]
        agreed = agreed and not found
    return lines, agreed


def _compare(app: NbGrader, receipt: Receipt, path: Path, learner: str | None) -> list[str]:
    whose = receipt.learner or learner
    if not whose:
        raise AutograderError(f"{path}: names no learner; say whose it is with --learner NAME")
    if learner and learner != whose:
        raise AutograderError(f"{path}: belongs to {receipt.learner!r}, not to {learner!r}")
    coursedir = app.coursedir
    root = Path(coursedir.root)
    source = root / coursedir.format_path(coursedir.source_directory, ".", receipt.quiz)
    quiz = load_quiz(source / QUIZ_FILE).for_learner(whose)
    folder = root / coursedir.format_path(coursedir.submitted_directory, whose, receipt.quiz)
    if not folder.is_dir():
        raise AutograderError(f"{path}: nothing of {whose!r} to compare it with at {folder}")
    return differences(receipt, read_submission(folder, quiz).records)
