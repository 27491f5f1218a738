"""A file whose name is not UTF-8."""

from __future__ import annotations

import os
from pathlib import Path


def hand_in(folder: Path) -> None:
    with open(os.path.join(os.fsencode(folder), b"\xff\xfe.txt"), "w") as file:  # noqa: PTH118, PTH123
        file.write("nothing")
