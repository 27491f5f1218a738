"""The prediction networks: what each downstream task puts on top of a pre-trained model.

A pre-trained model turns tokens into one contextual vector each, ``H = Encode(x)`` (1.2), of shape
``(batch, sequence, hidden)``. A head turns these vectors into what the task asks for,
``Predict(H)`` (1.21). Each head here computes what its ``AutoModelFor...`` counterpart computes.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

Pooling = Literal["bert", "first", "last", "mean", "max"]

IGNORED = -100
"""Label of positions that do not count in a loss: padding, special tokens, later subwords."""


class Head(Protocol):
    """What every head offers: logits from hidden states, and the loss of these logits."""

    def __call__(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Return the logits for hidden states ``(batch, sequence, hidden)``."""

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss, a scalar."""


class Pooler(nn.Module):
    """Make one vector of a whole sequence: ``(batch, sequence, hidden)`` to ``(batch, hidden)``.

    Parameters
    ----------
    hidden_size
        Size of the hidden states.
    pooling
        ``"first"`` takes h_cls; ``"bert"`` passes it through a trainable layer and tanh, as BERT
        does; ``"last"`` takes the last token that is not padding, the only one that has seen the
        whole text in an LLM; ``"mean"`` and ``"max"`` summarise all tokens that are not padding.
    """

    def __init__(self, hidden_size: int, pooling: Pooling = "bert") -> None:
        super().__init__()
        if pooling not in get_args(Pooling):
            known = ", ".join(get_args(Pooling))
            raise ValueError(f"pooling is one of {known}, not {pooling!r}")
        self.pooling = pooling
        self.dense = nn.Linear(hidden_size, hidden_size) if pooling == "bert" else None

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Pool hidden states; ``mask`` ``(batch, sequence)`` is 0 at padding."""
        if self.dense is not None:
            return torch.tanh(self.dense(hidden[:, 0]))
        if self.pooling == "first":
            return hidden[:, 0]
        if self.pooling == "last":
            return hidden[torch.arange(len(hidden)), mask.sum(dim=1) - 1]
        token = mask.unsqueeze(-1).bool()
        if self.pooling == "max":
            return hidden.masked_fill(~token, float("-inf")).amax(dim=1)
        return (hidden * token).sum(dim=1) / token.sum(dim=1)


class SequenceClassificationHead(nn.Module):
    """One vector per text (or pair of texts) to C class scores; book section 1.4.

    ``(batch, sequence, hidden)`` to ``(batch, classes)``.
    """

    def __init__(
        self, hidden_size: int, classes: int, pooling: Pooling = "bert", dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.pooler = Pooler(hidden_size, pooling)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden_size, classes)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Return class scores ``(batch, classes)``."""
        return self.classifier(self.dropout(self.pooler(hidden, mask)))

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy; ``labels`` ``(batch,)`` are class numbers."""
        return cross_entropy(logits, labels)


class RegressionHead(nn.Module):
    """One vector per text (or pair of texts) to one real number; book section 1.4.

    ``(batch, sequence, hidden)`` to ``(batch,)``.
    """

    def __init__(self, hidden_size: int, pooling: Pooling = "bert", dropout: float = 0.1) -> None:
        super().__init__()
        self.pooler = Pooler(hidden_size, pooling)
        self.dropout = nn.Dropout(dropout)
        self.regressor = nn.Linear(hidden_size, 1)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Return one number per text, ``(batch,)``."""
        return self.regressor(self.dropout(self.pooler(hidden, mask))).squeeze(-1)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Mean squared error; ``labels`` ``(batch,)`` are real numbers."""
        return mse_loss(logits, labels)


class TokenClassificationHead(nn.Module):
    """One vector per token to T tag scores per token; book section 1.4.

    ``(batch, sequence, hidden)`` to ``(batch, sequence, tags)``. The same linear layer serves all
    positions.
    """

    def __init__(self, hidden_size: int, tags: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden_size, tags)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Return tag scores ``(batch, sequence, tags)``."""
        return self.classifier(self.dropout(hidden))

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Mean negative log-likelihood (1.23) over the positions that are not ``IGNORED``."""
        return cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)


