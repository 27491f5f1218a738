"""The notebook asks for a kernel of its own, which would be a program of the learner's."""

from __future__ import annotations

from pathlib import Path

from editing import edit_notebook


def hand_in(folder: Path) -> None:
    kernel = {"name": "evil", "display_name": "Evil", "language": "python"}
    edit_notebook(folder, lambda notebook: notebook["metadata"].update(kernelspec=kernel))
