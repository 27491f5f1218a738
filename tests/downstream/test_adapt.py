"""Adapting: what is trained, what is left alone, and how it is scored."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from downstream.adapt import adapt, predict
from downstream.examples import Examples, encode_texts, encode_tokens
from downstream.heads import IGNORED, SequenceClassificationHead, TokenClassificationHead
from downstream.metrics import accuracy, entities, entity_f1, token_accuracy
from downstream.models import Pretrained, load_encoder

TEXTS = ["water is flooding the hall", "please send a brochure"] * 8
LABELS = [0, 1] * 8


@pytest.fixture(scope="module")
def encoder() -> Pretrained:
    return load_encoder()


def head() -> SequenceClassificationHead:
    return SequenceClassificationHead(384, 2, pooling="mean")


@pytest.mark.parametrize(("strategy", "rate"), [("frozen", 1e-2), ("full", 2e-4)])
def test_a_small_task_is_learned_and_the_encoder_given_is_unchanged(
    encoder: Pretrained, strategy: str, rate: float
) -> None:
    before = copy.deepcopy(encoder.model.state_dict())
    examples = encode_texts(encoder, TEXTS, LABELS)
    settings = {"seeds": [0], "epochs": 5, "learning_rate": rate, "progress": False}
    record = adapt(encoder, head, examples, examples, accuracy, strategy=strategy, **settings)
    again = adapt(encoder, head, examples, examples, accuracy, strategy=strategy, **settings)
    assert record.scores == again.scores == (1.0,)
    # the model of the record gives the same answers from token ids
    assert accuracy(predict(record.model, examples), LABELS) == 1.0
    for first, second in zip(
        record.model.head.parameters(), again.model.head.parameters(), strict=True
    ):
        assert torch.equal(first, second)
    for name, value in encoder.model.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(parameter.requires_grad for parameter in encoder.model.parameters())
    own = sum(parameter.numel() for parameter in head().parameters())
    assert record.trainable == (own if strategy == "frozen" else record.total)


def test_an_unknown_strategy_is_named(encoder: Pretrained) -> None:
    examples = Examples([], [])
    with pytest.raises(ValueError, match="'half'"):
        adapt(encoder, head, examples, examples, accuracy, strategy="half")


def test_the_first_subword_carries_the_tag(encoder: Pretrained) -> None:
    examples = encode_tokens(encoder, [["in", "Adeyemi", "."]], [[0, 4, 0]])
    pieces = encoder.tokenizer.convert_ids_to_tokens(examples.inputs[0]["input_ids"])
    assert len(pieces) > 5
    assert [label for label in examples.labels[0] if label != IGNORED] == [0, 4, 0]
    assert examples.labels[0][0] == examples.labels[0][-1] == IGNORED


def test_predictions_come_in_the_given_order_and_without_padding(encoder: Pretrained) -> None:
    words = [["a", "long", "line", "of", "words"], ["one"], ["two", "words"]]
    examples = encode_tokens(encoder, words, [[0] * len(row) for row in words])
    model = adapt(
        encoder,
        lambda: TokenClassificationHead(384, 3),
        examples,
        examples,
        token_accuracy,
        strategy="frozen",
        seeds=[0],
        epochs=1,
        progress=False,
    ).model
    together = predict(model, examples)
    assert [len(scores) for scores in together] == [7, 3, 4]
    for index in range(3):
        alone = Examples([examples.inputs[index]], [examples.labels[index]])
        torch.testing.assert_close(predict(model, alone)[0], together[index], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        (["O", "B-a", "I-a", "O"], {("a", 1, 3)}),
        (["B-a", "B-a"], {("a", 0, 1), ("a", 1, 2)}),
        (["I-a", "I-b"], {("a", 0, 1), ("b", 1, 2)}),
        (["O", "O"], set()),
        (["B-a", "I-a"], {("a", 0, 2)}),
    ],
)
def test_entities_are_read_from_tags(tags: list[str], found: set[tuple[str, int, int]]) -> None:
    assert entities(tags) == found


@given(st.lists(st.integers(0, 2), min_size=1, max_size=8))
def test_entity_f1_of_the_right_tags_is_one_unless_there_is_no_entity(tags: list[int]) -> None:
    names = ["O", "B-a", "I-a"]
    logits = [torch.nn.functional.one_hot(torch.tensor(tags), 3).float()]
    expected = 1.0 if any(tags) else 0.0
    assert entity_f1(names)(logits, [tags]) == expected
