"""What a learner sees: one view per item type, the overview and the receipt.

Each view is plain JavaScript without a build step: the text of ``frame.js``, which every view
shares, followed by the file of the type. The page keeps the latest records in the notebook's own
metadata as well; see ``NotebookFile`` in ``frame.js``.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import anywidget
import traitlets

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
    "module",
]


def _text(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def module(*names: str) -> str:
    """The JavaScript of a view: the shared frame, then the files named."""
    return "\n".join(map(_text, ("frame.js", *names)))


class _View(anywidget.AnyWidget):
    """A widget that reads well as text where there are no widgets."""

    _css = _text("item.css")

    #: The quiz's id.
    quiz = traitlets.Unicode().tag(sync=True)
    #: Set by a page that keeps the records of this view in the notebook's metadata.
    in_notebook = traitlets.Bool(False).tag(sync=True)
    #: What front ends without widgets show, converted notebooks and terminals included.
    text = ""

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

    _esm = module("single_choice.js")


class MultipleSelectWidget(ItemWidget):
    """Checkboxes."""

    _esm = module("multiple_select.js")


class MatchingWidget(ItemWidget):
    """A list of prompts with a drop-down each."""

    _esm = module("matching.js")


class OrderingWidget(ItemWidget):
    """Steps to sort by drag and drop, buttons or keys; spare steps go to a tray."""

    _esm = module("ordering.js")


class NumericWidget(ItemWidget):
    """A field for a number, with its unit."""

    _esm = module("numeric.js")


class ClozeWidget(ItemWidget):
    """A text with fields and drop-downs in it."""

    _esm = module("cloze.js")


class CaseStudyWidget(ItemWidget):
    """A text field with a word count."""

    _esm = module("case_study.js")


class CodeWidget(ItemWidget):
    """What is recorded of a code cell, and its visible checks.

    The learner writes in an ordinary cell. The page sends ``{"kind": "run-checks"}``; the kernel
    answers ``{"kind": "check-results", "problem": why none ran, "results": [{name, outcome,
    detail}]}`` with an ``outcome`` of "failed" where the code raised and else of "value": the
    learner compares it with the task.
    """

    _esm = module("code.js")


class OverviewWidget(_View):
    """Progress over all questions, with a way to each."""

    _esm = module("overview.js")

    #: The quiz's title.
    title = traitlets.Unicode().tag(sync=True)
    #: As those of ``ReceiptWidget``.
    rows = traitlets.List(traitlets.Dict()).tag(sync=True)
    notes = traitlets.List(traitlets.Unicode()).tag(sync=True)


class ReceiptWidget(_View):
    """What is answered and what is not; stores every record in the notebook's metadata."""

    _esm = module("receipt.js")

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
