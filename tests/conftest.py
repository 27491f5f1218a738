"""Lets every test import ``classes`` and ``real_jupyter``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
