"""Losses of preferences against values worked by hand, and an LLM cut in two that stays whole."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from downstream.alignment import (
    answer_log_likelihoods,
    answer_logits,
    best_of,
    cut_in_two,
    divergence,
    dpo_loss,
    implicit_rewards,
    pairwise_loss,
    run_once,
)
from downstream.chats import encode_chats, log_likelihoods
from downstream.models import load_llm
from downstream.tuning import with_lora

logs = st.floats(-60, 0)


def test_before_training_the_loss_is_ln_2_whatever_beta() -> None:
    same = torch.tensor([-40.0, -55.0]), torch.tensor([-38.0, -61.0])
    for beta in (0.01, 0.1, 1.0):
        assert dpo_loss(*same, *same, beta).item() == pytest.approx(math.log(2))


def test_the_loss_of_one_pair_worked_by_hand() -> None:
    # rewards 0.1 * (-38 + 40) = 0.2 and 0.1 * (-50 + 45) = -0.5, margin 0.7
    chosen, rejected, was_chosen, was_rejected = torch.tensor([[-38.0], [-50.0], [-40.0], [-45.0]])
    loss = dpo_loss(chosen, rejected, was_chosen, was_rejected, beta=0.1)
    assert loss.item() == pytest.approx(-math.log(1 / (1 + math.exp(-0.7))))


def test_the_gradient_raises_the_chosen_and_lowers_the_rejected_by_as_much() -> None:
    chosen = torch.tensor([-40.0], requires_grad=True)
    rejected = torch.tensor([-45.0], requires_grad=True)
    dpo_loss(chosen, rejected, chosen.detach(), rejected.detach(), beta=0.1).backward()
    assert chosen.grad is not None and rejected.grad is not None
    # at the start each pair has the weight β σ(0) = β / 2; a step goes against the gradient
    assert chosen.grad.item() == pytest.approx(-0.05)
    assert rejected.grad.item() == pytest.approx(0.05)


@given(logs, logs, logs, logs, st.floats(0.01, 1), st.floats(-20, 20))
def test_only_the_difference_of_the_two_answers_counts(
    chosen: float, rejected: float, one: float, other: float, beta: float, shift: float
) -> None:
    both = torch.tensor([[chosen], [rejected]], dtype=torch.float64)
    before = torch.tensor([[one], [other]], dtype=torch.float64)
    plain = dpo_loss(both[0], both[1], before[0], before[1], beta)
    moved = dpo_loss(both[0] + shift, both[1] + shift, before[0], before[1], beta)
    assert moved.item() == pytest.approx(plain.item())


@given(st.integers(-60, 0), st.integers(-60, 0), st.floats(0.01, 1))
def test_the_pairwise_loss_is_below_ln_2_where_the_chosen_answer_leads(
    chosen: int, rejected: int, beta: float
) -> None:
    rewards = implicit_rewards(
        torch.tensor([chosen, rejected], dtype=torch.float64), torch.zeros(2), beta
    )
    loss = pairwise_loss(rewards[:1], rewards[1:]).item()
    assert (loss <= math.log(2) + 1e-12) == (rewards[0] >= rewards[1])


def test_divergence_worked_by_hand_and_zero_where_nothing_changed() -> None:
    logits = torch.tensor([[0.0, 0.0], [2.0, 1.0]])
    reference = torch.stack([torch.tensor([0.25, 0.75]).log(), logits[1]])
    first, second = divergence(logits, reference).tolist()
    assert first == pytest.approx(0.5 * math.log(2) + 0.5 * math.log(2 / 3))
    assert second == pytest.approx(0.0, abs=1e-7)


def test_best_of_n_gives_out_the_highest_reward() -> None:
    assert best_of([0.2, 1.5, -3.0]) == 1


def test_two_parts_answer_like_the_whole_with_and_without_the_adapter() -> None:
    llm = load_llm()
    model = with_lora(llm)
    lower, upper = cut_in_two(model, 26)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.05)
    examples = encode_chats(llm, ["Who wrote Emma?", "Hello"], ["Jane Austen, in 1815.", "Hi."])
    inputs, labels = run_once(lower, examples).batch([0, 1])
    whole, _ = examples.batch([0, 1])
    with torch.no_grad():
        tuned = answer_log_likelihoods(upper, inputs, labels)
        assert torch.allclose(tuned, log_likelihoods(model, whole, labels), atol=1e-3)
        with model.disable_adapter():
            plain = answer_log_likelihoods(upper, inputs, labels)
            logits, places = answer_logits(upper, inputs, labels)
        assert torch.allclose(plain, log_likelihoods(llm.model, whole, labels), atol=1e-3)
    assert not torch.allclose(tuned, plain, atol=0.01)
    assert len(logits) == int(places.sum()) == int((labels != -100).sum())
