"""Lets the tests in this folder import ``examples`` and ``test_quiz`` of ``tests/autograder``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "autograder"))
