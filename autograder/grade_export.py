"""Grades out of nbgrader's gradebook, as Canvas and Moodle import them.

Canvas (``lib/gradebook_importer.rb``): the first row names *Student*, *ID*, *SIS User ID*, *SIS
Login ID* and *Section*, then an assignment in each column; a row *Points Possible* follows. Rows
are matched by *ID*, else by the SIS columns; columns by ``title (number)``, else by title. An
unknown title makes a new assignment, and the row of points changes those of the assignment.

Moodle (``grade/import/csv/classes/load_data.php``; docs.moodle.org, "Grade import"): any columns,
of which the teacher maps one to the learner (e-mail address, ID number or user name), and each
other one to a grade or a feedback. A grade and its feedback have to be imported together; a learner
who is not found ends the whole import. In both systems an empty cell takes a grade away.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from nbgrader.api import (
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.apps import NbGrader
from sqlalchemy import select

from autograder.course_folder import CourseFolder
from autograder.csv_files import harmless, is_formula, write_table
from autograder.errors import AutograderError
from autograder.quiz import Quiz
from autograder.released import require_released
from autograder.responses import journal_path
from autograder.roster import Learner, Roster, load_roster
from autograder.submissions import TIMESTAMP_FILE

_MOST_LISTED = 50
_Choice = TypeVar("_Choice", bound=StrEnum)


class System(StrEnum):
    """Where the grades go."""

    CANVAS = "canvas"
    MOODLE = "moodle"
    PLAIN = "plain"


class Missing(StrEnum):
    """What learners get who handed nothing in."""

    BLANK = "blank"
    ZERO = "zero"


@dataclass(frozen=True)
class Result:
    """What the gradebook holds of one learner and quiz.

    ``score`` is in points, without the ``penalty`` for handing in late; ``open`` says why it is not
    final, and is empty where it is.
    """

    score: float
    penalty: float = 0.0
    open: str = ""
    comments: tuple[str, ...] = ()

    @property
    def final(self) -> float:
        """The points that count, as ``nbgrader export`` works them out."""
        return max(0.0, self.score - self.penalty)


@dataclass(frozen=True)
class Grades:
    """A quiz with the results of everybody who handed it in, by nbgrader's ids."""

    quiz: Quiz
    points: float
    results: Mapping[str, Result] = field(default_factory=dict)


def export_grades(
    quizzes: Sequence[str],
    system: str,
    roster: Path | None,
    output: Path,
    *,
    id_column: str | None = None,
    missing: str = Missing.BLANK,
    incomplete: bool = False,
    columns: Sequence[str] = (),
    say: Callable[[str], None] = print,
) -> None:
    """Write the grades of some quizzes.

    Parameters
    ----------
    missing
        What stands where a learner handed nothing in.
    incomplete
        Leave blank what is not graded to the end, instead of refusing.
    columns
        ``quiz=heading`` each: what an LMS calls the column, where it is not the quiz's title.

    Raises
    ------
    AutograderError
        Where a grade is open, a learner cannot be named to the system, or a file cannot be used.
    """
    system, missing = _one_of(System, "--for", system), _one_of(Missing, "--missing", missing)
    listed = _class(roster, id_column, system)
    grades = list(_read(list(dict.fromkeys(quizzes))))
    titles = _titles([one.quiz for one in grades], columns, listed)
    if listed is None:
        listed = _students(grades)
    known = {one.id for one in listed.learners}
    if not incomplete:
        _refuse_open(grades, known)
    _refuse_unnamed(listed, system, roster)
    table = _TABLES[system](listed, grades, titles, missing)
    write_table(output, table)
    say(f"{output}: {len(known)} learners, {', '.join(titles.values())} ({system})")
    for one in grades:
        final = [result for name, result in one.results.items() if name in known]
        blank = sum(bool(result.open) for result in final)
        nothing = len(known) - len(final)
        say(
            f"{one.quiz.id}: {len(final) - blank} graded, {blank} open and left blank, "
            f"{nothing} not handed in ({missing})"
        )
        strangers = sorted(one.results.keys() - known)
        if strangers:
            say(
                f"{one.quiz.id}: NOT EXPORTED, as the class list lacks them: {', '.join(strangers)}"
            )


def _one_of(choices: type[_Choice], option: str, value: str) -> _Choice:
    try:
        return choices(value)
    except ValueError as error:
        raise AutograderError(f"{option} {value}: must be one of {', '.join(choices)}") from error


def _class(path: Path | None, id_column: str | None, system: System) -> Roster | None:
    if path is None and system is not System.PLAIN:
        raise AutograderError(
            f"{system} knows learners by names and numbers of its own: give the list that it "
            "exports (its gradebook as CSV) with --roster"
        )
    return load_roster(path, id_column) if path else None


def _students(grades: Sequence[Grades]) -> Roster:
    """Everybody who is in the gradebook, or handed something in."""
    app = NbGrader()
    app.initialize([])
    names = {name for one in grades for name in one.results}
    with Gradebook(app.coursedir.db_url, app.coursedir.course_id) as gradebook:
        known = {
            one.id: Learner(
                one.id, one.first_name or "", one.last_name or "", email=one.email or ""
            )
            for one in gradebook.db.scalars(select(Student))
        }
    return Roster(tuple(known.get(name, Learner(name)) for name in sorted(names | known.keys())))


