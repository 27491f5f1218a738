"""Fine-tuning strategies: what each of them trains, and that the rest stays as it was."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from downstream.adapt import adapt, predict
from downstream.examples import encode_texts
from downstream.heads import SequenceClassificationHead
from downstream.metrics import accuracy
from downstream.models import Pretrained, load_encoder
from downstream.strategies import STRATEGIES, Gradual, LayerwiseRates, layers_of

TEXTS = ["water is flooding the hall", "please send a brochure"] * 8
LABELS = [0, 1] * 8
HEAD = 2 * 384 + 2
LAYER = (
    1_774_464  # attention 4 (384² + 384), feed-forward 2 · 384 · 1536 + 1536 + 384, norms 4 · 384
)


@pytest.fixture(scope="module")
def encoder() -> Pretrained:
    return load_encoder()


def head() -> SequenceClassificationHead:
    return SequenceClassificationHead(384, 2, pooling="mean")


@pytest.mark.parametrize("key", STRATEGIES)
def test_a_strategy_trains_what_it_says_and_nothing_else(encoder: Pretrained, key: str) -> None:
    before = copy.deepcopy(encoder.model.state_dict())
    examples = encode_texts(encoder, TEXTS, LABELS)
    rate = 1e-2 if key == "frozen" else 1e-3
    settings = {"seeds": [0], "epochs": 8, "learning_rate": rate, "progress": False}
    record = adapt(encoder, head, examples, examples, accuracy, strategy=key, **settings)
    assert record.scores == (1.0,)
    assert accuracy(predict(record.model, examples), LABELS) == 1.0
    for name, value in encoder.model.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(parameter.requires_grad for parameter in encoder.model.parameters())

    prefix = "base_model.model." if key == "lora" else ""
    after = {
        name.removeprefix(prefix).replace("base_layer.", ""): value
        for name, value in record.model.encoder.state_dict().items()
    }
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    changed.discard("embeddings.word_embeddings.weight")  # judged below: only seen tokens move
    expected = {
        "frozen": set(),
        "lora": set(),
        "last": {
            name for name in before if name.startswith(("encoder.layer.4", "encoder.layer.5"))
        },
        "bias": {name for name in before if name.endswith("bias")},
    }.get(key, set(before))
    unused = {name for name in before if name.startswith("pooler") or "key.bias" in name}
    assert changed <= expected - {"embeddings.position_ids"}
    assert expected - changed <= unused | {"embeddings.word_embeddings.weight"}


def test_the_numbers_of_trained_parameters(encoder: Pretrained) -> None:
    examples = encode_texts(encoder, TEXTS[:2], LABELS[:2])
    records = {
        key: adapt(
            encoder,
            head,
            examples,
            examples,
            accuracy,
            strategy=key,
            seeds=[0],
            epochs=1,
            progress=False,
        )
        for key in STRATEGIES
    }
    trained = {key: record.trainable for key, record in records.items()}
    whole = sum(parameter.numel() for parameter in encoder.model.parameters())
    assert trained["frozen"] == HEAD
    assert trained["last"] == HEAD + 2 * LAYER
    assert trained["lora"] == HEAD + 6 * 2 * 2 * 8 * 384  # layers, matrices, A and B, rank, hidden
    assert trained["full"] == trained["layerwise"] == trained["gradual"] == HEAD + whole
    assert HEAD < trained["bias"] < 0.002 * whole
    memory = {key: record.memory for key, record in records.items()}
    assert memory["frozen"] < memory["last"] < memory["full"]
    assert memory["lora"] < memory["full"]
    assert memory["full"] > 4 * 4 * whole


def test_gradual_unfreezing_goes_from_the_top_down(encoder: Pretrained) -> None:
    model = copy.deepcopy(encoder.model)
    strategy = Gradual()
    free = []
    for epoch in range(8):
        strategy.start_epoch(model, epoch, 8)
        layers = layers_of(model)
        free.append([all(p.requires_grad for p in layer.parameters()) for layer in layers])
    assert [sum(row) for row in free] == [0, 1, 2, 3, 4, 5, 6, 6]
    assert free[1] == [False] * 5 + [True]
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_layerwise_rates_fall_towards_the_embeddings(encoder: Pretrained) -> None:
    groups = LayerwiseRates(factor=0.5).groups(encoder.model, 1.0)
    assert [group["lr"] for group in groups] == [0.5**depth for depth in range(1, 8)]
    counted = sum(parameter.numel() for group in groups for parameter in group["params"])
    assert counted == sum(parameter.numel() for parameter in encoder.model.parameters())


def test_a_model_without_layers_is_named() -> None:
    model = nn.Linear(2, 2)
    model.config = type("Config", (), {"num_hidden_layers": 3})()
    with pytest.raises(ValueError, match="Linear has no list of its 3 layers"):
        layers_of(model)
