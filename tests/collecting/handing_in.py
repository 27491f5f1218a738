"""What learners hand in, and how learning management systems pack it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autograder.collecting.command import collect, read_options
from autograder.collecting.placing import Outcome

RIGHT = {
    "triage-head": {"choice": "pooled-scores"},  # 2 points
    "startup-few-labels": {"choice": "examples-in-context"},  # 2 points
    "match-tasks-to-heads": {  # 6 points
        "pairs": {
            "newspaper": "class-softmax",
            "pharmacy": "token-softmax",
            "lease": "two-positions",
            "garage": "single-value",
            "driving-school": "pair-score",
            "festival": "step-vocabulary",
        }
    },
}
WRONG = {"triage-head": {"choice": "one-number"}}
ESSAY = {"choose-strategy": {"text": "Prompting trains nothing."}}
Time = tuple[int, int, int, int, int, int]
NOON: Time = (2026, 11, 24, 12, 0, 0)


def records(answers: Mapping[str, Any], variant: str = "", first: int = 1) -> list[dict[str, Any]]:
    return [
        {
            "item": item,
            "response": response,
            "revision": revision,
            "time": "2026-11-24T08:00:00+00:00",
            "variant": variant if item == "amount" else "",
        }
        for revision, (item, response) in enumerate(answers.items(), start=first)
    ]


def notebook(course: Path, answers: Mapping[str, Any] | None = None, **options: Any) -> bytes:
    """The released notebook with answers in its metadata, as the page writes them."""
    held = json.loads((course / "quizzes" / "heads" / "heads.ipynb").read_text())
    if answers is not None:
        listed = {one["item"]: one for one in records(answers, **options)}
        held["metadata"]["autograder"] = {"quiz": "heads", "records": listed}
    return json.dumps(held).encode()


def journal(answers: Mapping[str, Any], **options: Any) -> bytes:
    return "".join(f"{json.dumps(one)}\n" for one in records(answers, **options)).encode()


def zipped(entries: Sequence[tuple[str | zipfile.ZipInfo, bytes]], time: Time = NOON) -> bytes:
    """A zip; an entry is a name, which gets ``time``, or says all of itself."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name, time) if isinstance(name, str) else name
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return target.getvalue()


def at(name: str, *time: int) -> zipfile.ZipInfo:
    """An entry of a zip with a time of its own on 24 November."""
    return zipfile.ZipInfo(name, (2026, 11, 24, *time))  # type: ignore[arg-type]


def collected(*sources: Path, dry: bool = False, **options: Any) -> list[Outcome]:
    """Collect into the course of this folder; times without a zone are UTC."""
    names = ("roster", "id_column", "learner", "time", "timezone")
    said = {"timezone": "UTC"} | options
    given = read_options(*(said.get(name) for name in names))
    return collect("heads", sources, given, unplaced=Path("unplaced"), dry=dry)[0]


def ends(outcomes: Sequence[Outcome]) -> dict[str, str]:
    return {one.file: one.end for one in outcomes}


def tree(course: Path) -> dict[str, bytes]:
    """All that collecting made, with its bytes."""
    folders = [course / name for name in ("submitted", "submitted_earlier", "unplaced")]
    return {
        str(path.relative_to(course)): path.read_bytes()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def utc(*time: int) -> datetime:
    return datetime(2026, 11, 24, *time, tzinfo=UTC)  # type: ignore[arg-type]
