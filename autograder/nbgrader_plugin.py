"""Grading quizzes inside ``nbgrader autograde``, without running a learner's code.

``configure`` puts seven preprocessors and a reader into nbgrader:

- ``ClearOtherSolutions`` leaves quizzes alone when a release is made: they hold no solution, and
  nbgrader would replace the cell that shows a case study by a stub;
- ``CheckOtherMetadata`` does not check in every submission what is the instructor's own;
- ``RefuseLeaks`` stops a release that tells the key;
- ``SubmissionExporter`` keeps what was handed in from being opened as a notebook;
- ``RestoreQuiz`` reads the learner's answers out of what was handed in and puts the instructor's
  own notebook in its place, so that nothing a learner edited, deleted or forged has any effect;
- ``GradeQuiz`` stands where nbgrader would run the notebook and writes each score and its feedback
  as the output that people read;
- ``SaveQuizGrades`` puts the scores into the gradebook;
- ``WithholdUngraded`` keeps rubric and model answer out of feedback that is generated before a
  person has graded the case study.

An assignment without a ``quiz.yaml`` is graded by nbgrader as ever.

Three of nbgrader's methods have no option for what a quiz needs and are replaced: a quiz is graded
where no ``.ipynb`` was handed in, too; of what was handed in for a quiz no file is copied into
``autograded/``, from where it would go back to the learner (nbgrader follows links, and a pipe or a
broken link costs the submission its grade); and a ``timestamp.txt`` that holds no time is a
warning, for every assignment. The gradebook's engine, which nbgrader makes anew a dozen times for
each submission, is kept, and with it the statements that it compiled.
"""

from __future__ import annotations

import datetime
import os
import sysconfig
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
import nbgrader.api
from nbconvert.exporters import NotebookExporter
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.converters.base import BaseConverter
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    ClearSolutions,
    DeduplicateIds,
    Execute,
    GetGrades,
    IgnorePattern,
    LimitOutput,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from traitlets.config import Config

from autograder.course import COURSE_FILE
from autograder.errors import AutograderError
from autograder.graded_notebook import FOR_GRADERS, write_results
from autograder.grading import grade
from autograder.notebooks import source_notebook
from autograder.quiz import QUIZ_FILE, Quiz, load_quiz
from autograder.released import require_released
from autograder.responses import METADATA_KEY, Recorded, brief, read_notebook, to_metadata
from autograder.sandbox import judge_or_wait
from autograder.submissions import TIMESTAMP_FILE, read_submission, read_timestamp

#: Where ``GradeQuiz`` leaves what it graded for ``SaveQuizGrades``.
_GRADED = "autograder_graded"
_create_engine = nbgrader.api.create_engine
_copy_all = BaseConverter.init_assignment
_find_all = BaseConverter.init_notebooks


def configure(config: Config) -> None:
    """Make nbgrader grade this course's quizzes; call it in ``nbgrader_config.py``."""
    # nbgrader starts the command `alembic` by its bare name, which fails where the virtual
    # environment is used without being activated.
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    BaseConverter.init_notebooks = _find_submissions
    BaseConverter.init_assignment = _copy_submission
    CourseDirectory.get_existing_timestamp = _existing_timestamp
    nbgrader.api.create_engine = lru_cache(_create_engine)
    config.CourseDirectory.ignore = [
        ".ipynb_checkpoints",
        "*.pyc",
        "__pycache__",
        ".pytest_cache",
        QUIZ_FILE,
    ]
    stock = GenerateAssignment.class_traits()["preprocessors"].default_args[0]
    config.GenerateAssignment.preprocessors = [
        *(ClearOtherSolutions if one is ClearSolutions else one for one in stock),
        RefuseLeaks,
    ]
    config.Autograde.exporter_class = SubmissionExporter
    config.Autograde.sanitize_preprocessors = [
        RestoreQuiz,
        ClearOutput,
        DeduplicateIds,
        OverwriteKernelspec,
        OverwriteCells,
        CheckOtherMetadata,
    ]
    config.Autograde.autograde_preprocessors = [
        GradeQuiz,
        IgnorePattern,
        LimitOutput,
        SaveQuizGrades,
        AssignLatePenalties,
        CheckOtherMetadata,
    ]
    config.GenerateFeedback.preprocessors = [
        GetGrades,
        WithholdUngraded,
        CSSHTMLHeaderPreprocessor,
    ]


