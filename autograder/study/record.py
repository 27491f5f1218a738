"""The learner's own record: every try in practice, in a small database in the user's data folder.

It holds what a try was worth and when, never what was answered. Several kernels may write at once.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, NamedTuple

from platformdirs import user_data_path
from pydantic import AfterValidator, Field, StringConstraints, ValidationError

from autograder.errors import AutograderError
from autograder.items.base import Slug, Strict

#: Names the folder of the record; ``off`` records nothing.
VARIABLE = "DOWNSTREAM_RECORD"
_OFF = "record.off"
_WAIT_SECONDS = 5
#: A day of study ends at four in the morning, so that a late evening is one day.
_DAY_BEGINS = timedelta(hours=4)


class RecordError(AutograderError):
    """The record cannot be used as it stands; the message says why and what helps."""


class Question(NamedTuple):
    """A question of a course; its variants are the same question."""

    quiz: str
    item: str

    def __str__(self) -> str:
        return f"{self.quiz}/{self.item}"


def _utc(text: str) -> str:
    """A moment as the record spells it: in UTC, to the millisecond."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or text != moment.astimezone(UTC).isoformat(timespec="milliseconds"):
        raise ValueError("must be a moment such as 2026-03-01T09:30:00.000+00:00")
    return text


Digest = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))]


class Try(Strict):
    """One judged answer, or the wish to see the answer.

    Attributes
    ----------
    id
        32 hexadecimal digits, drawn at random: so that no import doubles a try.
    time, day
        When, in UTC, and the learner's day of study, which ends at four in the morning.
    number
        Which try it was since the question was shown, from 1.
    fraction
        What it was worth, from 0 to 1; None where a person has to judge.
    hints
        How many hints had been taken.
    given_up
        Whether the answer was asked for.
    seconds
        Since the question was shown or the try before, of any question, whichever is later; at
        most ten minutes.
    """

    id: Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]
    course: Slug
    quiz: Slug
    item: Slug
    variant: Annotated[str, StringConstraints(max_length=60)] = ""
    type: Annotated[str, StringConstraints(pattern="^[a-z_]{1,30}$")]
    time: Annotated[str, AfterValidator(_utc)]
    day: Day
    number: Annotated[int, Field(ge=1, le=100_000)]
    fraction: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None
    hints: Annotated[int, Field(ge=0, le=1000)]
    given_up: bool
    seconds: Annotated[float, Field(ge=0, le=600, allow_inf_nan=False)]

    @property
    def question(self) -> Question:
        return Question(self.quiz, self.item)

    @property
    def known(self) -> float | None:
        """What it shows of the learner's knowledge: nothing was known where the learner gave up."""
        return 0.0 if self.given_up else self.fraction


class Capstone(Strict):
    """A finished project that the learner marked: its title and the digest of its report."""

    course: Slug
    title: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    digest: Digest
    day: Day


#: What makes a database of version n one of version n + 1. Never change one: add another.
_MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE try (
            id TEXT PRIMARY KEY, course TEXT NOT NULL, quiz TEXT NOT NULL, item TEXT NOT NULL,
            variant TEXT NOT NULL, type TEXT NOT NULL, time TEXT NOT NULL, day TEXT NOT NULL,
            number INTEGER NOT NULL, fraction REAL, hints INTEGER NOT NULL,
            given_up INTEGER NOT NULL, seconds REAL NOT NULL
        )""",
    ),
    (
        """CREATE TABLE capstone (
            course TEXT NOT NULL, digest TEXT NOT NULL, title TEXT NOT NULL, day TEXT NOT NULL,
            PRIMARY KEY (course, digest)
        )""",
    ),
)


def day_of(moment: datetime) -> date:
    """The day of study that a moment belongs to, by the clock of its time zone."""
    return (moment - _DAY_BEGINS).date()


def today() -> date:
    """The day of study that it is now, by this computer's clock."""
    return day_of(datetime.now().astimezone())


