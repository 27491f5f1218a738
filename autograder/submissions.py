"""Reading what a learner handed in, whatever state it is in.

Nothing in a submission's folder can make this fail: what cannot be read becomes a named problem,
and everything that can be read counts. Nothing is followed out of the folder or changed.
"""

from __future__ import annotations

import datetime
import errno
import json
import math
import os
import re
import stat
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nbgrader.utils import parse_utc

from autograder.items import Code
from autograder.quiz import Quiz
from autograder.responses import (
    MOST_NOTEBOOKS,
    Record,
    Recorded,
    brief,
    journal_path,
    merge,
    names_quiz,
    parse_journal,
    read_notebook,
    well_formed,
)

TIMESTAMP_FILE = "timestamp.txt"
SECRET_FILE = "submission_secret.txt"
_MAX_JOURNAL = 20 * 2**20
_MAX_NOTEBOOK = 200 * 2**20
_MAX_TIMESTAMP = 100
_MAX_SECRET = 300
_MAX_DIGITS = 1_000
_MOST_PROBLEMS = 50
_SECRET = re.compile(r"[\w+/=-]{32,}", re.ASCII)
_ANSWER_MARK = re.compile(r"\s*#\s*answer:\s*([a-z][a-z0-9-]*)[^\n]*\n?")


class _Unreadable(Exception):
    """Why a file cannot be read."""


def read_submission(folder: Path, quiz: Quiz) -> Recorded:
    """All that was handed in for a quiz: the journal and the notebook, merged.

    Parameters
    ----------
    folder
        The submission's folder, with ``<quiz>.ipynb``, ``<quiz>.answers.jsonl`` or both.
    quiz
        The instructor's quiz, for this learner; records of items that it does not have are named
        as problems.
    """
    problems: list[str] = []
    journal = _journal(folder, quiz, problems)
    notebook = _notebook(folder, quiz, problems)
    metadata = notebook.get("metadata", {})
    if not isinstance(metadata, Mapping):
        problems.append("the notebook's metadata cannot be read")
        metadata = {}
    held = read_notebook(metadata, quiz.id)
    merged = merge([journal, held])
    problems += merged.problems
    problems += _contradictions(journal, held)
    known = {item.id for item in quiz.items}
    problems += [
        f"there is no question {brief(name)}" for name in merged.records if name not in known
    ]
    records = {name: record for name, record in merged.records.items() if name in known}
    written = _code_cells(notebook, quiz, problems)
    for item in quiz.items:
        if item.id in written and item.id not in records:
            records[item.id] = Record(
                item=item.id,
                response={"source": written[item.id]},
                revision=1,
                time="",
                variant=item.variant,
            )
    return Recorded(records, _named(problems))


def read_timestamp(folder: Path) -> tuple[datetime.datetime | None, str | None]:
    """When a submission was handed in (UTC), and why that cannot be told.

    Both are None where there is no ``timestamp.txt``, which the exchange writes.
    """
    try:
        data = _read_file(folder / TIMESTAMP_FILE, _MAX_TIMESTAMP, [])
        if data is None:
            return None, None
        return parse_utc(data.decode().strip()), None
    except _Unreadable as error:
        reason = str(error)
    except (ValueError, ArithmeticError, TypeError):  # all of them raised by dateutil
        reason = "it holds no time"
    return None, f"{TIMESTAMP_FILE} cannot be read: {reason}; taken as handed in on time"


def read_secret(folder: Path) -> tuple[str | None, str | None]:
    """The secret that brings feedback back through the exchange, and why it cannot be read.

    ``nbgrader submit`` makes it and keeps a copy for the learner, who alone can find the page that
    ``nbgrader release_feedback`` names after it. Both are None where nothing came through the
    exchange.
    """
    try:
        data = _read_file(folder / SECRET_FILE, _MAX_SECRET, [])
        if data is None:
            return None, None
        secret = data.decode(errors="replace").strip()
        if _SECRET.fullmatch(secret):
            return secret, None
        reason = "it holds no secret of nbgrader's"
    except _Unreadable as error:
        reason = str(error)
    return None, f"{SECRET_FILE} cannot be read: {reason}; feedback cannot go back by the exchange"


def _named(problems: Sequence[str]) -> tuple[str, ...]:
    """Problems as one printable line each, and not without end."""
    lines = ["".join(c if c.isprintable() else "�" for c in one)[:300] for one in problems]
    if len(lines) > _MOST_PROBLEMS:
        lines[_MOST_PROBLEMS:] = [f"... and {len(lines) - _MOST_PROBLEMS} more problems"]
    return tuple(lines)


def _journal(folder: Path, quiz: Quiz, problems: list[str]) -> Recorded:
    path = journal_path(folder, quiz.id)
    try:
        data = _read_file(path, _MAX_JOURNAL, problems)
    except _Unreadable as error:
        problems.append(f"{path.name} cannot be read: {error}")
        return Recorded({})
    return Recorded({}) if data is None else parse_journal(data, path.name)


