"""Grading quizzes inside ``nbgrader autograde``, without running a learner's code.

``configure`` puts five preprocessors and a reader into nbgrader, and has nbgrader's own leave
quizzes alone (``for_others``), whose notebooks are the instructor's own:

- ``RefuseLeaks`` stops a release that tells the key;
- ``SubmissionExporter`` keeps what was handed in from being opened as a notebook;
- ``RestoreQuiz`` reads the learner's answers out of what was handed in and drops the rest;
- ``GradeQuiz`` stands where nbgrader would run the notebook. It puts the instructor's own notebook
  in its place, so that nothing a learner edited, deleted or forged has any effect, and writes each
  score and its feedback as the output that people read;
- ``SaveQuizGrades`` puts the scores into the gradebook, by the statements of bulk grading;
- ``WithholdUngraded`` keeps rubric and model answer out of feedback that is generated before a
  person has graded the case study.

An assignment without a ``quiz.yaml`` is graded by nbgrader as ever.

Four of nbgrader's methods have no option for what a quiz needs and are replaced: a quiz is graded
where no ``.ipynb`` was handed in, too; of what was handed in for a quiz no file but the exchange's
own is copied into ``autograded/``, from where it would go back to the learner (nbgrader follows
links, and a pipe or a broken link costs the submission its grade); a ``timestamp.txt`` that holds
no time is a warning, for every assignment; and a page that cannot go back through the exchange
keeps no other from going, for every assignment. The gradebook's engine, which nbgrader makes anew a
dozen times for each submission, is kept, and with it the statements that it compiled.
"""

from __future__ import annotations

import datetime
import json
import os
import sysconfig
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import nbgrader.api
from nbconvert.exporters import NotebookExporter
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from nbgrader import preprocessors
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.converters.base import BaseConverter
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import ExchangeReleaseFeedback
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearSolutions,
    Execute,
    GetGrades,
    IgnorePattern,
    LimitOutput,
    NbGraderPreprocessor,
    SaveAutoGrades,
)
from traitlets.config import Config, LoggingConfigurable

from autograder.bulk.gradebook import ClassGradebook, StoredGrade
from autograder.bulk.worker import Result, comments
from autograder.course import COURSE_FILE
from autograder.errors import AutograderError
from autograder.graded_notebook import (
    FOR_GRADERS,
    RESTORING,
    base_notebook,
    read_base,
    write_results,
)
from autograder.grading import grade
from autograder.quiz import QUIZ_FILE, Quiz, load_quiz
from autograder.released import require_released
from autograder.responses import METADATA_KEY, Recorded, brief, read_notebook, to_metadata
from autograder.sandbox import judge_or_wait
from autograder.submissions import (
    SECRET_FILE,
    TIMESTAMP_FILE,
    read_secret,
    read_submission,
    read_timestamp,
)

#: Where ``GradeQuiz`` leaves what it graded for ``SaveQuizGrades``.
_GRADED = "autograder_graded"
#: For each running ``Autograde`` the quiz that it grades and the notebook that answers go into.
_bases: WeakKeyDictionary[Any, tuple[Quiz, str]] = WeakKeyDictionary()
_create_engine = nbgrader.api.create_engine
_copy_all = BaseConverter.init_assignment
_find_all = BaseConverter.init_notebooks
_release_all = ExchangeReleaseFeedback.copy_files


def configure(config: Config) -> None:
    """Make nbgrader grade this course's quizzes; call it in ``nbgrader_config.py``."""
    # nbgrader starts the command `alembic` by its bare name, which fails where the virtual
    # environment is used without being activated.
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    BaseConverter.init_notebooks = _find_submissions
    BaseConverter.init_assignment = _copy_submission
    CourseDirectory.get_existing_timestamp = _existing_timestamp
    ExchangeReleaseFeedback.copy_files = _release_feedback
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
        *(for_others(one) if one is ClearSolutions else one for one in stock),
        RefuseLeaks,
    ]
    config.Autograde.exporter_class = SubmissionExporter
    config.SubmissionExporter.optimistic_validation = True  # once, not after each preprocessor
    config.Autograde.sanitize_preprocessors = [
        RestoreQuiz,
        *(for_others(getattr(preprocessors, name)) for name in RESTORING),
        for_others(CheckCellMetadata),
    ]
    config.Autograde.autograde_preprocessors = [
        GradeQuiz,
        *map(for_others, (IgnorePattern, LimitOutput)),
        SaveQuizGrades,
        AssignLatePenalties,
        for_others(CheckCellMetadata),
    ]
    config.GenerateFeedback.preprocessors = [
        GetGrades,
        WithholdUngraded,
        CSSHTMLHeaderPreprocessor,
    ]


