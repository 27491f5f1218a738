"""Public sets take the columns of the course's own; tested on small files in the hub's format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from datasets import ClassLabel, Dataset, Features, List, Value

from downstream.data import load_task_data
from downstream.data.public import DataFetchError

TAGS = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC"]
WORDS = [f"word{number}" for number in range(20)]
HUB: dict[str, tuple[str, Features, list[dict[str, Any]]]] = {
    "sst2": (
        "validation",
        Features(
            sentence=Value("string"),
            label=ClassLabel(names=["negative", "positive"]),
            idx=Value("int32"),
        ),
        [{"sentence": word, "label": n % 2, "idx": n} for n, word in enumerate(WORDS)],
    ),
    "mnli": (
        "validation_matched",
        Features(
            premise=Value("string"),
            hypothesis=Value("string"),
            label=ClassLabel(names=["entailment", "neutral", "contradiction"]),
            idx=Value("int32"),
        ),
        [
            {"premise": word, "hypothesis": word, "label": n % 3, "idx": n}
            for n, word in enumerate(WORDS)
        ],
    ),
    "stsb": (
        "validation",
        Features(
            sentence1=Value("string"),
            sentence2=Value("string"),
            label=Value("float32"),
            idx=Value("int32"),
        ),
        [
            {"sentence1": word, "sentence2": word, "label": n / 4, "idx": n}
            for n, word in enumerate(WORDS)
        ],
    ),
    "squad": (
        "validation",
        Features(
            id=Value("string"),
            title=Value("string"),
            context=Value("string"),
            question=Value("string"),
            answers={"text": List(Value("string")), "answer_start": List(Value("int32"))},
        ),
        [
            {
                "id": str(n),
                "title": "t",
                "context": f"It is {word}.",
                "question": "What is it?",
                "answers": {"text": [word], "answer_start": [6]},
            }
            for n, word in enumerate(WORDS)
        ],
    ),
    "conll2003": (
        "test",
        Features(
            id=Value("string"), tokens=List(Value("string")), ner_tags=List(ClassLabel(names=TAGS))
        ),
        [
            {"id": str(n), "tokens": ["Ann", "Lee", word], "ner_tags": [1, 2, 0]}
            for n, word in enumerate(WORDS)
        ],
    ),
}
OWN = {"sst2": "emails", "conll2003": "slots"}


def hub_files(name: str, folder: Path) -> Path:
    held_out, features, rows = HUB[name]
    for split, part in {"train": rows[:15], held_out: rows[15:]}.items():
        path = folder / f"{split}-00000-of-00001.parquet"
        Dataset.from_list(part, features=features).to_parquet(path)
    return folder


@pytest.mark.parametrize("name", HUB)
def test_a_public_set_has_three_splits_without_a_common_row(name: str, tmp_path: Path) -> None:
    data = load_task_data(name, hub_files(name, tmp_path))
    assert {split: len(part) for split, part in data.items()} == {
        "train": 14,
        "validation": 1,
        "test": 5,
    }
    rows = [
        str({k: v for k, v in row.items() if k != "id"}) for part in data.values() for row in part
    ]
    assert len(set(rows)) == 20


@pytest.mark.parametrize(("name", "own"), OWN.items())
def test_its_columns_are_those_of_the_courses_own_set(name: str, own: str, tmp_path: Path) -> None:
    columns = load_task_data(name, hub_files(name, tmp_path))["train"].column_names
    assert set(columns) <= set(load_task_data(own)["train"].column_names)


def test_numbers_become_names(tmp_path: Path) -> None:
    data = load_task_data("sst2", hub_files("sst2", tmp_path))
    assert {row["label"] for row in data["test"]} == {"negative", "positive"}
    other = tmp_path / "conll"
    other.mkdir()
    tokens = load_task_data("conll2003", hub_files("conll2003", other))
    assert tokens["test"][0]["tags"] == ["B-PER", "I-PER", "O"]


def test_what_cannot_be_fetched_is_said_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataFetchError, match=r"(?s)'sst2' \(nyu-mll/glue\).*own data sets"):
        load_task_data("sst2", tmp_path / "nowhere")
