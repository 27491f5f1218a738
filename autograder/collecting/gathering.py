"""Hand-ins made of the files that came in: what belongs together, whose it is, and when it came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from dateutil import parser
from nbgrader.utils import parse_utc

from autograder.collecting.contents import (
    JOURNAL,
    NOTEBOOK,
    RECEIPT,
    TIME,
    Content,
    digest,
    foreign,
    read_content,
)
from autograder.collecting.sources import Found
from autograder.collecting.whose import Whose, identify, read_path
from autograder.quiz import Quiz
from autograder.responses import merge
from autograder.roster import Roster, fold

#: An LMS may write the time of the download for every file. Where all times of a download lie so
#: close together, they tell nothing.
_DOWNLOAD = timedelta(minutes=10)
_MAX_STAMP = 100


@dataclass(frozen=True)
class Given:
    """What the instructor said: the class list, whose all of it is, when it came, which clock."""

    zone: tzinfo
    roster: Roster | None = None
    learner: str | None = None
    time: datetime | None = None


@dataclass(frozen=True)
class Part:
    """A file with what its path and its bytes say."""

    found: Found
    whose: Whose
    content: Content

    @property
    def order(self) -> tuple[datetime, int]:
        """What tells the newer of two files."""
        return self.found.time, self.content.revision


@dataclass(frozen=True)
class Clock:
    """A time (UTC) and what told it; ``doubt`` says why it is not to be believed."""

    time: datetime
    told_by: str
    doubt: str = ""


@dataclass(frozen=True)
class HandIn:
    """What a learner handed in at one time: a notebook, a journal or both, and a receipt.

    ``parts`` are by the names of the files that they become, ``digests`` those of notebook and
    journal. ``notes`` say what an instructor should know, ``late`` what Canvas says.
    """

    learner: str
    parts: Mapping[str, Part]
    digests: Mapping[str, str]
    clock: Clock
    late: bool = False
    notes: tuple[str, ...] = ()

    @property
    def rank(self) -> tuple[datetime, int, list[tuple[str, str]]]:
        """The newest has the highest: by time, then by the number of its last answer."""
        revision = max(one.content.revision for one in self.parts.values())
        return self.clock.time, revision, sorted(self.digests.items())


@dataclass(frozen=True)
class Left:
    """A file that became no part of a hand-in; ``why`` is empty for what nobody needs.

    ``stray`` is one that nobody needs where the learner handed in what is graded.
    """

    found: Found
    learner: str = ""
    why: str = ""
    remedy: str = ""
    stray: bool = False


@dataclass(frozen=True)
class Gathered:
    """Everything that came in."""

    hand_ins: tuple[HandIn, ...]
    left: tuple[Left, ...]


def gather(files: Iterable[Found], quiz: Quiz, given: Given, folders: Iterable[str]) -> Gathered:
    """Make hand-ins of files.

    Parameters
    ----------
    folders
        The learners who have a folder in the course already.
    """
    left: list[Left] = []
    groups: dict[tuple[str, tuple[str, ...]], list[Part]] = defaultdict(list)
    for found in files:
        if found.junk:
            left.append(Left(found))
            continue
        whose = read_path(found, quiz.id)
        match = identify(whose, given.roster) if given.learner is None else None
        learner = given.learner if match is None else match.learner
        if found.problem or found.held is None:
            left.append(Left(found, learner or "", found.problem, found.remedy))
        elif match and match.problem:
            left.append(Left(found, "", match.problem, match.remedy))
        else:
            groups[learner or "", whose.place].append(Part(found, whose, read_content(found, quiz)))
    spelled = _spellings([learner for learner, _ in groups], folders)
    doubted = _downloads(part for parts in groups.values() for part in parts)
    hand_ins: list[HandIn] = []
    for (learner, _), parts in groups.items():
        if len(names := spelled[fold(learner)]) > 1:
            shown = ", ".join(map(repr, sorted(names)))
            remedy = "rename one, or give the class list with --roster"
            left += [Left(one.found, "", f"differ in case alone: {shown}", remedy) for one in parts]
            continue
        made, others = _hand_ins(learner, parts, quiz, given, doubted)
        hand_ins += made
        left += others
    graded = {one.learner for one in hand_ins}
    return Gathered(
        tuple(hand_ins),
        tuple(
            Left(one.found, one.learner) if one.stray and one.learner in graded else one
            for one in left
        ),
    )


def _spellings(learners: Iterable[str], folders: Iterable[str]) -> Mapping[str, set[str]]:
    """The learners whom a file system may take for one another, by what they share."""
    found: dict[str, set[str]] = defaultdict(set)
    for name in (*learners, *folders):
        found[fold(name)].add(name)
    return found


def _downloads(parts: Iterable[Part]) -> set[tuple[str, ...]]:
    """The downloads from an LMS whose times all lie close together."""
    times: dict[tuple[str, ...], list[datetime]] = defaultdict(list)
    for part in parts:
        if part.whose.layout != "plain" and part.content.kind in (NOTEBOOK, JOURNAL):
            times[_download(part.found)].append(part.found.time)
    return {place for place, found in times.items() if max(found) - min(found) <= _DOWNLOAD}


def _download(found: Found) -> tuple[str, ...]:
    """The zip, or the folder that it was unpacked to, which a file was downloaded in."""
    zipped = [n for n, part in enumerate(found.path[:-1]) if part.lower().endswith(".zip")]
    inside = found.source.is_dir() and zipped
    return (str(found.source), *found.path[: zipped[0] + 1]) if inside else (str(found.source),)


def _hand_ins(
    learner: str,
    parts: Sequence[Part],
    quiz: Quiz,
    given: Given,
    doubted: set[tuple[str, ...]],
) -> tuple[list[HandIn], list[Left]]:
    """The hand-ins in one place: the newest notebook goes with the newest journal, and so on."""

    def newest_first(kind: str) -> list[Part]:
        found = [part for part in parts if part.content.kind == kind]
        return sorted(found, key=lambda part: (part.order, digest_of(part)), reverse=True)

    notebooks, journals, receipts = map(newest_first, (NOTEBOOK, JOURNAL, RECEIPT))
    stamps = [part for part in parts if part.content.kind == TIME]
    used: set[int] = set()
    made = []
    for number in range(max(len(notebooks), len(journals))):
        named = {
            f"{quiz.id}{ending}": found[number]
            for ending, found in (
                (".ipynb", notebooks),
                (".answers.jsonl", journals),
                (".receipt.json", receipts),
            )
            if number < len(found)
        }
        used |= {id(part) for part in named.values()}
        clock = _clock(learner, list(named.values()), stamps, given, doubted)
        hand_in = HandIn(
            learner,
            named,
            {name: digest_of(part) for name, part in named.items() if part.content.kind != RECEIPT},
            clock,
            any(part.whose.late for part in named.values()),
        )
        made.append(replace(hand_in, notes=tuple(_notes(hand_in, quiz, given))))
    left = [_left(part, learner, bool(made)) for part in parts if id(part) not in used]
    return made, left


def digest_of(part: Part) -> str:
    """SHA-256 of a file that came in."""
    assert part.found.held is not None
    return digest(part.found.held)


def _left(part: Part, learner: str, has_others: bool) -> Left:
    content = part.content
    if content.problem or (has_others or content.kind != RECEIPT):
        return Left(part.found, learner, content.problem, content.remedy, content.stray)
    why = "is a receipt without the notebook that it is for"
    return Left(part.found, learner, why, "compare it with autograder verify")


def _clock(
    learner: str,
    parts: Sequence[Part],
    stamps: Sequence[Part],
    given: Given,
    doubted: set[tuple[str, ...]],
) -> Clock:
    """When a hand-in came: as said, as the LMS's list or nbgrader has it, or by its files."""
    newest = max(parts, key=lambda part: part.order)
    found, whose = newest.found, newest.whose
    if given.time is not None:
        return Clock(given.time, "--time")
    listed = given.roster.by_id(learner) if given.roster else None
    if whose.layout == "moodle" and listed and (time := read_time(listed.handed_in, given.zone)):
        return Clock(time, "class list")
    # What one learner zipped says what that learner's computer said; the zip's own date does not.
    by_learner = found.zips > found.source.is_file() or (
        found.zips > 0 and (given.learner is not None or not whose.names)
    )
    if whose.layout == "plain" and not by_learner:
        for stamp in stamps:
            if time := _stamped(stamp.found.held):
                return Clock(time, "timestamp.txt")
    if whose.layout == "plain" and by_learner and found.zip_time:
        return Clock(found.zip_time, "date of the zip")
    told_by = "entry of the zip" if found.zips else "date of the file"
    if found.zips and found.time.year == 1980:
        return Clock(found.time, told_by, "the zip holds no time for it")
    if _download(found) in doubted:
        return Clock(found.time, told_by, "all times of this download lie within 10 minutes")
    return Clock(found.time, told_by)


