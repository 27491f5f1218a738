"""Practice in JupyterLab: judged at once, hints, new numbers, self-assessment; nothing is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from answering import ROOT
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect
from real_jupyter import jupyter_server, open_notebook, run_all, save, write_notebook

pytestmark = pytest.mark.browser

SETUP = f'from autograder import open_practice\npractice = open_practice("tour", "{ROOT}/source")'
NAMES = ["which-head", "head-size", "training-step", "mean-pooling", "own-task"]


@pytest.fixture
def base_url(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    write_notebook(tmp_path / "own.ipynb", SETUP, *(f'practice.show("{n}")' for n in NAMES))
    with jupyter_server(tmp_path, theme=request.param) as url:
        yield url


def shown(page: Page, name: str) -> Locator:
    found = page.locator(f'[data-item="{name}"]')
    found.scroll_into_view_if_needed()
    return found


def press(one: Locator, name: str) -> None:
    one.get_by_role("button", name=name, exact=True).click()


def state(one: Locator, words: str | re.Pattern[str]) -> None:
    expect(one.locator(".ag-pill")).to_contain_text(words, timeout=30_000)


@pytest.mark.parametrize("base_url", ["dark"], indirect=True)
def test_a_round_of_practice(page: Page, base_url: str, tmp_path: Path) -> None:
    open_notebook(page, base_url, "own.ipynb")
    run_all(page)

    one = shown(page, "which-head")
    state(one, "Not answered")
    press(one, "Hint")
    expect(one.locator(".ag-hints li")).to_have_count(1)
    options = one.locator("label")
    for number in range(options.count()):
        options.nth(number).click()
        state(one, "Not checked yet")
        press(one, "Check")
        state(one, re.compile(r"Right: |Not right: "))
        expect(one.locator(".ag-verdict li").first).to_be_visible()
        if "Right" in one.locator(".ag-pill").inner_text().replace("Not right", ""):
            break
    else:
        raise AssertionError("no option was right")

    one = shown(page, "head-size")
    stem = one.locator(".ag-stem").inner_text()
    one.get_by_label("Your answer").fill("1")
    press(one, "Check")
    state(one, "Not right")
    press(one, "New numbers")
    expect(one.locator(".ag-stem")).not_to_have_text(stem, timeout=10_000)
    assert page.evaluate("document.activeElement.textContent") == "New numbers"
    state(one, "Not answered")
    press(one, "Show the answer")
    state(one, "Not answered")
    expect(one.locator(".ag-verdict")).to_be_visible()

    one = shown(page, "mean-pooling")
    one.get_by_label("Your code").fill(
        "def mean_pool(hidden, mask):\n    return hidden.mean(dim=1)"
    )
    press(one, "Check")
    state(one, re.compile("Partly right: |Not right: "))

    one = shown(page, "own-task")
    press(one, "Check")
    expect(one.locator(".ag-verdict")).to_be_hidden()  # the model answer comes after one's own
    one.get_by_label("Your answer").fill("A short text in, one label out.")
    press(one, "Check")
    state(one, "Yours to judge")
    expect(one.locator(".ag-verdict")).to_contain_text("Model answer")
    for criterion in one.locator(".ag-verdict fieldset").all():
        criterion.locator("label").last.click()
    expect(one.locator(".ag-total")).to_contain_text(re.compile(r"\d+ of \d+ points\.$"))

    for name in NAMES:
        shown(page, name)
        result = Axe().run(page, context=f'[data-item="{name}"]')
        assert result.violations_count == 0, result.generate_report()
    save(page)
    assert '"autograder"' not in (tmp_path / "own.ipynb").read_text()  # nothing in its metadata
    assert not list(tmp_path.glob("*.answers.jsonl"))


@pytest.mark.parametrize("base_url", ["light"], indirect=True)
def test_by_keys_alone(page: Page, base_url: str) -> None:
    open_notebook(page, base_url, "own.ipynb")
    run_all(page)
    one = shown(page, "which-head")
    one.locator("input").first.focus()
    page.keyboard.press("Space")
    state(one, "Not checked yet")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    state(one, re.compile(r"Right: |Not right: "))
    expect(one.locator('[role="status"]').first).to_contain_text("points")


GUESSED = """\
class ByWord:
    measured = "It agreed with a person in 61 of 100 cases."

    def __call__(self, answer, points):
        return [answer if "number" in " ".join(point) else "" for point in points]


practice = open_practice("tour", guesser=ByWord())
practice.show("own-task")"""


@pytest.mark.parametrize("base_url", ["light", "dark"], indirect=True)
def test_a_machines_guess_is_labelled_as_one(page: Page, base_url: str, tmp_path: Path) -> None:
    source = f"from autograder.practice import open_practice\n{GUESSED}"
    write_notebook(tmp_path / "guess.ipynb", source.replace('"tour"', f'"tour", "{ROOT}/source"'))
    open_notebook(page, base_url, "guess.ipynb")
    run_all(page)
    one = shown(page, "own-task")
    one.get_by_label("Your answer").fill("A real <b>number</b> comes out.")
    expect(one).not_to_contain_text("machine's guess")
    press(one, "Check")
    state(one, "Yours to judge")
    expect(one.locator(".ag-verdict")).to_contain_text("It is no part of any grade. It agreed with")
    under = one.locator(".ag-verdict fieldset")
    expect(under.first).to_contain_text(
        "A machine's guess: your text seems to touch this, in “A real <b>number</b> comes out.”"
    )
    result = Axe().run(page, context='[data-item="own-task"]')
    assert result.violations_count == 0, result.generate_report()
    one.get_by_label("Your answer").fill("Another text.")
    expect(one).not_to_contain_text("machine's guess", timeout=10_000)
