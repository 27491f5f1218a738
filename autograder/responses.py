"""What a learner answered: records, the journal that keeps them, and merging of copies.

A record is one state of one item's answer. Every record is kept twice: in a journal beside the
notebook (``<quiz>.answers.jsonl``, written by the kernel, one line a record) and in the notebook's
own metadata (written by the page). Either copy alone is enough to grade from. Where both exist,
the record with the higher revision wins: revisions count upwards over all items of a quiz, so a
clock that was set back does no harm.
"""

from __future__ import annotations

import codecs
import contextlib
import json
import math
import os
import reprlib
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator

METADATA_KEY = "autograder"
#: Nobody gives so many answers. A higher number is no answer's: it is not read, or it could never
#: be exceeded and no later answer would count. As MOST_REVISIONS in frame.js.
MOST_REVISIONS = 10**8
#: A journal is rewritten with the newest record of each item once it has more bytes than this. It
#: is far below what grading reads, and every answer reads it.
COMPACT_ABOVE = 2**20
#: Of the notebooks in a folder, so many are looked at for answers.
MOST_NOTEBOOKS = 10
_METADATA_UNREADABLE = "the answers in the notebook's metadata cannot be read"
_names = reprlib.Repr()
_names.maxstring = 80


class Record(BaseModel):
    """One recorded answer. ``response`` is None where the learner withdrew the answer.

    ``variant`` names the variant of the question that the learner saw, where it has variants.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    item: str
    response: JsonValue
    revision: int = Field(ge=1, le=MOST_REVISIONS)
    time: str = Field(max_length=40)
    variant: str = Field("", max_length=16)

    @field_validator("response")
    @classmethod
    def _check_numbers(cls, response: JsonValue) -> JsonValue:
        if not _is_finite(response):
            raise ValueError("JSON has no such number")
        return response

    @property
    def rank(self) -> tuple[int, str, str]:
        """What decides between two records of one item; total, so merging has no order."""
        response = json.dumps([self.response, self.variant], sort_keys=True)
        return (self.revision, self.time, response)


@dataclass(frozen=True)
class Recorded:
    """The latest record of each item, and what could not be read."""

    records: Mapping[str, Record]
    problems: tuple[str, ...] = ()


def merge(parts: Iterable[Recorded]) -> Recorded:
    """The latest record of each item over several copies; problems are kept from all."""
    records: dict[str, Record] = {}
    problems: list[str] = []
    for part in parts:
        problems += part.problems
        for record in part.records.values():
            known = records.get(record.item)
            if known is None or is_newer(record, known):
                records[record.item] = record
    return Recorded(records, tuple(problems))


def is_newer(record: Record, known: Record) -> bool:
    """Whether ``record`` counts instead of ``known``."""
    if record.revision != known.revision:
        return record.revision > known.revision
    return record.rank > known.rank


def journal_path(folder: Path, quiz_id: str) -> Path:
    """Where the journal of a quiz stands."""
    return folder / f"{quiz_id}.answers.jsonl"


def read_journal(path: Path) -> Recorded:
    """Read a journal; a line that cannot be read is a problem and never hides the others."""
    try:
        return parse_journal(path.read_bytes(), path.name)
    except FileNotFoundError:
        return Recorded({})
    except OSError as error:
        return Recorded({}, (f"{path.name} cannot be read ({error.strerror})",))


def parse_journal(data: bytes, name: str) -> Recorded:
    """The records in the bytes of a journal; ``name`` is the file's, for problems."""
    parts = [
        _parse(line, f"{name}, line {number}")
        for number, line in enumerate(data.removeprefix(codecs.BOM_UTF8).splitlines(), start=1)
        if line.strip()
    ]
    return merge(parts)


def append_journal(path: Path, record: Record) -> None:
    """Write a record durably: it is on the disk, in the file of this name, when this returns.

    Raises
    ------
    OSError
        Where the folder cannot be written or the disk is full.
    """
    while not _append(path, record.model_dump_json().encode() + b"\n"):
        pass
    if path.stat().st_size > COMPACT_ABOVE:
        with contextlib.suppress(OSError):  # the record is safe; the next answer tries again
            compact_journal(path)


def _append(path: Path, line: bytes) -> bool:
    """Append to a file; False where another kernel replaced the file meanwhile."""
    with path.open("ab+") as journal:
        if journal.tell() > 0:
            journal.seek(-1, os.SEEK_END)
            if journal.read(1) != b"\n":  # a write was cut off here: keep it apart
                line = b"\n" + line
        journal.write(line)
        journal.flush()
        os.fsync(journal.fileno())
        return os.path.samestat(os.fstat(journal.fileno()), path.stat())


