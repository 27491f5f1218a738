"""The notebook has format 5, in which nothing has the expected type."""

from __future__ import annotations

import json
from pathlib import Path


def hand_in(folder: Path) -> None:
    new = {"nbformat": 5, "nbformat_minor": "x", "metadata": [1], "cells": {"a": None}}
    (folder / "heads.ipynb").write_text(json.dumps(new))
