from __future__ import annotations

import sys
from pathlib import Path

import pytest

from autograder.study.record import Record

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    """The learner's own record, empty."""
    monkeypatch.setenv("DOWNSTREAM_RECORD", str(tmp_path / "own"))
    return Record()
