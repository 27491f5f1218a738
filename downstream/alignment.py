"""Learn from preferences: direct preference optimisation, reward models, drift.

A preference is a prompt with two answers, one chosen and one rejected. Both losses of this module
are the negative log-likelihood of such choices under the model of Bradley and Terry, which the
book uses for reward models and for direct preference optimisation (sections 4.3 and 4.4.2).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from downstream.examples import Examples
from downstream.heads import IGNORED


def implicit_rewards(policy: Tensor, reference: Tensor, beta: float) -> Tensor:
    """Return ``β log(π_θ(y|x) / π_ref(y|x))``, the reward that a tuned LLM acts upon.

    Parameters
    ----------
    policy, reference
        Log-probabilities of whole answers under the tuned and the untuned model, ``(pairs,)``.
    beta
        How much a nat of difference counts.
    """
    return beta * (policy - reference)


def pairwise_loss(chosen: Tensor, rejected: Tensor) -> Tensor:
    """Return the mean of ``-log σ(r_chosen - r_rejected)``, a scalar.

    Parameters
    ----------
    chosen, rejected
        Rewards of the two answers of each pair, ``(pairs,)``. Only their difference counts.
    """
    return -logsigmoid(chosen - rejected).mean()


def dpo_loss(
    chosen: Tensor,
    rejected: Tensor,
    reference_chosen: Tensor,
    reference_rejected: Tensor,
    beta: float,
) -> Tensor:
    """Return the loss of direct preference optimisation, a scalar.

    Rafailov et al. 2023, arXiv 2305.18290, equation (7): the pairwise loss of the implicit rewards.

    Parameters
    ----------
    chosen, rejected
        Log-probabilities of the answers under the model that is tuned, ``(pairs,)``.
    reference_chosen, reference_rejected
        The same under the model as it was before.
    beta
        Small values let the model drift far, large ones hold it near the reference.
    """
    return pairwise_loss(
        implicit_rewards(chosen, reference_chosen, beta),
        implicit_rewards(rejected, reference_rejected, beta),
    )


def cut_in_two(model: Any, start: int) -> tuple[nn.Module, nn.Module]:
    """Cut an LLM with an adapter in two, so that the lower layers need to be run only once.

    Parameters
    ----------
    model
        What :func:`downstream.tuning.with_lora` made. The adapter of the lower layers is frozen
        here, in place; new, it adds nothing.
    start
        Number of layers in the lower part.

    Returns
    -------
    tuple of nn.Module
        The lower part turns token ids into hidden states; the upper part takes these as
        ``inputs_embeds`` and has the next-token head. Both share all parameters with ``model``:
        what tunes the upper part tunes ``model``, and ``model.disable_adapter()`` holds for both.
    """
    whole = model.get_base_model()
    upper = _shallow(whole)
    upper.model = _shallow(whole.model)
    lower = _shallow(whole.model)
    lower.layers, upper.model.layers = whole.model.layers[:start], whole.model.layers[start:]
    lower.norm = nn.Identity()
    lower.layers.requires_grad_(False)
    return lower, upper


def run_once(lower: nn.Module, examples: Examples, batch_size: int = 8) -> Examples:
    """Run the lower part over conversations; its hidden states take the place of the token ids.

    Parameters
    ----------
    lower
        The first part of :func:`cut_in_two`.
    examples
        What :func:`downstream.chats.encode_chats` made.

    Returns
    -------
    Examples
        ``inputs_embeds``, each ``(sequence, hidden)``, and ``attention_mask``; the same labels.
    """
    order = sorted(range(len(examples)), key=examples.length)
    inputs: list[Any] = [None] * len(examples)
    for first in range(0, len(order), batch_size):
        chosen = order[first : first + batch_size]
        batch, _ = examples.batch(chosen)
        with torch.no_grad():
            hidden = lower(**batch, use_cache=False).last_hidden_state
        for row, index in enumerate(chosen):
            mask = torch.ones(examples.length(index), dtype=torch.long)
            inputs[index] = {
                "inputs_embeds": hidden[row, : len(mask)].clone(),
                "attention_mask": mask,
            }
    return replace(examples, inputs=inputs)


def answer_logits(model: Any, inputs: dict[str, Tensor], labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the scores of the vocabulary wherever a token of an answer follows, and nowhere else.

    Parameters
    ----------
    model
        An LLM, or the upper part of one.
    inputs, labels
        A batch of conversations, each ``(batch, sequence, ...)``.

    Returns
    -------
    tuple of Tensor
        Logits ``(answer tokens, vocabulary)``, all answers one after another, and the places of
        the tokens, True or False, ``(batch, sequence - 1)``.
    """
    hidden = model.model(**inputs, use_cache=False).last_hidden_state[:, :-1]
    places = labels[:, 1:] != IGNORED
    return model.lm_head(hidden[places]), places


def answer_log_likelihoods(model: Any, inputs: dict[str, Tensor], labels: Tensor) -> Tensor:
    """Return the log-probability of each answer given its prompt, ``(batch,)``.

    The same as :func:`downstream.chats.log_likelihoods`, but the prompts' own tokens are not
    scored, which saves half of the time here.
    """
    logits, places = answer_logits(model, inputs, labels)
    said = labels[:, 1:][places].unsqueeze(1)
    values = (logits.gather(1, said) - logits.logsumexp(dim=1, keepdim=True)).squeeze(1)
    return torch.zeros(places.shape).masked_scatter(places, values).sum(dim=1)


def divergence(logits: Tensor, reference: Tensor) -> Tensor:
    """Return the Kullback-Leibler divergence ``KL(π_θ ‖ π_ref)`` at each token, in nats.

    Parameters
    ----------
    logits, reference
        Scores of the tuned and of the untuned model at the same places, ``(tokens, vocabulary)``.

    Returns
    -------
    Tensor
        ``(tokens,)``; zero where both models expect the same.
    """
    own, other = logits.log_softmax(dim=-1), reference.log_softmax(dim=-1)
    return (own.exp() * (own - other)).sum(dim=-1)


def best_of(rewards: Sequence[float]) -> int:
    """Return the place of the highest reward: which of n answers best-of-n gives out."""
    return max(range(len(rewards)), key=lambda index: rewards[index])


def _shallow(module: Any) -> Any:
    """A module with the same parameters and children, whose children can be replaced apart."""
    twin = copy.copy(module)
    twin._modules = dict(module._modules)
    return twin
