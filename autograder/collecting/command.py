"""What ``autograder collect`` does around it: the course, the lock, the table and the report."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil import tz
from filelock import FileLock, Timeout
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGrader
from nbgrader.exchange.abc import Exchange
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from autograder.collecting.gathering import Gathered, Given, HandIn, gather, read_time
from autograder.collecting.placing import (
    EARLIER,
    IDENTICAL,
    NOT_NEEDED,
    PLACED,
    UNPLACED,
    Outcome,
    Places,
    keep_unplaced,
    place,
)
from autograder.collecting.sources import Staging, find_files
from autograder.csv_files import harmless, write_table
from autograder.errors import AutograderError
from autograder.quiz import QUIZ_FILE, Quiz, load_quiz
from autograder.roster import fold, is_usable_id, load_roster

_WORKSHOP = ".collecting"
_MOST_SHOWN = 40
_ENDS = (PLACED, IDENTICAL, EARLIER, UNPLACED, NOT_NEEDED)


@dataclass(frozen=True)
class Due:
    """When a quiz was due (UTC), and the learners who have longer."""

    time: datetime | None = None
    extensions: dict[str, timedelta] | None = None

    def is_late(self, outcome: Outcome) -> bool:
        """Whether a file that counts came after the time."""
        if not self.time or not outcome.told_by or outcome.end not in (PLACED, IDENTICAL):
            return False
        longer = (self.extensions or {}).get(outcome.learner, timedelta())
        return outcome.time is not None and outcome.time > self.time + longer


def run(
    quiz_id: str,
    sources: Sequence[Path],
    *,
    roster: Path | None = None,
    id_column: str | None = None,
    learner: str | None = None,
    time: str | None = None,
    timezone: str | None = None,
    unplaced: Path = Path("unplaced"),
    report: Path | None = None,
    dry: bool = False,
) -> None:
    """Collect and say where every file ended; exit code 1 where one could not be placed."""
    outcomes, due = collect(
        quiz_id,
        sources,
        read_options(roster, id_column, learner, time, timezone),
        unplaced=unplaced,
        dry=dry,
    )
    console = Console(highlight=False)
    _print(console, quiz_id, outcomes, due)
    if dry:
        console.print("Nothing was written (--dry-run).")
    else:
        path = report or Path(f"collect-{quiz_id}.csv")
        write_table(path, _rows(outcomes, due))
        console.print(f"Every file and its place: {path}", markup=False)
    if any(one.end == UNPLACED for one in outcomes):
        raise SystemExit(1)


def collect(
    quiz_id: str, sources: Sequence[Path], given: Given, *, unplaced: Path, dry: bool = False
) -> tuple[list[Outcome], Due]:
    """Sort what came in into the course of this folder; where every file ended.

    Sources are never changed, and nothing that stands in the course is overwritten or deleted.

    Parameters
    ----------
    unplaced
        Where copies of what could not be placed go, in a folder for each quiz.
    dry
        Write nothing; only say what would be done.

    Raises
    ------
    AutograderError
        Where the quiz or a source is not there, or another run is collecting.
    """
    app = NbGrader()
    app.initialize([])
    coursedir = app.coursedir
    root = Path(coursedir.root)
    step = coursedir.submitted_directory

    def folder(directory: str, name: str) -> Path:
        return root / coursedir.format_path(directory, name, quiz_id)

    quiz = load_quiz(folder(coursedir.source_directory, ".") / QUIZ_FILE)
    for source in sources:
        if root.resolve().is_relative_to(source.resolve()):
            raise AutograderError(f"{source}: holds the course itself; name what came in, in it")
    due = _due(coursedir.db_url, coursedir.course_id, quiz)
    clock = Exchange(coursedir=coursedir, parent=app)
    zone = tz.gettz(clock.timezone)
    with _workshop(root, dry) as scratch:
        places = Places(
            quiz=quiz,
            root=root,
            submitted=lambda name: folder(step, name),
            earlier=lambda name: folder(f"{step}_earlier", name),
            unplaced=unplaced.resolve() / quiz_id,
            scratch=lambda: Path(tempfile.mkdtemp(dir=scratch)),
            stamp=lambda time: time.astimezone(zone).strftime(clock.timestamp_format),
            dry=dry,
        )
        files = find_files(sources, Staging(Path(tempfile.mkdtemp(dir=scratch)), given.zone))
        gathered = gather(files, quiz, given, _folders(folder(step, "*")))
        outcomes = list(_place_all(gathered, places))
    return outcomes, due


def read_options(
    roster: Path | None,
    id_column: str | None,
    learner: str | None,
    time: str | None,
    timezone: str | None,
) -> Given:
    """What the command's options say.

    Raises
    ------
    AutograderError
        Naming the option and how to write it.
    """
    zone: tzinfo = tz.tzlocal()
    if timezone is not None:
        try:
            zone = ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise AutograderError(
                f"--timezone {timezone}: no such time zone; write it as Europe/Berlin or UTC"
            ) from error
    when = read_time(time, zone) if time is not None else None
    if time is not None and when is None:
        raise AutograderError(f"--time {time}: is no time; write it as 2026-11-24 18:00")
    if learner is not None and not is_usable_id(learner):
        raise AutograderError(f"--learner {learner!r}: cannot be the name of a learner's folder")
    if id_column is not None and roster is None:
        raise AutograderError("--learner-column: name the class list as well, with --roster")
    listed = load_roster(roster, id_column) if roster is not None else None
    if listed and learner is not None and listed.by_id(learner) is None:
        raise AutograderError(f"--learner {learner}: the class list {roster} has no such id")
    return Given(zone, listed, learner, when)


@contextmanager
def _workshop(root: Path, dry: bool) -> Iterator[Path]:
    """A folder for unfinished work, which only one run at a time has; killed runs' work goes."""
    if dry:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
        return
    workshop = root / _WORKSHOP
    try:
        workshop.mkdir(exist_ok=True)
        lock = FileLock(workshop / "lock", timeout=0)
        with lock:
            for left in workshop.iterdir():
                if left.is_dir() and not left.is_symlink():
                    shutil.rmtree(left)
            scratch = Path(tempfile.mkdtemp(dir=workshop))
            try:
                yield scratch
            finally:
                shutil.rmtree(scratch)
    except Timeout as error:
        raise AutograderError(
            f"{root}: another run is collecting here; wait for its end"
        ) from error
    except OSError as error:
        raise AutograderError(
            f"{error.filename or workshop}: cannot be written ({error.strerror}); nothing is lost: "
            "see to it and collect again"
        ) from error