def record_folder() -> Path:
    """``$DOWNSTREAM_RECORD``, or else the user's data folder."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named and named != "off" else user_data_path("downstream")


def switched_off() -> bool:
    """Whether the learner wants nothing recorded."""
    return os.environ.get(VARIABLE) == "off" or (record_folder() / _OFF).exists()


def switch(on: bool) -> None:
    """Record what is practised from now on, or nothing; what is recorded stays.

    Raises
    ------
    RecordError
        Where the folder cannot be written, or the environment decides.
    """
    if on and os.environ.get(VARIABLE) == "off":
        raise RecordError(f"${VARIABLE} is `off`: remove it from your environment")
    path = record_folder() / _OFF
    try:
        if on:
            path.unlink(missing_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    except OSError as error:
        raise RecordError(
            f"{path}: cannot be written ({error.strerror}); set ${VARIABLE} to `off` instead"
        ) from error


class Record:
    """The record in a folder, by default the learner's own. It is made with the first try."""

    def __init__(self, folder: Path | None = None) -> None:
        self.path = (folder or record_folder()) / "record.db"

    def add(self, tries: Iterable[Try], capstones: Iterable[Capstone] = ()) -> int:
        """Write what the record does not hold yet, all of it or nothing; how much that was.

        Raises
        ------
        RecordError
            Where it cannot be written.
        """
        with self._written() as database:
            before = database.total_changes
            _insert(database, "try", Try, tries)
            _insert(database, "capstone", Capstone, capstones)
            return database.total_changes - before

    def tries(self, course: str | None = None) -> list[Try]:
        """The tries, of one course or of all, in the order of time.

        Raises
        ------
        RecordError
            Where the record cannot be read.
        """
        rows = self._rows("SELECT * FROM try ORDER BY time, id")
        with self._told():
            found = [Try.model_validate(row) for row in rows]
        return [one for one in found if course in (None, one.course)]

    def capstones(self, course: str | None = None) -> list[Capstone]:
        """The capstones, of one course or of all, in the order of days; errors as ``tries``."""
        rows = self._rows("SELECT * FROM capstone ORDER BY day, digest")
        with self._told():
            found = [Capstone.model_validate(row) for row in rows]
        return [one for one in found if course in (None, one.course)]

    def delete(self) -> bool:
        """Overwrite what is recorded, then remove the files; whether there were any.

        Raises
        ------
        RecordError
            Where a file cannot be removed.
        """
        files = [self.path.with_name(self.path.name + end) for end in ("-wal", "-shm", "-journal")]
        found = self.path.exists()
        try:
            if found:
                with suppress(sqlite3.Error), closing(self._connect()) as database:
                    database.execute("PRAGMA secure_delete = ON")
                    for table in ("try", "capstone"):
                        database.execute(f"DELETE FROM {table}")
                    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            for path in (self.path, *files):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise RecordError(
                f"{self.path}: cannot be removed ({error.strerror}); remove it yourself"
            ) from error
        return found

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=_WAIT_SECONDS, isolation_level=None)
        database.row_factory = sqlite3.Row
        return database

    @contextmanager
    def _written(self) -> Iterator[sqlite3.Connection]:
        """The database in a transaction that is on the disk when it ends."""
        with self._told():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):  # nobody else on this computer is to read it
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL, 0o600))
            with closing(self._connect()) as database:
                if database.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                    database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = FULL")
                database.execute("BEGIN IMMEDIATE")
                self._migrate(database)
                yield database
                database.execute("COMMIT")

    def _migrate(self, database: sqlite3.Connection) -> None:
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version > len(_MIGRATIONS):
            raise RecordError(
                f"{self.path}: was written by a newer version of the course (format {version}, "
                f"this one knows {len(_MIGRATIONS)}); update the course"
            )
        for statement in (one for step in _MIGRATIONS[version:] for one in step):
            database.execute(statement)
        if version < len(_MIGRATIONS):
            database.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")

    def _rows(self, query: str) -> list[dict[str, object]]:
        if not self.path.exists():
            return []
        if os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK):
            with self._written() as database:  # brings an older record up to date first
                return [dict(row) for row in database.execute(query)]
        with self._told():
            address = f"{self.path.resolve().as_uri()}?immutable=1"  # on a read-only disk
            with closing(sqlite3.connect(address, uri=True)) as database:
                database.row_factory = sqlite3.Row
                return [dict(row) for row in database.execute(query)]

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong, in words."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            folder = self.path.parent
            if folder.exists() and not os.access(folder, os.W_OK):
                raise RecordError(f"{folder}: is read-only; let yourself write it") from error
            raise RecordError(f"{self.path}: {_what_helps(error)}") from error
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(step) for step in first["loc"])
            raise RecordError(f"{self.path}: {_DAMAGED} ({place}: {first['msg']})") from error


_DAMAGED = (
    "the record is damaged; move the file away to keep it, or run `autograder record delete`, and "
    "a new one begins"
)
_HELP = {
    "full": "the disk is full; make room on it",
    "readonly": "it is read-only; let yourself write it",
    "locked": "another program has kept it open for too long; close that program",
    "not a database": _DAMAGED,
    "malformed": _DAMAGED,
}


def _what_helps(error: sqlite3.Error | OSError) -> str:
    said = str(error.strerror if isinstance(error, OSError) else error)
    for word, remedy in _HELP.items():
        if word in said:
            return f"{remedy} ({said})"
    return f"it cannot be used ({said}); see that the folder can be written and has room"


def _insert(
    database: sqlite3.Connection, table: str, kind: type[Strict], rows: Iterable[Strict]
) -> None:
    names = list(kind.model_fields)
    marks = ", ".join(f":{name}" for name in names)
    statement = f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({marks})"
    database.executemany(statement, [row.model_dump(mode="json") for row in rows])
