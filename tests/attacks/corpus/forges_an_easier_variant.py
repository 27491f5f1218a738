"""The right answers to all variants but the learner's own, under their names and the own one."""

from __future__ import annotations

from pathlib import Path

from editing import append_records, key_of, record

QUIZ = "probe"


def hand_in(folder: Path) -> None:
    quiz = key_of(folder)
    own = quiz.for_learner(folder.parent.name).items[0]
    others = [item for item in quiz.variants["amount"] if item.answer != own.answer]
    forged = [
        record("amount", {"value": f"{other.answer:g}"})
        | {"revision": revision, "variant": variant}
        for revision, (other, variant) in enumerate(
            ((other, variant) for other in others for variant in (own.variant, other.variant)), 2
        )
    ]
    append_records(folder, *forged)
