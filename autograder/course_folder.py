"""Where nbgrader keeps what belongs to a quiz, in the course of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.apps import NbGrader
from sqlalchemy.exc import DBAPIError

from autograder.errors import AutograderError
from autograder.quiz import QUIZ_FILE, load_quiz


def handed_in(pattern: Path) -> Iterator[str]:
    """The learners who handed in a folder; where the pattern has ``*`` stands the name.

    Hidden folders are no learners': nbgrader does not see them either.
    """
    before, _, after = str(pattern).partition("*")
    for place in sorted(Path(before).glob("*")):
        if not place.name.startswith(".") and Path(f"{place}{after}").is_dir():
            yield place.name


class CourseFolder:
    """The course in this folder, as its ``nbgrader_config.py`` has it, opened for one quiz.

    Raises
    ------
    QuizError
        Where the quiz cannot be read.
    """

    def __init__(self, quiz_id: str) -> None:
        app = NbGrader()
        app.initialize([])
        self._coursedir = app.coursedir
        self._quiz_id = quiz_id
        self.root = Path(self._coursedir.root)
        self.source = self._folder(self._coursedir.source_directory, ".")
        self.quiz = load_quiz(self.source / QUIZ_FILE)

    def submitted(self, learner: str) -> Path:
        """The folder of what a learner handed in."""
        return self._folder(self._coursedir.submitted_directory, learner)

    def graded(self, learner: str) -> Path:
        """The notebook of a learner's graded submission."""
        folder = self._folder(self._coursedir.autograded_directory, learner)
        return folder / f"{self._quiz_id}.ipynb"

    def feedback(self, learner: str) -> Path:
        """A learner's feedback page."""
        folder = self._folder(self._coursedir.feedback_directory, learner)
        return folder / f"{self._quiz_id}.html"

    def learners(self) -> list[str]:
        """Those who handed the quiz in, without those whom the course excludes."""
        excluded = self._coursedir.student_id_exclude.split(",")
        return [name for name in handed_in(self.submitted("*")) if name not in excluded]

    @contextmanager
    def gradebook(self) -> Iterator[Gradebook]:
        """The course's gradebook.

        Raises
        ------
        AutograderError
            Where the database fails, or another program keeps it.
        """
        url = self._coursedir.db_url
        try:
            with Gradebook(url, self._coursedir.course_id) as gradebook:
                yield gradebook
        except DBAPIError as error:
            raise AutograderError(
                f"the gradebook {url} cannot be used ({error.orig}). Nothing in it was changed: "
                "end what else writes to it and try again"
            ) from error

    def _folder(self, directory: str, learner: str) -> Path:
        return self.root / self._coursedir.format_path(directory, learner, self._quiz_id)
