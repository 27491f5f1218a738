"""Reading what a learner handed in, whatever state it is in.

Nothing in a submission's folder can make this fail: what cannot be read becomes a named problem,
and everything that can be read counts. Nothing is followed out of the folder or changed.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.items import Code
from autograder.quiz import Quiz
from autograder.responses import (
    Record,
    Recorded,
    journal_path,
    merge,
    parse_journal,
    read_notebook,
)

_MAX_JOURNAL = 20 * 2**20
_MAX_NOTEBOOK = 200 * 2**20
_MOST_PROBLEMS = 50
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
    metadata = notebook.get("metadata")
    held = read_notebook(metadata if isinstance(metadata, Mapping) else {}, quiz.id)
    merged = merge([journal, held])
    problems += merged.problems
    problems += _contradictions(journal, held)
    known = {item.id for item in quiz.items}
    problems += [f"there is no question {name!r}" for name in merged.records if name not in known]
    records = {name: record for name, record in merged.records.items() if name in known}
    written = _code_cells(notebook, quiz)
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


def _named(problems: Sequence[str]) -> tuple[str, ...]:
    """Problems as one printable line each, and not without end."""
    lines = ["".join(c if c.isprintable() else "�" for c in one)[:300] for one in problems]
    if len(lines) > _MOST_PROBLEMS:
        lines[_MOST_PROBLEMS:] = [f"... and {len(lines) - _MOST_PROBLEMS} more problems"]
    return tuple(lines)


def _journal(folder: Path, quiz: Quiz, problems: list[str]) -> Recorded:
    path = journal_path(folder, quiz.id)
    try:
        data = _read_file(path, _MAX_JOURNAL)
    except _Unreadable as error:
        problems.append(f"{path.name} cannot be read: {error}")
        return Recorded({})
    return Recorded({}) if data is None else parse_journal(data, path.name)


def _notebook(folder: Path, quiz: Quiz, problems: list[str]) -> Mapping[str, Any]:
    """The notebook as JSON; an empty one where it cannot be read."""
    path = folder / f"{quiz.id}.ipynb"
    try:
        data = _read_file(path, _MAX_NOTEBOOK)
        if data is None:
            problems.append(f"{path.name} was not handed in")
            return {}
        notebook = json.loads(data, parse_constant=lambda _: None)  # NaN is not JSON
    except _Unreadable as error:
        problems.append(f"{path.name} cannot be read: {error}")
        return {}
    except (ValueError, RecursionError) as error:
        problems.append(f"{path.name} is not a notebook: {str(error) or 'nested too deeply'}")
        return {}
    if not isinstance(notebook, Mapping):
        problems.append(f"{path.name} is not a notebook: it holds no object")
        return {}
    if notebook.get("nbformat") != 4:
        problems.append(f"{path.name} has the notebook format {notebook.get('nbformat')!r}, not 4")
    return notebook


def _read_file(path: Path, limit: int) -> bytes | None:
    """The bytes of a regular file of the submission; None where there is no such file."""
    try:
        if path.parent.is_symlink():
            raise _Unreadable("its folder is a symbolic link, which is not followed")
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        if path.is_symlink():
            raise _Unreadable("it is a symbolic link, which is not followed") from error
        raise _Unreadable(error.strerror or "no reason given") from error
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise _Unreadable("it is not a regular file")
        if state.st_size > limit:
            raise _Unreadable(f"it is larger than {limit // 2**20} MB")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(limit)
    except OSError as error:
        raise _Unreadable(error.strerror or "no reason given") from error
    finally:
        os.close(descriptor)


def _contradictions(journal: Recorded, notebook: Recorded) -> list[str]:
    """Answers of the same revision that differ between the two copies."""
    return [
        f"question {name!r}: journal and notebook differ at revision {record.revision}"
        for name, record in notebook.records.items()
        if (other := journal.records.get(name))
        and other.revision == record.revision
        and other.response != record.response
    ]


def _code_cells(notebook: Mapping[str, Any], quiz: Quiz) -> dict[str, str]:
    """The learner's code in the notebook's cells, for ``code`` items that were never recorded."""
    items = {item.id for item in quiz.items if isinstance(item, Code)}
    cells = notebook.get("cells") if items else None
    found: dict[str, str] = {}
    for cell in cells if isinstance(cells, list) else []:
        source = cell.get("source") if isinstance(cell, Mapping) else None
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        mark = _ANSWER_MARK.match(source) if isinstance(source, str) else None
        if isinstance(source, str) and mark and mark[1] in items:
            found.setdefault(mark[1], source[mark.end() :])
    return found
