"""Adapt a pre-trained encoder to a task: one call, one record.

``adapt`` is the plain PyTorch loop: it minimises the loss over the labelled set, in ω alone when
the encoder is frozen, in ω and θ̂⁺ when it is not; formula (1.22) of the book.
"""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import pandas as pd
import torch
from torch import Tensor, nn
from tqdm import tqdm

from downstream.examples import Examples, encode_texts
from downstream.heads import Pooler, TaskModel, count_parameters
from downstream.metrics import Metric
from downstream.models import Pretrained
from downstream.quiet import is_short
from downstream.strategies import Frozen, Strategy, find_strategy

T = TypeVar("T")

_POOL = 8  # batches whose examples are sorted by length together
_SHORT_STEPS = 2


@dataclass(frozen=True)
class Record:
    """What one way of adapting gave, and what it cost.

    Attributes
    ----------
    name
        What was adapted, for tables.
    strategy
        Which parameters were trained.
    scores
        The metric on the held-out examples, one per seed.
    seconds
        Wall-clock time of training and scoring, mean over the seeds.
    trainable, total
        Numbers of parameters.
    memory
        Bytes that a step of training holds at most: parameters, their gradients, the two averages
        that Adam keeps for each trained one, and the activations saved for the backward pass.
    model
        The adapted model of the last seed.
    """

    name: str
    strategy: str
    scores: tuple[float, ...]
    seconds: float
    trainable: int
    total: int
    memory: int
    model: TaskModel = field(repr=False, compare=False)

    @property
    def mean(self) -> float:
        """Mean score over the seeds."""
        return sum(self.scores) / len(self.scores)


def adapt(
    encoder: Pretrained,
    make_head: Callable[[], nn.Module],
    train: Examples,
    held_out: Examples,
    metric: Metric,
    *,
    name: str = "",
    strategy: str | Strategy = "full",
    seeds: Sequence[int] = (0, 1, 2),
    epochs: int = 4,
    learning_rate: float = 2e-4,
    batch_size: int = 16,
    progress: bool = True,
) -> Record:
    """Put a new head on a pre-trained encoder and train it, once per seed.

    Parameters
    ----------
    encoder
        The pre-trained encoder; it is copied, never changed.
    make_head
        Makes a new head with random parameters ω.
    train, held_out
        Examples to learn from and to score on.
    metric
        Called with one logits tensor per held-out example and the labels.
    name
        What the record is called in tables.
    strategy
        Which parameters of the encoder are trained: a key of ``STRATEGIES`` or a ``Strategy``. The
        hidden states of a frozen encoder are computed once.
    seeds
        One model is trained for each.
    epochs, learning_rate, batch_size
        Settings of AdamW; the rate rises over a tenth of the steps, then falls to zero.
    progress
        Whether to show a progress bar.

    Returns
    -------
    Record
        Scores and costs, and the model of the last seed.
    """
    chosen = find_strategy(strategy)
    frozen = isinstance(chosen, Frozen)
    scores = []
    memory = 0
    start = time.perf_counter()
    features = _encode_all(encoder.model, [train, held_out]) if frozen else None
    for seed in seeds:
        torch.manual_seed(seed)
        base = chosen.prepare(encoder.model if frozen else copy.deepcopy(encoder.model))
        model = TaskModel(base, make_head())
        trained = _Cached(model.head) if frozen else model
        learn, check = features or (_tensors(train), _tensors(held_out))
        title = f"{name or chosen.name}, seed {seed}" if progress else None
        plan = _Plan(chosen, epochs, learning_rate, batch_size, title)
        memory = max(memory, _train(trained, learn, plan))
        scores.append(metric(predict(trained, check), held_out.labels))
    trainable, total = count_parameters(model)
    if frozen:
        encoder.model.requires_grad_(True)
    seconds = (time.perf_counter() - start) / len(seeds)
    return Record(
        name, chosen.name, tuple(scores), seconds, trainable, total, memory, model.eval().cpu()
    )


def predict(model: nn.Module, examples: Examples, batch_size: int = 32) -> list[Tensor]:
    """Return the logits of each example, without padding positions where there is one per token."""
    examples = _tensors(examples)
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    model.eval()
    order = sorted(range(len(examples)), key=examples.length)
    logits: dict[int, Tensor] = {}
    with torch.no_grad():
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            batch, _ = examples.batch(chosen)
            output = model(**{name: value.to(device) for name, value in batch.items()}).cpu()
            per_token = output.ndim == 3
            for row, index in enumerate(chosen):
                logits[index] = output[row, : examples.length(index)] if per_token else output[row]
    return [logits[index] for index in range(len(examples))]


