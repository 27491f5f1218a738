"""The files in folders and zips that came in, whatever is in them.

Nothing here trusts a name: what a zip holds is copied under a number of its own, so that no path
can lead out of the place; no link is followed; sizes are limited as they are read, not as a zip
declares them. What cannot be read becomes a ``Found`` with a ``problem`` and stops nothing else.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from itertools import count
from pathlib import Path, PurePosixPath

from autograder.errors import AutograderError

_JUNK = ("thumbs.db", "desktop.ini", "__macosx", "__pycache__")
#: Grading reads no larger notebook.
MOST_BYTES_OF_FILE = 200 * 2**20
#: What a zip may hold in all.
MOST_BYTES = 4 * 2**30
MOST_ENTRIES = 50_000
#: A source may be a zip, and what a learner handed in may be one; a zip in that is not opened.
DEEPEST = 2
_CHUNK = 2**20
_UTF8 = 0x800
_ENCRYPTED = 0x1
_TIMES = 0x5455
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError)


@dataclass(frozen=True)
class Found:
    """A file that came in.

    ``path`` leads to it from ``source``; a zip counts as a folder. ``held`` is where its bytes
    are: the file itself, or a copy of what a zip held; None where they could not be had. ``time``
    is the last change that its folder or zip tells, for a zip in a zip that of the inner one;
    ``zip_time`` that of the file which is the zip around it. ``zips`` counts the zips around it.
    ``problem`` says why it cannot be used and ``remedy`` what to do; ``junk`` that nobody needs it.
    """

    source: Path
    path: tuple[str, ...]
    time: datetime
    zips: int = 0
    held: Path | None = None
    problem: str = ""
    remedy: str = ""
    junk: bool = False
    zip_time: datetime | None = None

    @property
    def shown(self) -> str:
        """The place of the file as people read it."""
        parts = [self.source.name, *self.path] if self.path else [self.source.name]
        return "".join(c if c.isprintable() else "�" for c in "/".join(parts))[:300]


@dataclass
class Staging:
    """Where copies of what zips hold go: each under a number, in a folder of nobody else's."""

    folder: Path
    zone: tzinfo
    _numbers: Iterator[int] = field(default_factory=count)

    def next(self) -> Path:
        """A path for one more copy."""
        return self.folder / str(next(self._numbers))


class _TooLarge(Exception):
    """A file in a zip has more bytes than it may."""


def find_files(sources: Iterable[Path], staging: Staging) -> Iterator[Found]:
    """Every file in some folders, zips and lone files, in a fixed order.

    Raises
    ------
    AutograderError
        Where a source is not there; before anything is read.
    """
    sources = list(dict.fromkeys(source.resolve() for source in sources))
    for source in sources:
        if not (source.is_file() or source.is_dir()):
            raise AutograderError(f"{source}: there is no such file or folder")
    for source in sources:
        if source.is_dir():
            yield from _folder(source, source, (), staging, 0)
        elif _is_zip(source.name):
            yield from _zip(_found(source, source, (), 0), staging)
        else:
            yield _checked(_found(source, source, (), 0))


def _folder(
    source: Path, folder: Path, path: tuple[str, ...], staging: Staging, zips: int
) -> Iterator[Found]:
    try:
        places = sorted(folder.iterdir())
    except OSError as error:
        yield Found(source, path, _EPOCH, problem=f"cannot be read ({error.strerror})")
        return
    for place in places:
        here = (*path, place.name)
        try:
            state = place.lstat()
        except OSError as error:
            yield Found(source, here, _EPOCH, problem=f"cannot be read ({error.strerror})")
            continue
        inside = zips + _is_zip(place.name)  # a folder that a zip was unpacked into counts as one
        if stat.S_ISDIR(state.st_mode) and not _is_junk(here):
            yield from _folder(source, place, here, staging, inside)
        elif _is_junk(here):
            yield Found(source, here, _when(state), zips, junk=True)
        elif stat.S_ISREG(state.st_mode) and _is_zip(place.name):
            yield from _zip(_found(source, place, here, zips), staging)
        else:
            yield _checked(_found(source, place, here, zips))


def _found(source: Path, place: Path, path: tuple[str, ...], zips: int) -> Found:
    return Found(source, path, _when(place.lstat()), zips, place)


def _checked(found: Found) -> Found:
    """A file on the disk, with what speaks against reading it."""
    assert found.held is not None
    state = found.held.lstat()
    if stat.S_ISLNK(state.st_mode):
        return _unusable(found, "is a symbolic link, which is not followed", "copy what it names")
    if not stat.S_ISREG(state.st_mode):
        return _unusable(found, "is not a regular file", "")
    if state.st_size > MOST_BYTES_OF_FILE:
        return _unusable(found, *_too_large())
    return found


