"""Hand-ins put where nbgrader grades them: the newest counts, and nothing is ever overwritten.

A folder is made whole under a hidden name first and then renamed, so that a run that was killed
leaves nothing half done; the next one goes on and ends in the same state.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from autograder.collecting.contents import digest, read_content
from autograder.collecting.gathering import Clock, HandIn, Left
from autograder.collecting.sources import Found
from autograder.quiz import Quiz
from autograder.responses import journal_path
from autograder.submissions import TIMESTAMP_FILE, read_timestamp

PLACED, IDENTICAL, EARLIER = "placed", "identical", "set aside"
UNPLACED, NOT_NEEDED = "NOT PLACED", "not needed"
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Outcome:
    """Where a file ended. ``where`` is empty where it was not copied."""

    file: str
    learner: str
    end: str
    where: str = ""
    time: datetime | None = None
    told_by: str = ""
    note: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Places:
    """Where things go. ``submitted`` and ``earlier`` give a learner's folder; ``stamp`` writes a
    time as nbgrader does; ``scratch`` is a new folder on the same disk; ``dry`` says that nothing
    is to be written."""

    quiz: Quiz
    root: Path
    submitted: Callable[[str], Path]
    earlier: Callable[[str], Path]
    unplaced: Path
    scratch: Callable[[], Path]
    stamp: Callable[[datetime], str]
    dry: bool = False

    def shown(self, path: Path) -> str:
        """A path as people read it: from the course's folder, where it is in it."""
        return str(path.relative_to(self.root) if path.is_relative_to(self.root) else path)


@dataclass(frozen=True)
class Standing:
    """What stands in a learner's folder already."""

    digests: Mapping[str, str]
    rank: tuple[datetime, int]
    stamped: bool

    @property
    def time(self) -> datetime:
        """When it was handed in, as far as the folder tells it."""
        return self.rank[0]


def place(learner: str, hand_ins: Sequence[HandIn], places: Places) -> list[Outcome]:
    """Put the newest of a learner's hand-ins into place, and the others aside."""
    try:
        return list(_place(learner, hand_ins, places))
    except OSError as error:
        why = f"cannot be written ({error.strerror}: {error.filename})"
        remedy = "see to it and collect again"
        return [
            Outcome(part.found.shown, learner, UNPLACED, note=why, remedy=remedy)
            for one in hand_ins
            for part in one.parts.values()
        ]


def _place(learner: str, hand_ins: Sequence[HandIn], places: Places) -> Iterator[Outcome]:
    folder = places.submitted(learner)
    standing = _standing(folder, places.quiz)
    winner = _winner(hand_ins, standing)
    for one in sorted(hand_ins, key=lambda one: one.rank):
        if one is winner:
            continue
        if winner and _is_in(one, winner.digests):
            yield from _outcomes(one, IDENTICAL, folder, places, "handed in twice")
        elif standing and _is_in(one, standing.digests):
            yield from _identical(one, standing, folder, places)
        else:
            yield from _set_aside(one, places)
    if winner:
        if standing:
            yield _move_aside(learner, folder, standing, places)
        _make(winner, folder, places)
        yield from _outcomes(winner, PLACED, folder, places)


def _winner(hand_ins: Sequence[HandIn], standing: Standing | None) -> HandIn | None:
    """The hand-in that counts from now on; None where what stands there does."""
    newest = max(hand_ins, key=lambda one: one.rank)
    if standing and (_is_in(newest, standing.digests) or newest.rank[:2] <= standing.rank):
        return None
    return _first_of_equals(newest, hand_ins)


def _first_of_equals(newest: HandIn, hand_ins: Sequence[HandIn]) -> HandIn:
    """The first time that what is the newest now was handed in, without another one since."""
    first = newest
    for one in sorted(hand_ins, key=lambda one: one.rank, reverse=True):
        if one.digests != newest.digests:
            break
        first = one
    return first


def _is_in(hand_in: HandIn, digests: Mapping[str, str]) -> bool:
    """Whether all that was handed in stands somewhere already."""
    return hand_in.digests.items() <= digests.items()


def _standing(folder: Path, quiz: Quiz) -> Standing | None:
    """What stands in a folder; None where there is none."""
    try:
        state = folder.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISDIR(state.st_mode):
        raise OSError(0, "a file or link stands there; move it away", str(folder))
    found = [folder / f"{quiz.id}.ipynb", journal_path(folder, quiz.id)]
    found = [path for path in found if path.is_file() and not path.is_symlink()]
    stamp, _ = read_timestamp(folder)
    changed = [datetime.fromtimestamp(int(path.lstat().st_mtime), UTC) for path in found]
    time = stamp.replace(tzinfo=UTC) if stamp else max(changed, default=_NEVER)
    contents = [read_content(Found(folder, (one.name,), time, held=one), quiz) for one in found]
    return Standing(
        {path.name: digest(path) for path in found},
        (time, max((one.revision for one in contents), default=0)),
        (folder / TIMESTAMP_FILE).exists(),
    )


