"""From a ``Quiz`` to the nbgrader source notebook. Pure: the same quiz gives the same bytes."""

from __future__ import annotations

import hashlib
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.items import AnyItem, Code
from autograder.quiz import PublicQuiz, Quiz

HOW_TO = """\
**How to answer.** Choose *Run → Run All Cells* once. Answer in the boxes below each question;
every answer is saved as you give it, and the box says so. You may change an answer, close the
notebook and come back. The last cell lists what is answered. Each quiz folder holds a file
`questions.json`, which the notebook needs to show the questions: keep it beside the notebook.
"""

#: Its last line shows the overview.
OPEN = """from autograder import open_quiz

quiz = open_quiz("{}")
quiz"""

OWN_NUMBERS = "Run the cell below to see the question: every learner gets numbers of their own."

RECEIPT = """\
## What is recorded

Run the cell below. It lists every question with what is recorded for it, and stores all answers in
this notebook file, so that the `.ipynb` alone can be handed in.
"""


def source_notebook(quiz: Quiz) -> NotebookNode:
    """The nbgrader source notebook of a quiz.

    Each item is a locked Markdown cell with the stem and a grade cell ``quiz.show(id)``; a case
    study's grade cell is one that a person grades. The notebook holds no key: it is built from the
    public part, and only points and ids come from the items.
    """
    public = quiz.public()
    cells = [
        _markdown(quiz.id, "introduction", _introduction(public)),
        _code(quiz.id, "open", OPEN.format(quiz.id)),
    ]
    for number, item in enumerate(quiz.items, start=1):
        cells.append(_markdown(quiz.id, f"stem-{item.id}", _stem(number, item)))
        if isinstance(item, Code):
            cells += _workplace(quiz.id, item)
        cells.append(_item_cell(quiz.id, item))
    cells.append(_markdown(quiz.id, "about-receipt", RECEIPT))
    cells.append(_code(quiz.id, "receipt", "quiz.receipt()"))
    notebook = new_notebook(cells=cells, metadata=_notebook_metadata())
    nbformat.validate(notebook)
    return notebook


def to_text(notebook: NotebookNode) -> str:
    """A notebook as the text of an .ipynb file."""
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def _notebook_metadata() -> dict[str, Any]:
    return {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def _introduction(quiz: PublicQuiz) -> str:
    total = sum(item.points for item in quiz.items)
    return (
        f"# Quiz: {quiz.title}\n\n{quiz.instructions.strip()}\n\n"
        f"{len(quiz.items)} questions, {total:g} points.\n\n{HOW_TO}"
    )


def _stem(number: int, item: AnyItem) -> str:
    stem = OWN_NUMBERS if item.variant else item.stem.strip()
    return f"## {number}. {item.title}\n\n*{item.points:g} points*\n\n{stem}"


def _workplace(quiz_id: str, item: Code) -> list[NotebookNode]:
    """The cell that prepares a ``code`` item, where there is one, and the cell to complete."""
    cells = [_code(quiz_id, f"setup-{item.id}", item.setup.strip())] if item.setup.strip() else []
    metadata = _nbgrader(code_cell(item.id), solution=True) | {"editable": True}
    text = answer_cell(item.id, item.starter)
    cell = new_code_cell(text, metadata=metadata)
    return [*cells, _with_stable_id(cell, quiz_id, code_cell(item.id))]


def code_cell(item_id: str) -> str:
    """The name of the cell in which a learner completes a ``code`` item."""
    return f"code-{item_id}"


def answer_cell(item_id: str, source: str) -> str:
    """The text of that cell: a mark that says what it answers, and the learner's code."""
    mark = f"# answer: {item_id}  (keep this line; run the cell to record your answer)"
    return f"{mark}\n{source.strip()}"


def _item_cell(quiz_id: str, item: AnyItem) -> NotebookNode:
    metadata = _nbgrader(item.id, grade=True, solution=item.type == "case_study")
    metadata["nbgrader"]["points"] = item.points
    cell = new_code_cell(f'quiz.show("{item.id}")', metadata=metadata)
    return _with_stable_id(cell, quiz_id, item.id)


def _markdown(quiz_id: str, name: str, text: str) -> NotebookNode:
    return _with_stable_id(new_markdown_cell(text, metadata=_nbgrader(name)), quiz_id, name)


def _code(quiz_id: str, name: str, code: str) -> NotebookNode:
    return _with_stable_id(new_code_cell(code, metadata=_nbgrader(name)), quiz_id, name)


def _nbgrader(name: str, *, grade: bool = False, solution: bool = False) -> dict[str, Any]:
    locked = not solution
    return {
        "deletable": False,
        "editable": False,
        "nbgrader": {
            "grade": grade,
            "grade_id": name,
            "locked": locked,
            "schema_version": 3,
            "solution": solution,
            "task": False,
        },
    }


def _with_stable_id(cell: NotebookNode, quiz_id: str, name: str) -> NotebookNode:
    cell["id"] = hashlib.sha256(f"{quiz_id}/{name}".encode()).hexdigest()[:16]
    return cell
