"""Take the screenshots of the README: ``make screenshots``.

Serves a copy of the course in JupyterLab and photographs chapter 3 and the quiz in Chromium.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
sys.path.insert(0, str(ROOT / "tests"))

from real_jupyter import jupyter_server, launch_chromium, open_notebook, run_all  # noqa: E402


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


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        course = Path(folder)
        for part in ("notebooks", "quizzes"):
            shutil.copytree(ROOT / part, course / part)
        browser = launch_chromium(playwright)
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
        browser.close()


if __name__ == "__main__":
    main()
