"""Scores of labels are the model's own probabilities of their whole wording."""

from __future__ import annotations

import pytest
import torch

from downstream.models import Pretrained, load_llm
from downstream.prompting import Prompt, calibrated, chat_tokens, label_scores, reply

TEXTS = [
    "The soup was cold and the waiter rude.",
    "A joy from start to finish!",
    "Arrived on Monday.",
]
PROMPT = Prompt("Is this review good or bad?", ("good", "bad", "neither good nor bad"))
SHOWN = PROMPT.with_examples([("I would come again.", "good"), ("Never again.", "bad")])


@pytest.fixture(scope="module")
def llm() -> Pretrained:
    return load_llm()


@pytest.mark.parametrize("prompt", [PROMPT, SHOWN], ids=["zero-shot", "few-shot"])
def test_scores_equal_those_of_reading_each_whole_text(llm: Pretrained, prompt: Prompt) -> None:
    scores = label_scores(llm, prompt, TEXTS)
    for text, row in zip(TEXTS, scores, strict=True):
        asked = chat_tokens(llm, prompt.messages(text))
        for word, score in zip(prompt.labels, row, strict=True):
            answer = llm.tokenizer(word, add_special_tokens=False)["input_ids"]
            with torch.no_grad():
                logits = llm.model(torch.tensor([asked + answer])).logits[0].log_softmax(dim=-1)
            expected = sum(logits[len(asked) - 1 + i, token] for i, token in enumerate(answer))
            assert score == pytest.approx(float(expected), abs=1e-3)


def test_one_text_and_two_equal_texts_are_scored(llm: Pretrained) -> None:
    one = label_scores(llm, PROMPT, TEXTS[:1])
    two = label_scores(llm, PROMPT, TEXTS[:1] * 2)
    torch.testing.assert_close(two, one.repeat(2, 1), atol=1e-3, rtol=0)


def test_calibration_takes_away_what_a_label_earns_without_content(llm: Pretrained) -> None:
    empty = ["N/A"]
    scores = calibrated(llm, PROMPT, label_scores(llm, PROMPT, empty), empty)
    torch.testing.assert_close(scores, torch.zeros_like(scores), atol=1e-4, rtol=0)


def test_examples_are_earlier_turns_of_the_conversation() -> None:
    turns = SHOWN.messages("And this?")
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * 2 + ["user"]
    assert turns[1]["content"] == "good"
    assert turns[-1]["content"] == "Is this review good or bad?\n\nAnd this?"


def test_a_reply_is_the_models_most_probable_answer(llm: Pretrained) -> None:
    question = [{"role": "user", "content": "What is the capital of France?"}]
    assert "Paris" in reply(llm, question, longest=12)
