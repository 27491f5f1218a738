"""Answering in JupyterLab: how soon a quiz of 20 questions is ready, and how soon a click is saved.

    python benchmarks/answering.py [--openings 5] [--clicks 100]

A real JupyterLab serves the quiz to headless Chromium on this machine. Opening counts from the
moment in which all cells are run, with the kernel started and nothing imported, until the first
question, and until all 20 (of all types, some with variants), can be answered. A click counts from
the mouse event in the page until the question says that its answer is saved: then it is synced to
the disk.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from real_jupyter import jupyter_server, launch_chromium, open_notebook, wait_idle  # noqa: E402

from autograder.notebooks import source_notebook, to_text  # noqa: E402
from autograder.quiz import QUESTIONS_FILE, load_quiz  # noqa: E402

QUESTIONS = 20
OPEN = """async (questions) => {
  const start = performance.now();
  let first = null;
  window.jupyterapp.commands.execute('notebook:run-all-cells');
  for (;;) {
    const shown = document.querySelectorAll('[data-item] [data-state]').length;
    if (shown > 0) first ??= performance.now() - start;
    if (shown >= questions) return [first, performance.now() - start];
    await new Promise((done) => setTimeout(done, 5));
  }
}"""
CLICK = """(place) => {
  const inputs = [...document.querySelectorAll('[data-type="single_choice"] input')];
  const input = inputs.filter((one) => !one.checked)[place % (inputs.length / 2)];
  const pill = input.closest('[data-item]').querySelector('[data-state]');
  const start = performance.now();
  input.click();
  return new Promise((done) => {
    const look = () => pill.dataset.state === 'saved' && done(performance.now() - start);
    new MutationObserver(look).observe(pill, {attributes: true, subtree: true, childList: true});
  });
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--openings", type=int, default=5)
    parser.add_argument("--clicks", type=int, default=100)
    sizes = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder)
        make_quiz(root / "bench")
        browser = launch_chromium(playwright)
        page = browser.new_page(viewport={"width": 1200, "height": 1000})
        os.environ["JUPYTERHUB_USER"] = "ann"  # nobody is asked for a name
        with jupyter_server(root) as url:
            open_notebook(page, url, "bench/bench.ipynb")
            openings = [opening(page) for _ in range(sizes.openings)]
            clicks = [page.evaluate(CLICK, number) for number in range(sizes.clicks)]
        browser.close()
    first, last = zip(*openings, strict=True)
    print(f"first question ready:      {seconds(first)}")
    print(f"all {QUESTIONS} questions ready:    {seconds(last)}")
    share = statistics.quantiles(clicks, n=20)
    print(f"a click is saved:          median {statistics.median(clicks):.0f} ms, ", end="")
    print(f"95th percentile {share[-1]:.0f} ms, of {len(clicks)} clicks")


def make_quiz(folder: Path) -> None:
    """A quiz of 20 questions of all types, a third of them with variants, as a learner gets it.

    Made from ``tour``. What its code question prepares, an import of PyTorch of some seconds, is
    left out: it is the course's own cell, and this measures the quiz.
    """
    folder.mkdir()
    data = YAML(typ="safe").load(ROOT / "source" / "tour" / "quiz.yaml")
    items = data["items"]
    data["id"] = "bench"
    data["items"] = [
        {**items[number % len(items)], "id": f"item-{chr(ord('a') + number)}"}
        for number in range(QUESTIONS)
    ]
    for item in data["items"]:
        if item["type"] == "code":
            item.update(setup="", starter="def mean_pool(hidden, mask):\n    ...")
    with (folder / "quiz.yaml").open("w") as file:
        YAML(typ="safe").dump(data, file)
    quiz = load_quiz(folder / "quiz.yaml")
    (folder / "bench.ipynb").write_text(to_text(source_notebook(quiz)))
    (folder / QUESTIONS_FILE).write_text(quiz.public().to_json())
    shutil.move(folder / "quiz.yaml", folder.parent / "quiz.yaml")


def opening(page: Page) -> tuple[float, float]:
    """Seconds until the first and until all questions are there, in a kernel that is new."""
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    wait_idle(page)
    page.wait_for_timeout(1000)
    first, last = page.evaluate(OPEN, QUESTIONS)
    wait_idle(page)
    return first / 1000, last / 1000


def seconds(times: tuple[float, ...]) -> str:
    return f"median {statistics.median(times):.2f} s, slowest {max(times):.2f} s, of {len(times)}"


if __name__ == "__main__":
    main()
