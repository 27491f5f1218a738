"""Grading quizzes inside ``nbgrader autograde``, without running a learner's code.

``configure`` puts four preprocessors into nbgrader:

- ``ClearOtherSolutions`` leaves quizzes alone when a release is made: they hold no solution, and
  nbgrader would replace the cell that shows a case study by a stub;
- ``RestoreQuiz`` reads the learner's answers out of what was handed in and puts the instructor's
  own notebook in its place, so that nothing a learner edited, deleted or forged has any effect;
- ``GradeQuiz`` stands where nbgrader would run the notebook and writes each score and its feedback
  as the output that nbgrader reads;
- ``WithholdUngraded`` keeps rubric and model answer out of feedback that is generated before a
  person has graded the case study.

An assignment without a ``quiz.yaml`` is graded by nbgrader as ever.
"""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.api import Gradebook
from nbgrader.converters import GenerateAssignment
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
from nbgrader.utils import compute_checksum
from traitlets.config import Config

from autograder import html
from autograder.grading import Graded, grade
from autograder.items import CaseStudy
from autograder.notebooks import source_notebook
from autograder.quiz import QUIZ_FILE, Quiz, load_quiz
from autograder.responses import (
    METADATA_KEY,
    Recorded,
    journal_path,
    merge,
    read_journal,
    read_notebook,
    to_metadata,
)

_FOR_GRADERS = "for-graders"


def configure(config: Config) -> None:
    """Make nbgrader grade this course's quizzes; call it in ``nbgrader_config.py``."""
    # nbgrader starts the command `alembic` by its bare name, which fails where the virtual
    # environment is used without being activated.
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    config.CourseDirectory.ignore = [
        ".ipynb_checkpoints",
        "*.pyc",
        "__pycache__",
        ".pytest_cache",
        QUIZ_FILE,
    ]
    config.GenerateAssignment.preprocessors = [
        ClearOtherSolutions if stock is ClearSolutions else stock
        for stock in GenerateAssignment.class_traits()["preprocessors"].default_args[0]
    ]
    config.Autograde.sanitize_preprocessors = [
        RestoreQuiz,
        ClearOutput,
        DeduplicateIds,
        OverwriteKernelspec,
        OverwriteCells,
        CheckCellMetadata,
    ]
    config.Autograde.autograde_preprocessors = [
        GradeQuiz,
        IgnorePattern,
        LimitOutput,
        SaveAutoGrades,
        AssignLatePenalties,
        CheckCellMetadata,
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


class RestoreQuiz(NbGraderPreprocessor):
    """Put the instructor's notebook, with the learner's answers, in the submission's place."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        quiz = _find_quiz(self, resources)
        if quiz is None:
            return nb, resources
        folder = Path(resources["metadata"]["path"])
        recorded = merge(
            [read_journal(journal_path(folder, quiz.id)), read_notebook(nb.metadata, quiz.id)]
        )
        for problem in recorded.problems:
            self.log.warning("%s, %s: %s", resources["nbgrader"]["student"], quiz.id, problem)
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
        graded = grade(recorded, quiz)
        for cell in nb.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if name in graded:
                _write(cell, graded[name])
            elif name == "receipt":
                cell.outputs = [_html(html.receipt(graded, problems))]
        return nb, resources


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
                cell.outputs = [o for o in cell.outputs if not o.metadata.get(_FOR_GRADERS)]
        return nb, resources


def _find_quiz(preprocessor: NbGraderPreprocessor, resources: dict[str, Any]) -> Quiz | None:
    """The instructor's quiz behind the notebook that is being graded, if it is one."""
    coursedir = CourseDirectory(parent=preprocessor)
    where = resources["nbgrader"]
    folder = Path(coursedir.format_path(coursedir.source_directory, ".", where["assignment"]))
    path = folder / QUIZ_FILE
    if where["notebook"] != where["assignment"] or not path.exists():
        return None
    return load_quiz(path)


def _write(cell: NotebookNode, graded: Graded) -> None:
    """Write the outputs from which nbgrader takes the score and graders and learners read why."""
    if isinstance(graded.item, CaseStudy):
        cell.outputs = [_html(html.result(graded))]
        if graded.score.state == "unanswered":
            # The mark of an untouched cell, for which nbgrader records 0 and "No response."
            cell.metadata.nbgrader["checksum"] = compute_checksum(cell)
            return
        cell.metadata.nbgrader.pop("checksum", None)
        cell.outputs.append(_html(html.answer(graded)))
        cell.outputs.append(_html(html.rubric(graded.item), for_graders=True))
        return
    data = {"text/plain": repr(graded.points), "text/html": html.result(graded)}
    cell.outputs = [new_output("execute_result", data=data, execution_count=None)]


def _html(text: str, *, for_graders: bool = False) -> NotebookNode:
    metadata = {_FOR_GRADERS: True} if for_graders else {}
    data = {"text/html": text, "text/plain": "(shown as HTML)"}
    return new_output("display_data", data=data, metadata=metadata)
