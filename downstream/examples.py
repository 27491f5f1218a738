"""From texts to numbers: how the examples of each kind of task go in.

One function for each input format of :mod:`downstream.tasks`. The texts become token ids by the
encoder's own tokenizer; the labels take the form that the loss of the task's head expects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from downstream.heads import IGNORED
from downstream.models import Pretrained

Inputs = dict[str, Any]

LONGEST = 128
"""Tokens at which a text is cut off, unless the caller says otherwise."""


@dataclass(frozen=True)
class Examples:
    """Examples as numbers: what the tokenizer made of the texts, and the labels.

    Attributes
    ----------
    inputs
        One mapping per reading, from the encoder's argument names to token ids and the like.
    labels
        One label per example: a class number, a real number, a list of tag numbers, the first and
        last position of a span, or the number of the right choice.
    readings
        How many consecutive ``inputs`` belong to one example: the number of choices where a
        question is read with each of its choices, else 1.
    """

    inputs: list[Inputs]
    labels: list[Any]
    readings: int = 1

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self, index: int) -> list[Inputs]:
        """Return the readings of one example."""
        return self.inputs[index * self.readings : (index + 1) * self.readings]

    def length(self, index: int) -> int:
        """Return the number of tokens of an example's longest reading."""
        return max(len(row["attention_mask"]) for row in self.rows(index))

    def subset(self, chosen: Sequence[int]) -> Examples:
        """Return some of the examples, in the given order."""
        inputs = [row for index in chosen for row in self.rows(index)]
        return replace(self, inputs=inputs, labels=[self.labels[index] for index in chosen])

    def batch(self, chosen: Sequence[int]) -> tuple[dict[str, Tensor], Tensor]:
        """Return some of the examples as padded tensors.

        Returns
        -------
        tuple
            The model's arguments, each ``(examples * readings, sequence, ...)`` with 0 where there
            is padding, and the labels, ``IGNORED`` at the padding of labels of tokens.
        """
        rows = [row for index in chosen for row in self.rows(index)]
        inputs = {
            key: pad_sequence([torch.as_tensor(row[key]) for row in rows], batch_first=True)
            for key in rows[0]
        }
        labels = [torch.as_tensor(self.labels[index]) for index in chosen]
        if labels[0].ndim:
            return inputs, pad_sequence(labels, batch_first=True, padding_value=IGNORED)
        return inputs, torch.stack(labels)


def encode_texts(
    encoder: Pretrained,
    texts: Sequence[str],
    labels: Sequence[Any],
    pairs: Sequence[str] | None = None,
    longest: int = LONGEST,
) -> Examples:
    """Encode single texts, or pairs of texts, with one label each."""
    encoded = encoder.tokenizer(
        list(texts), list(pairs) if pairs is not None else None, truncation=True, max_length=longest
    )
    return Examples(_rows(encoded), list(labels))


def encode_tokens(
    encoder: Pretrained, tokens: Sequence[Sequence[str]], tags: Sequence[Sequence[int]]
) -> Examples:
    """Encode sentences given as words, with one tag number per word.

    A word may become several subwords. The first one carries the tag; the others, and the special
    tokens, are ``IGNORED`` in the loss and in the score.
    """
    encoded = encoder.tokenizer([list(words) for words in tokens], is_split_into_words=True)
    labels = []
    for index, numbers in enumerate(tags):
        words = encoded.word_ids(index)
        first = [word is not None and word != words[i - 1] for i, word in enumerate(words)]
        labels.append(
            [numbers[word] if new else IGNORED for word, new in zip(words, first, strict=True)]
        )
    return Examples(_rows(encoded), labels)


def encode_questions(
    encoder: Pretrained,
    questions: Sequence[str],
    contexts: Sequence[str],
    answers: Sequence[Mapping[str, Sequence[Any]]],
    longest: int = 256,
) -> Examples:
    """Encode questions with a context each, ``[CLS] query [SEP] context [SEP]``.

    Parameters
    ----------
    answers
        As in SQuAD: the lists ``text`` and ``answer_start`` (a character position of the context).
        The first answer counts; empty lists mean that the context does not hold the answer.

    Returns
    -------
    Examples
        Labels are the first and the last token position of the answer, ``(0, 0)``, the position of
        ``[CLS]``, where there is none.

    Raises
    ------
    ValueError
        If an answer does not stand where it should, or lies beyond the cut at ``longest`` tokens.
    """
    encoded = encoder.tokenizer(
        list(questions),
        list(contexts),
        truncation="only_second",
        max_length=longest,
        return_token_type_ids=True,
    )
    labels: list[Any] = []
    for index, answer in enumerate(answers):
        if not answer["text"]:
            labels.append([0, 0])
            continue
        text, start = answer["text"][0], int(answer["answer_start"][0])
        if contexts[index][start : start + len(text)] != text:
            raise ValueError(
                f"question {index}: {text!r} does not stand at {start} of its context; "
                "answer_start counts characters from 0"
            )
        place = [
            encoded.char_to_token(index, at, sequence_index=1)
            for at in (start, start + len(text) - 1)
        ]
        if None in place:
            raise ValueError(
                f"question {index}: the answer {text!r} was cut off; raise longest={longest}"
            )
        labels.append(place)
    return Examples(_rows(encoded), labels)


def encode_choices(
    encoder: Pretrained,
    questions: Sequence[str],
    choices: Sequence[Sequence[str]],
    answers: Sequence[int],
    longest: int = LONGEST,
) -> Examples:
    """Encode each question with each of its K choices as a text pair; labels number the choices.

    Raises
    ------
    ValueError
        If the questions do not all have the same number of choices.
    """
    sizes = {len(one) for one in choices}
    if len(sizes) > 1:
        raise ValueError(f"every question needs the same number of choices, not {sorted(sizes)}")
    readings = sizes.pop() if sizes else 1
    encoded = encoder.tokenizer(
        [question for question in questions for _ in range(readings)],
        [choice for one in choices for choice in one],
        truncation=True,
        max_length=longest,
    )
    return Examples(_rows(encoded), list(answers), readings)


def _rows(encoded: Any) -> list[Inputs]:
    return [dict(zip(encoded, row, strict=True)) for row in zip(*encoded.values(), strict=True)]
