"""The pictures of the tasks: shapes of the real heads, drawn and in words."""

from __future__ import annotations

import base64
import re
from xml.etree import ElementTree

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from downstream import heads, tasks
from downstream.heads import count_parameters
from downstream.pictures import OUTPUTS, as_image, task_picture, task_shapes, task_text
from downstream.tasks import TASKS, Task

SIZES = (st.sampled_from(TASKS), st.integers(1, 5), st.integers(6, 40), st.integers(1, 12))


def own_number(task: Task, outputs: int) -> int | None:
    fixed = task in (tasks.REGRESSION, tasks.SPAN_PREDICTION)
    return None if fixed else outputs


def real_head(task: Task, hidden: int, outputs: int) -> torch.nn.Module:
    makers = {
        "SequenceClassificationHead": lambda: heads.SequenceClassificationHead(
            hidden, outputs, pooling="mean"
        ),
        "RegressionHead": lambda: heads.RegressionHead(hidden, pooling="mean"),
        "TokenClassificationHead": lambda: heads.TokenClassificationHead(hidden, outputs),
        "SpanHead": lambda: heads.SpanHead(hidden),
        "MultipleChoiceHead": lambda: heads.MultipleChoiceHead(hidden, outputs, pooling="mean"),
        "LanguageModelHead": lambda: heads.LanguageModelHead(hidden, outputs),
    }
    return makers[task.head]()


@given(*SIZES)
def test_the_shapes_are_those_of_the_real_head(
    task: Task, batch: int, tokens: int, outputs: int
) -> None:
    shapes = task_shapes(task, batch, tokens, own_number(task, outputs))
    head = real_head(task, shapes.hidden[-1], outputs)
    mask = torch.ones(shapes.inputs, dtype=torch.long)
    assert shapes.hidden[:-1] == shapes.inputs
    assert tuple(head(torch.randn(shapes.hidden), mask).shape) == shapes.logits
    assert count_parameters(head)[1] == shapes.parameters


@given(*SIZES)
def test_a_picture_is_one_labelled_image_within_its_frame(
    task: Task, batch: int, tokens: int, outputs: int
) -> None:
    number = own_number(task, outputs)
    svg = ElementTree.fromstring(task_picture(task, batch, tokens, number))
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == task_text(task, batch, tokens, number)
    _, _, width, height = map(float, svg.get("viewBox", "").split())
    for box in svg.iter("{http://www.w3.org/2000/svg}rect"):
        x, y, wide, high = (float(box.get(name, "nan")) for name in ("x", "y", "width", "height"))
        assert x >= 0 and x + wide <= width and y >= 0 and y + high <= height and wide > 3
    for text in svg.iter("{http://www.w3.org/2000/svg}text"):
        assert 0 <= float(text.get("y", "nan")) <= height
        assert float(text.get("font-size", "nan")) >= 11


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_the_text_alternative_carries_the_numbers(task: Task) -> None:
    shapes = task_shapes(task)
    words = task_text(task)
    for shape in (shapes.inputs, shapes.hidden, shapes.logits):
        assert str(shape) in words
    assert task.loss in words and f"{shapes.parameters:,} parameters" in words
    svg = task_picture(task)
    for size in shapes.logits:
        assert f"{size:,}" in re.sub(r"<[^>]*>", "", svg)


def test_letters_take_the_colour_of_the_page() -> None:
    svg = task_picture(TASKS[0])
    assert 'fill="currentColor"' in svg and "--jp-content-font-color1" in svg
    assert not re.search(r"<text[^>]*fill", svg)


def test_an_image_keeps_the_picture_and_its_label() -> None:
    svg = task_picture(TASKS[3])
    image = as_image(svg, 300)
    data = re.search(r'base64,([^"]+)"', image)
    assert data and base64.b64decode(data.group(1)).decode() == svg
    assert f'alt="{task_text(TASKS[3])}"' in image and 'width="300"' in image


def test_every_task_has_its_outputs() -> None:
    assert list(OUTPUTS) == list(TASKS)


@pytest.mark.parametrize(
    ("task", "sizes", "message"),
    [
        (tasks.REGRESSION, {"outputs": 3}, "regression has 1 output"),
        (tasks.SPAN_PREDICTION, {"outputs": 9}, "span prediction has 2"),
        (tasks.SEQUENCE_LABELLING, {"tokens": 3}, "tokens=3"),
        (tasks.SEQUENCE_LABELLING, {"batch": 0}, "batch=0"),
        (tasks.SEQUENCE_LABELLING, {"outputs": 0}, "outputs=0"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(
    task: Task, sizes: dict[str, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        task_shapes(task, **sizes)
