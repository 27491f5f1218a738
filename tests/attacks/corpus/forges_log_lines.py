"""Names with line breaks, terminal escapes and text that runs backwards, to forge the log."""

from __future__ import annotations

from pathlib import Path

from editing import append_records, edit_notebook, record

LINE = "x\r\nFORGED honest: 0 points\x1b[2J\x1b]0;evil\x07\u202e\x9b31m\u2028FORGED"


def hand_in(folder: Path) -> None:
    append_records(folder, record(LINE, {"choice": "pooled-scores"}))
    held = {"quiz": LINE, "others": {"heads": {LINE: {"item": LINE}}}}
    edit_notebook(folder, lambda notebook: notebook["metadata"].update(autograder=held))
    (folder / f"{LINE}.ipynb").write_text(LINE)
