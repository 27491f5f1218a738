"""CSV files for people: read whatever spreadsheets save, and write nothing that they would run."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from autograder.errors import AutograderError

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MAX_BYTES = 20 * 2**20


def read_table(path: Path) -> list[tuple[int, list[str]]]:
    """The rows of a CSV file with the line that each ends on; comma, semicolon or tab.

    Raises
    ------
    AutograderError
        Where the file cannot be read, or is not UTF-8.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise AutograderError(f"{path}: larger than {_MAX_BYTES // 2**20} MB; not a class list")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise AutograderError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise AutograderError(
            f"{path}: is not UTF-8 (byte {error.start}); save it as “CSV UTF-8”"
        ) from error
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise AutograderError(f"{path}:{reader.line_num}: is not CSV: {error}") from error


def write_table(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV file, whole or not at all.

    Raises
    ------
    AutograderError
        Where the file cannot be written; what stood there is as it was.
    """
    target = io.StringIO(newline="")
    csv.writer(target).writerows(rows)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        written = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                file.write(target.getvalue())
            if path.exists():
                shutil.copymode(path, written)
            written.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                written.unlink()
            raise
    except OSError as error:
        raise AutograderError(f"{path}: cannot be written ({error.strerror})") from error


def harmless(text: str) -> str:
    """A free text as a cell that no spreadsheet takes for a formula.

    Source: OWASP, "CSV Injection": a quote before what begins with ``= + - @``, tab or return.
    """
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would run a text that must not be changed; a number is none."""
    return text.startswith(_FORMULA) and not text.lstrip("+-").replace(".", "", 1).isdigit()
