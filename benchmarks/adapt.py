"""What the training loop of ``downstream.adapt`` costs beside a bare PyTorch loop and ``Trainer``.

    python benchmarks/adapt.py [--epochs 2] [--repeats 3]

All three train the same encoder and head on the e-mails of the course: the same number of examples,
batch size and optimizer. The bare loop gets the very batches that ``adapt`` makes (examples of
similar length together); ``Trainer`` draws its own at random, as it does by default. Each round
runs all of them once, in turn; read the ratios, since times move with the machine's load.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from transformers import DataCollatorWithPadding, Trainer, TrainingArguments

from downstream import adapt as library
from downstream.data import load_task_data
from downstream.examples import Examples, encode_texts
from downstream.heads import SequenceClassificationHead, TaskModel
from downstream.models import Pretrained, load_encoder
from downstream.strategies import Strategy

SIZE = 16
RATE = 2e-4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    settings = parser.parse_args()
    encoder = load_encoder()
    emails = load_task_data("emails")["train"]
    names = sorted(set(emails["label"]))
    examples = encode_texts(encoder, emails["text"], [names.index(one) for one in emails["label"]])
    runs: dict[str, Callable[[Pretrained, Examples, int], None]] = {
        "bare loop": bare,
        "downstream.adapt": ours,
        "Trainer": trainer,
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(settings.repeats):
        for name, run in runs.items():
            start = time.perf_counter()
            run(encoder, examples, settings.epochs)
            times[name].append(time.perf_counter() - start)
    for name, measured in times.items():
        ratios = [one / base for one, base in zip(measured, times["bare loop"], strict=True)]
        print(
            f"{name:18} median {statistics.median(measured):6.1f} s   "
            f"{statistics.median(ratios):5.2f} times the bare loop"
        )


def _model(encoder: Pretrained) -> TaskModel:
    torch.manual_seed(0)
    return TaskModel(
        copy.deepcopy(encoder.model), SequenceClassificationHead(384, 3, pooling="mean")
    )


def bare(encoder: Pretrained, examples: Examples, epochs: int) -> None:
    """The fewest lines that train the model on the same batches."""
    model = _model(encoder).train()
    tensors = library._tensors(examples)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, fused=True)
    for _ in range(epochs):
        for chosen in library._batches(tensors, SIZE):
            batch, labels = tensors.batch(chosen)
            loss = model.head.loss(model(**batch), labels)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()


def ours(encoder: Pretrained, examples: Examples, epochs: int) -> None:
    """The loop of the library, with everything that it does around a step."""
    plan = library._Plan(Strategy(), epochs, RATE, SIZE, None)
    library._train(_model(encoder), library._tensors(examples), plan)


class _WithLoss(nn.Module):
    def __init__(self, model: TaskModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, labels: torch.Tensor, **inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        logits = self.model(**inputs)
        return {"loss": self.model.head.loss(logits, labels), "logits": logits}


def trainer(encoder: Pretrained, examples: Examples, epochs: int) -> None:
    """The library's own loop."""
    rows: Any = [
        {**inputs, "labels": label}
        for inputs, label in zip(examples.inputs, examples.labels, strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            num_train_epochs=epochs,
            per_device_train_batch_size=SIZE,
            learning_rate=RATE,
            use_cpu=not torch.cuda.is_available(),
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            remove_unused_columns=False,
            disable_tqdm=True,
        )
        collator = DataCollatorWithPadding(encoder.tokenizer)
        model = _WithLoss(_model(encoder))
        Trainer(model, arguments, train_dataset=rows, data_collator=collator).train()


if __name__ == "__main__":
    main()