def _read(quizzes: Sequence[str]) -> Iterator[Grades]:
    """What the gradebook of the course in this folder holds of some quizzes."""
    for quiz_id in quizzes:
        course = CourseFolder(quiz_id)
        quiz = course.quiz
        with course.gradebook() as gradebook:
            notebook = require_released(gradebook, quiz)
            points = sum(cell.max_score for cell in notebook.grade_cells)
            results = _results(gradebook, notebook, quiz)
        for learner in course.learners():
            if learner not in results:
                results[learner] = Result(0, open=f"not graded; run: autograder grade {quiz_id}")
            elif not results[learner].open and _is_newer(
                course.submitted(learner), course.graded(learner)
            ):
                why = f"changed since it was graded; run: autograder grade {quiz_id}"
                results[learner] = replace(results[learner], open=why)
        yield Grades(quiz, points, results)


def _results(gradebook: Gradebook, notebook: Notebook, quiz: Quiz) -> dict[str, Result]:
    """The result of each learner whose submission the gradebook holds."""
    titles = {item.id: item.title for item in quiz.items}
    notebooks: dict[str, tuple[str, float, float]] = {}
    submissions = (
        select(
            SubmittedAssignment.student_id,
            SubmittedNotebook.id,
            SubmittedNotebook.score,
            SubmittedNotebook.late_submission_penalty,
        )
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .where(SubmittedNotebook.notebook_id == notebook.id)
    )
    for learner, row, score, penalty in gradebook.db.execute(submissions):
        notebooks[row] = learner, score, penalty or 0.0
    graded: Counter[str] = Counter()
    waiting: Counter[str] = Counter()
    grades = select(
        Grade.notebook_id, Grade.auto_score, Grade.manual_score, Grade.needs_manual_grade
    ).join(BaseCell, BaseCell.id == Grade.cell_id)
    for row, auto, manual, waits in gradebook.db.execute(
        grades.where(BaseCell.notebook_id == notebook.id)
    ):
        graded[row] += 1
        waiting[row] += bool(waits) or (auto is None and manual is None)
    comments: dict[str, list[str]] = defaultdict(list)
    written = (
        select(Comment.notebook_id, BaseCell.name, Comment.manual_comment)
        .join(BaseCell, BaseCell.id == Comment.cell_id)
        .where(BaseCell.notebook_id == notebook.id, Comment.manual_comment.is_not(None))
        .order_by(BaseCell.name)
    )
    for row, name, comment in gradebook.db.execute(written):
        comments[row].append(f"{titles.get(name, name)}: {' '.join(comment.split())}")
    cells = len(notebook.grade_cells)
    results = {}
    for row, (learner, score, penalty) in notebooks.items():
        why = ""
        if graded[row] < cells:
            why = f"not graded to the end; run: autograder grade {quiz.id}"
        elif waiting[row]:
            why = f"{waiting[row]} of {cells} answers wait for a person (formgrader)"
        results[learner] = Result(score, penalty, why, tuple(comments[row]))
    return results


def _is_newer(handed_in: Path, graded: Path) -> bool:
    """Whether a submission changed after its graded notebook was written."""
    names = [f"{graded.stem}.ipynb", journal_path(handed_in, graded.stem).name, TIMESTAMP_FILE]
    try:
        then = graded.stat().st_mtime
    except OSError:
        return False
    changed = [path.lstat().st_ctime for name in names if (path := handed_in / name).exists()]
    return any(time > then for time in changed)


def _titles(
    quizzes: Sequence[Quiz], columns: Sequence[str], listed: Roster | None
) -> dict[str, str]:
    """What the column of each quiz is called: as said, as Canvas has it, or by its title."""
    said = {}
    for one in columns:
        name, equals, title = one.partition("=")
        if not equals or not title or name not in {quiz.id for quiz in quizzes}:
            raise AutograderError(
                f"--column {one}: write it as quiz=heading, with a quiz that is exported"
            )
        said[name] = title
    titles = {}
    for quiz in quizzes:
        known = [
            heading
            for heading in (listed.headers if listed else ())
            if re.sub(r" \(\d+\)$", "", heading).casefold() in (quiz.title.casefold(), quiz.id)
        ]
        titles[quiz.id] = said.get(quiz.id) or (known[0] if len(known) == 1 else quiz.title)
    if len(set(titles.values())) < len(titles):
        raise AutograderError(
            "two quizzes have one title; tell them apart by --column quiz=heading"
        )
    return titles


def _refuse_open(grades: Sequence[Grades], known: Set[str]) -> None:
    lines = [
        f"{learner}: {one.quiz.id}: {result.open}"
        for one in grades
        for learner, result in sorted(one.results.items())
        if result.open and learner in known
    ]
    if not lines:
        return
    count = len(lines)
    if count > _MOST_LISTED:
        lines[_MOST_LISTED:] = [f"... and {count - _MOST_LISTED} more"]
    raise AutograderError(
        "\n".join(lines)
        + f"\n{count} grades are open, and nothing was written. Grade these, or leave them blank "
        "with --incomplete"
    )


