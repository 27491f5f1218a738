"""Today's review in JupyterLab: asked, judged, led on by keys, recorded."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from real_jupyter import jupyter_server, open_notebook, run_all, write_notebook
from studying import course, tried

from autograder.study.record import Record, today

pytestmark = pytest.mark.browser


def test_todays_review(record: Record, tmp_path: Path, browser: Browser) -> None:
    day = today() - timedelta(9)
    record.add([tried(day=day, time=f"{day}T12:00:00.000+00:00")])
    source = course(tmp_path)
    setup = f'from autograder import open_review\nreview = open_review("{source}")\nreview'
    folder = tmp_path / "lab"
    folder.mkdir()
    write_notebook(folder / "own.ipynb", setup, "review.summary()")
    page = browser.new_page(viewport={"width": 1000, "height": 1200})
    with jupyter_server(folder) as url:
        open_notebook(page, url, "own.ipynb")
        run_all(page)
        output = page.locator(".jp-OutputArea-output").first
        expect(output).to_contain_text("Today's review")
        expect(output).to_contain_text("Question 1 of 3. You tried it 9 days ago, and you knew it.")
        asked = output.locator("[data-item]")
        asked.locator("label", has_text="Red").click()
        asked.get_by_role("button", name="Check").click()
        expect(asked.locator(".ag-pill")).to_contain_text("Right", timeout=30_000)
        result = Axe().run(page, context=".widget-vbox")
        assert result.violations_count == 0, result.generate_report()
        page.screenshot(path=tmp_path / "asked.png")
        output.get_by_role("button", name="Next question").focus()
        page.keyboard.press("Enter")
        expect(output).to_contain_text(re.compile(r"Question 2 of 3\. New: it belongs to"))
        expect(asked).to_have_count(1)
        page.keyboard.press("Enter")  # the button keeps the focus
        expect(output).to_contain_text("Question 3 of 3.")
        output.get_by_role("button", name="To the end").click()
        expect(output).to_contain_text("That is all for today.")
        expect(output.get_by_role("columnheader", name="Mastery")).to_be_visible()
        page.screenshot(path=tmp_path / "end.png")
    page.close()
    assert [(one.item, one.fraction) for one in record.tries()] == [("pick", 1), ("pick", 1)]
