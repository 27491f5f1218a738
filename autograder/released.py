"""Whether the gradebook holds a quiz as it stands in ``quiz.yaml``."""

from __future__ import annotations

from nbgrader.api import Gradebook, MissingEntry, Notebook

from autograder.errors import AutograderError
from autograder.notebooks import code_cell
from autograder.quiz import Quiz


def require_released(gradebook: Gradebook, quiz: Quiz) -> Notebook:
    """The quiz's notebook in the gradebook.

    Raises
    ------
    AutograderError
        Where it is not there, or has other questions or points; the message has the remedy.
    """
    remedy = f"run: nbgrader generate_assignment {quiz.id} --force"
    try:
        notebook = gradebook.find_notebook(quiz.id, quiz.id)
    except MissingEntry as error:
        raise AutograderError(f"the gradebook does not know {quiz.id!r} yet; {remedy}") from error
    points = {cell.name: cell.max_score for cell in notebook.grade_cells}
    solved = {item.id for item in quiz.items if item.type == "case_study"}
    solved |= {code_cell(item.id) for item in quiz.items if item.type == "code"}
    if points != {item.id: item.points for item in quiz.items} or solved != {
        cell.name for cell in notebook.solution_cells
    }:
        raise AutograderError(
            f"the questions or points of {quiz.id!r} changed after its release, and the gradebook "
            f"holds the older ones; {remedy}"
        )
    return notebook