def compact_journal(path: Path) -> None:
    """Leave the newest record of each item in a journal, and nothing else.

    No other kernel's answer is lost: what one appends until the file is replaced is copied over,
    and what it appends later to the replaced file, it finds to be so and appends again.

    Raises
    ------
    OSError
        Where the folder cannot be written; the journal is as it was.
    """
    with path.open("rb") as old:
        kept = parse_journal(old.read(), path.name).records.values()
        lines = [record.model_dump_json().encode() + b"\n" for record in kept]
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        written = Path(name)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as new:
                new.write(b"".join(lines))
                os.fsync(descriptor)
                shutil.copymode(path, written)
                written.replace(path)
                new.write(old.read())
                os.fsync(descriptor)
        except OSError:
            written.unlink(missing_ok=True)
            raise


def read_notebook(metadata: Mapping[str, Any], quiz_id: str) -> Recorded:
    """Read the records that a notebook's metadata holds."""
    held = metadata.get(METADATA_KEY)
    if held is None:
        return Recorded({})
    if not isinstance(held, Mapping):
        return Recorded({}, (_METADATA_UNREADABLE,))
    records = held.get("records")
    if held.get("quiz") != quiz_id:  # another quiz in the same notebook: see frame.js
        others = held.get("others")
        records = others.get(quiz_id) if isinstance(others, Mapping) else None
        if records is None:
            other = brief(held.get("quiz"))
            return Recorded({}, (f"the notebook's answers belong to the quiz {other}",))
    if not isinstance(records, Mapping):
        return Recorded({}, (_METADATA_UNREADABLE,))
    parts = []
    for name, value in records.items():
        place = f"the notebook's metadata, item {brief(name)}"
        part = _parse_value(value, place)
        if part.records and name not in part.records:
            part = Recorded(part.records, (f"{place}: says that it answers another question",))
        parts.append(part)
    return merge(parts)


def names_quiz(notebook: object, quiz_id: str) -> bool:
    """Whether the JSON of a notebook says that it holds answers to a quiz."""
    metadata = notebook.get("metadata") if isinstance(notebook, Mapping) else None
    held = metadata.get(METADATA_KEY) if isinstance(metadata, Mapping) else None
    if not isinstance(held, Mapping):
        return False
    others = held.get("others")
    return held.get("quiz") == quiz_id or (isinstance(others, Mapping) and quiz_id in others)


def read_notebooks(folder: Path, quiz_id: str) -> dict[str, Recorded]:
    """The records of a quiz in the notebooks of a folder, by the notebook's file name."""
    found = {}
    for path in sorted(folder.glob("*.ipynb"))[:MOST_NOTEBOOKS]:
        try:
            data = path.read_bytes()
            notebook = json.loads(data) if METADATA_KEY.encode() in data else None
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(notebook, dict) and names_quiz(notebook, quiz_id):
            found[path.name] = read_notebook(notebook["metadata"], quiz_id)
    return found


def in_notebook_of(quiz_id: str, folder: Path, notebooks: Mapping[str, Recorded]) -> Recorded:
    """The records that grading would take of a folder's notebooks, if it were handed in as it is.

    They are those of ``<quiz>.ipynb`` or, where there is none, of the only notebook with answers.
    """
    name = f"{quiz_id}.ipynb"
    if len(notebooks) == 1 and not (folder / name).exists():
        (name,) = notebooks
    return notebooks.get(name, Recorded({}))


def to_metadata(recorded: Recorded, quiz_id: str) -> dict[str, Any]:
    """The value of the notebook's metadata that ``read_notebook`` reads back."""
    records = {name: record.model_dump() for name, record in recorded.records.items()}
    return {"quiz": quiz_id, "records": records}


def brief(value: object) -> str:
    """A value out of a submission, as a problem can show it: quoted and not too long."""
    return _names.repr(value)


def well_formed(text: str) -> str:
    """A text with every half of a surrogate pair replaced: no file can hold such a half."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _parse(text: bytes, place: str) -> Recorded:
    try:
        record = Record.model_validate_json(text)
    except ValidationError:
        try:
            return _parse_value(json.loads(text), place)  # it may hold half of a surrogate pair
        except (ValueError, RecursionError):
            return Recorded({}, (f"{place}: not a readable answer",))
    return Recorded({record.item: record})


def _parse_value(value: Any, place: str) -> Recorded:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        record = Record.model_validate_json(well_formed(text))
    except (ValueError, RecursionError):  # a ValidationError is a ValueError
        return Recorded({}, (f"{place}: not a readable answer{_beyond(value)}",))
    return Recorded({record.item: record})


def _beyond(value: object) -> str:
    """That a record has a number which no answer reaches, where it has."""
    revision = value.get("revision") if isinstance(value, Mapping) else None
    if type(revision) is int and revision > MOST_REVISIONS:
        return f" (its revision is above {MOST_REVISIONS:,})"
    return ""


def _is_finite(value: JsonValue) -> bool:
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)
