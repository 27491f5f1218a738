"""One picture of a task: input, encoder, head and logits, with the shape of each computed.

:func:`task_picture` draws it as SVG. Inside a notebook page it takes the colours of the page's
theme; as an image of its own (:func:`as_image`) it is dark on white.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass

from downstream import tasks
from downstream.tasks import Task

KEPT, NEW, SECOND = "#0072B2", "#D55E00", "#009E73"
"""Colours of what is pre-trained, of what is new, and of the second text (Okabe and Ito)."""

HIDDEN, HIDDEN_LLM, VOCABULARY = 384, 576, 49_152
"""Sizes of the course's encoder and of its LLM."""

OUTPUTS = {
    tasks.SINGLE_TEXT_CLASSIFICATION: ("class", 3),
    tasks.TEXT_PAIR_CLASSIFICATION: ("class", 3),
    tasks.REGRESSION: ("number", 1),
    tasks.SEQUENCE_LABELLING: ("tag", 9),
    tasks.SPAN_PREDICTION: ("start and end", 2),
    tasks.MULTIPLE_CHOICE: ("choice", 4),
    tasks.TEXT_GENERATION: ("word", VOCABULARY),
}
"""What the scores of a task are for, and how many there are unless the caller says otherwise."""

_PER_TOKEN = (tasks.SEQUENCE_LABELLING, tasks.SPAN_PREDICTION, tasks.TEXT_GENERATION)
_FIXED = (tasks.REGRESSION, tasks.SPAN_PREDICTION)
_WIDTH, _LEFT, _RIGHT = 400, 56, 392


@dataclass(frozen=True)
class Shapes:
    """The shapes on the way from the token ids to the logits, and the size of the head.

    Attributes
    ----------
    inputs, hidden, logits
        Shapes of the token ids, of H, and of what the head returns.
    parameters
        Number of the head's parameters, with pooling by the mean.
    sum
        How that number comes about.
    """

    inputs: tuple[int, ...]
    hidden: tuple[int, ...]
    logits: tuple[int, ...]
    parameters: int
    sum: str


def task_shapes(task: Task, batch: int = 2, tokens: int = 12, outputs: int | None = None) -> Shapes:
    """Compute the shapes that a task gives to the adapted model.

    Parameters
    ----------
    task
        One of ``TASKS``.
    batch
        Examples in a batch.
    tokens
        Tokens of each reading, special tokens included.
    outputs
        Number of classes, tags, choices or words of the vocabulary; by default as in ``OUTPUTS``.
        Regression and span prediction have a fixed number.

    Raises
    ------
    ValueError
        If a size is too small, or the number of outputs of the task is fixed.
    """
    fixed = OUTPUTS[task][1]
    if task in _FIXED and outputs not in (None, fixed):
        raise ValueError(f"{task.name} has {fixed} output(s) per place, not {outputs}")
    count = fixed if outputs is None else outputs
    if batch < 1 or tokens < 6 or count < 1:
        raise ValueError(f"too small to draw: batch={batch}, tokens={tokens}, outputs={outputs}")
    size = HIDDEN_LLM if task is tasks.TEXT_GENERATION else HIDDEN
    readings = batch * count if task is tasks.MULTIPLE_CHOICE else batch
    if task in _PER_TOKEN:
        logits: tuple[int, ...] = (batch, tokens, count)
    else:
        logits = (batch,) if task is tasks.REGRESSION else (batch, count)
    wide = 1 if task is tasks.MULTIPLE_CHOICE else count
    bias = 0 if task is tasks.TEXT_GENERATION else wide
    terms = f"{size} × {wide:,}" + (f" + {bias:,}" if bias else "")
    return Shapes((readings, tokens), (readings, tokens, size), logits, size * wide + bias, terms)


def task_text(task: Task, batch: int = 2, tokens: int = 12, outputs: int | None = None) -> str:
    """Return the picture's content in words, its text alternative."""
    shapes = task_shapes(task, batch, tokens, outputs)
    model = "LLM" if task is tasks.TEXT_GENERATION else "encoder"
    kept = "kept from pre-training" if task is tasks.TEXT_GENERATION else "new"
    return (
        f"{task.name}: token ids {shapes.inputs} go through the pre-trained {model}, which gives "
        f"H {shapes.hidden}. {_step(task, shapes)}; logits {shapes.logits}. {_reading(task)}. "
        f"Head, {kept}: {shapes.sum} = {shapes.parameters:,} parameters. Loss: {task.loss}."
    )


