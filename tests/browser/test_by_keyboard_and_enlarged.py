"""A whole quiz by Tab alone, and every view at 200 % and at 400 pixels in Notebook 7."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from answering import ROOT, expect_graded_as_shown, item, released, screen
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from real_jupyter import jupyter_server, open_notebook, run_all, save, wait_idle

pytestmark = pytest.mark.browser

LEARNER = "ann"
NAMES = ["which-head", "kept-parts", "tasks-and-outputs", "training-step", "head-size", "copies"]
NAMES += ["shapes", "mean-pooling", "own-task"]
FOCUSED = """() => {
  const {tagName, dataset, type, textContent} = document.activeElement;
  const item = document.activeElement.closest('[data-item]')?.dataset.item ?? '';
  return {tagName, type, item, step: dataset.step, text: textContent};
}"""


@pytest.fixture
def base_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    shutil.copytree(ROOT / "quizzes" / "tour", tmp_path / "lab" / "tour")
    monkeypatch.setenv("JUPYTERHUB_USER", LEARNER)
    with jupyter_server(tmp_path / "lab") as url:
        yield url


def _tab(page: Page, until: Callable[[dict[str, str]], bool], most: int = 30) -> dict[str, str]:
    """Press Tab until the focus is on what is wanted."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if until(focused):
            return focused
    raise AssertionError(f"{most} times Tab did not lead there; the focus is on {focused}")


def _tab_to(page: Page, name: str, *tags: str) -> None:
    _tab(page, lambda focused: focused["item"] == name and focused["tagName"] in tags)


def _tab_to_button(page: Page, name: str, text: str) -> None:
    _tab(page, lambda focused: focused["item"] == name and focused["text"].startswith(text))


def test_a_whole_quiz_by_tab_alone(page: Page, base_url: str, tmp_path: Path) -> None:
    keys = page.keyboard
    open_notebook(page, base_url, "tour/tour.ipynb", app="notebook")
    run_all(page)
    save(page)
    page.reload()  # the focus is at the top of the page
    expect(page.locator("[data-item]").first).to_be_visible(timeout=20_000)
    wait_idle(page)

    _tab_to(page, "which-head", "INPUT")
    keys.press("Space")
    keys.press("ArrowDown")
    for _ in range(3):
        _tab(page, lambda focused: focused["type"] == "checkbox")
        keys.press("Space")
    for letter in "ABCD":
        _tab_to(page, "tasks-and-outputs", "SELECT")
        keys.type(letter)
    _tab(page, lambda focused: focused["step"] == "logits")
    keys.press("Alt+ArrowDown")
    _tab(page, lambda focused: focused["step"] == "reset-encoder")
    keys.press("Delete")
    _tab_to(page, "head-size", "INPUT")
    keys.type("3e2")
    _tab_to(page, "copies", "INPUT")
    keys.type("0.5")
    for _ in range(3):
        _tab_to(page, "shapes", "SELECT")
        keys.press("ArrowDown")
    for typed in ("[CLS]", "12"):
        _tab_to(page, "shapes", "INPUT")
        keys.type(typed)
    _tab_to_button(page, "mean-pooling", "Go to the cell")
    keys.press("Enter")
    page.wait_for_function("() => document.activeElement.closest('.cm-content')", timeout=5_000)
    keys.press("Control+End")
    keys.press("Enter")
    keys.type("return hidden.mean(dim=1)")  # the editor indents it
    keys.press("Shift+Enter")
    wait_idle(page)
    _tab_to_button(page, "mean-pooling", "Run the visible checks")
    keys.press("Enter")
    checks = page.get_by_role("list", name="Visible checks")
    expect(checks).to_contain_text("[[4.5, 5.5, 6.5]]", timeout=10_000)
    _tab_to(page, "own-task", "TEXTAREA")
    keys.type("Keys alone will do.")
    keys.press("Tab")

    shown = screen(page, NAMES)
    assert None not in shown.values()
    expect(page.locator("[data-overview]")).to_contain_text("9 of 9 answered")
    save(page)
    course = released(tmp_path / "course", "tour")
    files = [tmp_path / "lab" / "tour" / f"tour.{end}" for end in ("ipynb", "answers.jsonl")]
    expect_graded_as_shown(course, "tour", LEARNER, files, shown)


def test_every_view_at_200_percent_and_at_400_pixels(browser: Browser, base_url: str) -> None:
    # What zooming to 200 % makes of a window of 1280 pixels: 640 of them, each twice as large.
    page = browser.new_page(viewport={"width": 640, "height": 512}, device_scale_factor=2)
    open_notebook(page, base_url, "tour/tour.ipynb", app="notebook")
    run_all(page)
    one = item(page, "which-head")
    one.locator("label").first.click()
    one = item(page, "head-size")
    one.get_by_label("Your answer").fill("many")
    page.keyboard.press("Tab")
    expect(one.locator('[data-state="failed"]')).to_be_visible()
    for width in (640, 400):
        page.set_viewport_size({"width": width, "height": 512})
        page.wait_for_timeout(500)
        for part in ("[data-overview]", "[data-item]", "[data-receipt]"):
            result = Axe().run(page, context=part)
            assert result.violations_count == 0, result.generate_report()
        assert page.evaluate(SCROLLS) == []
    page.close()


# What can be scrolled sideways, the page itself included; tables and formulas may be.
SCROLLS = """() => [document.scrollingElement, ...document.querySelectorAll('.ag, .ag *')]
  .filter((part) => !part.closest('.ag-unseen, .ag-scroll, math, select'))
  .filter((part) => getComputedStyle(part).display !== 'inline')
  .filter((part) => part.scrollWidth > part.clientWidth + 1)
  .map((part) => part.outerHTML.slice(0, 120))"""