def _folders(pattern: Path) -> Iterator[str]:
    """The learners who have a folder of any kind among the submissions."""
    before, _, _ = str(pattern).partition("*")
    folder = Path(before)
    for path in folder.iterdir() if folder.is_dir() else ():
        if not path.name.startswith("."):
            yield path.name


def _place_all(gathered: Gathered, places: Places) -> Iterator[Outcome]:
    by_learner: dict[str, list[HandIn]] = defaultdict(list)
    for one in gathered.hand_ins:
        by_learner[one.learner].append(one)
    for learner in sorted(by_learner, key=fold):
        yield from place(learner, by_learner[learner], places)
    yield from keep_unplaced(gathered.left, places)


def _due(db_url: str, course_id: str, quiz: Quiz) -> Due:
    """When the quiz was due by the gradebook, where there is one."""
    database = make_url(db_url)
    if database.drivername == "sqlite" and not Path(database.database or "").exists():
        return Due()
    try:
        with Gradebook(db_url, course_id) as gradebook:
            assignment = gradebook.find_assignment(quiz.id)
            due, handed_in = assignment.duedate, assignment.submissions
            longer = {one.student_id: one.extension for one in handed_in if one.extension}
    except MissingEntry:
        return Due()
    except DBAPIError as error:
        raise AutograderError(f"the gradebook {db_url} cannot be read ({error.orig})") from error
    return Due(due.replace(tzinfo=UTC) if due else None, longer)


def _rows(outcomes: Sequence[Outcome], due: Due) -> Iterator[list[str]]:
    yield [
        "file", "learner", "end", "where", "handed in (UTC)", "told by", "late", "note", "remedy"
    ]  # fmt: skip
    for one in outcomes:
        time = f"{one.time:%Y-%m-%d %H:%M:%S}" if one.time and one.time.year > 1980 else ""
        late = "late" if due.is_late(one) else ""
        row = [one.file, one.learner, one.end, one.where, time, one.told_by, late]
        yield [harmless(cell) for cell in (*row, one.note, one.remedy)]


def _print(console: Console, quiz: str, outcomes: Sequence[Outcome], due: Due) -> None:
    """The table; of a large class only what an instructor should look at."""
    wanted = [one for one in outcomes if one.end != NOT_NEEDED]
    if len(wanted) > _MOST_SHOWN:
        wanted = [
            one for one in wanted if one.end in (UNPLACED, EARLIER) or one.note or due.is_late(one)
        ]
    table = Table(
        Column("file", overflow="fold", ratio=3),
        Column("learner", overflow="fold"),
        Column("end", no_wrap=True),
        Column("handed in (UTC)", ratio=2),
        Column("note and remedy", ratio=4),
    )
    for one in wanted[:_MOST_SHOWN]:
        told = f"{one.time:%Y-%m-%d %H:%M} {one.told_by}" if one.time and one.told_by else ""
        note = "; ".join(filter(None, ["late" if due.is_late(one) else "", one.note]))
        said = ". ".join(filter(None, [note, one.remedy and f"Remedy: {one.remedy}"]))
        table.add_row(*map(escape, (one.file, one.learner, one.end, told, said)))
    if wanted:
        console.print(table)
    counts = Counter(one.end for one in outcomes)
    said = ", ".join(f"{counts[end]} {end}" for end in _ENDS if counts[end]) or "no file"
    learners = len({one.learner for one in outcomes if one.end in (PLACED, IDENTICAL)})
    console.print(f"{quiz}: {said}; {learners} learners have a submission now")
    if due.time is None:
        console.print("The gradebook has no due date for it, so nothing is called late.")
