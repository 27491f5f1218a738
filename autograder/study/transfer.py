"""A record as a file of JSON Lines: to keep, to read, to move to another machine.

The first line names the format. Every further line is a try or a capstone; the same record gives
the same file to the byte, so that its SHA-256 is the record's digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from autograder.study.record import Capstone, Record, RecordError, Try

_HEAD = {"format": "downstream-record", "version": 1}
_KINDS: dict[str, type[Try] | type[Capstone]] = {"try": Try, "capstone": Capstone}
_MAX_BYTES = 100 * 2**20


def to_text(tries: Iterable[Try], capstones: Iterable[Capstone]) -> str:
    """The text of an exported record."""
    lines = [_HEAD]
    lines += [
        {"kind": "try"} | one.model_dump(mode="json")
        for one in sorted(tries, key=lambda one: (one.time, one.id))
    ]
    lines += [
        {"kind": "capstone"} | one.model_dump(mode="json")
        for one in sorted(capstones, key=lambda one: (one.day, one.course, one.digest))
    ]
    return "".join(f"{canonical(line)}\n" for line in lines)


def canonical(value: Any) -> str:
    """JSON that is the same text for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def digest_of(tries: Iterable[Try], capstones: Iterable[Capstone]) -> str:
    """SHA-256 of the exported record, as 64 hexadecimal digits."""
    return hashlib.sha256(to_text(tries, capstones).encode()).hexdigest()


def read_export(path: Path) -> tuple[list[Try], list[Capstone]]:
    """Read an exported record.

    Raises
    ------
    RecordError
        Naming file, line, field and what is wrong.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise RecordError(f"{path}: larger than any record")
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror})") from error
    if not lines or _parsed(path, 1, lines[0]) != _HEAD:
        raise RecordError(
            f"{path}:1: not an exported record; take a file that `autograder record export` wrote "
            "with this version of the course, or an older one"
        )
    tries: list[Try] = []
    capstones: list[Capstone] = []
    for number, line in enumerate(lines[1:], start=2):
        data = _parsed(path, number, line)
        kind = _KINDS.get(str(data.pop("kind", "")))
        if kind is None:
            raise RecordError(f"{path}:{number}: kind: must be one of: {', '.join(_KINDS)}")
        try:
            one = kind.model_validate(data)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(step) for step in first["loc"])
            raise RecordError(f"{path}:{number}: {place}: {first['msg']}") from error
        if isinstance(one, Try):
            tries.append(one)
        else:
            capstones.append(one)
    return tries, capstones


def _parsed(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path}:{number}: not JSON ({error}); export the record anew") from error
    if not isinstance(data, dict):
        raise RecordError(f"{path}:{number}: must be a JSON object; export the record anew")
    return data


def export_record(record: Record, path: Path) -> int:
    """Write the record into a new file; how many tries it holds.

    Raises
    ------
    RecordError
        Where there is such a file, or it cannot be written.
    """
    tries, capstones = record.tries(), record.capstones()
    write_new(path, to_text(tries, capstones))
    return len(tries)


def import_record(record: Record, path: Path) -> tuple[int, int]:
    """Add what an exported record holds and this one does not; how much that is, of how much."""
    tries, capstones = read_export(path)
    return record.add(tries, capstones), len(tries) + len(capstones)


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet.

    Raises
    ------
    RecordError
        Where there is such a file, or it cannot be written.
    """
    try:
        file = path.open("x", encoding="utf-8", newline="\n")
    except FileExistsError as error:
        raise RecordError(f"{path}: is there already; name another file") from error
    except OSError as error:
        raise RecordError(f"{path}: cannot be written ({error.strerror})") from error
    try:
        with file:
            file.write(text)
    except OSError as error:
        path.unlink()  # half a record would look like one
        raise RecordError(f"{path}: cannot be written ({error.strerror})") from error
