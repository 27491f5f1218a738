"""Put a task into words and let an LLM answer: no parameter is trained.

A :class:`Prompt` says what the task is, a text is put into it, and each label is scored by the
probability of its whole wording as the answer; book sections 2.1.5 and 3.1.4. What the prompts of
many texts have in common at their beginning is read by the model once.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from downstream.models import Pretrained

Messages = list[dict[str, str]]


@dataclass(frozen=True)
class Prompt:
    """A classification task in words.

    Attributes
    ----------
    instruction
        What is to be done, for example ``"Is this review positive or negative?"``. Each text
        follows it after a blank line.
    labels
        The wording of each label, in the order of the scores.
    examples
        Texts with the wording of their labels, shown as earlier turns of the conversation
        (few-shot, in-context learning); none is zero-shot.
    """

    instruction: str
    labels: tuple[str, ...]
    examples: tuple[tuple[str, str], ...] = ()

    def messages(self, text: str) -> Messages:
        """Return the conversation that ends with the question about ``text``."""
        turns: Messages = []
        for shown, label in self.examples:
            turns += [self._question(shown), {"role": "assistant", "content": label}]
        return [*turns, self._question(text)]

    def with_examples(self, examples: Sequence[tuple[str, str]]) -> Prompt:
        """Return the same prompt with other examples."""
        return replace(self, examples=tuple(examples))

    def _question(self, text: str) -> dict[str, str]:
        return {"role": "user", "content": f"{self.instruction}\n\n{text}"}


def chat_tokens(llm: Pretrained, messages: Messages) -> list[int]:
    """Return the token ids of a conversation, up to where the model's answer begins."""
    ids: Any = llm.tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, return_dict=False
    )
    return list(ids)


def label_scores(llm: Pretrained, prompt: Prompt, texts: Sequence[str]) -> Tensor:
    """Score each label by the log-probability of its whole wording.

    Parameters
    ----------
    llm
        An LLM with its next-token head, and a tokenizer with a chat template.
    prompt
        The task in words.
    texts
        The texts to classify.

    Returns
    -------
    Tensor
        ``(texts, labels)``, natural logarithms: the sum over the tokens of the label of
        ``log Pr(token | prompt, earlier tokens)``.
    """
    asked = [chat_tokens(llm, prompt.messages(text)) for text in texts]
    words = [llm.tokenizer(word, add_special_tokens=False)["input_ids"] for word in prompt.labels]
    shared = _common_start(asked)
    with torch.no_grad():
        start = _read(llm, asked[0][:shared], None, last=1)[1] if shared else None
        rows = []
        for ids in asked:
            logits, cache = _read(llm, ids[shared:], copy.deepcopy(start), last=1)
            rows.append([_likelihood(llm, word, logits, cache) for word in words])
    return torch.tensor(rows)


def calibrated(
    llm: Pretrained, prompt: Prompt, scores: Tensor, empty: Sequence[str] = ("N/A", "[MASK]", "-")
) -> Tensor:
    """Subtract what the labels score for texts that say nothing (contextual calibration).

    The method of Zhao et al. 2021, arXiv 2102.09690: what a label earns without any content is
    the model's habit, not evidence.

    Parameters
    ----------
    scores
        What :func:`label_scores` gave, ``(texts, labels)``.
    empty
        Texts without content; their mean probability per label is the habit.
    """
    habit = label_scores(llm, prompt, empty).softmax(dim=-1).mean(dim=0)
    return scores.log_softmax(dim=-1) - habit.log()


def reply(llm: Pretrained, messages: Messages, longest: int = 60) -> str:
    """Return the model's answer to a conversation: at each step the most probable token.

    Parameters
    ----------
    longest
        Tokens after which the answer is cut off.
    """
    ids = torch.tensor([chat_tokens(llm, messages)])
    with torch.no_grad():
        answer: Any = llm.model.generate(  # type: ignore[operator]
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=longest,
            do_sample=False,
            pad_token_id=llm.tokenizer.pad_token_id,
        )
    text: Any = llm.tokenizer.decode(answer[0, ids.shape[1] :], skip_special_tokens=True)
    return str(text).strip()


def _read(llm: Pretrained, ids: Sequence[int], cache: Any, last: int = 0) -> tuple[Tensor, Any]:
    """Read tokens after what the cache holds; returns the log-probabilities of what follows.

    With ``last``, those after so many of the last tokens alone: the head is a fifth of the work.
    """
    output = llm.model(
        torch.tensor([list(ids)]), past_key_values=cache, use_cache=True, logits_to_keep=last
    )
    return output.logits[0].log_softmax(dim=-1), output.past_key_values


def _likelihood(llm: Pretrained, word: Sequence[int], logits: Tensor, cache: Any) -> float:
    """Log-probability of a label's tokens; leaves the cache as it was."""
    total = float(logits[-1, word[0]])
    if len(word) > 1:
        following, _ = _read(llm, word[:-1], cache)
        total += sum(float(following[place, token]) for place, token in enumerate(word[1:]))
        cache.crop(1 - len(word))
    return total


def _common_start(sequences: list[list[int]]) -> int:
    """Number of tokens that all sequences begin with; the last token of each is never among it."""
    first = min(sequences)
    last = max(sequences)
    shared = next(
        (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first)
    )
    return min(shared, *(len(one) - 1 for one in sequences))
