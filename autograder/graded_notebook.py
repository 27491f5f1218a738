"""A graded submission as a notebook: the instructor's own cells, with scores and feedback."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode, from_dict
from nbgrader.utils import compute_checksum

from autograder import html
from autograder.grading import Graded
from autograder.items import CaseStudy, Code
from autograder.notebooks import answer_cell, code_cell, source_notebook
from autograder.quiz import Quiz

#: Marks an output that only graders may see until a person has graded the answer.
FOR_GRADERS = "for-graders"
#: nbgrader's preprocessors that take back what a learner may have changed, in their order.
RESTORING = ("ClearOutput", "DeduplicateIds", "OverwriteKernelspec", "OverwriteCells")


def base_notebook(quiz: Quiz, parent: Any, db_url: str) -> NotebookNode:
    """The instructor's notebook as nbgrader's own preprocessors leave it, before any answer.

    Parameters
    ----------
    parent
        What the preprocessors get their options from.
    db_url
        The gradebook, which has the cells as they were released.
    """
    from nbgrader import preprocessors  # takes a second; a worker does without

    notebook = source_notebook(quiz)
    where = {"notebook": quiz.id, "assignment": quiz.id, "student": ""}
    resources: dict[str, Any] = {"nbgrader": {**where, "db_url": db_url}}
    for name in RESTORING:
        stock = getattr(preprocessors, name)(parent=parent)
        notebook, resources = stock.preprocess(notebook, resources)
    return notebook


def read_base(text: str) -> NotebookNode:
    """The notebook that ``base_notebook`` made, from JSON; sooner than by ``nbformat``."""

    def node(pairs: list[tuple[str, Any]]) -> NotebookNode:
        made = NotebookNode()
        dict.update(made, pairs)
        return made

    notebook: NotebookNode = json.loads(text, object_pairs_hook=node)
    return notebook


def write_results(
    notebook: NotebookNode, graded: Mapping[str, Graded], problems: tuple[str, ...]
) -> None:
    """Write score and feedback of each item, and the receipt, as the outputs of their cells.

    ``problems`` says what of the submission could not be read.
    """
    answers = {
        code_cell(name): answer_cell(name, one.response["source"])
        for name, one in graded.items()
        if isinstance(one.item, Code)
        and isinstance(one.response, dict)
        and one.score.state in ("graded", "waiting")
    }
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in answers:
            cell.source = answers[name]
        elif name in graded:
            _write(cell, graded[name])
        elif name == "receipt":
            cell.outputs = [_html(html.receipt(graded, problems))]


def _write(cell: NotebookNode, graded: Graded) -> None:
    """The outputs from which graders and learners read the score and why."""
    if isinstance(graded.item, CaseStudy):
        cell.outputs = [_html(html.result(graded))]
        if graded.score.state == "unanswered":
            # The mark of an untouched cell, for which nbgrader records "No response."
            cell.metadata.nbgrader["checksum"] = compute_checksum(cell)
            return
        cell.metadata.nbgrader.pop("checksum", None)
        cell.outputs.append(_html(html.answer(graded)))
        cell.outputs.append(_html(html.rubric(graded.item), for_graders=True))
        return
    data = {"text/plain": repr(graded.points), "text/html": html.result(graded)}
    result = _output("execute_result", data, {})
    result["execution_count"] = None
    cell.outputs = [result]


def _html(text: str, *, for_graders: bool = False) -> NotebookNode:
    metadata = {FOR_GRADERS: True} if for_graders else {}
    data = {"text/html": text, "text/plain": "(shown as HTML)"}
    return _output("display_data", data, metadata)


def _output(kind: str, data: dict[str, str], metadata: dict[str, bool]) -> NotebookNode:
    """An output, without the validation of ``new_output``, which costs more than grading."""
    return from_dict({"output_type": kind, "data": data, "metadata": metadata})