class ClearOtherSolutions(ClearSolutions):
    """nbgrader's ``ClearSolutions`` for every notebook that is not a quiz."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        if _find_quiz(self, resources) is not None:
            return nb, resources
        cleared: tuple[NotebookNode, dict[str, Any]] = super().preprocess(nb, resources)
        return cleared


class CheckOtherMetadata(CheckCellMetadata):
    """nbgrader's ``CheckCellMetadata`` for what learners may have changed: not for a quiz.

    A quiz's cells are the instructor's own, and were checked when it was released.
    """

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        if _find_quiz(self, resources) is not None:
            return nb, resources
        checked: tuple[NotebookNode, dict[str, Any]] = super().preprocess(nb, resources)
        return checked


class RefuseLeaks(NbGraderPreprocessor):
    """Refuse to release a quiz from whose notebook or other files the key could be read.

    nbgrader has copied the other files before it comes to the notebook, and removes them where
    this fails.
    """

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        quiz = _find_quiz(self, resources)
        if quiz is not None:
            from autograder.checks.release import file_problems, notebook_problems

            coursedir = CourseDirectory(parent=self)
            source, release = (
                Path(coursedir.format_path(directory, ".", quiz.id))
                for directory in (coursedir.source_directory, coursedir.release_directory)
            )
            problems = [*notebook_problems(quiz, nb), *file_problems(quiz, release, source)]
            if problems:
                raise AutograderError(
                    f"{quiz.id} must not be released. Where it is not what the quiz builds, run "
                    f"`autograder build {quiz.id}` first.\n" + "\n".join(problems)
                )
        return nb, resources


class SubmissionExporter(NotebookExporter):
    """Opens a quiz that was handed in as an empty notebook; ``RestoreQuiz`` reads the answers.

    So a file that is no notebook, or one made to stop nbgrader, costs nobody the answers in the
    journal. Everything else is opened as ever.
    """

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[NotebookNode, dict[str, Any]]:
        read: tuple[NotebookNode, dict[str, Any]]
        path = Path(filename)
        if resources is not None and self._is_handed_in_quiz(path, resources):
            resources["metadata"] = {"name": path.stem, "path": str(path.parent)}
            read = self.from_notebook_node(new_notebook(), resources, **kwargs)
        else:
            read = super().from_filename(filename, resources, **kwargs)
        return read

    def _is_handed_in_quiz(self, path: Path, resources: dict[str, Any]) -> bool:
        coursedir = CourseDirectory(parent=self)
        where = resources["nbgrader"]
        submitted = coursedir.format_path(
            coursedir.submitted_directory, where["student"], where["assignment"]
        )
        is_handed_in = path.parent.absolute() == Path(submitted).absolute()
        return is_handed_in and _find_quiz(self, resources) is not None


class RestoreQuiz(NbGraderPreprocessor):
    """Put the instructor's notebook, with the learner's answers, in the submission's place."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        quiz = _find_quiz(self, resources)
        if quiz is None:
            return nb, resources
        student, folder = resources["nbgrader"]["student"], Path(resources["metadata"]["path"])
        recorded = read_submission(folder, quiz.for_learner(student))
        for problem in recorded.problems:
            self.log.warning("%s, %s: %s", student, quiz.id, problem)
        restored = source_notebook(quiz)
        held = to_metadata(recorded, quiz.id) | {"problems": list(recorded.problems)}
        restored.metadata[METADATA_KEY] = nbformat.from_dict(held)
        return restored, resources


