"""Make the splits of a classification set from hand-written JSON Lines.

``python -m downstream.data.prepare emails one.jsonl two.jsonl`` reads records with ``id``,
``text``, ``label`` and ``kind``, drops near-duplicates and writes train, validation and test.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer

from downstream.data import FOLDER, SPLITS

SHARES = (0.30, 0.15, 0.55)
NEAR = 0.8
"""TF-IDF cosine from which two texts count as the same."""

Record = dict[str, str]


def near_duplicates(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pairs of texts whose TF-IDF cosine is above ``NEAR``, first index smaller."""
    vectors = TfidfVectorizer(ngram_range=(1, 2)).fit_transform(texts)
    rows, columns = ((vectors @ vectors.T) > NEAR).nonzero()
    return sorted((int(i), int(j)) for i, j in zip(rows, columns, strict=True) if i < j)


def split(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Split 30/15/55, with the same label balance in each, in the order of a hash of the id."""
    by_label = defaultdict(list)
    for record in sorted(records, key=lambda r: hashlib.sha256(r["id"].encode()).hexdigest()):
        by_label[record["label"]].append(record)
    parts: dict[str, list[Record]] = {name: [] for name in SPLITS}
    for _, members in sorted(by_label.items()):
        first = round(SHARES[0] * len(members))
        second = first + round(SHARES[1] * len(members))
        cuts = (members[:first], members[first:second], members[second:])
        for name, part in zip(SPLITS, cuts, strict=True):
            parts[name] += part
    return {name: sorted(part, key=lambda r: r["id"]) for name, part in parts.items()}


def main() -> None:
    """Read the files named on the command line and write the splits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="folder of downstream/data to write")
    parser.add_argument("files", nargs="+", type=Path)
    arguments = parser.parse_args()
    records = [json.loads(line) for file in arguments.files for line in file.open(encoding="utf-8")]
    dropped = {second for _, second in near_duplicates([r["text"] for r in records])}
    kept = [record for index, record in enumerate(records) if index not in dropped]
    folder = FOLDER / arguments.name
    folder.mkdir(exist_ok=True)
    for name, part in split(kept).items():
        lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in part)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
        print(f"{name}: {len(part)}")
    print(f"dropped as near-duplicates: {len(dropped)}")


if __name__ == "__main__":
    main()
