"""The course's own data sets: JSON Lines with a card each."""

from __future__ import annotations

import json
from pathlib import Path

from datasets import Dataset, DatasetDict

from downstream.quiet import is_short

FOLDER = Path(__file__).parent
SPLITS = ("train", "validation", "test")
_SHORT_ROWS = 100
_PROBES = {"facts"}  # chapters divide it themselves


def available() -> list[str]:
    """Return the names of the data sets, sorted."""
    return sorted(path.parent.name for path in FOLDER.glob("*/card.md"))


def load_task_data(name: str, source: Path | None = None) -> DatasetDict:
    """Load one of the course's data sets, or a well-known public one from the hub.

    Parameters
    ----------
    name
        Name of a folder of ``downstream/data``, for example ``"emails"``, or one of ``"sst2"``,
        ``"mnli"``, ``"stsb"``, ``"squad"`` and ``"conll2003"``, which have the same columns as the
        course's sets for the same kind of task.
    source
        Folder with the files of a public set, in the place of the hub.

    Returns
    -------
    datasets.DatasetDict
        The splits train, validation (where there is one) and test.

    Raises
    ------
    ValueError
        If there is no such data set; the message lists those that exist.
    DataFetchError
        If a public set cannot be fetched.
    """
    from downstream.data.public import PUBLIC, load_public

    if name in PUBLIC:
        return load_public(name, source)
    if name not in available():
        own, public = ", ".join(available()), ", ".join(PUBLIC)
        raise ValueError(f"there is no data set {name!r}; there are: {own}; from the hub: {public}")
    files = {split: FOLDER / name / f"{split}.jsonl" for split in SPLITS}
    rows = {split: _read(path) for split, path in files.items() if path.exists()}
    if is_short() and name not in _PROBES:  # thin out what is scored, not what is trained on
        for split in rows.keys() - {"train"}:
            rows[split] = rows[split][:: max(1, len(rows[split]) // _SHORT_ROWS)]
    # read in memory: a few hundred rows need no cache on disk
    return DatasetDict({split: Dataset.from_list(one, split=split) for split, one in rows.items()})


def _read(path: Path) -> list[dict[str, object]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