def _notebook(folder: Path, quiz: Quiz, problems: list[str]) -> Mapping[str, Any]:
    """The notebook as JSON; an empty one where it cannot be read."""
    path = folder / f"{quiz.id}.ipynb"
    try:
        notebook = _read_notebook(path, problems)
    except _Unreadable as error:
        problems.append(f"{path.name} {error}")
        return {}
    if notebook is None:
        return _renamed_notebook(folder, quiz, problems)
    if notebook.get("nbformat") != 4:
        found = brief(notebook.get("nbformat"))
        problems.append(
            f"{path.name} has the notebook format {found}, not 4: part of it may be lost"
        )
    return notebook


def _renamed_notebook(folder: Path, quiz: Quiz, problems: list[str]) -> Mapping[str, Any]:
    """The notebook under another name, if there is just one that holds answers to the quiz."""
    missing = f"{quiz.id}.ipynb was not handed in"
    try:
        names = sorted(path.name for path in folder.iterdir() if path.suffix == ".ipynb")
    except OSError:
        names = []
    found: dict[str, Mapping[str, Any]] = {}
    notes: list[str] = []
    for name in names[:MOST_NOTEBOOKS]:
        try:
            notebook = _read_notebook(folder / name, notes) or {}
        except _Unreadable as error:
            notes.append(f"{brief(name)} {error}")
            continue
        if names_quiz(notebook, quiz.id):
            found[name] = notebook
    if len(found) == 1:
        (name,) = found
        problems += [f"{missing}; read instead, as it holds answers to it: {brief(name)}", *notes]
        return found[name]
    others = f"; not read: {', '.join(map(brief, names[:MOST_NOTEBOOKS]))}" if names else ""
    problems += [missing + others, *notes]
    return {}


def _read_notebook(path: Path, problems: list[str]) -> Mapping[str, Any] | None:
    """A notebook as JSON, whatever its format; None where there is no such file."""
    try:
        data = _read_file(path, _MAX_NOTEBOOK, problems)
    except _Unreadable as error:
        raise _Unreadable(f"cannot be read: {error}") from error
    if data is None:
        return None
    twice: set[str] = set()

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        read = dict(pairs)
        if len(read) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            twice.update(name for name in read if counts[name] > 1)
        return read

    try:
        notebook = json.loads(data, object_pairs_hook=unique, parse_int=_integer)
    except RecursionError as error:
        raise _Unreadable("is not a notebook: nested too deeply") from error
    except ValueError as error:
        raise _Unreadable(f"is not a notebook: {error}") from error
    if not isinstance(notebook, Mapping):
        raise _Unreadable("is not a notebook: it holds no object")
    shown = path.name if path.name.isascii() else brief(path.name)
    problems += [f"{shown} holds {brief(name)} twice: the last counts" for name in sorted(twice)]
    return notebook


def _integer(digits: str) -> float:
    """A number of JSON; one that is too long for Python is like infinity no part of an answer."""
    return int(digits) if len(digits) <= _MAX_DIGITS else math.inf


def _read_file(path: Path, limit: int, problems: list[str]) -> bytes | None:
    """The bytes of a regular file of the submission; None where there is no such file."""
    try:
        if stat.S_ISLNK(os.lstat(path.parent).st_mode):
            raise _Unreadable("its folder is a symbolic link, which is not followed")
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _Unreadable("it is a symbolic link, which is not followed") from error
        raise _Unreadable(error.strerror or "no reason given") from error
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise _Unreadable("it is not a regular file")
        if state.st_size > limit:
            size = f"{limit // 2**20} MB" if limit >= 2**20 else f"{limit} bytes"
            raise _Unreadable(f"it is larger than {size}")
        if state.st_nlink > 1:
            problems.append(f"{brief(path.name)} is a hard link: it may be somebody else's file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(limit)
    except OSError as error:
        raise _Unreadable(error.strerror or "no reason given") from error
    finally:
        os.close(descriptor)


def _contradictions(journal: Recorded, notebook: Recorded) -> list[str]:
    """Answers of the same revision that differ between the two copies."""
    return [
        f"question {brief(name)}: journal and notebook differ at revision {record.revision}"
        for name, record in notebook.records.items()
        if (other := journal.records.get(name))
        and other.revision == record.revision
        and (other.response, other.variant) != (record.response, record.variant)
    ]


def _code_cells(notebook: Mapping[str, Any], quiz: Quiz, problems: list[str]) -> dict[str, str]:
    """The learner's code in the notebook's cells, for ``code`` items that were never recorded."""
    items = {item.id for item in quiz.items if isinstance(item, Code)}
    cells = notebook.get("cells") if items else None
    found: dict[str, str] = {}
    for cell in cells if isinstance(cells, list) else []:
        source = _source(cell)
        mark = _ANSWER_MARK.match(source)
        if not mark or mark[1] not in items:
            continue
        code = source[mark.end() :]
        if found.setdefault(mark[1], code) != code:
            problems.append(f"question {brief(mark[1])}: several cells differ; the first counts")
    return found


def _source(cell: Any) -> str:
    """The text of a code cell; empty for everything else."""
    if not isinstance(cell, Mapping) or cell.get("cell_type") != "code":
        return ""
    source = cell.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    return well_formed(source) if isinstance(source, str) else ""
