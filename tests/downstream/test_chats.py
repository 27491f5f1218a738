"""Conversations as examples: which tokens count, and what an answer's probability is."""

from __future__ import annotations

import pytest
import torch

from downstream.chats import encode_chats, log_likelihoods, score_answers
from downstream.heads import IGNORED
from downstream.models import Pretrained, load_llm
from downstream.prompting import Prompt, label_scores

PROMPTS = ["What is the capital of France?", "Name a colour, please."]
ANSWERS = ["Paris", "A calm, deep blue."]


@pytest.fixture(scope="module")
def llm() -> Pretrained:
    return load_llm()


def test_only_the_answer_and_its_end_are_learned(llm: Pretrained) -> None:
    examples = encode_chats(llm, PROMPTS, ANSWERS)
    for row, labels, prompt, answer in zip(
        examples.inputs, examples.labels, PROMPTS, ANSWERS, strict=True
    ):
        assert len(row["input_ids"]) == len(row["attention_mask"]) == len(labels)
        counted = [label for label in labels if label != IGNORED]
        assert llm.tokenizer.decode(counted) == answer + llm.tokenizer.eos_token
        assert labels[-len(counted) :] == counted == row["input_ids"][-len(counted) :]
        assert prompt in llm.tokenizer.decode(row["input_ids"])


def test_the_loss_is_the_library_s(llm: Pretrained) -> None:
    examples = encode_chats(llm, PROMPTS, ANSWERS)
    inputs, labels = examples.batch([0, 1])
    with torch.no_grad():
        ours = log_likelihoods(llm.model, inputs, labels)
        theirs = llm.model(**inputs, labels=labels).loss
    torch.testing.assert_close(-ours.sum() / (labels != IGNORED).sum(), theirs)


def test_padding_and_order_change_nothing(llm: Pretrained) -> None:
    together = score_answers(llm, PROMPTS, ANSWERS)
    alone = [score_answers(llm, [p], [a]) for p, a in zip(PROMPTS, ANSWERS, strict=True)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-4, atol=1e-4)


def test_an_answer_scores_as_the_same_label_of_a_prompt(llm: Pretrained) -> None:
    """The same words after the same prompt; a label alone has no end of the turn."""
    examples = encode_chats(llm, ["Which?\n\nParis or Rome"], ["Paris"])
    inputs, labels = examples.batch([0])
    labels[labels == llm.tokenizer.eos_token_id] = IGNORED
    with torch.no_grad():
        ours = log_likelihoods(llm.model, inputs, labels)
    theirs = label_scores(llm, Prompt("Which?", ("Paris",)), ["Paris or Rome"])
    torch.testing.assert_close(ours, theirs[0], rtol=1e-4, atol=1e-4)
