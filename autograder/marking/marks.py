"""What graders decided, level by level: ``marks/<quiz>.jsonl`` in the course's folder.

The gradebook holds one score and one comment for an answer. The file beside it holds which level of
each criterion somebody chose, and when: for the learner's feedback, and to compare graders. Lines
are only ever added; the last one of a grader for an answer counts.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from autograder.errors import AutograderError
from autograder.items import CaseStudy
from autograder.items.base import Slug, Strict, Text
from autograder.markdown import shown

#: Who marks: ``first`` and ``settled`` marks are scores; ``second`` ones only measure agreement.
Role = Literal["first", "second", "settled"]
MAX_COMMENT = 10_000


class Replaced(Strict):
    """What the gradebook held before a mark took its place."""

    score: float | None
    comment: str | None


class Mark(Strict):
    """What one grader decided on one answer.

    ``answer`` is the random id that the gradebook gives a submission: no name. ``text`` and
    ``rubric`` are digests of the answer and of the rubric's points, since a mark says nothing of
    another answer or another rubric. ``levels`` holds, for each criterion, the place of the level
    in ``quiz.yaml``, from 0. ``time`` is UTC, as ISO 8601.
    """

    quiz: Slug
    item: Slug
    answer: str
    text: str
    rubric: str
    grader: Text
    role: Role
    time: str
    levels: dict[Slug, Annotated[int, Field(ge=0)]]
    points: float
    comment: Annotated[str, Field(max_length=MAX_COMMENT)] = ""
    replaced: Replaced | None = None


def marks_path(root: Path, quiz_id: str) -> Path:
    """Where the marks of a quiz stand in the course's folder."""
    return root / "marks" / f"{quiz_id}.jsonl"


def read_marks(path: Path) -> list[Mark]:
    """All marks in a file, oldest first; none where there is no file.

    Raises
    ------
    AutograderError
        Naming file and line of what cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise AutograderError(f"{path}: cannot be read: {error}") from error
    marks = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            marks.append(Mark.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the line"
            raise AutograderError(
                f"{path}:{number}: {place}: {first['msg']}; mend this line, or move it to another "
                "file (the gradebook keeps its scores)"
            ) from error
    return marks


def append_mark(path: Path, mark: Mark) -> None:
    """Add a mark, durably. A line that was cut off before stays apart from it.

    Raises
    ------
    AutograderError
        Where the file cannot be written.
    """
    line = f"{mark.model_dump_json(exclude_defaults=True)}\n".encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else b"\n" + line
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise AutograderError(
            f"{path}: cannot be written ({error.strerror}); make room or give yourself the right "
            "to write there, and mark the answer again"
        ) from error


def digest(text: str) -> str:
    """A short hash of an answer's text."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def rubric_digest(item: CaseStudy) -> str:
    """A short hash of the criteria and the points of their levels; wording makes no difference."""
    scale = [[one.id, [level.points for level in one.levels]] for one in item.rubric]
    return digest(json.dumps(scale))


def points(item: CaseStudy, levels: Mapping[str, int]) -> float:
    """The points that levels add up to, rounded to a thousandth.

    Raises
    ------
    AutograderError
        Where a criterion has no level, or a level that there is not.
    """
    known = {criterion.id: criterion for criterion in item.rubric}
    for name in levels.keys() - known.keys():
        raise AutograderError(f"{item.id}: the rubric has no criterion {name!r}")
    for name, criterion in known.items():
        if name not in levels:
            raise AutograderError(f"{item.id}: choose a level for “{criterion.name}”")
        if not 0 <= levels[name] < len(criterion.levels):
            raise AutograderError(
                f"{item.id}: “{criterion.name}” has the levels 0 to {len(criterion.levels) - 1}, "
                f"not {levels[name]}"
            )
    return round(sum(known[name].levels[level].points for name, level in levels.items()), 3)


def feedback(item: CaseStudy, levels: Mapping[str, int], comment: str) -> str:
    """What the learner reads: the level reached in each criterion, then the grader's comment."""
    lines = []
    for criterion in item.rubric:
        level = criterion.levels[levels[criterion.id]]
        reached = f"{level.points:g} of {criterion.points:g} points"
        lines.append(f"{shown(criterion.name)}: {reached}. {_line(level.text)}")
    return "\n".join([*lines, *(["", comment.strip()] if comment.strip() else [])])


def _line(markdown: str) -> str:
    return " ".join(shown(markdown).split())
