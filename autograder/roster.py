"""The class list: who is who in nbgrader and in the learning management system (LMS).

Read from a CSV file of one's own, from nbgrader's (``nbgrader db student import``), from the
gradebook that Canvas or Moodle exports, or from the grading worksheet of a Moodle assignment.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from autograder.csv_files import read_table
from autograder.errors import AutograderError

#: What the columns of class lists are called, as ``_plain`` writes it.
_COLUMNS = {
    "id": ("learner", "learner id", "student id", "nbgrader id", "id"),
    "first_name": ("first name", "firstname", "given name"),
    "last_name": ("last name", "lastname", "surname", "family name"),
    "name": ("full name", "fullname", "name", "student"),
    "email": ("email address", "email", "e-mail"),
    "username": ("username", "user name", "login", "sis login id"),
    "number": ("id number", "idnumber", "student number", "sis user id"),
    "lms_id": ("lms id", "lms user id", "canvas id", "identifier", "user id"),
    "section": ("section",),
    "handed_in": ("last modified (submission)",),
}
#: Where no column holds nbgrader's ids, the first of these that everybody has does.
_INSTEAD = ("username", "number", "email", "lms_id")
_MAX_ID = 100
#: What Canvas writes among the learners: the points, and its test student.
_NOBODY = ("points possible", "student, test")


@dataclass(frozen=True)
class Learner:
    """A line of the class list. Only ``id``, nbgrader's, is always there.

    ``username`` is Canvas's *SIS Login ID*, ``number`` Moodle's *ID number* and Canvas's *SIS User
    ID*, ``lms_id`` Canvas's *ID* or the number of a Moodle participant. ``handed_in`` is the time
    that Moodle's grading worksheet gives, as it stands there.
    """

    id: str
    first_name: str = ""
    last_name: str = ""
    name: str = ""
    email: str = ""
    username: str = ""
    number: str = ""
    lms_id: str = ""
    section: str = ""
    handed_in: str = ""

    @property
    def sorted_name(self) -> str:
        """The name as lists sort it: *Lee, Ann*; the id where there is none."""
        if self.last_name:
            return f"{self.last_name}, {self.first_name}".rstrip(", ")
        return self.name or self.first_name or self.id

    @property
    def names(self) -> frozenset[str]:
        """Every way to write the name, as ``name_key`` makes them comparable."""
        last, comma, first = self.name.partition(",")
        spelled = [
            self.name,
            f"{first} {last}" if comma else "",
            f"{self.first_name} {self.last_name}",
            f"{self.last_name} {self.first_name}",
        ]
        return frozenset(filter(None, map(name_key, spelled)))


@dataclass(frozen=True)
class Roster:
    """A class list. ``lms`` says whose numbers ``lms_id`` holds: canvas, moodle or empty."""

    learners: tuple[Learner, ...]
    lms: str = ""
    headers: tuple[str, ...] = ()
    _by: dict[str, dict[str, list[Learner]]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found: dict[str, dict[str, list[Learner]]] = defaultdict(lambda: defaultdict(list))
        for one in self.learners:
            for name in ("id", "email", "username", "number", "lms_id"):
                if value := getattr(one, name):
                    found[name][value].append(one)
                    found[f"{name}, any case"][fold(value)].append(one)
            for key in one.names:
                found["name"][key].append(one)
        object.__setattr__(self, "_by", found)

    def by_id(self, learner: str) -> Learner | None:
        """The learner with an id of nbgrader's."""
        return next(iter(self._by["id"].get(learner, [])), None)

    def by_lms_id(self, number: str) -> list[Learner]:
        """The learners with a number of the LMS's."""
        return list(self._by["lms_id"].get(number, []))

    def by_name(self, name: str) -> list[Learner]:
        """The learners of a name, in either order of first and last name."""
        return list(self._by["name"].get(name_key(name), []))

    def search(self, text: str) -> list[Learner]:
        """The learners whom a text may mean: by id, e-mail, user name or number, else by name."""
        for suffix, value in (("", text), (", any case", fold(text))):
            for column in ("id", "email", "username", "number", "lms_id"):
                if hits := self._by[f"{column}{suffix}"].get(value):
                    return list(hits)
        return self.by_name(text)