def _identical(
    hand_in: HandIn, standing: Standing, folder: Path, places: Places
) -> Iterator[Outcome]:
    """What stands there already; only a time that the instructor gave is added, if none is kept."""
    note, clock = "", hand_in.clock
    kept = Clock(standing.time, "as kept", "" if standing.stamped else "no time is kept")
    if clock.told_by in ("--time", "class list"):
        if not standing.stamped:
            note, kept = "its time is kept now", clock
            if not places.dry:
                written = places.scratch() / TIMESTAMP_FILE
                written.write_text(places.stamp(clock.time), encoding="utf-8")
                written.rename(folder / TIMESTAMP_FILE)
        elif standing.time != clock.time:
            note = f"not {places.stamp(clock.time)}, as said: mend {TIMESTAMP_FILE}"
    yield from _outcomes(replace(hand_in, clock=kept), IDENTICAL, folder, places, note)


def _set_aside(hand_in: HandIn, places: Places) -> Iterator[Outcome]:
    """Keep a hand-in that does not count, unless it is kept already."""
    kept = places.earlier(hand_in.learner)
    for folder in sorted(kept.iterdir()) if kept.is_dir() else ():
        held = _standing(folder, places.quiz) if folder.is_dir() else None
        if held and _is_in(hand_in, held.digests):
            yield from _outcomes(hand_in, EARLIER, folder, places, "a newer one counts")
            return
    folder = kept / _folder_name(hand_in.clock.time, hand_in.digests)
    _make(hand_in, folder, places)
    yield from _outcomes(hand_in, EARLIER, folder, places, "a newer one counts")


def _move_aside(learner: str, folder: Path, standing: Standing, places: Places) -> Outcome:
    """Make room in a learner's folder; what stood there is kept as it is."""
    target = places.earlier(learner) / _folder_name(standing.time, standing.digests)
    number = 1
    while target.exists():
        number += 1
        target = target.with_name(f"{_folder_name(standing.time, standing.digests)}-{number}")
    if not places.dry:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(target)
    note = "stood there before; a newer one counts"
    return Outcome(
        places.shown(folder), learner, EARLIER, places.shown(target), standing.time, note=note
    )


def _folder_name(time: datetime, digests: Mapping[str, str]) -> str:
    """A name by which folders sort by time; the end tells two of one time apart."""
    tail = "".join(value[:4] for _, value in sorted(digests.items()))
    return f"{time:%Y-%m-%d_%H-%M-%S}_{tail or 'empty'}"


def _make(hand_in: HandIn, folder: Path, places: Places) -> None:
    """Make a folder of a hand-in, whole or not at all."""
    if places.dry:
        return
    made = places.scratch()
    for name, part in hand_in.parts.items():
        assert part.found.held is not None
        shutil.copyfile(part.found.held, made / name)
    seconds = hand_in.clock.time.timestamp()
    if not hand_in.clock.doubt:
        (made / TIMESTAMP_FILE).write_text(places.stamp(hand_in.clock.time), encoding="utf-8")
    for path in made.iterdir():
        os.utime(path, (seconds, seconds))
    shutil.copymode(places.root, made)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        raise OSError(0, "something stands there", str(folder))
    made.rename(folder)


def _outcomes(
    hand_in: HandIn, end: str, folder: Path, places: Places, note: str = ""
) -> Iterator[Outcome]:
    notes = () if end == EARLIER else hand_in.notes
    for name, part in hand_in.parts.items():
        yield Outcome(
            part.found.shown,
            hand_in.learner,
            end,
            places.shown(folder / name),
            hand_in.clock.time,
            "" if hand_in.clock.doubt else hand_in.clock.told_by,
            "; ".join(filter(None, [note, *notes])),
        )


def keep_unplaced(left: Iterable[Left], places: Places) -> Iterator[Outcome]:
    """Copy what could not be placed to where an instructor finds it."""
    for one in left:
        found = one.found
        if found.junk or not one.why:
            note = "computers leave it behind" if found.junk else "grading does not read it"
            yield Outcome(found.shown, one.learner, NOT_NEEDED, note=note)
            continue
        where, why = "", one.why
        if found.held is not None:
            try:
                where = places.shown(_keep(found.held, one, places))
            except OSError as error:
                why = f"{why}; not copied ({error.strerror})"
        yield Outcome(
            found.shown, one.learner, UNPLACED, where, found.time, note=why, remedy=one.remedy
        )


def _keep(held: Path, one: Left, places: Places) -> Path:
    if held.is_relative_to(places.unplaced):  # it is collected from there
        return held
    parts = [_safe(part) for part in (one.found.source.name, *one.found.path)]
    target = places.unplaced.joinpath(*parts)
    mark = digest(held)
    if target.exists() and not (target.is_file() and digest(target) == mark):
        target = target.with_name(f"{mark[:8]}-{target.name}")
    if places.dry or target.exists():
        return target
    made = places.scratch() / "copy"
    shutil.copyfile(held, made)
    seconds = one.found.time.timestamp()
    os.utime(made, (seconds, seconds))
    target.parent.mkdir(parents=True, exist_ok=True)
    made.rename(target)
    return target


def _safe(part: str) -> str:
    """A part of a path that means nothing to any file system."""
    kept = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]', "_", part).encode("utf-8", "replace")[:200]
    return re.sub(r"^\.+", "_", kept.decode("utf-8", "ignore")) or "_"
