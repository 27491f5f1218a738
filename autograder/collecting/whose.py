"""Who handed a file in, as its path says it, and whom the class list knows by that.

The names that learning management systems give to what they pack, from their sources:

- Moodle (``mod/assign/classes/downloader.php``): a folder ``<full name>_<number of the participant>
  _assignsubmission_file`` for each learner, with ``_`` at its end until Moodle 3, or a file whose
  name begins so. The number is another one for every assignment.
- Canvas (``lib/content_zipper.rb``): ``<lastnamefirstname>_[LATE_]<user>_<file>_<name>``, all of it
  without spaces; ``anon_...`` where the assignment hides names.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from autograder.collecting.sources import Found
from autograder.roster import Learner, Roster, fold, is_usable_id, name_key

_MOODLE = re.compile(
    r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?P<rest>.*)"
)
_CANVAS = re.compile(r"(?P<name>.+?)_(?P<late>LATE_)?(?P<number>\d+)_(?P<file>\d+)_(?P<rest>.+)")
_CANVAS_HIDDEN = re.compile(r"(LATE_)?anon_[A-Za-z0-9]+_\d+_.+")
_ENDINGS = re.compile(r"(\.(ipynb|answers|jsonl?|receipt|txt|zip|timestamp))+$", re.IGNORECASE)
_COPY = re.compile(r"\s*\(\d+\)$")
_HIDDEN_NAME = "participant"
_MORE_NUMBERS = {
    "moodle": "give the assignment's grading worksheet, which has the numbers, as --roster",
    "canvas": "give the gradebook that Canvas exports, which has the numbers, as --roster",
}


@dataclass(frozen=True)
class Whose:
    """What the path of a file says.

    ``names`` are what may name the learner, the likeliest first; ``hints`` may do so where the
    class list agrees. ``unsure`` says that the first two may each be the learner. ``number`` is
    the LMS's, ``late`` what Canvas says; ``hidden`` that the LMS names nobody. ``place`` is the
    same for all files that were handed in together.
    """

    layout: str
    place: tuple[str, ...]
    names: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    unsure: bool = False
    number: str = ""
    late: bool = False
    hidden: bool = False


@dataclass(frozen=True)
class Match:
    """A learner's id, or why there is none and what to do."""

    learner: str = ""
    problem: str = ""
    remedy: str = ""


def read_path(found: Found, quiz_id: str) -> Whose:
    """Who handed a file in, by its path."""
    path = found.path or (found.source.name,)
    place = (str(found.source if found.path else found.source.parent), *path[:-1])
    for depth, part in enumerate(path, start=1):
        if (match := _MOODLE.fullmatch(part)) and (match["rest"] or depth < len(path)):
            name = match["name"]
            hidden = fold(name) == _HIDDEN_NAME
            return Whose("moodle", place, (name,), number=match["number"], hidden=hidden)
        if match := _CANVAS.fullmatch(part):
            late = match["late"] is not None
            return Whose("canvas", place, (match["name"],), number=match["number"], late=late)
        if match := _CANVAS_HIDDEN.fullmatch(part):
            return Whose("canvas", place, late=match[1] is not None, hidden=True)
    around = [_around(part, quiz_id) for part in path]
    named = [before if fold(before) != "submitted" else "" for before, _ in around]
    hints = [around[-1][1], *(_around(found.source.name, quiz_id) if found.path else ())]
    # A zip in a folder may be a learner's, with folders of theirs, or hold a folder for each one.
    unsure = path[0].lower().endswith(".zip") and any(named[1:-1]) and bool(named[0])
    names = tuple(filter(None, named))
    return Whose("plain", place, names, tuple(filter(None, hints)), unsure)


def identify(whose: Whose, roster: Roster | None) -> Match:
    """The learner's id: by the class list or, without one, made of the name."""
    if whose.hidden and not (roster and whose.number and roster.lms == whose.layout):
        return Match(
            problem=f"{whose.layout.capitalize()} hid the names",
            remedy="reveal them and download anew"
            + (", or give the grading worksheet as --roster" if whose.layout == "moodle" else ""),
        )
    if roster is None:
        return _made_up(whose)
    if whose.layout == "plain":
        return _in_list(whose, roster)
    return _of_lms(whose, roster)


