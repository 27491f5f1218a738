"""HTML from Markdown and grades. Everything that enters is treated as untrusted.

Formulas become MathML, which browsers show by themselves: a widget, a feedback page and nbgrader's
pages all show the same, with no script and no network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape

import nh3

from autograder.grading import Graded
from autograder.items import CaseStudy, Remark
from autograder.items.case_study import Criterion, Sample
from autograder.markdown import parser

_MARKS = {True: "✓ right:", False: "✗ not right:", None: "→"}
_MATHML = {
    *("math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "msqrt", "mroot", "mfrac", "mpadded"),
    *("msub", "msup", "msubsup", "munder", "mover", "munderover", "mmultiscripts", "mprescripts"),
    *("mtable", "mtr", "mtd", "mphantom", "menclose", "mstyle"),
}
_MATHML_ATTRIBUTES = {
    *("display", "displaystyle", "scriptlevel", "mathvariant", "accent", "accentunder", "form"),
    *("fence", "separator", "stretchy", "symmetric", "largeop", "movablelimits", "lspace"),
    *("rspace", "width", "height", "depth", "voffset", "minsize", "maxsize", "linethickness"),
    *("columnspan", "rowspan", "style"),
}
_STYLES = {
    *("text-align", "justify-items", "padding-left", "padding-right", "padding-top"),
    *("padding-bottom", "border-left", "border-right", "border-top", "border-bottom"),
    *("color", "background-color", "math-style", "math-depth"),
}
_SANITISER = nh3.Cleaner(
    tags=nh3.ALLOWED_TAGS | _MATHML,
    attributes={**nh3.ALLOWED_ATTRIBUTES, **dict.fromkeys(_MATHML, _MATHML_ATTRIBUTES)},
    filter_style_properties=_STYLES,
)


@lru_cache(maxsize=4096)  # a class gets the same feedback over and over
def block(markdown: str) -> str:
    """Markdown as sanitised HTML blocks."""
    return _SANITISER.clean(parser().render(markdown))


@lru_cache(maxsize=4096)
def inline(markdown: str) -> str:
    """One line of Markdown as sanitised HTML without a paragraph around it."""
    return _SANITISER.clean(parser().renderInline(markdown))


def result(graded: Graded) -> str:
    """What a learner sees of a graded item: the score, the reason, each remark, the explanation."""
    item, score = graded.item, graded.score
    points = "—" if graded.points is None else f"{graded.points:g}"
    head = f"<p><strong>{inline(item.title)}</strong> · {points} of {item.points:g} points</p>"
    stem = block(item.stem) if item.variant else ""  # not in the notebook: it differs by learner
    parts = [head, stem, f"<p>{escape(score.reason)}</p>"]
    parts.append(_remarks(score.remarks))
    if score.state != "waiting":
        parts.append(block(item.explanation))
        if item.sections:
            parts.append(f"<p>To read again: section {escape(', '.join(item.sections))}</p>")
    return _section("".join(parts))


def verdict(graded: Graded, remarks: Sequence[Remark], *, tells_key: bool) -> str:
    """What practice says of an answer; the explanation and a model answer go with the key."""
    judged = graded.response is not None and graded.points is not None
    parts = [f"<p>{escape(graded.score.reason)}</p>"] if judged else []
    parts.append(_remarks(remarks))
    if tells_key:
        if isinstance(graded.item, CaseStudy):
            parts.append(model_answer(graded.item))
        parts.append(block(graded.item.explanation))
    return _section("".join(parts))


def answer(graded: Graded) -> str:
    """A free-text answer as the learner typed it, escaped."""
    text = graded.response.get("text") if isinstance(graded.response, dict) else graded.response
    shown = escape(text) if isinstance(text, str) else escape(repr(text))
    return _section(
        f"<p><strong>The learner's answer</strong> ({len(shown.split())} words)</p>"
        f'<div style="white-space: pre-wrap; overflow-wrap: anywhere">{shown}</div>'
    )


def rubric(item: CaseStudy) -> str:
    """The rubric and the model answer: for graders, and for learners after grading."""
    rows = "".join(_criterion(criterion) for criterion in item.rubric)
    table = (
        "<table border='1' cellpadding='6'><thead><tr><th scope='col'>Criterion</th>"
        "<th scope='col'>Points</th><th scope='col'>What earns them</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
    return _section(
        f"<p><strong>Rubric</strong> ({item.points:g} points)</p>{table}{model_answer(item)}"
        f"{samples(item)}"
    )


def samples(item: CaseStudy) -> str:
    """The answers that the author graded, with the reason."""
    return "".join(_sample(number, one) for number, one in enumerate(item.samples, start=1))


def _sample(number: int, sample: Sample) -> str:
    points = ", ".join(f"{escape(name)} {points:g}" for name, points in sample.points.items())
    return (
        f"<p><strong>Graded sample {number}</strong>: {sum(sample.points.values()):g} points "
        f"({points})</p>{block(sample.text)}<p>{inline(sample.comment)}</p>"
    )


def _criterion(criterion: Criterion) -> str:
    """The rows of one criterion: its name once, then a row for each level."""
    rows = [f"<td>{level.points:g}</td><td>{inline(level.text)}</td>" for level in criterion.levels]
    name = f"<th scope='rowgroup' rowspan='{len(rows)}'>{inline(criterion.name)}</th>"
    return "".join(f"<tr>{cells}</tr>" for cells in [name + rows[0], *rows[1:]])


def receipt(graded: Mapping[str, Graded], problems: tuple[str, ...]) -> str:
    """Which answers were found in the submission, when they were given, and what was unreadable."""
    rows = "".join(
        f"<tr><th scope='row'>{inline(one.item.title)}</th>"
        f"<td>{escape(one.time or 'no answer')}</td></tr>"
        for one in graded.values()
    )
    notes = "".join(f"<li>{escape(problem)}</li>" for problem in problems)
    unreadable = f"<p>Could not be read:</p><ul>{notes}</ul>" if problems else ""
    return _section(
        "<table><thead><tr><th scope='col'>Question</th><th scope='col'>Answer recorded (UTC)</th>"
        f"</tr></thead><tbody>{rows}</tbody></table>{unreadable}"
    )


def model_answer(item: CaseStudy) -> str:
    """The model answer under its name."""
    return f"<p><strong>Model answer</strong></p>{block(item.model_answer)}"


def _remarks(remarks: Sequence[Remark]) -> str:
    return f"<ul>{''.join(map(_remark, remarks))}</ul>" if remarks else ""


def _remark(remark: Remark) -> str:
    mark = _MARKS[remark.right]
    said = f"<br>{inline(remark.text)}" if remark.text else ""
    return f"<li>{mark} <strong>{inline(remark.part)}</strong>{said}</li>"


def _section(body: str) -> str:
    return f'<div class="autograder-result">{body}</div>'