@cache
def for_others(stock: type[NbGraderPreprocessor]) -> type[NbGraderPreprocessor]:
    """A preprocessor of nbgrader's that leaves quizzes alone; options set for it hold as ever.

    A released quiz holds no solution, and what ``GradeQuiz`` puts in a submission's place has gone
    through these preprocessors already.
    """

    def preprocess(
        self: Any, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        if _find_quiz(self, resources) is not None:
            return nb, resources
        done: tuple[NotebookNode, dict[str, Any]] = stock.preprocess(self, nb, resources)
        return done

    return type(f"{stock.__name__}ForOthers", (stock,), {"preprocess": preprocess})


class RefuseLeaks(NbGraderPreprocessor):
    """Refuse to release a quiz whose key could be read from it, or that is not written yet.

    nbgrader has copied the other files before it comes to the notebook, and removes them where
    this fails.
    """

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        quiz = _find_quiz(self, resources)
        if quiz is not None:
            from autograder.checks.release import (
                file_problems,
                notebook_problems,
                unwritten_problems,
            )

            coursedir = _converter(self).coursedir
            source, release = (
                Path(coursedir.format_path(directory, ".", quiz.id))
                for directory in (coursedir.source_directory, coursedir.release_directory)
            )
            problems = [
                *unwritten_problems(quiz, source),
                *notebook_problems(quiz, nb),
                *file_problems(quiz, release, source),
            ]
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
        coursedir = _converter(self).coursedir
        where = resources["nbgrader"]
        submitted = coursedir.format_path(
            coursedir.submitted_directory, where["student"], where["assignment"]
        )
        is_handed_in = path.parent.absolute() == Path(submitted).absolute()
        return is_handed_in and _find_quiz(self, resources) is not None


class RestoreQuiz(NbGraderPreprocessor):
    """Keep of what was handed in the learner's answers alone, in the metadata of a notebook."""

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
        held = to_metadata(recorded, quiz.id) | {"problems": list(recorded.problems)}
        return new_notebook(metadata={METADATA_KEY: held}), resources


class GradeQuiz(Execute):
    """Put answers, scores and feedback into the instructor's notebook; run nothing.

    Other notebooks run as ever.
    """

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
        restored = self._base(quiz, resources["nbgrader"]["db_url"])
        restored.metadata[METADATA_KEY] = nb.metadata[METADATA_KEY]
        write_results(restored, graded, problems)
        resources[_GRADED] = graded
        return restored, resources

    def _base(self, quiz: Quiz, db_url: str) -> NotebookNode:
        """The notebook before any answer; worked out once in a run of ``nbgrader autograde``."""
        run = _converter(self)
        known, text = _bases.get(run, (None, ""))
        if known is not quiz:
            text = json.dumps(base_notebook(quiz, self, db_url))
            _bases[run] = quiz, text
        return read_base(text)


class SaveQuizGrades(SaveAutoGrades):
    """nbgrader's ``SaveAutoGrades``, with a quiz's scores taken from grading, not from outputs."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        quiz = _find_quiz(self, resources)
        if quiz is None:
            saved: tuple[NotebookNode, dict[str, Any]] = super().preprocess(nb, resources)
            return saved
        graded = resources[_GRADED]
        learner = resources["nbgrader"]["student"]
        points = {name: one.points for name, one in graded.items()}
        result = Result(learner, points=points, comments=comments(nb))
        with Gradebook(resources["nbgrader"]["db_url"]) as gradebook:
            book = ClassGradebook(gradebook, quiz)
            book.save([result], book.stored([learner]), _needs_person)
            book.commit()
        return nb, resources


def _needs_person(result: Result, item: str, before: StoredGrade | None) -> bool:
    """As nbgrader decides it."""
    return result.points[item] is None or (before is not None and before.manual_score is not None)


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
    """Of a quiz that was handed in, bring only time and secret into ``autograded/``."""
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
    secret, problem = read_secret(submitted)
    if problem is not None:
        converter.log.warning("%s, %s: %s", student_id, assignment_id, problem)
    copies.mkdir(parents=True, exist_ok=True)
    stamp = None if time is None else f"{time.isoformat(' ')} UTC\n"
    for name, text in ((TIMESTAMP_FILE, stamp), (SECRET_FILE, secret)):
        if text is not None:
            (copies / name).unlink(missing_ok=True)
            (copies / name).write_text(text, encoding="utf-8")
    found = {Path(path).stem: path for path in converter.notebooks}
    for name in sorted(found.keys() - known):
        converter.log.warning("%s, %s: skipping %s", student_id, assignment_id, brief(name))
    converter.notebooks = [found[name] for name in sorted(found.keys() & known)]


def _release_feedback(exchange: ExchangeReleaseFeedback) -> None:
    """Release the pages of those who handed in through the exchange; name the others."""
    coursedir = exchange.coursedir
    others = [
        folder
        for folder in sorted(Path("/").glob(exchange.src_path.lstrip("/")))
        if not all((folder / name).exists() for name in (TIMESTAMP_FILE, SECRET_FILE))
    ]
    learner = Path(exchange.src_path).parts.index(coursedir.student_id or "*")
    for folder in others:
        exchange.log.warning(
            "%s cannot go back through the exchange, which this was not handed in through; "
            "give it back another way",
            folder,
        )
    excluded = [coursedir.student_id_exclude, *(folder.parts[learner] for folder in others)]
    coursedir.student_id_exclude = ",".join(filter(None, excluded))
    _release_all(exchange)


def _existing_timestamp(coursedir: CourseDirectory, dest_path: str) -> datetime.datetime | None:
    """When a submission was handed in; None, with a warning, where that cannot be read."""
    time, problem = read_timestamp(Path(dest_path))
    if problem is not None:
        coursedir.log.warning("%s: %s", dest_path, problem)
    return time


def _find_quiz(part: LoggingConfigurable, resources: dict[str, Any]) -> Quiz | None:
    """The instructor's quiz behind the notebook that is being graded, if it is one."""
    where = resources["nbgrader"]
    if where["notebook"] != where["assignment"]:
        return None
    return _quiz(_converter(part).coursedir, where["assignment"])


def _converter(part: Any) -> BaseConverter:
    """The run that an exporter or a preprocessor is a part of."""
    return part if isinstance(part, BaseConverter) else _converter(part.parent)


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
