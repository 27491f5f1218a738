"""Plots of the chapters: colour-blind safe, and never without alternative text."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Mapping, Sequence

import ipywidgets
import matplotlib
import numpy as np
from IPython.display import HTML
from matplotlib import pyplot
from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
"""The palette of Okabe and Ito, in an order that also differs in brightness."""

HATCHES = ("", "//", "..", "xx", "\\\\", "++")

matplotlib.rcParams.update(
    {"figure.dpi": 100, "axes.spines.top": False, "axes.spines.right": False, "font.size": 11}
)


def show(figure: Figure, alt: str) -> HTML:
    """Return a figure as an image with alternative text, for the last line of a cell.

    JupyterLab gives plain image outputs no alternative text, so the image travels in HTML.
    """
    if not alt.strip():
        raise ValueError("a figure needs alternative text that says what it shows")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight", metadata={"Software": None})
    pyplot.close(figure)
    data = base64.b64encode(buffer.getvalue()).decode()
    return HTML(f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}">')


def play(look: Callable[..., HTML | None], **controls: object) -> ipywidgets.interactive:
    """Return a figure to play with: what ``look`` prints and returns for the controls' values.

    ``ipywidgets.interactive`` alone shows what a function prints, and not what it returns.
    """
    return ipywidgets.interactive(look, {"auto_display": True}, **controls)


def bars(
    groups: Mapping[str, Mapping[str, Sequence[float]]], title: str, ylabel: str, top: float = 1.0
) -> Figure:
    """Draw groups of bars: the height is the mean, a dot is one seed.

    Parameters
    ----------
    groups
        Values per series, per group: ``{group: {series: values}}``; all groups have the same
        series.
    title, ylabel
        Text of the figure.
    top
        Upper end of the vertical axis.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, for :func:`show`.
    """
    figure, axes = pyplot.subplots(figsize=(7, 3.6))
    series = list(next(iter(groups.values())))
    width = 0.8 / len(series)
    for index, name in enumerate(series):
        places = np.arange(len(groups)) + (index - (len(series) - 1) / 2) * width
        values = [group[name] for group in groups.values()]
        means = [float(np.mean(value)) for value in values]
        axes.bar(
            places,
            means,
            width * 0.92,
            label=name,
            color=COLOURS[index],
            hatch=HATCHES[index],
            edgecolor="white",
        )
        for place, value, mean in zip(places, values, means, strict=True):
            axes.plot([place] * len(value), value, "o", color="black", markersize=3)
            axes.text(place, max(value) + 0.02 * top, f"{mean:.2f}", ha="center")
    axes.set_xticks(np.arange(len(groups)), list(groups))
    axes.set(ylim=(0, top * 1.08), ylabel=ylabel, title=title)
    if len(series) > 1:
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def confusion(rows: Sequence[str], columns: Sequence[str], names: Sequence[str]) -> Figure:
    """Draw how often each right label (row) was given each predicted label (column)."""
    counts = np.zeros((len(names), len(names)), dtype=int)
    for right, predicted in zip(rows, columns, strict=True):
        counts[names.index(right), names.index(predicted)] += 1
    figure, axes = pyplot.subplots(figsize=(4.2, 3.4))
    axes.imshow(counts, cmap="Blues")
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if count > counts.max() / 2 else "black"
        axes.text(column, row, str(count), ha="center", va="center", color=colour)
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="predicted", ylabel="right", title="test e-mails")
    return figure