class GradeQuiz(Execute):
    """Write scores and feedback as outputs; run nothing. Other notebooks run as ever."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any], **kwargs: Any
    ) -> tuple[NotebookNode, dict[str, Any]]:
        quiz = _find_quiz(self, resources)
        if quiz is None:
            executed: tuple[NotebookNode, dict[str, Any]] = super().preprocess(
                nb, resources, **kwargs
            )
            return executed
        problems = tuple(nb.metadata[METADATA_KEY]["problems"])
        recorded = Recorded(read_notebook(nb.metadata, quiz.id).records, problems)
        learners = quiz.for_learner(resources["nbgrader"]["student"])
        graded = grade(recorded, learners, judge_or_wait)
        write_results(nb, graded, problems)
        resources[_GRADED] = graded
        return nb, resources


class SaveQuizGrades(SaveAutoGrades):
    """nbgrader's ``SaveAutoGrades``, with a quiz's scores taken from grading, not from outputs."""

    def _add_score(self, cell: NotebookNode, resources: dict[str, Any]) -> None:
        if _GRADED not in resources:
            super()._add_score(cell, resources)
            return
        name = cell.metadata["nbgrader"]["grade_id"]
        grade = self.gradebook.find_grade(
            name, self.notebook_id, self.assignment_id, self.student_id
        )
        grade.auto_score = resources[_GRADED][name].points
        grade.needs_manual_grade = grade.auto_score is None or grade.manual_score is not None
        self.gradebook.db.commit()


class WithholdUngraded(NbGraderPreprocessor):
    """Drop what is meant for graders from the feedback of a case study not graded yet."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        where = resources["nbgrader"]
        with Gradebook(where["db_url"]) as gradebook:
            submission = gradebook.find_submission_notebook(
                where["notebook"], where["assignment"], where["student"]
            )
            waiting = {grade.name for grade in submission.grades if grade.needs_manual_grade}
        for cell in nb.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") in waiting:
                cell.outputs = [o for o in cell.outputs if not o.metadata.get(FOR_GRADERS)]
        return nb, resources


def _find_submissions(converter: BaseConverter) -> None:
    """Of a quiz, find every folder that was handed in, whatever it holds."""
    coursedir = converter.coursedir
    name = coursedir.assignment_id
    pattern = Path(converter._format_source(name, coursedir.student_id))
    handed_in = Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))
    folders = [path for path in handed_in if path.is_dir()]
    is_autograde = isinstance(converter, Autograde) and coursedir.notebook_id in ("*", name)
    if not is_autograde or not folders or _quiz(coursedir, name) is None:
        _find_all(converter)
        return
    converter.assignments = {
        str(folder): sorted({str(folder / f"{name}.ipynb"), *map(str, folder.glob("*.ipynb"))})
        for folder in folders
    }
    converter.notebooks = []


def _copy_submission(converter: BaseConverter, assignment_id: str, student_id: str) -> None:
    """Of a quiz that was handed in, bring only its time into ``autograded/``."""
    coursedir = converter.coursedir
    quiz = _quiz(coursedir, assignment_id)
    if quiz is None or not isinstance(converter, Autograde):
        _copy_all(converter, assignment_id, student_id)
        return
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        # Before anything of the submission is in the gradebook, where it would stay open.
        released = require_released(gradebook, quiz).assignment
        known = {notebook.name for notebook in released.notebooks}
    submitted = Path(converter._format_source(assignment_id, student_id))
    copies = Path(converter._format_dest(assignment_id, student_id))
    time, _ = read_timestamp(submitted)
    copies.mkdir(parents=True, exist_ok=True)
    if time is not None:
        (copies / TIMESTAMP_FILE).unlink(missing_ok=True)
        (copies / TIMESTAMP_FILE).write_text(f"{time.isoformat(' ')} UTC\n", encoding="utf-8")
    found = {Path(path).stem: path for path in converter.notebooks}
    for name in sorted(found.keys() - known):
        converter.log.warning("%s, %s: skipping %s", student_id, assignment_id, brief(name))
    converter.notebooks = [found[name] for name in sorted(found.keys() & known)]


def _existing_timestamp(coursedir: CourseDirectory, dest_path: str) -> datetime.datetime | None:
    """When a submission was handed in; None, with a warning, where that cannot be read."""
    time, problem = read_timestamp(Path(dest_path))
    if problem is not None:
        coursedir.log.warning("%s: %s", dest_path, problem)
    return time


def _find_quiz(preprocessor: NbGraderPreprocessor, resources: dict[str, Any]) -> Quiz | None:
    """The instructor's quiz behind the notebook that is being graded, if it is one."""
    where = resources["nbgrader"]
    if where["notebook"] != where["assignment"]:
        return None
    return _quiz(CourseDirectory(parent=preprocessor), where["assignment"])


def _quiz(coursedir: CourseDirectory, assignment: str) -> Quiz | None:
    """The quiz of an assignment, if it has one."""
    folder = Path(coursedir.format_path(coursedir.source_directory, ".", assignment))
    path, course = folder / QUIZ_FILE, folder.parent / COURSE_FILE
    if not path.exists():
        return None
    return _load(
        path.resolve(), *(one.stat().st_mtime_ns for one in (path, course) if one.exists())
    )


@lru_cache(maxsize=8)
def _load(path: Path, *_changed: int) -> Quiz:
    """The quiz in a file that has not changed since."""
    return load_quiz(path)
