"""What ``autograder mark`` and ``autograder agreement`` do, apart from reading their options."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.course_folder import CourseFolder
from autograder.errors import AutograderError
from autograder.items import CaseStudy
from autograder.markdown import shown
from autograder.marking.agreement import (
    Agreement,
    Difference,
    Kappa,
    Pair,
    agreements,
    differences,
)
from autograder.marking.marks import Mark, marks_path, read_marks, rubric_digest

_MOST_SHOWN = 10
#: Below so many answers an interval of kappa is a rough guess.
_FEW = 30


def agreement(quiz_id: str, item_id: str | None) -> None:
    """Print how far two graders agree on the case studies of a quiz.

    Raises
    ------
    AutograderError
        Where no answer has the marks of two graders.
    """
    folder = CourseFolder(quiz_id)
    items = [item for item in folder.quiz.items if isinstance(item, CaseStudy)]
    if item_id is not None:
        from autograder.marking.desk import choose_case_study

        items = [choose_case_study(folder, item_id)]
    path = marks_path(folder.root, quiz_id)
    marks = read_marks(path)
    console = Console(highlight=False)
    compared = [(item, *one) for item in items for one in _pairs(item, marks)]
    for item, second, pairs in compared:
        _print(console, item, second, pairs)
    if not compared:
        raise AutograderError(
            f"{path}: no answer has the marks of two graders. The first grader marks with "
            f"`autograder mark {quiz_id} QUESTION`, another one then with --second NAME"
        )


def _pairs(item: CaseStudy, marks: list[Mark]) -> Iterator[tuple[str, list[Pair]]]:
    """For each second grader, the answers that a first one marked too: same text, same rubric."""
    rubric = rubric_digest(item)
    first: dict[tuple[str, str], Mark] = {}
    second: dict[str, dict[tuple[str, str], Mark]] = defaultdict(dict)
    for mark in marks:
        if (mark.item, mark.rubric) == (item.id, rubric):
            if mark.role == "first":
                first[mark.answer, mark.text] = mark
            elif mark.role == "second":
                second[mark.grader][mark.answer, mark.text] = mark
    for grader, theirs in sorted(second.items()):
        pairs = [(first[one], mark) for one, mark in theirs.items() if one in first]
        if pairs:
            yield grader, pairs


def _print(console: Console, item: CaseStudy, second: str, pairs: list[Pair]) -> None:
    names = sorted({first.grader for first, _ in pairs})
    console.print(f"{shown(item.title)}: {' and '.join(names)}, and second {second}", markup=False)
    table = Table(
        "criterion",
        "answers",
        "same level",
        "kappa",
        "kappa, quadratic weights",
        f"{second} − first",
    )
    for row in agreements(item, pairs):
        table.add_row(*map(Text, _row(row)))
    console.print(table)
    console.print("Brackets: 95 % intervals.")
    if len(pairs) < _FEW:
        console.print(
            f"{len(pairs)} answers are few: read the intervals, not the numbers before them."
        )
    found = differences(item, pairs)
    if not found:
        console.print("They chose the same level everywhere.\n")
        return
    console.print(f"They differ on {len(found)} of {len(pairs)} answers; the furthest apart:")
    for one in found[:_MOST_SHOWN]:
        console.print(f"  {_difference(one)}", markup=False)
    command = f"autograder mark {one.first.quiz} {item.id} --settle"
    console.print(f"To talk them over with both marks in sight: {command}\n", markup=False)


def _row(row: Agreement) -> list[str]:
    low, high = row.same_interval
    return [
        shown(row.name),
        str(row.answers),
        f"{row.same:.0%} [{low:.0%}, {high:.0%}]",
        _kappa(row.kappa),
        _kappa(row.weighted),
        f"{row.shift:+.2f}",
    ]


def _kappa(kappa: Kappa) -> str:
    if kappa.value is None:
        return "none: both gave one level"
    if kappa.interval is None:
        return f"{kappa.value:.2f} [no interval]"
    return f"{kappa.value:.2f} [{kappa.interval[0]:.2f}, {kappa.interval[1]:.2f}]"


def _difference(one: Difference) -> str:
    criteria = "; ".join(
        f"{shown(name)} {first:g} or {second:g}" for name, (first, second) in one.criteria.items()
    )
    return f"{one.answer[:6]}: {one.first.points:g} or {one.second.points:g} points ({criteria})"
