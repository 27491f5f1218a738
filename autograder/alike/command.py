"""What ``autograder alike`` does: read a class, compare, say what is to be looked at."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.alike.answers import Class, Found, alike, judged
from autograder.alike.likeness import MIN_TOKENS, MIN_WORDS
from autograder.alike.wrong_answers import Agreement, agreements
from autograder.course_folder import CourseFolder
from autograder.errors import AutograderError
from autograder.grading import grade
from autograder.submissions import read_submission

_MOST_SHOWN = 20
_COLUMNS = ("what", "question", "learners", "share", "same", "expected", "chance")
REASONS = (
    "To look at, no verdict. Learners may have worked together where that is allowed, used the "
    "same notes or the same help, hold the same misconception, or be one person with two accounts. "
    "Who sat beside whom, and who wrote first, is not known here. Ask before you conclude anything."
)


@dataclass(frozen=True)
class Row:
    """One line of the list; what does not apply is empty."""

    what: str
    question: str
    learners: tuple[str, ...]
    share: float | None = None
    same: int | None = None
    expected: float | None = None
    chance: float | None = None

    def cells(self) -> list[str]:
        """The line as text, in the order of the file's columns."""
        numbers = (
            ("" if number is None else f"{number:.3g}")
            for number in (self.share, self.same, self.expected, self.chance)
        )
        return [self.what, self.question, "; ".join(self.learners), *numbers]


def run(quiz_id: str, report: Path | None, threshold: float, level: float) -> None:
    """Compare the answers of a class; print what is alike and write all of it as CSV.

    Raises
    ------
    AutograderError
        Where nobody, or one alone, handed in.
    """
    folder = CourseFolder(quiz_id)
    learners = folder.learners()
    if len(learners) < 2:
        raise AutograderError(
            f"{quiz_id}: {len(learners)} submissions; there is nothing to compare. They are looked "
            f"for at {folder.submitted('<learner>')}"
        )
    answers: Class = {
        learner: grade(read_submission(folder.submitted(learner), quiz), quiz)
        for learner in learners
        for quiz in [folder.quiz.for_learner(learner)]
    }
    given = judged(answers)
    rows = [
        *map(_pair_row, agreements({name: one for name, one in given.items() if one}, level)),
        *map(_text_row, alike(answers, threshold)),
    ]
    path = report or Path(f"alike-{quiz_id}.csv")
    _write(path, rows)
    _print(Console(highlight=False), quiz_id, len(learners), rows, path, threshold, level)


def _pair_row(one: Agreement) -> Row:
    questions = ", ".join(one.items)
    return Row(
        "identical wrong answers",
        questions,
        one.learners,
        same=len(one.items),
        expected=one.expected,
        chance=one.chance,
    )


def _text_row(found: Found) -> Row:
    one = found.likeness
    return Row(one.kind, found.item.id, one.learners, share=one.share)


def _write(path: Path, rows: Sequence[Row]) -> None:
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            writer.writerows(row.cells() for row in rows)
    except OSError as error:
        raise AutograderError(
            f"{path}: cannot be written ({error.strerror}); name another file with --report"
        ) from error


def _print(
    console: Console,
    quiz_id: str,
    learners: int,
    rows: Sequence[Row],
    path: Path,
    threshold: float,
    level: float,
) -> None:
    console.print(f"{quiz_id}: {learners} submissions compared; {len(rows)} things to look at")
    console.print(
        f"Free text of {MIN_WORDS} words and code of {MIN_TOKENS} tokens or more is listed where "
        f"{threshold:.0%} of it is in common, beyond what the question gives to all. Wrong answers "
        f"are listed where they agree so often that a class that works alone has such a pair with "
        f"a chance of at most {level:g}."
    )
    if not rows:
        console.print("That nothing is listed does not prove that nobody copied.")
        return
    table = Table(*_COLUMNS)
    for row in rows[:_MOST_SHOWN]:
        table.add_row(*map(Text, row.cells()))
    console.print(table)
    if len(rows) > _MOST_SHOWN:
        console.print(f"{len(rows) - _MOST_SHOWN} more are in the file.")
    console.print(f"All of it: {path}", markup=False)
    console.print(REASONS)
