"""Well-known public data sets, in the columns of the course's own, for readers with internet.

The hub's test labels of GLUE and SQuAD are secret, so the hub's validation split is used as test,
and a tenth of its training split (at most a thousand examples) as validation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import ClassLabel, Dataset, DatasetDict, Value, load_dataset

Row = dict[str, Any]


class DataFetchError(RuntimeError):
    """A public data set could not be fetched; the message says what to do."""


@dataclass(frozen=True)
class PublicSet:
    """A data set of the hub, and how its rows become those of the course.

    Attributes
    ----------
    repository, configuration, revision
        Where the hub keeps it.
    held_out
        The hub's split that is used for testing.
    convert
        Makes a row of the course of a row of the hub and the set's names of labels or tags.
    names
        The column that holds numbers with names: labels or tags.
    """

    repository: str
    configuration: str | None
    held_out: str
    convert: Callable[[Row, list[str]], Row]
    names: str = "label"
    revision: str | None = None


def _text(row: Row, names: list[str]) -> Row:
    return {"text": row["sentence"], "label": names[row["label"]]}


def _pair(row: Row, names: list[str]) -> Row:
    sentences = {"premise": row["premise"], "hypothesis": row["hypothesis"]}
    return sentences | {"label": names[row["label"]]}


def _graded_pair(row: Row, _: list[str]) -> Row:
    return {"first": row["sentence1"], "second": row["sentence2"], "score": float(row["label"])}


def _tokens(row: Row, names: list[str]) -> Row:
    return {"tokens": row["tokens"], "tags": [names[number] for number in row["ner_tags"]]}


def _question(row: Row, _: list[str]) -> Row:
    return {key: row[key] for key in ("title", "context", "question", "answers")}


PUBLIC = {
    "sst2": PublicSet("nyu-mll/glue", "sst2", "validation", _text),
    "mnli": PublicSet("nyu-mll/glue", "mnli", "validation_matched", _pair),
    "stsb": PublicSet("nyu-mll/glue", "stsb", "validation", _graded_pair),
    "squad": PublicSet("rajpurkar/squad_v2", None, "validation", _question),
    "conll2003": PublicSet(
        "eriktks/conll2003", None, "test", _tokens, "ner_tags", "refs/convert/parquet"
    ),
}


def load_public(name: str, source: Path | None = None) -> DatasetDict:
    """Load one of ``PUBLIC`` from the hub, or from a folder with the hub's files.

    Returns
    -------
    datasets.DatasetDict
        The splits train, validation and test, with an ``id`` in each row.

    Raises
    ------
    DataFetchError
        If the hub or the folder cannot be read.
    """
    public = PUBLIC[name]
    try:
        raw = _read_folder(source) if source else _read_hub(public)
    except (OSError, ValueError, RuntimeError) as error:
        raise DataFetchError(
            f"the data set {name!r} ({public.repository}) cannot be read: {error}\n"
            "It needs a connection to the hub the first time. The course's own data sets need none."
        ) from error
    parts = {"train": raw["train"], "test": raw[public.held_out]}
    if public.held_out == "test" and "validation" in raw:
        parts["validation"] = raw["validation"]
    else:
        held = min(1000, max(1, len(parts["train"]) // 10))
        cut = parts["train"].train_test_split(test_size=held, seed=0)
        parts |= {"train": cut["train"], "validation": cut["test"]}
    return DatasetDict(
        {part: _converted(parts[part], public, part) for part in ("train", "validation", "test")}
    )


def _read_hub(public: PublicSet) -> DatasetDict:
    return load_dataset(public.repository, public.configuration, revision=public.revision)


def _read_folder(folder: Path) -> DatasetDict:
    """Read files named as the hub names them: ``<split>-00000-of-00001.parquet``."""
    files: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.parquet")):
        files.setdefault(path.name.split("-")[0], []).append(str(path))
    if not files:
        raise OSError(f"{folder} holds no .parquet file")
    return load_dataset("parquet", data_files=files)


def _converted(part: Dataset, public: PublicSet, split: str) -> Dataset:
    feature: Any = part.features.get(public.names)
    inner = getattr(feature, "feature", feature)  # a list of tags has its names inside
    names = list(getattr(inner, "names", None) or [])
    if isinstance(feature, ClassLabel):  # else map() would turn the names back into numbers
        part = part.cast_column(public.names, Value("int64"))

    def convert(row: Row, number: int) -> Row:
        return {"id": f"{split}-{number}"} | public.convert(row, names)

    return part.map(convert, with_indices=True, remove_columns=part.column_names)
