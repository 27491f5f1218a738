"""The notebook has format 3, whose cells stand in worksheets."""

from __future__ import annotations

import json
from pathlib import Path


def hand_in(folder: Path) -> None:
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{}]}
    (folder / "heads.ipynb").write_text(json.dumps(old))
