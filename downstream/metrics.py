"""Metrics: what says whether an adapted model is good, one or two for each kind of task.

A metric is called with one logits tensor per example and the labels of the examples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from downstream.examples import Examples
from downstream.heads import IGNORED, decode_span

Metric = Callable[[Sequence[Tensor], Sequence[Any]], float]


def accuracy(logits: Sequence[Tensor], labels: Sequence[Any]) -> float:
    """Share of examples whose highest class score is that of the right class."""
    right = [int(scores.argmax()) == label for scores, label in zip(logits, labels, strict=True)]
    return sum(right) / len(right)


def token_accuracy(logits: Sequence[Tensor], labels: Sequence[Any]) -> float:
    """Share of labelled tokens whose highest tag score is that of the right tag."""
    right = [
        int(scores.argmax()) == label
        for sentence, tags in zip(logits, labels, strict=True)
        for scores, label in zip(sentence, tags, strict=True)
        if label != IGNORED
    ]
    return sum(right) / len(right)


def entity_f1(names: Sequence[str]) -> Metric:
    """Make the F1 metric over entities: an entity counts when type, start and end are right.

    Parameters
    ----------
    names
        The tags by number, in BIO form: ``O``, ``B-city``, ``I-city`` and so on.

    Returns
    -------
    Metric
        The harmonic mean of precision and recall; 0 where no entity is right.
    """

    def metric(logits: Sequence[Tensor], labels: Sequence[Any]) -> float:
        right = predicted = gold = 0
        for sentence, tags in zip(logits, labels, strict=True):
            kept = [i for i, tag in enumerate(tags) if tag != IGNORED]
            found = entities([names[int(sentence[i].argmax())] for i in kept])
            wanted = entities([names[tags[i]] for i in kept])
            right += len(found & wanted)
            predicted += len(found)
            gold += len(wanted)
        return 2 * right / (predicted + gold) if right else 0.0

    return metric


def entities(tags: Sequence[str]) -> set[tuple[str, int, int]]:
    """Read BIO tags as entities ``(type, first word, word after the last)``.

    An ``I-`` tag that does not continue an entity of its type starts one.
    """
    found = set()
    start, kind = 0, ""
    for index, tag in enumerate([*tags, "O"]):
        prefix, _, name = tag.partition("-")
        if kind and (prefix != "I" or name != kind):
            found.add((kind, start, index))
            kind = ""
        if prefix != "O" and not kind:
            start, kind = index, name
    return found


def spearman(outputs: Sequence[Tensor], labels: Sequence[Any]) -> float:
    """Spearman's rank correlation of predicted and right numbers; 0 where one of them is constant.

    It asks whether the order is right, not the scale.
    """
    from scipy.stats import spearmanr

    predicted = [float(output) for output in outputs]
    if len(set(predicted)) < 2 or len(set(labels)) < 2:
        return 0.0
    return float(spearmanr(predicted, list(labels)).statistic)


def predicted_spans(logits: Sequence[Tensor], examples: Examples) -> list[tuple[int, int]]:
    """Decode the best span of each question by (1.25), or ``(0, 0)`` for "no answer".

    Parameters
    ----------
    logits
        One ``(sequence, 2)`` tensor of start and end scores per question.
    examples
        What :func:`downstream.examples.encode_questions` made of the questions; the tokens of the
        context have the type id 1, the last of them is ``[SEP]``.
    """
    spans = []
    for scores, row in zip(logits, examples.inputs, strict=True):
        context = torch.tensor(row["token_type_ids"]).bool()
        context[-1] = False
        start, end = decode_span(scores.unsqueeze(0), context.unsqueeze(0))[0]
        best = scores[start, 0] + scores[end, 1]
        spans.append((start, end) if best > scores[0].sum() else (0, 0))
    return spans


def exact_match(examples: Examples) -> Metric:
    """Make the metric: the share of questions whose span is exactly the right one."""

    def metric(logits: Sequence[Tensor], labels: Sequence[Any]) -> float:
        found = predicted_spans(logits, examples)
        return sum(span == tuple(right) for span, right in zip(found, labels, strict=True)) / len(
            found
        )

    return metric


def span_f1(examples: Examples) -> Metric:
    """Make the metric: the mean F1 between the tokens of the predicted and the right span.

    It counts the positions of subwords, where SQuAD's script counts words without articles; "no
    answer" has F1 1 where it is right, else 0.
    """

    def metric(logits: Sequence[Tensor], labels: Sequence[Any]) -> float:
        scores = []
        for (start, end), (first, last) in zip(
            predicted_spans(logits, examples), labels, strict=True
        ):
            common = max(0, min(end, last) - max(start, first) + 1)
            scores.append(2 * common / (end - start + 1 + last - first + 1))
        return sum(scores) / len(scores)

    return metric
