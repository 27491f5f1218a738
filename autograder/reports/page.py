"""The page of a report: one HTML file, which needs nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder import html
from autograder.markdown import shown
from autograder.reports import charts
from autograder.reports.alarms import Suspicion
from autograder.reports.analysis import SMALL, ChoiceRow, QuizReport
from autograder.reports.statistics import Estimate

#: Rows of a ranking that are seen at once; the others are one click away.
MOST_ROWS = 10


def render(report: QuizReport, *, names: bool = False) -> str:
    """The page's text; with ``names``, also a table of the learners by name."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=percent,
        decimal=decimal,
        per_cent=per_cent,
        duration=duration,
        inline=lambda text: Markup(html.inline(text)),
        suspicion=suspicion,
        count=count,
        by_place=by_place,
    )
    template = environment.get_template("page.html.jinja")
    titles = {one.item.id: f"{one.number}. {shown(one.item.title)}" for one in report.items}
    return template.render(
        report=report,
        names=names,
        small=report.learners < SMALL,
        most=MOST_ROWS,
        lost=sum(one.states.get("lost", 0) for one in report.items),
        titles=titles,
        histogram=charts.histogram(report.totals.bins),
        chart=charts.items(report.items),
    )


def percent(one: Estimate) -> str:
    """``62 % (43 to 78)``, of a figure from 0 to 1."""
    return _estimate(one, lambda value: _percent(100 * value), " %")


def per_cent(one: Estimate) -> str:
    """``62 % (43 to 78)``, of a figure that is in per cent; a part beyond 0 and 100 is cut off."""
    return _estimate(one, _percent, " %")


def decimal(one: Estimate) -> str:
    """``0.31 (−0.05 to 0.60)``."""
    return _estimate(one, _decimal, "")


def duration(one: Estimate) -> str:
    """``1 min 20 s (45 s to 2 min 5 s)``; a dash where no time is known."""
    return "–" if one.value is None else _estimate(one, _duration, "")


def count(number: int, thing: str) -> str:
    """``1 learner``, ``2 learners``."""
    return f"{number} {thing if number == 1 else thing + 's'}"


def by_place(rows: Sequence[ChoiceRow]) -> list[tuple[str, list[ChoiceRow]]]:
    """The rows of a table of choices in groups; where there are several, what was chosen or right.

    Tables of pairs would be long, and mostly noughts.
    """
    groups = [(place, list(found)) for place, found in groupby(rows, lambda row: row.place)]
    if len(groups) == 1:
        return groups
    return [
        (place, [row for row in found if row.all or row.right is not False])
        for place, found in groups
    ]


def suspicion(one: Suspicion) -> str:
    """What a test found, in a sentence."""
    chance = "p < 0.001" if one.p < 0.001 else f"p = {one.p:.3f}"
    if one.choice is None:
        return (
            "Those who do better on the rest of the quiz do worse here, more clearly than chance "
            f"allows ({chance})."
        )
    text = one.choice.text if one.choice.typed else shown(one.choice.text)
    return (
        f"{count(one.takers, 'learner')} chose “{text}” and {one.keyed} the key; those who chose "
        f"“{text}” do better on the rest of the quiz than the others ({chance})."
    )


def _estimate(one: Estimate, form: Callable[[float], str], unit: str) -> str:
    """A figure and its interval, which are only broken between the two."""
    if one.value is None:
        return f"– ({one.why})" if one.why else "–"
    value = f"{form(one.value)}{unit}"
    if one.low is not None and one.high is not None:
        parts = value, f"({form(one.low)} to {form(one.high)})"
        return " ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts)
    return f"{value} (no interval: {one.why})" if one.why else value


def _percent(value: float) -> str:
    return f"{min(max(value, 0), 100):.0f}"


def _decimal(value: float) -> str:
    return "below −1" if value < -1 else f"{value:.2f}".replace("-", "−")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
