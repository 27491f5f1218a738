"""What was graded with which key: so that a second run does only what is left to do."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError


class Entry(BaseModel):
    """One submission as it was graded last: digests of it, of each item's key and each answer.

    ``scores`` is None in what earlier versions wrote.
    """

    model_config = ConfigDict(frozen=True)

    learner: str
    digest: str
    keys: dict[str, str]
    answers: dict[str, str]
    scores: dict[str, float | None] | None = None


def read_ledger(path: Path) -> dict[str, Entry]:
    """The last entry of each learner; a line that cannot be read means grading again, no more."""
    entries: dict[str, Entry] = {}
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return entries
    for line in lines:
        try:
            entry = Entry.model_validate_json(line)
        except ValidationError:
            continue  # cut off when the grader was killed
        entries[entry.learner] = entry
    return entries


def append_ledger(path: Path, entries: Iterable[Entry]) -> None:
    """Add entries, durably. A line that was cut off before stays apart from them."""
    text = "".join(f"{entry.model_dump_json()}\n" for entry in entries)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(b"\n" + text.encode())
        file.flush()
        os.fsync(file.fileno())


def why_changed(entry: Entry | None, keys: Mapping[str, str], answer: str, item: str) -> str:
    """Why a score is another than before."""
    if entry is None:
        return "not known: it was graded before by other means"
    if entry.keys.get(item) != keys.get(item):
        return "the item changed"
    if entry.answers.get(item) != answer:
        return "the answer changed"
    return "the grader changed, or the machine (code that was not run before)"