def fold(text: str) -> str:
    """A text without its case and its way of composing letters."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())


def name_key(name: str) -> str:
    """A name without case, spaces and punctuation, as Canvas writes it into file names."""
    return re.sub(r"[\W_]+", "", fold(name))


def is_usable_id(text: str) -> bool:
    """Whether a text can name a learner's folder, as nbgrader needs it."""
    return (
        0 < len(text) <= _MAX_ID
        and text == text.strip()
        and text.isprintable()
        and not text.startswith(".")
        and not any(c in text for c in '/\\+:*?"<>|')
    )


def load_roster(path: Path, id_column: str | None = None) -> Roster:
    """Read a class list.

    Parameters
    ----------
    id_column
        The heading of the column that holds nbgrader's ids, where it is none of the usual ones.

    Raises
    ------
    AutograderError
        Naming the file, the line and the remedy.
    """
    table = read_table(path)
    if not table:
        raise AutograderError(f"{path}: is empty; a class list has a line of headings")
    (_, headers), *rows = table
    headers = [one.strip() for one in headers]
    places, lms = _places(headers)
    if id_column is not None:
        if id_column not in headers:
            raise AutograderError(
                f"{path}: has no column {id_column!r}; it has: {', '.join(headers)}"
            )
        places["id"] = headers.index(id_column)
    lines = [(number, _cells(row, places)) for number, row in rows]
    lines = [(number, cells) for number, cells in lines if not _is_nobody(cells)]
    if not lines:
        raise AutograderError(f"{path}: names no learner")
    learner = _id_field([cells for _, cells in lines])
    if learner is None:
        raise AutograderError(
            f"{path}: no column tells all learners apart; add one with the heading “learner”, or "
            f"name it with --learner-column. The columns are: {', '.join(headers)}"
        )
    return Roster(_learners(path, lines, learner), lms, tuple(headers))


def _learners(
    path: Path, lines: Iterable[tuple[int, dict[str, str]]], id_field: str
) -> tuple[Learner, ...]:
    seen: dict[str, int] = {}
    learners = []
    for number, cells in lines:
        name = cells[id_field]
        if not is_usable_id(name):
            raise AutograderError(
                f"{path}:{number}: {name!r} cannot be the id of a learner, which names a folder; "
                "mend it, or choose another column with --learner-column"
            )
        before = seen.setdefault(fold(name), number)
        if before != number:
            raise AutograderError(
                f"{path}:{number}: {name!r} stands in line {before} already; give each learner one "
                "line and an id of their own"
            )
        learners.append(Learner(**(cells | {"id": name})))
    return tuple(learners)


def _places(headers: Sequence[str]) -> tuple[dict[str, int], str]:
    """Which column holds what, and whose numbers the LMS's are."""
    plain = [_plain(one) for one in headers]
    places = {
        name: plain.index(known[0])
        for name, all_known in _COLUMNS.items()
        if (known := [one for one in all_known if one in plain])
    }
    if "section" in plain and {"student", "lastname"} & set(plain[:1]) and "id" in plain:
        places["lms_id"] = places.pop("id")  # Canvas's own
        return places, "canvas"
    return places, "moodle" if "identifier" in plain else ""


def _plain(header: str) -> str:
    return " ".join(header.replace("_", " ").split()).casefold()


def _cells(row: Sequence[str], places: dict[str, int]) -> dict[str, str]:
    cells = {name: row[place].strip() for name, place in places.items() if place < len(row)}
    cells = {one.name: cells.get(one.name, "") for one in fields(Learner)}
    participant = re.fullmatch(r"\D*\s(\d+)", cells["lms_id"])  # Moodle: "Participant 4711"
    if participant:
        cells["lms_id"] = participant[1]
    last, comma, first = cells["name"].partition(",")
    if comma and not cells["last_name"]:
        cells |= {"last_name": last.strip(), "first_name": first.strip()}
    return cells


def _is_nobody(cells: dict[str, str]) -> bool:
    return cells["name"].casefold() in _NOBODY or not any(
        cells[name] for name in ("id", "name", "last_name", *_INSTEAD)
    )


def _id_field(lines: Sequence[dict[str, str]]) -> str | None:
    """The field with which nbgrader knows the learners."""
    if any(cells["id"] for cells in lines):
        return "id"
    return next((name for name in _INSTEAD if all(cells[name] for cells in lines)), None)
