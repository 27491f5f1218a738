"""Receipts: what a learner had recorded when, with a digest by which it can be verified."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from autograder.errors import AutograderError
from autograder.responses import Record

_MAX_BYTES = 20 * 2**20


class Receipt(BaseModel):
    """What was recorded for a quiz at a moment. ``digest`` is the one of ``records``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    quiz: str
    learner: str
    issued: str
    digest: str
    records: tuple[Record, ...]

    def to_json(self) -> str:
        """The text of a receipt's file."""
        return json.dumps(self.model_dump(), indent=1, ensure_ascii=False) + "\n"

    @property
    def is_whole(self) -> bool:
        """Whether the records are those that the digest was made of."""
        return digest_of(self.records) == self.digest


def digest_of(records: Iterable[Record]) -> str:
    """SHA-256 of the records, in the order of their items, as 64 hexadecimal digits.

    It depends on what is recorded alone: not on the file, nor on the order of answering.
    """
    listed = [one.model_dump() for one in sorted(records, key=lambda one: one.item)]
    text = json.dumps(listed, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def issue(quiz: str, learner: str, records: Iterable[Record]) -> Receipt:
    """A receipt of what is recorded now."""
    kept = tuple(sorted(records, key=lambda one: one.item))
    issued = datetime.now(UTC).isoformat(timespec="seconds")
    digest = digest_of(kept)
    return Receipt(quiz=quiz, learner=learner, issued=issued, digest=digest, records=kept)


def read_receipt(path: Path) -> Receipt:
    """Read a receipt that a learner downloaded.

    Raises
    ------
    AutograderError
        Where the file is no receipt, or its records are not those of its digest.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise AutograderError(f"{path}: larger than any receipt")
        receipt = Receipt.model_validate_json(path.read_bytes())
    except OSError as error:
        raise AutograderError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"]) or "the file"
        raise AutograderError(
            f"{path}: not a receipt ({place}: {first['msg']}); ask for the file that the button "
            "“Download receipt” saves"
        ) from error
    if not receipt.is_whole:
        raise AutograderError(
            f"{path}: changed after it was issued: its records have the digest "
            f"{digest_of(receipt.records)}, and it says {receipt.digest}"
        )
    return receipt


def differences(receipt: Receipt, handed_in: Mapping[str, Record]) -> list[str]:
    """What differs between a receipt and the records of a submission, a line for each item."""
    held = {record.item: record for record in receipt.records}
    found = []
    for name in sorted(held.keys() | handed_in.keys()):
        ours, theirs = held.get(name), handed_in.get(name)
        if ours == theirs:
            continue
        if theirs is None:
            found.append(f"{name}: in the receipt, not in what was handed in")
        elif ours is None:
            found.append(f"{name}: handed in, recorded at {theirs.time}; not in the receipt")
        elif ours.response == theirs.response:
            found.append(f"{name}: the same answer, recorded at {ours.time} and at {theirs.time}")
        else:
            found.append(
                f"{name}: another answer was handed in, recorded at {theirs.time}; the receipt's "
                f"is of {ours.time}"
            )
    return found
