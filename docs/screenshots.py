"""Take the screenshots of the documentation: ``make screenshots``.

Serves a copy of the course in JupyterLab and photographs, in Chromium, chapter 3, a quiz, every
view of a quiz (once light and wide, once dark and 400 pixels wide), practice and the preview.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "browser")]

from answering import expect_saved, item, tell_name, write_code  # noqa: E402
from real_jupyter import (  # noqa: E402
    jupyter_server,
    launch_chromium,
    open_notebook,
    run_all,
    write_notebook,
)

POOLING = "def mean_pool(hidden, mask):\n    return hidden.mean(dim=1)"


def _scroll_to(page: Page, text: str) -> None:
    """Scroll to the first cell whose source holds ``text``."""
    page.evaluate(
        """(text) => {
          const notebook = window.jupyterapp.shell.currentWidget.content;
          const index = notebook.widgets.findIndex(
            (cell) => cell.model.sharedModel.getSource().includes(text));
          notebook.activeCellIndex = index;
          return notebook.scrollToItem(index, 'start');
        }""",
        text,
    )
    page.wait_for_timeout(1500)


def _answer(page: Page) -> None:
    """Something to see in each question of the tour."""
    one = item(page, "which-head")
    one.locator("label").nth(2).click()
    one = item(page, "kept-parts")
    one.locator("label").nth(0).click()
    one.locator("label").nth(3).click()
    one.get_by_role("button", name="Come back to this").click()
    one = item(page, "tasks-and-outputs")
    one.locator("select").nth(0).select_option(index=2)
    one.locator("select").nth(2).select_option(index=4)
    one = item(page, "training-step")
    one.get_by_role("button", name="Not needed: Set the encoder").click()
    item(page, "head-size").locator("input").fill("1.024")
    item(page, "copies").locator("input").fill("1,5")
    one = item(page, "shapes")
    one.locator("select").first.select_option(index=1)
    one.locator('[data-blank="pooled"]').fill("[CLS]")
    write_code(page, "mean-pooling", POOLING)
    one = item(page, "mean-pooling")
    one.get_by_role("button", name="Run the visible checks").click()
    one = item(page, "own-task")
    one.locator("textarea").fill("One message goes in; the minutes come out as one real number.")
    page.keyboard.press("Tab")
    expect_saved(one)


def _views(browser: Browser, *, theme: str, width: int, suffix: str) -> None:
    """Photograph every view of the tour."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "quizzes" / "tour", Path(folder, "tour"))
        page = browser.new_page(viewport={"width": width, "height": 1400})
        with jupyter_server(Path(folder), theme=theme) as url:
            open_notebook(page, url, "tour/tour.ipynb", app="notebook")
            tell_name(page, "ada")
            _answer(page)
            run_all(page)
            item(page, "mean-pooling").get_by_role("button", name="Run the visible").click()
            views = {"overview": page.locator("[data-overview]")}
            for view in page.locator("[data-item]").all():
                views.setdefault(str(view.get_attribute("data-type")), view)
            for name, view in {**views, "receipt": page.locator("[data-receipt]")}.items():
                view.scroll_into_view_if_needed()
                page.wait_for_timeout(400)
                view.screenshot(path=IMAGES / "questions" / f"{name}{suffix}.png")
        page.close()


def _practice(browser: Browser) -> None:
    """Photograph a question in practice: two hints, a wrong choice and its verdict."""
    setup = f'from autograder import open_practice\np = open_practice("tour", "{ROOT}/source")'
    with tempfile.TemporaryDirectory() as folder:
        write_notebook(Path(folder, "own.ipynb"), setup, 'p.show("which-head")')
        page = browser.new_page(viewport={"width": 1000, "height": 1400})
        with jupyter_server(Path(folder)) as url:
            open_notebook(page, url, "own.ipynb")
            run_all(page)
            view = page.locator("[data-item]")
            for _ in range(2):
                view.get_by_role("button", name="Hint").click()
            view.locator("label").first.click()
            view.get_by_role("button", name="Check").click()
            view.locator(".ag-verdict li").wait_for()
            view.screenshot(path=IMAGES / "questions" / "practice.png")
        page.close()


def _guess(browser: Browser) -> None:
    """Photograph the rubric under a checked free text, with the guesses of the course's encoder."""
    setup = (
        "from autograder import open_practice\nfrom downstream.coverage import load_guesser\n"
        f'p = open_practice("tour", "{ROOT}/source", guesser=load_guesser())'
    )
    text = "One message goes in between [CLS] and [SEP]. Out come the minutes, as one real number."
    with tempfile.TemporaryDirectory() as folder:
        write_notebook(Path(folder, "own.ipynb"), setup, 'p.show("own-task")')
        page = browser.new_page(viewport={"width": 1000, "height": 1800})
        with jupyter_server(Path(folder)) as url:
            open_notebook(page, url, "own.ipynb")
            run_all(page)
            view = page.locator("[data-item]")
            view.locator("textarea").fill(text)
            view.get_by_role("button", name="Check").click()
            view.locator(".ag-verdict fieldset").first.wait_for(timeout=60_000)
            view.screenshot(path=IMAGES / "questions" / "guess.png")
        page.close()


def _preview(browser: Browser) -> None:
    """Photograph a question in the preview for authors, with its key."""
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        shutil.copytree(ROOT / "source", course / "source")
        cell = 'from autograder.authoring.preview import preview\npreview("tour")'
        write_notebook(course / "own.ipynb", cell)
        page = browser.new_page(viewport={"width": 1400, "height": 1400})
        with jupyter_server(course) as url:
            open_notebook(page, url, "own.ipynb")
            run_all(page)
            page.wait_for_timeout(1000)
            page.locator(".jp-OutputArea-output").first.screenshot(path=IMAGES / "preview.png")
        page.close()


def _readme(browser: Browser) -> None:
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        for part in ("notebooks", "quizzes"):
            shutil.copytree(ROOT / part, course / part)
        page = browser.new_page(viewport={"width": 1100, "height": 860})
        with jupyter_server(course) as url:
            open_notebook(page, url, "notebooks/03_the_task_decides_the_head.ipynb")
            _scroll_to(page, "task_table(")
            page.screenshot(path=IMAGES / "chapter.png")
            open_notebook(page, url, "quizzes/heads/heads.ipynb")
            run_all(page)
            _scroll_to(page, 'quiz.show("order-adaptation-steps")')
            page.locator('[data-step="load-encoder"] [aria-label^="Move up"]').click()
            page.wait_for_timeout(1500)
            page.screenshot(path=IMAGES / "quiz.png")
        page.close()


def main() -> None:
    (IMAGES / "questions").mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        _views(browser, theme="light", width=1000, suffix="")
        _views(browser, theme="dark", width=400, suffix="-dark-narrow")
        _practice(browser)
        _guess(browser)
        _preview(browser)
        _readme(browser)
        browser.close()


if __name__ == "__main__":
    main()