def _of_lms(whose: Whose, roster: Roster) -> Match:
    """By the LMS's number where the class list has it, else by name; both have to agree."""
    shown = whose.names[0]
    numbered = roster.lms == whose.layout or (whose.layout == "canvas" and not roster.lms)
    hits = roster.by_lms_id(whose.number) if numbered else []
    if hits and not whose.hidden and hits[0].names and not _has_name(hits[0], shown):
        return Match(
            problem=f"its number {whose.number} is that of {hits[0].sorted_name!r} in the class "
            f"list, its name is {shown!r}",
            remedy="give the list of this course and assignment",
        )
    known = numbered and any(one.lms_id for one in roster.learners)
    if not hits and not (known and whose.layout == "canvas"):
        hits = roster.by_name(shown)
    return _only(hits, f"{shown} ({whose.number})", _MORE_NUMBERS[whose.layout])


def _has_name(learner: Learner, name: str) -> bool:
    return name_key(name) in learner.names


def _in_list(whose: Whose, roster: Roster) -> Match:
    found = [(name, hits) for name in whose.names if (hits := roster.search(name))]
    if not found:
        found = [(name, hits) for name in whose.hints if (hits := roster.search(name))]
    if found:
        everybody = dict.fromkeys(one for _, hits in found for one in hits)
        return _only(list(everybody), " and ".join(name for name, _ in found))
    shown = " or ".join(map(repr, (*whose.names, *whose.hints))) or "its path"
    return Match(
        problem=f"the class list has nobody for {shown}",
        remedy="add the learner to it, or say whose it is with --learner",
    )


def _only(hits: list[Learner], shown: str, remedy: str = "") -> Match:
    if len(hits) == 1:
        return Match(hits[0].id)
    if not hits:
        return Match(problem=f"the class list has nobody for {shown!r}", remedy=remedy)
    ids = " or ".join(repr(one.id) for one in hits)
    return Match(
        problem=f"{shown!r} may be {ids}",
        remedy=f"{remedy}, or say whose it is with --learner".lstrip(", "),
    )


def _made_up(whose: Whose) -> Match:
    """An id out of the name; with the LMS's number, as two learners may have one name."""
    if not whose.names:
        return Match(
            problem="nothing in its path says whose it is",
            remedy="say whose it is with --learner, or give the class list with --roster",
        )
    if whose.unsure:
        return Match(
            problem=f"{whose.names[0]!r} or {whose.names[1]!r} may be the learner",
            remedy="give the class list with --roster, or say whose it is with --learner",
        )
    learner = safe_id("-".join(filter(None, (whose.names[0], whose.number))))
    if not learner:
        return Match(problem=f"{whose.names[0]!r} cannot name a folder", remedy="give --learner")
    return Match(learner)


def safe_id(name: str) -> str:
    """A name as the name of a folder, in which only letters, digits and ``._@-`` stand."""
    if is_usable_id(name) and " " not in name:
        return unicodedata.normalize("NFC", name)
    kept = re.sub(r"[^\w.@-]+", "-", unicodedata.normalize("NFC", name))
    return re.sub(r"-{2,}", "-", kept).strip("-.")[:100]


def _around(name: str, quiz_id: str) -> tuple[str, str]:
    """What stands in a name before the quiz's and, if nothing does, after it.

    A name without the quiz's is all before it.
    """
    stem = _COPY.sub("", _ENDINGS.sub("", name)).strip()
    match = re.search(rf"(?<![^\W_]){re.escape(quiz_id)}(?![^\W_])", stem, re.IGNORECASE)
    if match is None:
        return stem, ""
    before, after = (text.strip(" _.-") for text in (stem[: match.start()], stem[match.end() :]))
    return (before, "") if before else ("", after)