def mean_vectors(encoder: Pretrained, texts: Sequence[str]) -> Tensor:
    """Return the mean of each text's token vectors, of length 1: ``(texts, hidden)``."""
    examples = encode_texts(encoder, texts, [0] * len(texts))
    pooled = TaskModel(encoder.model, Pooler(encoder.model.config.hidden_size, "mean"))
    return nn.functional.normalize(torch.stack(predict(pooled, examples)), dim=-1)


def shortened(steps: list[T]) -> list[T]:
    """Return the steps of a training run; the first two where a chapter is only tested.

    ``DOWNSTREAM_SHORT=1`` makes the tests of the chapters take the same path in less time.
    """
    return steps[:_SHORT_STEPS] if is_short() else steps


def record_table(records: Sequence[Record], metric: str = "score") -> pd.DataFrame:
    """Return the records as a table, one row each."""
    rows = [
        {
            "name": record.name,
            "strategy": record.strategy,
            f"{metric}, mean": round(record.mean, 3),
            "per seed": ", ".join(f"{score:.2f}" for score in record.scores),
            "seconds a seed": round(record.seconds, 1),
            "trainable": f"{record.trainable:,}",
            "of all": f"{record.trainable / record.total:.2%}",
        }
        for record in records
    ]
    return pd.DataFrame(rows).set_index("name")


class _Cached(nn.Module):
    """A head alone, fed with hidden states that were computed before."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, hidden: Tensor, attention_mask: Tensor) -> Tensor:
        return self.head(hidden, attention_mask)


@dataclass(frozen=True)
class _Plan:
    """How a model is trained; without a title there is no progress bar."""

    strategy: Strategy
    epochs: int
    learning_rate: float
    batch_size: int
    title: str | None


def _train(model: nn.Module, examples: Examples, plan: _Plan) -> int:
    """Train in place; returns the bytes that a step holds at most."""
    batches = shortened(
        [
            (epoch, batch)
            for epoch in range(plan.epochs)
            for batch in _batches(examples, plan.batch_size)
        ]
    )
    device = _device()
    model.to(device).train()
    encoder = getattr(model, "encoder", nn.Module())
    groups = plan.strategy.groups(encoder, plan.learning_rate)
    groups.append({"params": list(model.get_submodule("head").parameters())})
    parameters = [parameter for group in groups for parameter in group["params"]]
    optimizer = torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=plan.learning_rate,
        weight_decay=0.01,
        fused=True,
    )
    warm = max(1, len(batches) // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min((step + 1) / warm, (len(batches) - step) / (len(batches) - warm + 1)),
    )
    bar = tqdm(
        batches,
        desc=plan.title,
        disable=plan.title is None,
        file=sys.stdout,
        ncols=88,
        unit="step",
    )
    started = -1
    activations = 0
    for epoch, chosen in bar:
        if epoch != started:
            plan.strategy.start_epoch(encoder, epoch, plan.epochs)
            started = epoch
        batch, labels = examples.batch(chosen)
        batch = {name: value.to(device) for name, value in batch.items()}
        with _saved_for_backward(model) as saved:
            loss = model.get_submodule("head").loss(  # type: ignore[operator]
                model(**batch), labels.to(device)
            )
        activations = max(activations, sum(saved.values()))
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    held = sum(parameter.nbytes for parameter in model.parameters())
    return held + 3 * sum(parameter.nbytes for parameter in parameters) + activations


@contextmanager
def _saved_for_backward(model: nn.Module) -> Iterator[dict[int, int]]:
    """The bytes of each tensor that is saved for the backward pass, parameters apart."""
    known = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    saved: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        yield saved


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _batches(examples: Examples, batch_size: int) -> Iterator[list[int]]:
    """Yield random batches of examples of similar length, which need little padding."""
    order = torch.randperm(len(examples)).tolist()
    batches = []
    for start in range(0, len(order), _POOL * batch_size):
        pool = order[start : start + _POOL * batch_size]
        pool.sort(key=examples.length)
        batches += [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
    yield from (batches[index] for index in torch.randperm(len(batches)).tolist())


def _tensors(examples: Examples) -> Examples:
    inputs: Any = [{k: torch.as_tensor(v) for k, v in row.items()} for row in examples.inputs]
    return replace(examples, inputs=inputs)


def _encode_all(model: nn.Module, sets: Sequence[Examples]) -> tuple[Examples, ...]:
    """Run the frozen encoder once over all examples and keep the hidden states."""

    class Hidden(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = model

        def forward(self, **inputs: Tensor) -> Tensor:
            return model(**inputs).last_hidden_state

    hidden_states = Hidden().to(_device())
    results = []
    for examples in sets:
        hidden = predict(
            hidden_states, replace(examples, labels=[0] * len(examples.inputs), readings=1)
        )
        inputs: Any = [
            {"hidden": h, "attention_mask": torch.ones(len(h), dtype=torch.long)} for h in hidden
        ]
        results.append(replace(examples, inputs=inputs))
    model.cpu()
    return tuple(results)
