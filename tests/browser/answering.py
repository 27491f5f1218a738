"""A learner at a real quiz in the browser: what the screen shows, and what grading makes of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import classes
from playwright.sync_api import Locator, Page, expect
from real_jupyter import wait_idle

from autograder.grading import grade
from autograder.quiz import load_quiz
from autograder.responses import Record, Recorded
from autograder.sandbox import judge_or_wait

ROOT = Path(__file__).parents[2]

# What an item's widget shows, as the response that it stands for; null where nothing is answered.
READ_SCREEN = r"""(root) => {
  const one = (selector) => root.querySelector(selector);
  const all = (selector) => [...root.querySelectorAll(selector)];
  const filled = (selector, name) => Object.fromEntries(
    all(selector).filter((field) => field.value.trim()).map(
      (field) => [field.dataset[name], field.value]));
  const unless = (empty, value) => (empty ? null : value);
  const pairs = filled('select[data-prompt]', 'prompt');
  const blanks = filled('[data-blank]', 'blank');
  const picks = all('input:checked').map((input) => input.value);
  const read = {
    single_choice: () => unless(picks.length === 0, {choice: picks[0]}),
    multiple_select: () => unless(picks.length === 0, {picks}),
    matching: () => unless(Object.keys(pairs).length === 0, {pairs}),
    ordering: () => unless(
      all('button').some((button) => button.textContent === 'Keep this order' && !button.hidden),
      {order: all('ol [data-step]').map((step) => step.dataset.step)}),
    numeric: () => unless(!one('input').value.trim(), {value: one('input')?.value}),
    cloze: () => unless(Object.keys(blanks).length === 0, {blanks}),
    case_study: () => unless(!one('textarea').value.trim(), {text: one('textarea')?.value}),
    code: () => {
      const mark = `# answer: ${root.dataset.item} `;
      const cells = window.jupyterapp.shell.currentWidget.content.widgets;
      const sources = cells.map((cell) => cell.model.sharedModel.getSource());
      const source = sources.find((text) => text.startsWith(mark));
      return unless(one('.ag-code-state').hidden, {source: source?.replace(/^[^\n]*\n/, '')});
    },
  };
  return read[root.dataset.type]();
}"""


def item(page: Page, name: str) -> Locator:
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
    found = page.locator(f'[data-item="{name}"]').first
    found.wait_for(timeout=20_000)
    found.scroll_into_view_if_needed()
    return found


def expect_saved(found: Locator) -> None:
    """Wait until the question says that its answer is saved."""
    expect(found.locator('[data-state="saved"]')).to_be_visible(timeout=10_000)


def screen(page: Page, names: Iterable[str]) -> dict[str, Any]:
    """The responses that the page shows."""
    return {name: item(page, name).evaluate(READ_SCREEN) for name in names}


def drag(page: Page, what: Locator, onto: Locator, *, where: float = 0.5) -> None:
    """Drag the middle of one element to a height (0 the top, 1 the bottom) of another."""
    what.scroll_into_view_if_needed()
    start, goal = what.bounding_box(), onto.bounding_box()
    assert start
    assert goal
    x = start["x"] + min(20, start["width"] / 2)
    page.mouse.move(x, start["y"] + start["height"] / 2)
    page.mouse.down()
    x, y = goal["x"] + min(20, goal["width"] / 2), goal["y"] + goal["height"] * where
    page.mouse.move(x, y + 20, steps=12)
    page.mouse.move(x, y, steps=6)
    page.mouse.up()


def write_code(page: Page, name: str, code: str) -> None:
    """Write below the mark of a code question's cell, as a learner does, and run the cell."""
    cell = page.locator(".jp-CodeCell", has_text=f"# answer: {name}").first
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Control+Shift+End")
    page.keyboard.insert_text(code)
    page.keyboard.press("Control+Enter")
    wait_idle(page)


def tell_name(page: Page, name: str) -> None:
    """Run all cells of a quiz with variants, which asks once who the learner is."""
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
    page.locator("input.jp-Stdin-input").fill(name, timeout=60_000)
    page.keyboard.press("Enter")
    wait_idle(page)


@dataclass(frozen=True)
class GradedClass:
    """A course after grading: for each learner the points and the graded responses by item."""

    points: Mapping[str, Mapping[str, float | None]]
    responses: Mapping[str, Mapping[str, Any]]


def released(course: Path, quiz: str) -> Path:
    """A course as its instructor has it once the quiz is released."""
    (course / "source").mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", course)
    shutil.copy(ROOT / "source" / "course.yaml", course / "source")
    shutil.copytree(ROOT / "source" / quiz, course / "source" / quiz)
    classes.command(course, "nbgrader", "generate_assignment", quiz)
    return course


def hand_in(course: Path, quiz: str, learner: str, files: Iterable[Path]) -> None:
    """Hand files in as one learner's submission."""
    folder = course / "submitted" / learner / quiz
    folder.mkdir(parents=True)
    for file in files:
        shutil.copy(file, folder)


def graded(course: Path, quiz: str, command: str = "autograder grade") -> GradedClass:
    """Grade everything that was handed in, by one of the two commands that do so."""
    done = subprocess.run(
        [sys.executable, "-m", *command.split(), quiz], cwd=course, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    points: dict[str, dict[str, float | None]] = {}
    for learner, name, score, *_ in classes.rows(course, classes.GRADES):
        points.setdefault(learner, {})[name] = score
    responses = {}
    for learner, notebook in classes.graded_notebooks(course, quiz).items():
        records = notebook["metadata"]["autograder"]["records"]
        responses[learner] = {name: record["response"] for name, record in records.items()}
    return GradedClass(points, responses)


def deserved(quiz: str, learner: str, shown: Mapping[str, Any]) -> dict[str, float | None]:
    """The points that the key gives for what the screen showed, without the path between them."""
    whole = load_quiz(ROOT / "source" / quiz / "quiz.yaml").for_learner(learner)
    records = {
        one.id: Record(
            item=one.id, response=shown.get(one.id), revision=1, time="", variant=one.variant
        )
        for one in whole.items
    }
    return {
        name: one.points for name, one in grade(Recorded(records), whole, judge_or_wait).items()
    }


def expect_graded_as_shown(
    course: Path, quiz: str, learner: str, files: Iterable[Path], shown: Mapping[str, Any]
) -> None:
    """Hand in, grade, and compare scores and graded responses with what the screen showed."""
    hand_in(course, quiz, learner, files)
    found = graded(course, quiz)
    answered = {name: response for name, response in shown.items() if response is not None}
    held = found.responses[learner]
    assert {name: one for name, one in held.items() if one is not None} == answered
    assert found.points[learner] == deserved(quiz, learner, shown)


def records(notebook: Path) -> dict[str, Any]:
    """The records in a notebook file, by item."""
    return json.loads(notebook.read_text())["metadata"].get("autograder", {}).get("records", {})
