"""Make the splits of a data set from hand-written JSON Lines.

``python -m downstream.data.prepare emails one.jsonl two.jsonl`` reads the records of a set, refuses
near-duplicates and writes train, validation and test as the set's rule says. Without files it
divides the records of the committed splits again, after some of them were corrected.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer

from downstream.data import FOLDER, SPLITS

NEAR = 0.8
"""TF-IDF cosine from which two texts count as the same."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """How a set is divided, and which of its texts must not resemble each other.

    Attributes
    ----------
    shares
        Shares of train, validation and test. None where the author chose the split of each record.
    texts
        Columns in each of which no two records may be near-duplicates.
    group
        Records with the same value in this column stay together.
    stratum
        Every split gets the same share of the groups for which this gives the same value.
    """

    shares: tuple[float, float, float] | None
    texts: tuple[str, ...]
    group: str = "id"
    stratum: Callable[[Row], object] = lambda row: None


RULES = {
    "emails": Rule((0.30, 0.15, 0.55), ("text",), stratum=lambda row: row["label"]),
    "reviews": Rule((0.45, 0.15, 0.40), ("text",), stratum=lambda row: row["label"]),
    "slots": Rule(None, ("tokens",)),
    "spans": Rule((0.60, 0.12, 0.28), ("context",), group="title"),
    "entailment": Rule((0.62, 0.13, 0.25), ("premise", "hypothesis"), group="premise"),
    "similarity": Rule((0.55, 0.15, 0.30), ("first", "second"), stratum=lambda row: row["score"]),
    "choices": Rule((0.55, 0.15, 0.30), ("question",)),
    "facts": Rule(None, ("question",)),
    "coverage": Rule(None, ("text",)),
    "instructions": Rule(
        (0.65, 0.10, 0.25), ("instruction", "answer"), stratum=lambda row: row["kind"]
    ),
    "preferences": Rule((0.65, 0.10, 0.25), ("prompt", "chosen", "rejected")),
}


def near_duplicates(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pairs of texts whose TF-IDF cosine is above ``NEAR``, first index smaller."""
    vectors = TfidfVectorizer(ngram_range=(1, 2)).fit_transform(texts)
    rows, columns = ((vectors @ vectors.T) > NEAR).nonzero()
    return sorted((int(i), int(j)) for i, j in zip(rows, columns, strict=True) if i < j)


def repeated_texts(rows: Sequence[Row], rule: Rule) -> list[tuple[str, str, str]]:
    """Return ``(column, id, id)`` for texts of different groups that are near-duplicates."""
    found = []
    for column in rule.texts:
        texts = [
            value if isinstance(value, str) else " ".join(value)
            for value in (row[column] for row in rows)
        ]
        found += [
            (column, rows[i]["id"], rows[j]["id"])
            for i, j in near_duplicates(texts)
            if rows[i][rule.group] != rows[j][rule.group]
        ]
    return found


def split(rows: Sequence[Row], rule: Rule) -> dict[str, list[Row]]:
    """Divide records by a hash of their group, with the same shares in each stratum.

    Raises
    ------
    ValueError
        If the rule leaves the choice to the author.
    """
    if rule.shares is None:
        raise ValueError("the splits of this set are chosen by hand")
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[rule.group]].append(row)
    strata: dict[object, list[list[Row]]] = defaultdict(list)
    for key in sorted(groups, key=lambda key: hashlib.sha256(str(key).encode()).hexdigest()):
        strata[rule.stratum(groups[key][0])].append(groups[key])
    parts: dict[str, list[Row]] = {name: [] for name in SPLITS}
    for _, members in sorted(strata.items(), key=lambda item: str(item[0])):
        first = round(rule.shares[0] * len(members))
        second = first + round(rule.shares[1] * len(members))
        cuts = (members[:first], members[first:second], members[second:])
        for name, part in zip(SPLITS, cuts, strict=True):
            parts[name] += [row for group in part for row in group]
    return {name: sorted(part, key=lambda row: row["id"]) for name, part in parts.items()}


def main() -> int:
    """Read the files named on the command line and write the splits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[name for name, rule in RULES.items() if rule.shares])
    parser.add_argument("files", nargs="*", type=Path)
    arguments = parser.parse_args()
    folder = FOLDER / arguments.name
    files = arguments.files or sorted(folder.glob("*.jsonl"))
    rows = [json.loads(line) for file in files for line in file.open(encoding="utf-8")]
    repeated = repeated_texts(rows, RULES[arguments.name])
    for column, first, second in repeated:
        print(f"{column}: {first} and {second} are near-duplicates; rewrite one", file=sys.stderr)
    if repeated:
        return 1
    folder.mkdir(exist_ok=True)
    for name, part in split(rows, RULES[arguments.name]).items():
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in part)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
        print(f"{name}: {len(part)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
