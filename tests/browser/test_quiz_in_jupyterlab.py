"""A learner answers the real quiz in real JupyterLab; what is graded is what the screen showed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from playwright.sync_api import Locator, Page, expect, sync_playwright
from real_jupyter import jupyter_server, launch_chromium, open_notebook, run_all, save, wait_idle

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.browser

# What an item's widget shows, as the response that it stands for.
READ_SCREEN = """(root) => {
  const read = {
    single_choice: () => ({choice: root.querySelector('input:checked').value}),
    matching: () => ({pairs: Object.fromEntries([...root.querySelectorAll('select')]
      .filter((select) => select.value).map((select) => [select.dataset.prompt, select.value]))}),
    ordering: () => ({order: [...root.querySelectorAll('ol [data-step]')]
      .map((step) => step.dataset.step)}),
    case_study: () => ({text: root.querySelector('textarea').value}),
  };
  return read[root.dataset.type]();
}"""
MOUSE_PAIRS = {"newspaper": "class-softmax", "pharmacy": "token-softmax", "lease": "single-value"}

# The order first shown, with load-encoder dragged to the top, report-score moved down three places
# and reset-encoder put aside.
FINAL_ORDER = ["load-encoder", "minimise-loss", "pick-checkpoint", "report-score"]
FINAL_ORDER += ["encode-texts", "put-head-on", "build-vocabulary", "label-and-split"]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        yield browser.new_page(viewport={"width": 1200, "height": 1000})
        browser.close()


def _item(page: Page, name: str) -> Locator:
    """The widget of a question, scrolled into view."""
    page.evaluate(
        """(name) => {
          const panel = window.jupyterapp.shell.currentWidget.content;
          const index = panel.widgets.findIndex(
            (cell) => cell.model.sharedModel.getSource() === `quiz.show("${name}")`);
          panel.activeCellIndex = index;
          return panel.scrollToItem(index, 'center');
        }""",
        name,
    )
    item = page.locator(f'[data-item="{name}"]').first
    item.wait_for(timeout=20_000)
    item.scroll_into_view_if_needed()
    return item


def _expect_saved(item: Locator) -> None:
    expect(item.locator('[data-state="saved"]')).to_be_visible(timeout=10_000)


def _by_mouse(page: Page) -> None:
    """One question of every type with the mouse."""
    item = _item(page, "triage-head")
    item.locator('label:has(input[value="one-number"])').click()
    _expect_saved(item)

    item = _item(page, "match-tasks-to-heads")
    for prompt, option in MOUSE_PAIRS.items():
        item.locator(f'select[data-prompt="{prompt}"]').select_option(option)
    _expect_saved(item)

    item = _item(page, "order-adaptation-steps")
    step = item.locator('[data-step="load-encoder"] .ag-text')
    step.scroll_into_view_if_needed()
    start = step.bounding_box()
    goal = item.locator("ol [data-step]").first.bounding_box()
    assert start and goal
    page.mouse.move(start["x"] + 20, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(start["x"] + 20, goal["y"] + 40, steps=12)
    page.mouse.move(start["x"] + 20, goal["y"] + 4, steps=6)
    page.mouse.up()
    _expect_saved(item)
    first = item.locator("ol [data-step]").first
    expect(first).to_have_attribute("data-step", "load-encoder")

    item = _item(page, "prompting-efficiency")
    item.locator("textarea").click()
    page.keyboard.type("Prompting trains nothing, but every query pays for its examples.")
    _expect_saved(item)


def _by_keyboard(page: Page) -> None:
    """Another question of every type that there are two of, by keyboard alone."""
    item = _item(page, "startup-few-labels")
    item.locator("input").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    _expect_saved(item)

    item = _item(page, "load-report")
    item.locator("select").first.focus()
    for letter in "AED":  # typing the letter of an option chooses it
        page.keyboard.type(letter)
        page.keyboard.press("Tab")
    _expect_saved(item)

    item = _item(page, "order-adaptation-steps")
    item.locator('[data-step="report-score"]').focus()
    for _ in range(3):
        page.keyboard.press("Alt+ArrowDown")
    expect(item.locator('[data-step="report-score"]')).to_be_focused()
    item.locator('[data-step="reset-encoder"]').focus()
    page.keyboard.press("Delete")
    expect(item.locator('[data-tray] [data-step="reset-encoder"]')).to_be_visible()
    _expect_saved(item)

    item = _item(page, "choose-strategy")
    item.locator("textarea").focus()
    page.keyboard.type("Freeze the encoder, cache its vectors, train the head.")
    page.keyboard.press("Tab")
    _expect_saved(item)


def _screen(page: Page, names: list[str]) -> dict[str, Any]:
    return {name: _item(page, name).evaluate(READ_SCREEN) for name in names}


def _grade(course: Path, submissions: dict[str, list[Path]]) -> None:
    (course / "source" / "heads").mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", course)
    for name in ("quiz.yaml", "heads.ipynb", "questions.json"):
        shutil.copy(ROOT / "source" / "heads" / name, course / "source" / "heads")
    for learner, files in submissions.items():
        folder = course / "submitted" / learner / "heads"
        folder.mkdir(parents=True)
        for file in files:
            shutil.copy(file, folder)
    for step in (["generate_assignment", "heads"], ["autograde", "heads"]):
        subprocess.run([sys.executable, "-m", "nbgrader", *step], cwd=course, check=True)


def test_what_is_graded_is_what_the_screen_showed(page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "lab" / "heads"
    shutil.copytree(ROOT / "quizzes" / "heads", folder)
    notebook = folder / "heads.ipynb"
    with jupyter_server(tmp_path / "lab") as base_url:
        open_notebook(page, base_url, "heads/heads.ipynb")
        run_all(page)
        _by_mouse(page)
        _by_keyboard(page)
        save(page)

        page.reload()
        page.locator(".jp-NotebookPanel .jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
        wait_idle(page)
        item = _item(page, "triage-head")
        expect(item.locator('input[value="one-number"]')).to_be_checked()
        item.locator('label:has(input[value="pooled-scores"])').click()
        _expect_saved(item)

        answered = ["triage-head", "match-tasks-to-heads", "order-adaptation-steps"]
        answered += ["prompting-efficiency", "startup-few-labels", "load-report", "choose-strategy"]
        screen = _screen(page, answered)
        run_all(page)
        receipt = page.locator("[data-receipt]").first
        receipt.wait_for(timeout=20_000)
        expect(receipt).to_contain_text("stored in this notebook file", timeout=10_000)
        save(page)

    assert screen["triage-head"] == {"choice": "pooled-scores"}
    assert screen["startup-few-labels"] == {"choice": "further-pretraining"}
    assert screen["order-adaptation-steps"] == {"order": FINAL_ORDER}
    held = json.loads(notebook.read_text())["metadata"]["autograder"]["records"]
    assert {name: record["response"] for name, record in held.items()} == screen

    course = tmp_path / "course"
    journal = folder / "heads.answers.jsonl"
    _grade(
        course,
        {
            "folder": [notebook, journal],
            "lone": [notebook],
            "journal": [ROOT / "quizzes" / "heads" / "heads.ipynb", journal],
        },
    )
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        for learner in ("folder", "lone", "journal"):
            submission = gradebook.find_submission_notebook("heads", "heads", learner)
            scores = {grade.name: grade.auto_score for grade in submission.grades}
            graded = json.loads((course / f"autograded/{learner}/heads/heads.ipynb").read_text())
            records = graded["metadata"]["autograder"]["records"]
            assert {name: record["response"] for name, record in records.items()} == screen
            assert scores == {
                "triage-head": 2,
                "startup-few-labels": 0,
                "match-tasks-to-heads": 2,  # two of six pairs
                "same-tag-everywhere": 0,
                "claims-in-common": 0,
                "load-report": 2,  # two of five pairs
                "order-adaptation-steps": 1.667,  # three steps to move, one spare: 5 * (1 - 4 / 6)
                "prompting-efficiency": None,
                "choose-strategy": None,
                "one-ptm-many-tasks": 0,
            }