def read_time(text: str, zone: tzinfo) -> datetime | None:
    """A time as people and Moodle write it (UTC); None where there is none to read."""
    try:
        time = parser.parse(text)
    except (ValueError, OverflowError):
        return None
    return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)


def _stamped(path: Path | None) -> datetime | None:
    assert path is not None
    try:
        text = path.read_bytes()[:_MAX_STAMP].decode().strip()
        return parse_utc(text).replace(tzinfo=UTC)
    except (OSError, ValueError, ArithmeticError, TypeError):
        return None


def _notes(hand_in: HandIn, quiz: Quiz, given: Given) -> Iterator[str]:
    """What contradicts the learner's id, and what else an instructor should know."""
    receipt = next((p.content.receipt for p in hand_in.parts.values() if p.content.receipt), None)
    named = receipt.learner if receipt else ""
    if named and named != hand_in.learner:
        yield f"the receipt names {named!r}"
    records = merge(part.content.recorded for part in hand_in.parts.values()).records
    known = [one.id for one in given.roster.learners] if given.roster else []
    wrong, fitting = foreign(records, quiz, hand_in.learner, [*known, *filter(None, [named])])
    if wrong:
        whose = f" ({', '.join(map(repr, dict.fromkeys(fitting)))}?)" if fitting else ""
        yield (
            f"{wrong} answers are to variants of another name{whose} and grade as invalid; rename "
            "the folder if the learner gave another name"
        )
    if hand_in.late:
        yield "Canvas says that it is late"
    if hand_in.clock.doubt:
        yield f"no time is kept, so it counts as on time: {hand_in.clock.doubt}; give --time"
