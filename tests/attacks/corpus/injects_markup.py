"""Script, style, frames and terminal escapes in a free-text answer."""

from __future__ import annotations

from pathlib import Path

from editing import append_records, record

WAITING = {"choose-strategy"}
TEXT = (
    "<script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)>"
    "<meta http-equiv=refresh content=0><link rel=stylesheet href=//evil><iframe src=//evil>"
    "</div><style>*{display:none}</style>[x](javascript:alert(1)) \u202e \x1b[2J"
)


def hand_in(folder: Path) -> None:
    append_records(folder, record("choose-strategy", {"text": TEXT}))
