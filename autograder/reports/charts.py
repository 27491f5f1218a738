"""Charts as inline SVG. Each has a text alternative, and a table beside it holds its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from markupsafe import Markup

from autograder.reports.analysis import ItemReport
from autograder.reports.statistics import Estimate

_ROW, _LEFT, _PANEL, _GAP = 24, 170, 210, 40


def histogram(bins: Sequence[int]) -> Markup:
    """How many learners have 0 to 9, 10 to 19, ... per cent."""
    width, height, most = 46, 130, max([*bins, 1])
    parts = []
    for number, count in enumerate(bins):
        tall = height * count / most
        left = number * width
        bar = f"x='{left + 3}' y='{height + 20 - tall:.1f}' width='{width - 6}' height='{tall:.1f}'"
        parts.append(f"<rect class='bar' {bar}/>")
        if count:
            parts.append(_text(left + width / 2, height + 14 - tall, str(count), "middle"))
        parts.append(_text(left, height + 38, f"{10 * number}", "middle" if number else "start"))
    right = len(bins) * width
    parts.append(_text(right, height + 38, "100", "middle"))
    parts.append(f"<path class='axis' d='M0 {height + 20.5}H{right}'/>")
    said = ", ".join(
        f"{count} from {10 * number} to {10 * number + (10 if number == 9 else 9)} per cent"
        for number, count in enumerate(bins)
        if count
    )
    return _svg(right + 14, height + 46, f"Learners by score: {said}.", parts)


def items(reports: Sequence[ItemReport]) -> Markup:
    """Facility and discrimination of each item, with intervals."""
    second = _LEFT + _PANEL + _GAP
    height = 26 + _ROW * len(reports) + 26
    parts = [
        _text(_LEFT, 14, "Facility, %"),
        _text(second, 14, "Discrimination"),
        *_scale(_LEFT, height, [(0.0, "0"), (0.5, "50"), (1.0, "100")]),
        *_scale(second, height, [(0.0, "−1"), (0.5, "0"), (1.0, "1")]),
    ]
    for number, one in enumerate(reports):
        middle = 26 + _ROW * number + _ROW / 2
        parts.append(_text(0, middle + 4, f"{one.number} {_short(one.item.id)}"))
        parts += _whisker(_LEFT, middle, one.facility, 0, 1)
        parts += _whisker(second, middle, one.discrimination, -1, 1)
    alternative = "Facility and discrimination of each question; the table below has the numbers."
    return _svg(second + _PANEL + 6, height, alternative, parts)


def _scale(left: int, height: int, ticks: Sequence[tuple[float, str]]) -> Iterable[str]:
    for share, label in ticks:
        x = left + share * _PANEL
        yield f"<path class='grid' d='M{x:.1f} 22V{height - 24}'/>"
        yield _text(x, height - 8, label, "middle")


def _whisker(left: int, middle: float, one: Estimate, least: float, most: float) -> Iterable[str]:
    def place(value: float) -> float:
        return left + _PANEL * (min(max(value, least), most) - least) / (most - least)

    if one.value is None:
        return
    if one.low is not None and one.high is not None:
        line = f"M{place(one.low):.1f} {middle:.1f}H{place(one.high):.1f}"
        yield f"<path class='whisker' d='{line}'/>"
    yield f"<circle class='dot' cx='{place(one.value):.1f}' cy='{middle:.1f}' r='4.5'/>"


def _short(name: str) -> str:
    return name if len(name) <= 18 else f"{name[:17]}…"


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}'>{escape(text)}</text>"


def _svg(width: float, height: float, said: str, parts: Iterable[str]) -> Markup:
    box = f"viewBox='0 0 {width:g} {height:g}' width='{width:g}' height='{height:g}'"
    return Markup(f"<svg role='img' aria-label='{escape(said)}' {box}>{''.join(parts)}</svg>")
