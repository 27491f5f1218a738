"""Fine-tuning strategies: which parameters of the encoder are trained, at which rate, from when on.

The head ω is new and always trained. What happens to θ̂⁺, the encoder's parameters that start at
their pre-trained values (1.22), is what tells the strategies apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

Groups = list[dict[str, Any]]


@dataclass(frozen=True)
class Strategy:
    """Full fine-tuning, and what the other strategies have in common with it.

    Attributes
    ----------
    name
        The name in tables.
    source
        Where it comes from.
    """

    name: str = "full"
    source: str = "book, 1.1.2"

    def prepare(self, encoder: nn.Module) -> nn.Module:
        """Choose what is trained; returns the encoder, or a wrapper around it."""
        encoder.requires_grad_(True)
        return encoder

    def groups(self, encoder: nn.Module, rate: float) -> Groups:
        """Return the parameters that are ever trained, in groups with a learning rate each."""
        return [{"params": _trainable(encoder), "lr": rate}]

    def start_epoch(self, encoder: nn.Module, epoch: int, epochs: int) -> None:
        """Change what is trained before an epoch (counted from 0) begins."""


@dataclass(frozen=True)
class Frozen(Strategy):
    """The head alone is trained, on hidden states that are computed once."""

    name: str = "frozen"

    def prepare(self, encoder: nn.Module) -> nn.Module:
        encoder.requires_grad_(False)
        return encoder


@dataclass(frozen=True)
class LastLayers(Strategy):
    """Only the uppermost layers are trained: gradients stop below them."""

    name: str = "last layers"
    layers: int = 2

    def prepare(self, encoder: nn.Module) -> nn.Module:
        encoder.requires_grad_(False)
        for layer in layers_of(encoder)[-self.layers :]:
            layer.requires_grad_(True)
        return encoder


@dataclass(frozen=True)
class BiasOnly(Strategy):
    """Only the biases are trained, a thousandth of the parameters."""

    name: str = "bias only"
    source: str = "Ben Zaken et al. 2022, arXiv 2106.10199"

    def prepare(self, encoder: nn.Module) -> nn.Module:
        for name, parameter in encoder.named_parameters():
            parameter.requires_grad_(name.endswith("bias"))
        return encoder


@dataclass(frozen=True)
class LoRA(Strategy):
    """Low-rank matrices are added to the query and value projections, and trained alone."""

    name: str = "LoRA"
    source: str = "Hu et al. 2022, arXiv 2106.09685"
    rank: int = 8

    def prepare(self, encoder: nn.Module) -> nn.Module:
        from peft import LoraConfig, get_peft_model

        projections = {name.rpartition(".")[2] for name, _ in encoder.named_modules()}
        targets = sorted(projections & {"query", "value", "q_proj", "v_proj"})
        config = LoraConfig(r=self.rank, lora_alpha=2 * self.rank, target_modules=targets)
        wrapped: nn.Module = get_peft_model(encoder, config)
        return wrapped


@dataclass(frozen=True)
class Gradual(Strategy):
    """The head first, then one more layer at a time from the top, until all are trained."""

    name: str = "gradual"
    source: str = "Howard and Ruder 2018, arXiv 1801.06146"

    def start_epoch(self, encoder: nn.Module, epoch: int, epochs: int) -> None:
        layers = layers_of(encoder)
        steps = len(layers) + 1  # the last one frees the embeddings as well
        free = steps if epochs == 1 else round(epoch * steps / (epochs - 1))
        encoder.requires_grad_(free == steps)
        for layer in layers[max(0, len(layers) - free) :]:
            layer.requires_grad_(True)


@dataclass(frozen=True)
class LayerwiseRates(Strategy):
    """Everything is trained, each layer at a lower rate than the one above it."""

    name: str = "layer-wise rates"
    source: str = "Howard and Ruder 2018, arXiv 1801.06146"
    factor: float = 0.7

    def groups(self, encoder: nn.Module, rate: float) -> Groups:
        layers = layers_of(encoder)
        groups = [
            {"params": list(layer.parameters()), "lr": rate * self.factor**depth}
            for depth, layer in enumerate(reversed(layers), start=1)
        ]
        known = {id(parameter) for layer in layers for parameter in layer.parameters()}
        rest = [parameter for parameter in encoder.parameters() if id(parameter) not in known]
        return [*groups, {"params": rest, "lr": rate * self.factor ** (len(layers) + 1)}]


STRATEGIES = {
    "frozen": Frozen(),
    "last": LastLayers(),
    "bias": BiasOnly(),
    "lora": LoRA(),
    "gradual": Gradual(),
    "layerwise": LayerwiseRates(),
    "full": Strategy(),
}


def find_strategy(strategy: str | Strategy) -> Strategy:
    """Return a strategy by its key in ``STRATEGIES``.

    Raises
    ------
    ValueError
        If there is none; the message lists those that exist.
    """
    if isinstance(strategy, Strategy):
        return strategy
    if strategy not in STRATEGIES:
        raise ValueError(f"strategy is one of {', '.join(STRATEGIES)}, not {strategy!r}")
    return STRATEGIES[strategy]


def layers_of(encoder: nn.Module) -> list[nn.Module]:
    """Return the encoder's layers, the lowest first.

    Raises
    ------
    ValueError
        If the model does not keep its layers in one list.
    """
    config: Any = encoder.config
    count = config.num_hidden_layers
    for module in encoder.modules():
        if isinstance(module, nn.ModuleList) and len(module) == count:
            return list(module)
    raise ValueError(f"{type(encoder).__name__} has no list of its {count} layers")


def _trainable(encoder: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in encoder.parameters() if parameter.requires_grad]
