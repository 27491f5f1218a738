"""Each head equals its counterpart in transformers: logits, loss and gradients."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    BertForMultipleChoice,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    LlamaConfig,
    LlamaForCausalLM,
)

from downstream import heads, tasks
from downstream.heads import IGNORED, TaskModel, decode_span
from downstream.models import ENCODER, fetch, load_encoder

HIDDEN, BATCH, LENGTH, CHOICES = 16, 4, 7, 2


@dataclass(frozen=True)
class Case:
    """Our head, the library's model, and which of their parameters are the same."""

    head: nn.Module
    library: nn.Module
    pairs: dict[str, str]
    labels: dict[str, Tensor]
    ours: Tensor


def bert(kind: type, **settings: object) -> nn.Module:
    config = BertConfig(
        vocab_size=50,
        hidden_size=HIDDEN,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        **settings,
    )
    return kind(config)


def sequence_classification() -> Case:
    labels = torch.tensor([0, 2, 1, 2])
    return Case(
        heads.SequenceClassificationHead(HIDDEN, 3),
        bert(BertForSequenceClassification, num_labels=3),
        {"pooler.dense": "bert.pooler.dense", "classifier": "classifier"},
        {"labels": labels},
        labels,
    )


def regression() -> Case:
    labels = torch.tensor([0.1, 2.0, -1.0, 0.5])
    return Case(
        heads.RegressionHead(HIDDEN),
        bert(BertForSequenceClassification, num_labels=1),
        {"pooler.dense": "bert.pooler.dense", "regressor": "classifier"},
        {"labels": labels},
        labels,
    )


def token_classification() -> Case:
    labels = torch.randint(0, 5, (BATCH, LENGTH))
    labels[:, 0] = IGNORED
    return Case(
        heads.TokenClassificationHead(HIDDEN, 5),
        bert(BertForTokenClassification, num_labels=5),
        {"classifier": "classifier"},
        {"labels": labels},
        labels,
    )


def span() -> Case:
    labels = torch.tensor([[1, 2], [0, 6], [3, 3], [4, 5]])
    return Case(
        heads.SpanHead(HIDDEN),
        bert(BertForQuestionAnswering),
        {"start_and_end": "qa_outputs"},
        {"start_positions": labels[:, 0], "end_positions": labels[:, 1]},
        labels,
    )


def multiple_choice() -> Case:
    labels = torch.tensor([1, 0])
    return Case(
        heads.MultipleChoiceHead(HIDDEN, CHOICES),
        bert(BertForMultipleChoice),
        {"pooler.dense": "bert.pooler.dense", "scorer": "classifier"},
        {"labels": labels},
        labels,
    )


def language_model() -> Case:
    config = LlamaConfig(
        vocab_size=50,
        hidden_size=HIDDEN,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        tie_word_embeddings=False,
    )
    labels = torch.randint(0, 50, (BATCH, LENGTH))
    return Case(
        heads.LanguageModelHead(HIDDEN, 50),
        LlamaForCausalLM(config),
        {"decoder": "lm_head"},
        {"labels": labels},
        labels,
    )


CASES = [
    sequence_classification,
    regression,
    token_classification,
    span,
    multiple_choice,
    language_model,
]


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_a_head_equals_its_counterpart(make: Callable[[], Case]) -> None:
    torch.manual_seed(0)
    case = make()
    library = case.library.eval()
    model = TaskModel(copy.deepcopy(library.base_model), case.head).eval()
    for own, other in case.pairs.items():
        case.head.get_submodule(own).load_state_dict(library.get_submodule(other).state_dict())
    inputs = {
        "input_ids": torch.randint(1, 50, (BATCH, LENGTH)),
        "attention_mask": torch.ones(BATCH, LENGTH, dtype=torch.long),
    }
    inputs["attention_mask"][1, 5:] = 0

    logits = model(**inputs)
    loss = case.head.loss(logits, case.ours)
    loss.backward()
    if make is multiple_choice:
        inputs = {name: value.view(-1, CHOICES, LENGTH) for name, value in inputs.items()}
    output = library(**inputs, **case.labels)
    output["loss"].backward()

    torch.testing.assert_close(loss, output["loss"])
    if make is span:
        expected = torch.stack([output["start_logits"], output["end_logits"]], dim=-1)
    else:
        expected = output["logits"].view_as(logits)
    torch.testing.assert_close(logits, expected)
    for own, other in case.pairs.items():
        assert_same_gradients(case.head.get_submodule(own), library.get_submodule(other))
    assert_same_gradients(model.encoder, library.base_model)


def assert_same_gradients(own: nn.Module, other: nn.Module) -> None:
    others = dict(other.named_parameters())
    used = {name: p.grad for name, p in own.named_parameters() if p.grad is not None}
    assert used
    for name, gradient in used.items():
        torch.testing.assert_close(gradient, others[name].grad)


def test_the_real_encoder_with_our_head_equals_the_library() -> None:
    encoder = load_encoder()
    library = AutoModelForSequenceClassification.from_pretrained(fetch(ENCODER), num_labels=3)
    head = heads.SequenceClassificationHead(384, 3)
    head.classifier.load_state_dict(library.classifier.state_dict())
    head.pooler.dense.load_state_dict(encoder.model.pooler.dense.state_dict())
    inputs = encoder.tokenizer(["One text.", "A longer text."], padding=True, return_tensors="pt")
    with torch.no_grad():
        ours = TaskModel(encoder.model, head).eval()(**inputs)
        theirs = library.eval()(**inputs).logits
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("pooling", ["bert", "first", "last", "mean", "max"])
def test_padding_does_not_change_a_pooled_vector(pooling: heads.Pooling) -> None:
    pooler = heads.Pooler(HIDDEN, pooling)
    hidden = torch.randn(1, LENGTH, HIDDEN)
    mask = torch.tensor([[1, 1, 1, 1, 0, 0, 0]])
    torch.testing.assert_close(pooler(hidden, mask), pooler(hidden[:, :4], mask[:, :4]))


def test_an_unknown_pooling_is_named() -> None:
    with pytest.raises(ValueError, match="'median'"):
        heads.Pooler(HIDDEN, "median")  # type: ignore[arg-type]


@given(st.integers(0, 10_000), st.integers(1, 4))
def test_the_decoded_span_is_the_best_allowed_one(seed: int, longest: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(1, LENGTH, 2, generator=generator)
    allowed = torch.tensor([[False, False, True, True, True, True, False]])
    [(start, end)] = decode_span(logits, allowed, longest)
    spans = [(i, j) for i, j in product(range(2, 6), repeat=2) if i <= j < i + longest]
    assert (start, end) == max(spans, key=lambda s: logits[0, s[0], 0] + logits[0, s[1], 1])


def test_every_task_names_a_head_that_exists() -> None:
    table = tasks.task_table()
    assert list(table.index) == [task.name for task in tasks.TASKS] and len(table) == 7
    for task in tasks.TASKS:
        assert issubclass(getattr(heads, task.head), nn.Module)
