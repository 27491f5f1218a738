"""Metrics against values worked out by hand."""

from __future__ import annotations

import pytest
import torch

from downstream.examples import Examples
from downstream.metrics import exact_match, span_f1, spearman


def questions(labels: list[list[int]], length: int = 8) -> Examples:
    """Questions of which the tokens from 3 on, and the last ``[SEP]``, are the context."""
    types = [0, 0, 0] + [1] * (length - 3)
    return Examples(
        [{"token_type_ids": types, "attention_mask": [1] * length}] * len(labels), labels
    )


def scores(start: int, end: int, length: int = 8) -> torch.Tensor:
    logits = torch.zeros(length, 2)
    logits[start, 0] = logits[end, 1] = 5.0
    return logits


@pytest.mark.parametrize(
    ("predicted", "right", "match", "f1"),
    [
        ((3, 5), (3, 5), 1.0, 1.0),
        ((3, 6), (5, 6), 0.0, 2 * 2 / (4 + 2)),
        ((3, 3), (5, 6), 0.0, 0.0),
        ((0, 0), (0, 0), 1.0, 1.0),
        ((0, 0), (4, 4), 0.0, 0.0),
        ((4, 4), (0, 0), 0.0, 0.0),
    ],
)
def test_spans(predicted: tuple[int, int], right: tuple[int, int], match: float, f1: float) -> None:
    examples = questions([list(right)])
    logits = [scores(*predicted)]
    assert exact_match(examples)(logits, examples.labels) == match
    assert span_f1(examples)(logits, examples.labels) == pytest.approx(f1)


def test_spearman_asks_for_the_order_alone() -> None:
    outputs = [torch.tensor(x) for x in (1.0, 10.0, 100.0, 50.0)]
    assert spearman(outputs, [0.0, 1.0, 5.0, 2.0]) == pytest.approx(1.0)
    assert spearman(outputs, [5.0, 2.0, 0.0, 1.0]) == pytest.approx(-1.0)
    assert spearman(outputs, [0.0, 1.0, 2.0, 3.0]) == pytest.approx(0.8)


def test_spearman_of_a_constant_is_zero() -> None:
    assert spearman([torch.tensor(1.0)] * 3, [0.0, 1.0, 2.0]) == 0.0
