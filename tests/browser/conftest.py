from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[[], Page]]:
    """Opens tabs of one browser, as many as a test needs."""
    context = browser.new_context(viewport={"width": 1200, "height": 1000}, accept_downloads=True)

    def new() -> Page:
        page = context.new_page()
        page.set_default_timeout(20_000)
        return page

    yield new
    context.close()


@pytest.fixture
def page(new_page: Callable[[], Page]) -> Page:
    return new_page()
