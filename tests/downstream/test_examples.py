"""Every input format: what the tokens are, and where the labels stand."""

from __future__ import annotations

import pytest
import torch

from downstream.adapt import adapt, predict
from downstream.examples import Examples, encode_choices, encode_questions, encode_texts
from downstream.heads import MultipleChoiceHead, SpanHead
from downstream.metrics import accuracy, exact_match, predicted_spans
from downstream.models import Pretrained, load_encoder

CONTEXT = "The baker, Ümit Oduya, opens at six. The butcher opens at nine."


@pytest.fixture(scope="module")
def encoder() -> Pretrained:
    return load_encoder()


def answer(text: str) -> dict[str, list[object]]:
    return (
        {"text": [text], "answer_start": [CONTEXT.index(text)]}
        if text
        else {"text": [], "answer_start": []}
    )


def test_a_pair_has_two_segments(encoder: Pretrained) -> None:
    single = encode_texts(encoder, ["one text"], [0])
    pair = encode_texts(encoder, ["one text"], [0], pairs=["another one"])
    assert set(single.inputs[0]["token_type_ids"]) == {0}
    assert set(pair.inputs[0]["token_type_ids"]) == {0, 1}


@pytest.mark.parametrize("text", ["Ümit Oduya", "six", "The butcher opens at nine"])
def test_the_label_of_a_question_is_where_its_answer_stands(encoder: Pretrained, text: str) -> None:
    examples = encode_questions(encoder, ["Who, or when?"], [CONTEXT], [answer(text)])
    first, last = examples.labels[0]
    tokens = examples.inputs[0]["input_ids"][first : last + 1]
    again = encoder.tokenizer(text, add_special_tokens=False)["input_ids"]
    assert tokens == again


def test_a_question_without_an_answer_points_at_the_first_token(encoder: Pretrained) -> None:
    examples = encode_questions(encoder, ["Who sells fish?"], [CONTEXT], [answer("")])
    assert examples.labels == [[0, 0]]


def test_an_answer_elsewhere_or_beyond_the_cut_is_refused(encoder: Pretrained) -> None:
    moved = {"text": ["six"], "answer_start": [3]}
    with pytest.raises(ValueError, match=r"question 0: 'six' does not stand at 3"):
        encode_questions(encoder, ["When?"], [CONTEXT], [moved])
    with pytest.raises(ValueError, match=r"question 1: the answer 'nine' was cut off.*longest=16"):
        encode_questions(
            encoder, ["When?"] * 2, [CONTEXT] * 2, [answer("Ümit"), answer("nine")], longest=16
        )


def test_each_choice_is_read_with_its_question(encoder: Pretrained) -> None:
    examples = encode_choices(
        encoder, ["What is wet?", "What is hot?"], [["water", "sand"], ["ice", "fire"]], [0, 1]
    )
    assert (len(examples), len(examples.inputs), examples.readings) == (2, 4, 2)
    texts = [encoder.tokenizer.decode(row["input_ids"]) for row in examples.rows(1)]
    assert texts == ["[CLS] what is hot? [SEP] ice [SEP]", "[CLS] what is hot? [SEP] fire [SEP]"]
    assert examples.subset([1]) == Examples(examples.inputs[2:], [1], 2)


def test_questions_with_different_numbers_of_choices_are_refused(encoder: Pretrained) -> None:
    with pytest.raises(ValueError, match=r"same number of choices, not \[1, 2\]"):
        encode_choices(encoder, ["a", "b"], [["c"], ["d", "e"]], [0, 0])


@pytest.mark.parametrize(("strategy", "rate"), [("frozen", 3e-2), ("full", 3e-4)])
def test_choices_are_learned(encoder: Pretrained, strategy: str, rate: float) -> None:
    questions = ["The soup is cold.", "The road is icy.", "The lamp is broken.", "The tea is weak."]
    right = ["Warm it up.", "Walk with care.", "Change the bulb.", "Let it draw."]
    choices = [
        [one, "Fly to the moon."] if i % 2 else ["Fly to the moon.", one]
        for i, one in enumerate(right)
    ]
    examples = encode_choices(encoder, questions, choices, [1, 0, 1, 0])
    record = adapt(
        encoder,
        lambda: MultipleChoiceHead(384, 2, pooling="mean"),
        examples,
        examples,
        accuracy,
        strategy=strategy,
        seeds=[0],
        epochs=12,
        learning_rate=rate,
        batch_size=2,
        progress=False,
    )
    assert record.mean == 1.0
    assert [tuple(one.shape) for one in predict(record.model, examples)] == [(2,)] * 4


def test_spans_are_learned_and_read_from_the_context(encoder: Pretrained) -> None:
    asked = ["Who is the baker?", "When does the baker open?", "Who sells fish?"]
    answers = [answer("Ümit Oduya"), answer("six"), answer("")]
    examples = encode_questions(encoder, asked, [CONTEXT] * 3, answers)
    record = adapt(
        encoder,
        lambda: SpanHead(384),
        examples,
        examples,
        exact_match(examples),
        seeds=[0],
        epochs=30,
        learning_rate=5e-4,
        batch_size=3,
        progress=False,
    )
    assert record.mean == 1.0
    spans = predicted_spans(predict(record.model, examples), examples)
    assert spans == [tuple(label) for label in examples.labels]


def test_a_span_never_leaves_the_context(encoder: Pretrained) -> None:
    examples = encode_questions(encoder, ["Who bakes?"], [CONTEXT], [answer("six")])
    length = len(examples.inputs[0]["input_ids"])
    scores = torch.zeros(length, 2)
    scores[1:4] = scores[-1] = 9.0  # the question, and the last [SEP]
    scores[0] = -9.0
    types = examples.inputs[0]["token_type_ids"]
    ((start, end),) = predicted_spans([scores], examples)
    assert types.index(1) <= start <= end < length - 1