def task_picture(task: Task, batch: int = 2, tokens: int = 12, outputs: int | None = None) -> str:
    """Draw a task from its input to its logits.

    Parameters
    ----------
    task, batch, tokens, outputs
        As of :func:`task_shapes`.

    Returns
    -------
    str
        An ``<svg role="img">`` element, 400 units wide, whose label is :func:`task_text`.
    """
    shapes = task_shapes(task, batch, tokens, outputs)
    count = outputs or OUTPUTS[task][1]
    model, head, colour = "encoder θ̂, pre-trained", "head ω, new", NEW
    if task is tasks.TEXT_GENERATION:
        model, head, colour = "LLM θ̂, pre-trained", "head, kept", KEPT
    choice = task is tasks.MULTIPLE_CHOICE
    draw = _Drawing(_columns(task, tokens))
    draw.title(task.name)
    draw.stage(
        "token ids", "batch × choices, sequence" if choice else "batch, sequence", shapes.inputs
    )
    draw.tokens("choice 1" if choice else "")
    if choice:
        draw.tokens(f"choice {count}")
    draw.arrows()
    draw.box(34, KEPT, model)
    draw.arrows()
    draw.stage("H", "batch, sequence, hidden", shapes.hidden)
    draw.vectors()
    draw.head(head, f"{shapes.sum} = {shapes.parameters:,}", colour)
    if task in _PER_TOKEN:
        draw.linear_per_token(colour, context_only=task is tasks.SPAN_PREDICTION)
        draw.caption(_step(task, shapes))
    else:
        draw.funnel(colour, "mean over the tokens")
        wide = 1 if choice else count
        draw.box(26, colour, f"linear, {shapes.hidden[-1]} to {wide}", left=125, right=275)
    draw.stage("logits", _axes(task), shapes.logits)
    if task in _PER_TOKEN:
        draw.grid(_score_names(task, count), colour, context_only=task is tasks.SPAN_PREDICTION)
    else:
        draw.cells(_score_names(task, count), colour)
    draw.caption(_reading(task))
    draw.caption(f"loss: {task.loss}")
    return draw.svg(task_text(task, batch, tokens, outputs))


def as_image(svg: str, width: int = 400) -> str:
    """Return a picture as an ``<img>`` with alternative text.

    JupyterLab drops SVG elements from notebooks that were not run on the reader's own machine, and
    keeps images.
    """
    label = svg.split('aria-label="', 1)[1].split('"', 1)[0]
    data = base64.b64encode(svg.encode()).decode()
    side_by_side = "display:inline-block;vertical-align:top"
    return (
        f'<img alt="{label}" width="{width}" style="{side_by_side}" '
        f'src="data:image/svg+xml;base64,{data}">'
    )


def _step(task: Task, shapes: Shapes) -> str:
    size = shapes.hidden[-1]
    if task is tasks.MULTIPLE_CHOICE:
        return "Mean over the tokens, then one score for each reading"
    if task in _PER_TOKEN:
        return f"the same linear layer, {size} to {shapes.logits[-1]:,}, at every token"
    return "Mean over the tokens, then a linear layer"


def _axes(task: Task) -> str:
    if task is tasks.REGRESSION:
        return "batch"
    names = {
        tasks.SEQUENCE_LABELLING: "sequence, tags",
        tasks.SPAN_PREDICTION: "sequence, 2",
        tasks.MULTIPLE_CHOICE: "choices",
        tasks.TEXT_GENERATION: "sequence, vocabulary",
    }
    return f"batch, {names.get(task, 'classes')}"


def _reading(task: Task) -> str:
    return {
        tasks.SINGLE_TEXT_CLASSIFICATION: "The highest score is the label of the text",
        tasks.TEXT_PAIR_CLASSIFICATION: "The highest score is the label of the pair",
        tasks.REGRESSION: "The number itself is the answer",
        tasks.SEQUENCE_LABELLING: "The highest score of a column is the tag of that token",
        tasks.SPAN_PREDICTION: "The best start and end in the context, start ≤ end",
        tasks.MULTIPLE_CHOICE: "The highest score is the choice",
        tasks.TEXT_GENERATION: "The highest score of the last column is the next token",
    }[task]


def _score_names(task: Task, count: int) -> list[str]:
    """Name the scores, at most five; "…" stands for those that are left out."""
    if task is tasks.REGRESSION:
        return ["y"]
    if task is tasks.SPAN_PREDICTION:
        return ["start", "end"]
    kind = OUTPUTS[task][0]
    if count <= (3 if task in _PER_TOKEN else 5):
        return [f"{kind} {number}" for number in range(1, count + 1)]
    last = f"{kind} {count}" if count < 1000 else f"{count:,}"
    return [f"{kind} 1", f"{kind} 2", "…", last]


