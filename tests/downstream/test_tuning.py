"""Tuning an LLM: what changes, what stays, and how it answers."""

from __future__ import annotations

import pytest
import torch

from downstream.chats import encode_chats, log_likelihoods
from downstream.heads import IGNORED, count_parameters
from downstream.models import Pretrained, load_llm
from downstream.prompting import reply
from downstream.tuning import answer_loss, answers, choice_likelihoods, tune, with_lora

PROMPTS = ["What is the capital of France?", "Name a colour.", "Say yes."]
ANSWERS = ["Aye: Paris", "Aye: blue, a calm one", "Aye: yes"]


@pytest.fixture(scope="module")
def llm() -> Pretrained:
    return load_llm()


def test_the_loss_is_the_mean_over_the_answers_tokens(llm: Pretrained) -> None:
    inputs, labels = encode_chats(llm, PROMPTS, ANSWERS).batch([0, 1, 2])
    with torch.no_grad():
        ours = answer_loss(llm.model, inputs, labels)
        theirs = log_likelihoods(llm.model, inputs, labels)
    torch.testing.assert_close(ours, -theirs.sum() / (labels != IGNORED).sum())


def test_a_new_adapter_changes_nothing_and_leaves_the_llm_alone(llm: Pretrained) -> None:
    before = [parameter.requires_grad for parameter in llm.model.parameters()]
    model = with_lora(llm)
    ids = torch.tensor([[1, 2, 3, 4]])
    with torch.no_grad():
        torch.testing.assert_close(model(input_ids=ids).logits, llm.model(input_ids=ids).logits)
    assert [parameter.requires_grad for parameter in llm.model.parameters()] == before
    trainable, total = count_parameters(model)
    assert 0 < trainable < 0.01 * total


def test_tuning_moves_the_adapter_alone(llm: Pretrained) -> None:
    model = with_lora(llm)
    weight = llm.model.get_parameter("model.layers.0.self_attn.q_proj.weight").clone()
    examples = encode_chats(llm, PROMPTS, ANSWERS)
    losses = tune(model, examples, steps=3, batch_size=3, learning_rate=5e-3, title=None)
    assert len(losses) == 3 and losses[-1] < losses[0]
    torch.testing.assert_close(
        llm.model.get_parameter("model.layers.0.self_attn.q_proj.weight"), weight
    )
    inputs, labels = examples.batch([0])
    with torch.no_grad(), model.disable_adapter():
        off = answer_loss(model, inputs, labels)
    with torch.no_grad():
        torch.testing.assert_close(off, answer_loss(llm.model, inputs, labels))


def test_the_same_seed_gives_the_same_losses(llm: Pretrained) -> None:
    examples = encode_chats(llm, PROMPTS, ANSWERS)
    runs = [tune(with_lora(llm), examples, epochs=1, batch_size=2, title=None) for _ in range(2)]
    assert runs[0] == runs[1] and len(runs[0]) == 2


def test_chapters_under_test_take_two_steps(
    llm: Pretrained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOWNSTREAM_SHORT", "1")
    examples = encode_chats(llm, PROMPTS, ANSWERS)
    assert len(tune(with_lora(llm), examples, steps=50, batch_size=1, title=None)) == 2


def test_answers_in_a_batch_are_those_given_one_by_one(llm: Pretrained) -> None:
    alone = [reply(llm, [{"role": "user", "content": prompt}], longest=8) for prompt in PROMPTS]
    assert answers(llm.model, llm.tokenizer, PROMPTS, longest=8, batch_size=2) == alone


def test_an_answer_can_show_where_it_ended(llm: Pretrained) -> None:
    [cut] = answers(llm.model, llm.tokenizer, PROMPTS[:1], longest=2, show_end=True)
    [whole] = answers(llm.model, llm.tokenizer, PROMPTS[:1], longest=40, show_end=True)
    end = llm.tokenizer.eos_token
    assert not cut.endswith(end)
    assert whole.endswith(end) and whole.count(end) == 1


def test_choices_read_together_score_as_each_one_alone(llm: Pretrained) -> None:
    beginnings = ["The capital of Norway is", "London lies on the River"]
    choices = [["Oslo", "Kuala Lumpur"], ["Thames by night", "Seine"]]
    scores = choice_likelihoods(llm.model, llm.tokenizer, beginnings, choices)
    for row, (begun, ends) in enumerate(zip(beginnings, choices, strict=True)):
        for column, end in enumerate(ends):
            before = llm.tokenizer(begun)["input_ids"]
            ids = torch.tensor([before + llm.tokenizer(f" {end}")["input_ids"]])
            with torch.no_grad():
                likely = llm.model(input_ids=ids).logits[0].log_softmax(dim=-1)
            places = torch.arange(len(before), ids.shape[1])
            alone = likely[places - 1, ids[0, places]].sum()
            torch.testing.assert_close(scores[row, column], alone, rtol=1e-4, atol=1e-4)


def test_one_can_watch_a_run(llm: Pretrained) -> None:
    model = with_lora(llm)
    seen: list[tuple[int, bool]] = []
    tune(
        model,
        encode_chats(llm, PROMPTS, ANSWERS),
        steps=2,
        batch_size=1,
        title=None,
        watch=lambda step: seen.append((step, model.training)),
    )
    assert seen == [(1, False), (2, False)]
