"""Items to and from other systems: Moodle XML, QTI 2.1, QTI 1.2 (Canvas) and GIFT."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autograder.interchange.moodle_xml import to_moodle_xml
from autograder.interchange.qti12 import to_qti12
from autograder.interchange.qti21 import to_qti21
from autograder.interchange.shared import Export
from autograder.quiz import Quiz


@dataclass(frozen=True)
class Format:
    """A format that quizzes can be written in; ``suffix`` is that of its files."""

    write: Callable[[Quiz, Path, int | None], Export]
    suffix: str


FORMATS = {
    "moodle-xml": Format(to_moodle_xml, ".xml"),
    "qti21": Format(to_qti21, ".zip"),
    "qti12": Format(to_qti12, ".zip"),
}