def _refuse_unnamed(listed: Roster, system: System, path: Path | None) -> None:
    """Refuse where the system could not tell whose a grade is, or a spreadsheet would run it."""
    if system is System.PLAIN:
        return
    identifiers = _MOODLE_KEYS if system is System.MOODLE else _CANVAS_KEYS
    for one in listed.learners:
        for name in identifiers:
            if is_formula(value := getattr(one, name)):
                raise AutograderError(
                    f"{path}: {one.id}: {value!r} begins as a formula does, and {system} needs it "
                    "unchanged: mend it, or remove that column"
                )
    if system is System.CANVAS:
        if listed.lms == "moodle":
            raise AutograderError(
                f"{path}: is Moodle's list; give the gradebook that Canvas exports"
            )
        lacking = [one.id for one in listed.learners if not any(_keys(one, identifiers))]
        remedy = "give the gradebook that Canvas exports"
    else:
        missing = {
            name: [one.id for one in listed.learners if not getattr(one, name)]
            for name in identifiers
        }
        lacking = min(missing.values(), key=len)
        remedy = "fill one of the columns e-mail address, ID number and user name for everybody"
    if lacking:
        raise AutograderError(f"{path}: {system} could not know {', '.join(lacking)}; {remedy}")


_CANVAS_KEYS = ("lms_id", "number", "username")
_MOODLE_KEYS = ("number", "email", "username")
_MOODLE_HEADINGS = {
    "first_name": "First name",
    "last_name": "Last name",
    "number": "ID number",
    "email": "Email address",
    "username": "Username",
}


def _keys(learner: Learner, names: Sequence[str]) -> list[str]:
    return [getattr(learner, name) for name in names]


def _cell(one: Grades, learner: Learner, missing: Missing) -> str:
    """A learner's points as a cell."""
    result = one.results.get(learner.id)
    if result is None:
        return "0" if missing is Missing.ZERO else ""
    return "" if result.open else number(result.final)


def number(points: float) -> str:
    """Points to a thousandth, as the gradebook keeps them, without needless zeros."""
    return f"{points:.3f}".rstrip("0").rstrip(".")


def _canvas(
    listed: Roster, grades: Sequence[Grades], titles: Mapping[str, str], missing: Missing
) -> Iterator[list[str]]:
    headings = [harmless(titles[one.quiz.id]) for one in grades]
    yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *headings]
    yield ["    Points Possible", "", "", "", "", *(number(one.points) for one in grades)]
    for learner in listed.learners:
        yield [
            harmless(learner.sorted_name),
            *_keys(learner, _CANVAS_KEYS),
            harmless(learner.section),
            *(_cell(one, learner, missing) for one in grades),
        ]


def _moodle(
    listed: Roster, grades: Sequence[Grades], titles: Mapping[str, str], missing: Missing
) -> Iterator[list[str]]:
    used = {
        name: heading
        for name, heading in _MOODLE_HEADINGS.items()
        if any(getattr(one, name) for one in listed.learners)
    }
    headings = [
        harmless(f"{titles[one.quiz.id]}{ending}")
        for one in grades
        for ending in ("", " (Feedback)")
    ]
    yield [*used.values(), *headings]
    for learner in listed.learners:
        row = [
            value if name in _MOODLE_KEYS else harmless(value)
            for name, value in zip(used, _keys(learner, list(used)), strict=True)
        ]
        for one in grades:
            row += [_cell(one, learner, missing), harmless(_feedback(one, learner))]
        yield row


def _feedback(one: Grades, learner: Learner) -> str:
    """What a learner reads beside the grade: the sum, what was taken off, and persons' comments."""
    result = one.results.get(learner.id)
    if result is None or result.open:
        return ""
    parts = [f"{number(result.final)} of {number(one.points)} points"]
    if result.penalty:
        parts.append(f"{number(result.penalty)} points taken off for handing in late")
    return "; ".join([*parts, *result.comments])


def _plain(
    listed: Roster, grades: Sequence[Grades], titles: Mapping[str, str], missing: Missing
) -> Iterator[list[str]]:
    headings = []
    for one in grades:
        title = titles[one.quiz.id]
        headings += [title, f"{title}, of", f"{title}, taken off for late", f"{title}, state"]
    yield ["learner", "last name", "first name", "email", *map(harmless, headings)]
    for learner in listed.learners:
        first, last = learner.first_name, learner.last_name or learner.name
        row = [*map(harmless, (learner.id, last, first, learner.email))]
        for one in grades:
            result = one.results.get(learner.id)
            state = "not handed in" if result is None else result.open or "graded"
            penalty = number(result.penalty) if result and not result.open else ""
            row += [_cell(one, learner, missing), number(one.points), penalty, state]
        yield row


_TABLES = {System.CANVAS: _canvas, System.MOODLE: _moodle, System.PLAIN: _plain}