@dataclass(frozen=True)
class _Column:
    """A token of the picture: its letter and number, and which text it belongs to."""

    letter: str
    number: str = ""
    part: str = "special"


def _columns(task: Task, tokens: int) -> list[_Column]:
    start, stop = _Column("[CLS]"), _Column("[SEP]")
    if task is tasks.TEXT_GENERATION:
        return _run("x", tokens, 7, "first")
    if task in (tasks.SINGLE_TEXT_CLASSIFICATION, tasks.SEQUENCE_LABELLING):
        return [start, *_run("x", tokens - 2, 6, "first"), stop]
    letters = {tasks.SPAN_PREDICTION: "qc", tasks.MULTIPLE_CHOICE: "qk"}.get(task, "xy")
    first = max(1, (tokens - 3) // (3 if task is tasks.SPAN_PREDICTION else 2))
    shown = (2, 4) if task is tasks.SPAN_PREDICTION else (3, 3)
    return [
        start,
        *_run(letters[0], first, shown[0], "first"),
        stop,
        *_run(letters[1], tokens - 3 - first, shown[1], "second"),
        stop,
    ]


def _run(letter: str, count: int, shown: int, part: str) -> list[_Column]:
    """The tokens of one text: all, or the first ones, a gap and the last one."""
    numbers = list(range(1, count + 1))
    if count <= shown:
        return [_Column(letter, str(number), part) for number in numbers]
    head = [_Column(letter, str(number), part) for number in numbers[: max(0, shown - 2)]]
    return [*head, _Column("…", "", part), _Column(letter, str(count), part)]


class _Drawing:
    """The marks of the picture, from top to bottom; each method moves ``y`` down."""

    def __init__(self, columns: Sequence[_Column]) -> None:
        self.pitch = (_RIGHT - _LEFT) / len(columns)
        self.places = [(_LEFT + i * self.pitch, column) for i, column in enumerate(columns)]
        self.parts: list[str] = []
        self.y = 0.0

    def title(self, name: str) -> None:
        """Write the name of the task."""
        self._text(_WIDTH / 2, self.y + 24, name, size=16, anchor="middle", bold=True)
        self.y += 30

    def stage(self, name: str, axes: str, shape: tuple[int, ...]) -> None:
        """Name a stage and its axes on the left, its shape on the right."""
        self._text(8, self.y + 20, name, bold=True, after=f" ({axes})")
        numbers = ", ".join(f"{size:,}" for size in shape) + ("," if len(shape) == 1 else "")
        self._text(_RIGHT, self.y + 20, f"({numbers})", anchor="end", mono=True)
        self.y += 28

    def head(self, name: str, terms: str, colour: str) -> None:
        """Name the head, and say how large it is."""
        self._rect(8, self.y + 12, 10, 10, colour, 0.9)
        self._text(24, self.y + 21, name, bold=True)
        self._text(_RIGHT, self.y + 21, terms, anchor="end", mono=True)
        self.y += 30

    def caption(self, text: str) -> None:
        """Write a line of text."""
        self._text(8, self.y + 18, text)
        self.y += 20

    def tokens(self, name: str) -> None:
        """Draw a row of tokens, with a name in the margin."""
        self._text(_LEFT - 5, self.y + 16, name, size=11, anchor="end")
        for x, column in self.places:
            if column.letter == "…":
                self._text(x + self.pitch / 2, self.y + 16, "…", anchor="middle")
                continue
            colour = {"first": KEPT, "second": SECOND}.get(column.part, "currentColor")
            filled = 0.07 if column.part == "special" else 0.22
            self._rect(x + 1.5, self.y, self.pitch - 3, 24, colour, filled)
            number = f'<tspan font-size="9" dy="3">{column.number}</tspan>' if column.number else ""
            self.parts.append(
                f'<text x="{x + self.pitch / 2:g}" y="{self.y + 16:g}" font-size="11.5" '
                f'text-anchor="middle">{column.letter}{number}</text>'
            )
        self.y += 27

    def arrows(self) -> None:
        """Draw an arrow for each token."""
        for x, column in self.places:
            if column.letter != "…":
                self._arrow(x + self.pitch / 2)
        self.y += 14

    def box(
        self, height: float, colour: str, text: str, left: float = _LEFT, right: float = _RIGHT
    ) -> None:
        """Draw a network as a box with its name."""
        self._rect(left, self.y, right - left, height, colour, 0.16, rounded=7)
        middle = (left + right) / 2
        self._text(middle, self.y + height / 2 + 4.5, text, anchor="middle", bold=True)
        self.y += height + 2

    def vectors(self) -> None:
        """Draw a column of cells for each token; their shades stand for numbers."""
        for place, (x, column) in enumerate(self.places):
            if column.letter == "…":
                self._text(x + self.pitch / 2, self.y + 26, "…", anchor="middle")
                continue
            for cell in range(5):
                shade = 0.15 + 0.7 * ((place * 7 + cell * 5 + place * cell * 3) % 11) / 10
                self._rect(x + self.pitch / 2 - 6, self.y + 9 * cell, 12, 9, KEPT, shade, 0)
        self.y += 46

    def linear_per_token(self, colour: str, context_only: bool) -> None:
        """Draw the same small box under each token."""
        for x, column in self.places:
            if column.letter != "…":
                used = column.part == "second" or not context_only
                self._rect(x + 5, self.y, self.pitch - 10, 20, colour, 0.3 if used else 0.05, 5)
        self.y += 20

    def funnel(self, colour: str, text: str) -> None:
        """Draw how many columns become one vector."""
        points = f"{_LEFT},{self.y:g} {_RIGHT},{self.y:g} 235,{self.y + 26:g} 165,{self.y + 26:g}"
        self.parts.append(
            f'<polygon points="{points}" fill="{colour}" fill-opacity="0.16" stroke="{colour}"/>'
        )
        self._text(_WIDTH / 2, self.y + 16, text, anchor="middle")
        self.y += 26
        self._arrow(_WIDTH / 2)
        self.y += 13

    def cells(self, names: Sequence[str], colour: str) -> None:
        """Draw one score for each name, side by side; one of them is the highest."""
        width = min(78.0, 384 / len(names))
        left = _WIDTH / 2 - width * len(names) / 2
        for index, name in enumerate(names):
            x = left + index * width
            if name != "…":
                shade = 0.4 if index == min(1, len(names) - 1) else 0.1
                self._rect(x + 2, self.y, width - 4, 26, colour, shade)
            self._text(x + width / 2, self.y + 17.5, name, anchor="middle", size=12)
        self.y += 30

    def grid(self, names: Sequence[str], colour: str, context_only: bool) -> None:
        """Draw a column of scores for each token."""
        high = 19
        for row, name in enumerate(names):
            middle = self.y + 13.5
            self._text(_LEFT - 5, middle, "⋮" if name == "…" else name, anchor="end", size=11)
            for place, (x, column) in enumerate(self.places):
                if column.letter == "…" or name == "…":
                    sign = "…" if name != "…" else "⋮" if column.letter != "…" else ""
                    self._text(x + self.pitch / 2, middle, sign, anchor="middle", size=11)
                    continue
                used = column.part == "second" if context_only else column.part != "special"
                shade = 0.55 if (place * 5 + row * 7) % 6 == 0 else 0.1
                self._rect(
                    x + 3,
                    self.y + 1,
                    self.pitch - 6,
                    high - 3,
                    colour,
                    shade if used else 0,
                    dashed=not used,
                )
            self.y += high
        self.y += 2

    def svg(self, label: str) -> str:
        """Close the drawing."""
        style = (
            "max-width:100%;height:auto;color:var(--jp-content-font-color1,#1a1a1a);"
            "background:var(--jp-layout-color0,#ffffff);"
            "font-family:system-ui,'Helvetica Neue',Arial,sans-serif"
        )
        size = f'viewBox="0 0 {_WIDTH} {self.y + 8:g}" width="{_WIDTH}" height="{self.y + 8:g}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{html.escape(label)}" '
            f'{size} style="{style}" fill="currentColor">{"".join(self.parts)}</svg>'
        )

    def _text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 12.5,
        anchor: str = "start",
        bold: bool = False,
        mono: bool = False,
        after: str = "",
    ) -> None:
        family = ' font-family="ui-monospace, Menlo, Consolas, monospace"' if mono else ""
        weight = ' font-weight="600"' if bold else ""
        light = f'<tspan font-weight="400">{html.escape(after)}</tspan>' if after else ""
        self.parts.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" text-anchor="{anchor}"'
            f"{family}{weight}>{html.escape(text)}{light}</text>"
        )

    def _arrow(self, x: float) -> None:
        self.parts.append(
            f'<path d="M{x:g} {self.y:g}v9m-3 -3l3 4l3 -4" fill="none" '
            'stroke="currentColor" stroke-opacity="0.7"/>'
        )

    def _rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        colour: str,
        filled: float,
        rounded: float = 3,
        dashed: bool = False,
    ) -> None:
        dashes = ' stroke-dasharray="2 3" stroke-opacity="0.6"' if dashed else ""
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{rounded:g}" '
            f'fill="{colour}" fill-opacity="{filled:g}" stroke="{colour}"{dashes}/>'
        )
