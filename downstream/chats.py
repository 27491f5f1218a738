"""Prompts with their answers, as an LLM is tuned on them.

The loss counts the answer's tokens alone: ``log Pr(answer | prompt)``, book formula (2.17). What
the prompt says is given, not learned.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from downstream.examples import Examples
from downstream.heads import IGNORED
from downstream.models import Pretrained
from downstream.prompting import chat_tokens


def encode_chats(llm: Pretrained, prompts: Sequence[str], answers: Sequence[str]) -> Examples:
    """Encode single-turn conversations in the LLM's own chat template.

    Returns
    -------
    Examples
        Labels are the token ids of the answer and of the end of the turn, in their places, and
        ``IGNORED`` over the prompt.
    """
    end = llm.tokenizer.eos_token_id
    inputs, labels = [], []
    for prompt, answer in zip(prompts, answers, strict=True):
        asked = chat_tokens(llm, [{"role": "user", "content": prompt}])
        said = [*llm.tokenizer(answer, add_special_tokens=False)["input_ids"], end]
        inputs.append(
            {"input_ids": [*asked, *said], "attention_mask": [1] * (len(asked) + len(said))}
        )
        labels.append([IGNORED] * len(asked) + said)
    return Examples(inputs, labels)


def log_likelihoods(model: nn.Module, inputs: dict[str, Tensor], labels: Tensor) -> Tensor:
    """Return the log-probability of each answer given its prompt.

    Parameters
    ----------
    model
        An LLM with its next-token head.
    inputs, labels
        A batch of :func:`encode_chats`, each ``(batch, sequence)``.

    Returns
    -------
    Tensor
        ``(batch,)``, natural logarithms, summed over the tokens of the answer. Its negative mean
        over the tokens is the loss of supervised fine-tuning (2.18).
    """
    logits = model(**inputs).logits[:, :-1].log_softmax(dim=-1)
    following = labels[:, 1:]
    counted = following != IGNORED
    chosen = logits.gather(2, following.masked_fill(~counted, 0).unsqueeze(2)).squeeze(2)
    return (chosen * counted).sum(dim=1)


def score_answers(
    llm: Pretrained, prompts: Sequence[str], answers: Sequence[str], batch_size: int = 16
) -> Tensor:
    """Return the log-probability of each answer to its prompt, ``(prompts,)``."""
    examples = encode_chats(llm, prompts, answers)
    order = sorted(range(len(examples)), key=examples.length)
    scores = torch.empty(len(examples))
    with torch.no_grad():
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            scores[chosen] = log_likelihoods(llm.model, *examples.batch(chosen))
    return scores
