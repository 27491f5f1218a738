"""What a learner sees: one view per item type, the overview and the receipt.

Each view is plain JavaScript without a build step, in the file of its type. ``Library`` brings all
of them to the page at once, behind ``frame.js``, which they share; each question then sends the few
lines of ``shelf.js`` and ``view.js``. The page keeps the latest records in the notebook's own
metadata as well; see ``NotebookFile`` in ``frame.js``.
"""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import anywidget
import traitlets
from ipywidgets import Layout

from autograder.items import ITEM_TYPES

__all__ = [
    "WIDGETS",
    "CaseStudyWidget",
    "ClozeWidget",
    "CodeWidget",
    "ItemWidget",
    "MatchingWidget",
    "MultipleSelectWidget",
    "NumericWidget",
    "OrderingWidget",
    "OverviewWidget",
    "ReceiptWidget",
    "SingleChoiceWidget",
    "code_of_views",
    "library_for",
]

#: The files with views, one for each type and more.
_VIEWS = (*ITEM_TYPES, "practice_code", "overview", "receipt")


def _text(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _constant(name: str, value: str) -> str:
    return f"const {name} = {json.dumps(value)};"


def code_of_views(frame: tuple[str, ...] = ()) -> str:
    """JavaScript that defines ``VIEWS``: for each view, its ``render({model, el})``.

    ``frame`` names files that go with ``frame.js``.
    """
    parts = [_constant("STYLE", _text("item.css")), *map(_text, ("frame.js", *frame))]
    for name in _VIEWS:
        view = _text(f"{name}.js").replace("export default", f"VIEWS.{name} =")
        parts.append(f"{{\n{view}}}")
    return "\n".join(["const VIEWS = {};", *parts])


class Library(anywidget.AnyWidget):
    """The code of all views: a page gets it once, before the first view. It shows nothing."""

    def __init__(self, frame: tuple[str, ...]) -> None:
        code = code_of_views(frame)
        #: The shelf on the page: code that differs stands on another.
        self.shelf = _constant("SHELF", f"autograder.{sha256(code.encode()).hexdigest()}")
        ends = "shelf.fill(VIEWS);\nexport default {};"
        super().__init__(
            _esm="\n".join([self.shelf, _text("shelf.js"), code, ends]), layout=_layout()
        )


@cache
def _layout() -> Layout:
    """The layout that all widgets share: one for each doubles what the page has to open."""
    return Layout()


@cache
def library_for(frame: tuple[str, ...] = ()) -> Library:
    """The one library with these files beside ``frame.js``, made at first need."""
    return Library(frame)


class _View(anywidget.AnyWidget):
    """A widget that reads well as text where there are no widgets."""

    #: The file that has the view, and what that file needs beside ``frame.js``.
    view_name = ""
    frame: tuple[str, ...] = ()

    #: The model that brings the code.
    library = traitlets.Unicode().tag(sync=True)
    #: The quiz's id.
    quiz = traitlets.Unicode().tag(sync=True)
    #: Set by a page that keeps the records of this view in the notebook's metadata.
    in_notebook = traitlets.Bool(False).tag(sync=True)
    #: What front ends without widgets show, converted notebooks and terminals included.
    text = ""

    def __init__(self, **state: Any) -> None:
        library = library_for(self.frame)
        name = _constant("VIEW", self.view_name)
        esm = "\n".join([library.shelf, name, _text("shelf.js"), _text("view.js")])
        super().__init__(_esm=esm, library=library.model_id, layout=_layout(), **state)

    def __repr__(self) -> str:
        return self.text or super().__repr__()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        if bundle is not None and self.text:
            data, *_ = bundle
            data["text/plain"] = self.text  # in full: ipywidgets cuts it after 110 characters
        return bundle


class ItemWidget(_View):
    """One question on the page.

    The page sets ``response``; the kernel answers by setting ``record``, or ``status`` where it
    cannot record. Until one of the two comes, the page says that the answer is not saved.
    """

    #: The public item, its texts rendered to sanitised HTML. Never changes.
    view = traitlets.Dict().tag(sync=True)
    #: What is on the screen, None where the question is not answered.
    response = traitlets.Any(None, allow_none=True).tag(sync=True)
    #: The latest durable record: item, response, revision, time; empty where there is none.
    record = traitlets.Dict().tag(sync=True)
    #: ``state`` ("open", "saved" or "failed") and ``message``: why it failed, or what the learner
    #: should know of an answer that is saved. The page sets the state "saving" together with a
    #: response, so that the kernel's verdict always is a change.
    status = traitlets.Dict().tag(sync=True)
    #: The next question that is not answered in full: id and title; empty where there is none.
    next_open = traitlets.Dict().tag(sync=True)


class SingleChoiceWidget(ItemWidget):
    """Radio buttons."""

    view_name = "single_choice"


class MultipleSelectWidget(ItemWidget):
    """Checkboxes."""

    view_name = "multiple_select"


class MatchingWidget(ItemWidget):
    """A list of prompts with a drop-down each."""

    view_name = "matching"


class OrderingWidget(ItemWidget):
    """Steps to sort by drag and drop, buttons or keys; spare steps go to a tray."""

    view_name = "ordering"


class NumericWidget(ItemWidget):
    """A field for a number, with its unit."""

    view_name = "numeric"


class ClozeWidget(ItemWidget):
    """A text with fields and drop-downs in it."""

    view_name = "cloze"


class CaseStudyWidget(ItemWidget):
    """A text field with a word count."""

    view_name = "case_study"


class CodeWidget(ItemWidget):
    """What is recorded of a code cell, and its visible checks.

    The learner writes in an ordinary cell. The page sends ``{"kind": "run-checks"}``; the kernel
    answers ``{"kind": "check-results", "problem": why none ran, "results": [{name, outcome,
    detail}]}`` with an ``outcome`` of "failed" where the code raised and else of "value": the
    learner compares it with the task.
    """

    view_name = "code"


class OverviewWidget(_View):
    """Progress over all questions, with a way to each."""

    view_name = "overview"

    #: The quiz's title.
    title = traitlets.Unicode().tag(sync=True)
    #: As those of ``ReceiptWidget``.
    rows = traitlets.List(traitlets.Dict()).tag(sync=True)
    notes = traitlets.List(traitlets.Unicode()).tag(sync=True)


class ReceiptWidget(_View):
    """What is answered and what is not; stores every record in the notebook's metadata."""

    view_name = "receipt"

    #: The latest record of each item, by the item's id.
    records = traitlets.Dict().tag(sync=True)
    #: For each item: id, title, points, state ("answered", "partly", "open" or "failed") and time.
    rows = traitlets.List(traitlets.Dict()).tag(sync=True)
    #: What the learner should know beside that: what is not saved, what cannot be read.
    notes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    #: The digest of the records, and the text of the receipt's file.
    digest = traitlets.Unicode().tag(sync=True)
    document = traitlets.Unicode().tag(sync=True)

    def update(self, state: dict[str, Any]) -> None:
        """Set traits in one message: the page must not show rows beside another digest."""
        with self.hold_sync():
            for name, value in state.items():
                setattr(self, name, value)


WIDGETS: dict[str, type[ItemWidget]] = {
    "single_choice": SingleChoiceWidget,
    "multiple_select": MultipleSelectWidget,
    "matching": MatchingWidget,
    "ordering": OrderingWidget,
    "numeric": NumericWidget,
    "cloze": ClozeWidget,
    "case_study": CaseStudyWidget,
    "code": CodeWidget,
}
