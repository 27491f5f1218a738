"""The course's data sets, each made ready for the kind of task that it is an example of.

A :class:`Setup` holds what :func:`downstream.adapt.adapt` asks for: examples as the input format of
the task wants them, a new head for its output format, and its metric.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from datasets import Dataset, DatasetDict
from torch import nn

from downstream import heads, metrics, tasks
from downstream.adapt import Record, adapt
from downstream.data import load_task_data
from downstream.examples import (
    Examples,
    encode_choices,
    encode_questions,
    encode_texts,
    encode_tokens,
)
from downstream.models import Pretrained


@dataclass(frozen=True)
class Setup:
    """A data set as examples for an encoder, with the head and the metric of its task.

    Attributes
    ----------
    name
        Name of the data set.
    task
        What kind of task it is.
    names
        Labels or tags by number; empty where the output is a number, a span or a choice.
    parts
        The splits train, validation and test, encoded.
    make_head
        Makes a new head with random parameters; the mean over the tokens where it pools.
    make_metric
        Makes the metric for the examples that it will score.
    """

    name: str
    task: tasks.Task
    names: tuple[str, ...]
    parts: dict[str, Examples]
    make_head: Callable[[], nn.Module]
    make_metric: Callable[[Examples], metrics.Metric]

    def adapt(self, encoder: Pretrained, held_out: str = "test", **settings: Any) -> Record:
        """Train on the training split and score on another one; settings as of ``adapt``."""
        examples = self.parts[held_out]
        return adapt(
            encoder,
            self.make_head,
            self.parts["train"],
            examples,
            self.make_metric(examples),
            **{"name": self.name} | settings,
        )


def setup(name: str, encoder: Pretrained, data: DatasetDict | None = None) -> Setup:
    """Make a data set ready for its task.

    Parameters
    ----------
    name
        One of ``KINDS``.
    encoder
        Its tokenizer encodes the texts, its hidden size fits the head.
    data
        Other data with the same columns; by default ``load_task_data(name)``.

    Raises
    ------
    ValueError
        If the set is unknown, or not one for an encoder.
    """
    if name not in KINDS:
        raise ValueError(f"there is no setup for {name!r}; there are: {', '.join(KINDS)}")
    data = data or load_task_data(name)
    return KINDS[name](name, encoder, data)


def _single_text(name: str, encoder: Pretrained, data: DatasetDict) -> Setup:
    return _classes(name, encoder, data, tasks.SINGLE_TEXT_CLASSIFICATION, "text", None)


def _text_pair(name: str, encoder: Pretrained, data: DatasetDict) -> Setup:
    return _classes(name, encoder, data, tasks.TEXT_PAIR_CLASSIFICATION, "premise", "hypothesis")


def _classes(
    name: str,
    encoder: Pretrained,
    data: DatasetDict,
    task: tasks.Task,
    first: str,
    second: str | None,
) -> Setup:
    names = tuple(sorted(set(data["train"]["label"])))

    def encode(part: Dataset) -> Examples:
        numbers = [names.index(label) for label in part["label"]]
        return encode_texts(encoder, part[first], numbers, part[second] if second else None)

    return Setup(
        name,
        task,
        names,
        _parts(data, encode),
        lambda: heads.SequenceClassificationHead(_hidden(encoder), len(names), pooling="mean"),
        lambda examples: metrics.accuracy,
    )


def _regression(name: str, encoder: Pretrained, data: DatasetDict) -> Setup:
    def encode(part: Dataset) -> Examples:
        return encode_texts(encoder, part["first"], list(part["score"]), part["second"])

    return Setup(
        name,
        tasks.REGRESSION,
        (),
        _parts(data, encode),
        lambda: heads.RegressionHead(_hidden(encoder), pooling="mean"),
        lambda examples: metrics.spearman,
    )


def _labelling(name: str, encoder: Pretrained, data: DatasetDict) -> Setup:
    names = tuple(sorted({tag for tags in data["train"]["tags"] for tag in tags}))

    def encode(part: Dataset) -> Examples:
        numbers = [[names.index(tag) for tag in tags] for tags in part["tags"]]
        return encode_tokens(encoder, part["tokens"], numbers)

    return Setup(
        name,
        tasks.SEQUENCE_LABELLING,
        names,
        _parts(data, encode),
        lambda: heads.TokenClassificationHead(_hidden(encoder), len(names)),
        lambda examples: metrics.entity_f1(names),
    )


def _span(name: str, encoder: Pretrained, data: DatasetDict) -> Setup:
    def encode(part: Dataset) -> Examples:
        return encode_questions(encoder, part["question"], part["context"], part["answers"])

    return Setup(
        name,
        tasks.SPAN_PREDICTION,
        (),
        _parts(data, encode),
        lambda: heads.SpanHead(_hidden(encoder)),
        metrics.span_f1,
    )


def _choice(name: str, encoder: Pretrained, data: DatasetDict) -> Setup:
    def encode(part: Dataset) -> Examples:
        return encode_choices(encoder, part["question"], part["choices"], list(part["answer"]))

    choices = len(data["train"][0]["choices"])
    return Setup(
        name,
        tasks.MULTIPLE_CHOICE,
        (),
        _parts(data, encode),
        lambda: heads.MultipleChoiceHead(_hidden(encoder), choices, pooling="mean"),
        lambda examples: metrics.accuracy,
    )


KINDS: dict[str, Callable[[str, Pretrained, DatasetDict], Setup]] = {
    "emails": _single_text,
    "reviews": _single_text,
    "entailment": _text_pair,
    "similarity": _regression,
    "slots": _labelling,
    "spans": _span,
    "choices": _choice,
    "sst2": _single_text,
    "mnli": _text_pair,
    "stsb": _regression,
    "conll2003": _labelling,
    "squad": _span,
}
"""What kind of task each set for encoders is an example of; the last five come from the hub."""


def _parts(data: DatasetDict, encode: Callable[[Dataset], Examples]) -> dict[str, Examples]:
    return {name: encode(part) for name, part in data.items()}


def _hidden(encoder: Pretrained) -> int:
    config: Any = encoder.model.config
    return int(config.hidden_size)
