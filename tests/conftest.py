"""Lets every test import ``classes``, ``real_jupyter`` and ``examples``, and share one Chromium.

What tests practise is recorded in a folder of their own, never in the user's.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "autograder"))

from real_jupyter import launch_chromium

os.environ.setdefault("DOWNSTREAM_THREADS", "1")  # `make test` runs a test on each of two cores


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What uses Chromium runs with its like: its event loop goes on until the session ends."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session", autouse=True)
def record_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOWNSTREAM_RECORD", str(tmp_path_factory.mktemp("record")))
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        yield browser
        browser.close()