class SpanHead(nn.Module):
    """One vector per token to a start score and an end score per token; book section 1.4.

    ``(batch, sequence, hidden)`` to ``(batch, sequence, 2)``. Formula (1.24) is read as a softmax
    over the positions, compared with the gold start and the gold end.
    """

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.start_and_end = nn.Linear(hidden_size, 2)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Return start and end scores ``(batch, sequence, 2)``."""
        return self.start_and_end(hidden)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy of start and end; ``labels`` ``(batch, 2)`` are positions."""
        start, end = logits.unbind(dim=-1)
        return (cross_entropy(start, labels[:, 0]) + cross_entropy(end, labels[:, 1])) / 2


class MultipleChoiceHead(nn.Module):
    """One vector per question with one of its K choices to one score each.

    ``(batch * choices, sequence, hidden)`` to ``(batch, choices)``: every choice is read with its
    question as a text pair, and the softmax runs over the choices, not over fixed classes.
    """

    def __init__(
        self, hidden_size: int, choices: int, pooling: Pooling = "bert", dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.choices = choices
        self.pooler = Pooler(hidden_size, pooling)
        self.dropout = nn.Dropout(dropout)
        self.scorer = nn.Linear(hidden_size, 1)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Return one score per choice, ``(batch, choices)``."""
        return self.scorer(self.dropout(self.pooler(hidden, mask))).view(-1, self.choices)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy over the choices; ``labels`` ``(batch,)`` number the right ones."""
        return cross_entropy(logits, labels)


class LanguageModelHead(nn.Module):
    """One vector per token to \\|V\\| scores for the token that follows; book section 2.1.

    ``(batch, sequence, hidden)`` to ``(batch, sequence, vocabulary)``. This is the pre-training
    head of an LLM, which generation keeps.
    """

    def __init__(self, hidden_size: int, vocabulary: int) -> None:
        super().__init__()
        self.decoder = nn.Linear(hidden_size, vocabulary, bias=False)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Return scores of the next token, ``(batch, sequence, vocabulary)``."""
        return self.decoder(hidden)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy where position i predicts the label at i + 1 (2.18)."""
        return cross_entropy(
            logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED
        )


class TaskModel(nn.Module):
    """A pre-trained model with a head on it: ``Predict(Encode(x))``, (1.21).

    Parameters
    ----------
    encoder
        A model of transformers without a head; its output has ``last_hidden_state``.
    head
        One of the heads of this module.
    """

    def __init__(self, encoder: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, **inputs: Tensor) -> Tensor:
        """Return the logits of the head; ``inputs`` come from the tokenizer."""
        hidden = self.encoder(**inputs).last_hidden_state
        return self.head(hidden, inputs["attention_mask"])


def decode_span(
    logits: Tensor, allowed: Tensor, longest: int | None = None
) -> list[tuple[int, int]]:
    """Find the best span with start ≤ end, formula (1.25).

    Parameters
    ----------
    logits
        Start and end scores, ``(batch, sequence, 2)``.
    allowed
        True at the tokens of the context, ``(batch, sequence)``.
    longest
        Longest span in tokens; by default any.

    Returns
    -------
    list of tuple of int
        First and last position of each span.
    """
    start, end = logits.masked_fill(~allowed.bool().unsqueeze(-1), float("-inf")).unbind(dim=-1)
    length = logits.shape[1]
    pairs = torch.ones(length, length, dtype=torch.bool, device=logits.device).triu()
    if longest is not None:
        pairs &= ~torch.ones_like(pairs).triu(longest)
    scores = (start.unsqueeze(2) + end.unsqueeze(1)).masked_fill(~pairs, float("-inf"))
    best = scores.flatten(1).argmax(dim=1)
    return [(int(index) // length, int(index) % length) for index in best]


def count_parameters(module: nn.Module) -> tuple[int, int]:
    """Return how many parameters are trainable, and how many there are."""
    sizes: list[Any] = [(p.numel(), p.requires_grad) for p in module.parameters()]
    return sum(size for size, trainable in sizes if trainable), sum(size for size, _ in sizes)
