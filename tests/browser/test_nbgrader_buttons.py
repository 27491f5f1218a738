"""nbgrader's own buttons in JupyterLab: fetch, answer, validate, submit; then collect and grade."""

from __future__ import annotations

import getpass
from pathlib import Path

import classes
import pytest
from answering import deserved, expect_saved, graded, item, released, screen
from playwright.sync_api import Locator, Page, expect
from real_jupyter import jupyter_server, open_notebook, run_all

from autograder.quiz import load_quiz

pytestmark = pytest.mark.browser

NAMES = ["triage-head", "startup-few-labels", "prompting-efficiency"]


def test_fetch_answer_validate_submit_collect_grade(page: Page, tmp_path: Path) -> None:
    course, home, exchange = (tmp_path / name for name in ("course", "home", "exchange"))
    released(course, "heads")
    exchange.mkdir()
    exchange.chmod(0o777)
    home.mkdir()
    where = f"c.Exchange.root = {str(exchange)!r}\n"
    with (course / "nbgrader_config.py").open("a") as file:
        file.write(where)
    (home / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.course_id = 'downstream'\n{where}"
    )
    classes.command(course, "nbgrader", "release_assignment", "heads")

    with jupyter_server(home) as base_url:
        page.goto(f"{base_url}/lab")
        _assignments(page)
        page.get_by_text("Fetch", exact=True).click()
        expect(page.get_by_text("Submit", exact=True)).to_be_visible()

        open_notebook(page, base_url, "heads/heads.ipynb")
        run_all(page)
        expect_saved(_choose(page, "triage-head", "one-number"))  # wrong
        expect_saved(_choose(page, "startup-few-labels", "examples-in-context"))  # right
        one = item(page, "prompting-efficiency")
        one.locator("textarea").fill("Nothing is trained.")
        page.keyboard.press("Tab")
        expect_saved(one)
        shown = screen(page, NAMES)
        page.wait_for_timeout(2000)
        page.get_by_role("button", name="Validate").first.click()
        report = page.locator(".jp-Dialog")
        report.wait_for(timeout=60_000)
        expect(report).to_contain_text("is not answered yet.")
        for question in load_quiz(course / "source" / "heads" / "quiz.yaml").items:
            told = f'quiz.show("{question.id}")' in report.inner_text()
            assert told == (question.id not in NAMES), question.id
        report.get_by_role("button").last.click()

        _assignments(page)
        page.get_by_text("Submit", exact=True).click()
        expect(page.get_by_text("There are no submitted assignments.")).to_be_hidden()

    classes.command(course, "nbgrader", "collect", "heads")
    learner = getpass.getuser()
    found = graded(course, "heads")
    assert found.responses[learner] == shown
    assert found.points[learner] == deserved("heads", learner, shown)


def _assignments(page: Page) -> None:
    name = "nbgrader:open-assignment-list"
    page.wait_for_function("(name) => window.jupyterapp?.commands?.hasCommand(name)", arg=name)
    page.evaluate("(name) => window.jupyterapp.commands.execute(name)", name)
    expect(page.get_by_text("Released assignments", exact=True)).to_be_visible()


def _choose(page: Page, name: str, option: str) -> Locator:
    one = item(page, name)
    one.locator(f'label:has(input[value="{option}"])').click()
    return one