def _unusable(found: Found, problem: str, remedy: str) -> Found:
    return replace(found, held=None, problem=problem, remedy=remedy)


def _too_large() -> tuple[str, str]:
    limit = MOST_BYTES_OF_FILE // 2**20
    return f"is larger than {limit} MB, which no graded notebook is", "ask for the notebook alone"


def _zip(found: Found, staging: Staging) -> Iterator[Found]:
    """The files in a zip. Those in a zip of a learner's have the time of that zip."""
    assert found.held is not None
    try:
        with zipfile.ZipFile(found.held) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_ENTRIES:
                yield _refused(found, f"holds more than {MOST_ENTRIES:,} files")
                return
            budget = MOST_BYTES
            for entry in entries:
                if entry.is_dir():
                    continue
                one, used = _entry(found, archive, entry, staging, budget)
                budget -= used
                if one.held is not None and _is_zip(one.path[-1]):
                    if one.zips < DEEPEST:
                        yield from _zip(one, staging)
                        continue
                    one = _refused(one, "is a zip in a zip in a zip")
                yield one
    except _BROKEN as error:
        yield _refused(found, f"is not a readable zip ({error})")


def _refused(found: Found, problem: str) -> Found:
    remedy = "unpack it yourself and give the folder, or ask for the notebook alone"
    return replace(found, problem=problem, remedy=remedy)


def _entry(
    found: Found,
    archive: zipfile.ZipFile,
    entry: zipfile.ZipInfo,
    staging: Staging,
    budget: int,
) -> tuple[Found, int]:
    """An entry of a zip and how many bytes of it were copied."""
    name = _name(entry).replace("\\", "/")
    parts = PurePosixPath(name).parts
    path = (*found.path, *parts)
    time = found.time if found.zips else _entry_time(entry, staging.zone)
    one = Found(found.source, path, time, found.zips + 1, zip_time=found.zip_time or found.time)
    if name.startswith("/") or ".." in parts or ":" in parts[0] or not parts:
        return _unusable(one, "has a path that leads out of the zip", "ask for it again"), 0
    if stat.S_ISLNK(entry.external_attr >> 16):
        return _unusable(one, "is a symbolic link, which is not followed", "ask for the file"), 0
    if _is_junk(parts):
        return replace(one, junk=True), 0
    if entry.flag_bits & _ENCRYPTED:
        return _unusable(one, "is locked by a password", "unlock it, or ask for it without"), 0
    held = staging.next()
    try:
        size = _copy(archive, entry, held, min(budget, MOST_BYTES_OF_FILE))
    except _TooLarge:
        held.unlink()
        if budget < MOST_BYTES_OF_FILE:
            problem = f"the zip holds more than {MOST_BYTES // 2**30} GB"
            return _unusable(one, problem, "unpack it yourself and give the folder"), 0
        return _unusable(one, *_too_large()), 0
    except (RuntimeError, *_BROKEN) as error:
        held.unlink(missing_ok=True)
        return _unusable(one, f"is damaged in the zip ({error})", "ask for it again"), 0
    return replace(one, held=held), size


def _copy(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, limit: int) -> int:
    """Copy an entry's bytes, whatever size the zip declares."""
    size = 0
    with archive.open(entry) as source, target.open("xb") as copy:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise _TooLarge
            copy.write(chunk)
    return size


def _name(entry: zipfile.ZipInfo) -> str:
    """The name of an entry; one that is not marked as UTF-8 often is all the same."""
    if entry.flag_bits & _UTF8:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _entry_time(entry: zipfile.ZipInfo, zone: tzinfo) -> datetime:
    """When an entry was changed last: exact where the zip says it (extra field 0x5455), else a
    time of the clock on the wall, without a zone."""
    extra = entry.extra
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        if kind == _TIMES and size >= 5 and len(extra) >= 9 and extra[4] & 1:
            return datetime.fromtimestamp(struct.unpack("<I", extra[5:9])[0], UTC)
        extra = extra[4 + size :]
    try:
        return datetime(*entry.date_time, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return _EPOCH


def _when(state: os.stat_result) -> datetime:
    return datetime.fromtimestamp(int(state.st_mtime), UTC)


def _is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def _is_junk(path: tuple[str, ...]) -> bool:
    """Whether a file is what computers leave behind, and no learner's work."""
    return any(part.lower() in _JUNK or part.startswith(".") for part in path)


_EPOCH = datetime(1980, 1, 1, tzinfo=UTC)
