"""Every data set made ready for its task: shapes, heads, and a run of two steps."""

from __future__ import annotations

import pytest
import torch
from datasets import DatasetDict

from downstream.adapt import predict
from downstream.data import available, load_task_data
from downstream.models import Pretrained, load_encoder
from downstream.setups import KINDS, setup


@pytest.fixture(scope="module")
def encoder() -> Pretrained:
    return load_encoder()


OWN = [name for name in KINDS if name in available()]


@pytest.mark.parametrize("name", OWN)
def test_a_set_goes_through_its_head(
    name: str, encoder: Pretrained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOWNSTREAM_SHORT", "1")
    data = load_task_data(name)
    few = DatasetDict({part: rows.select(range(6)) for part, rows in data.items()})
    if {"label", "tags"} & set(data["train"].column_names):  # all are needed to number them
        few["train"] = data["train"]
    ready = setup(name, encoder, few)
    assert type(ready.make_head()).__name__ == ready.task.head
    record = ready.adapt(encoder, seeds=[0], epochs=1, progress=False)
    assert record.name == name and 0 <= abs(record.mean) <= 1
    logits = predict(record.model, ready.parts["test"])
    assert len(logits) == 6 and all(torch.isfinite(one).all() for one in logits)
    if ready.names:
        assert logits[0].shape[-1] == len(ready.names)


def test_every_kind_of_task_for_an_encoder_has_a_set(encoder: Pretrained) -> None:
    heads = {setup(name, encoder).task.name for name in OWN}
    assert len(heads) == 6


def test_a_set_that_is_none_for_an_encoder_is_refused(encoder: Pretrained) -> None:
    with pytest.raises(ValueError, match=r"'facts'.*emails"):
        setup("facts", encoder)
