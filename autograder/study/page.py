"""Questions on the page of a notebook, one after the other, and what comes of them at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from ipywidgets import HTML, Button, VBox, Widget

if TYPE_CHECKING:
    from autograder.study.placement import Placement
    from autograder.study.review import Review


@dataclass(frozen=True)
class Walk:
    """A way through questions.

    Attributes
    ----------
    title, headline
        What the page is, and what there is to do.
    questions
        Their names, in order.
    show
        The widget of a question.
    remark
        What is said above a question; may be empty.
    leave
        Is called with a question before the next one comes.
    close
        What stands at the end: a sentence, and HTML.
    """

    title: str
    headline: str
    questions: Sequence[str]
    show: Callable[[str], Widget]
    remark: Callable[[str], str]
    leave: Callable[[str], None]
    close: Callable[[], tuple[str, str]]


def review_page(review: Review) -> VBox:
    """The questions of a review, and mastery at the end."""
    return _page(
        Walk(
            title="Today's review",
            headline=review.headline,
            questions=review.queue,
            show=review.show,
            remark=review.explain,
            leave=lambda _: None,
            close=lambda: _end_of(review),
        )
    )


def _end_of(review: Review) -> tuple[str, str]:
    if not review.mastery():
        return "", ""
    return "That is all for today." if review.queue else "", review.summary()._repr_html_()


def placement_page(placement: Placement) -> VBox:
    """The questions of a placement quiz that are still open, and where to start at the end."""
    return _page(
        Walk(
            title=placement.title,
            headline=placement.headline,
            questions=placement.open,
            show=placement.show,
            remark=lambda _: "",
            leave=placement.settle,
            close=lambda: ("Where to start:", placement.suggestion()._repr_html_()),
        )
    )


def with_text(page: VBox, text: str, options: dict[str, Any]) -> Any:
    """What Jupyter shows of a page, with a text for where there are no widgets."""
    bundle = page._repr_mimebundle_(**options)
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    data["text/plain"] = text
    return bundle


def _page(walk: Walk) -> VBox:
    """A question at a time, behind a button that leads on.

    Its children stay: a page builds new ones anew, and the button would lose the focus.
    """
    count = len(walk.questions)
    head = HTML(_paragraph(f"<strong>{escape(walk.title)}</strong>: {escape(walk.headline)}"))
    place, question, onward = HTML(), VBox(), Button(description="Next question")
    at = -1

    def advance(_: Button | None = None) -> None:
        nonlocal at
        if at >= 0:
            walk.leave(walk.questions[at])
        at += 1
        if at == count:
            end, html = walk.close()
            place.value = _paragraph(escape(end)) if end else ""
            question.children = [HTML(f'<div class="jp-RenderedHTMLCommon">{html}</div>')]
            onward.layout.display = "none"
            return
        name = walk.questions[at]
        remark = walk.remark(name)
        place.value = _paragraph(escape(f"Question {at + 1} of {count}. {remark}".rstrip()))
        question.children = [walk.show(name)]
        onward.description = "Next question" if at + 1 < count else "To the end"

    onward.on_click(advance)
    advance()
    return VBox([head, place, question, onward])


def _paragraph(html: str) -> str:
    return f'<p role="status" style="line-height: 1.5; margin: .4em 0">{html}</p>'
