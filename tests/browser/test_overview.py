"""Finding the way through a quiz, dragging pairs, and taking a receipt along."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from answering import ROOT, drag, expect_saved, item, screen
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from real_jupyter import jupyter_server, open_notebook, run_all, save, wait_idle

from autograder.receipts import read_receipt

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("overview")


@pytest.fixture(scope="module")
def base_url(root: Path) -> Iterator[str]:
    with jupyter_server(root) as url:
        yield url


def _open(page: Page, base_url: str, root: Path, name: str, app: str = "lab") -> Path:
    folder = Path(shutil.copytree(ROOT / "quizzes" / "heads", root / name))
    open_notebook(page, base_url, f"{name}/heads.ipynb", app=app)
    run_all(page)
    return folder


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_the_overview_leads_through_the_quiz_by_keyboard(
    page: Page, base_url: str, root: Path, app: str
) -> None:
    folder = _open(page, base_url, root, f"overview-{app}", app)
    overview = page.locator("[data-overview]")
    expect(overview).to_contain_text("0 of 10 answered")

    overview.get_by_role("button", name="Go to the next open question").focus()
    page.keyboard.press("Enter")
    first = page.locator('[data-item="triage-head"]')
    expect(first.locator("input").first).to_be_focused()
    expect(first.locator("input").first).to_be_in_viewport()
    page.keyboard.press("Space")
    expect_saved(first)
    first.get_by_role("button", name="Come back to this").focus()
    page.keyboard.press("Enter")
    next_open = first.get_by_role("button", name="Next open: 2. Sentiment on a shoestring")
    next_open.focus()
    page.keyboard.press("Enter")
    second = page.locator('[data-item="startup-few-labels"]')
    expect(second.locator("input").first).to_be_focused()

    expect(overview).to_contain_text("1 of 10 answered · 1 to come back to")
    label = overview.get_by_role("button", name="1. Sorting a rental firm's e-mails: answered, to")
    expect(label).to_have_attribute("data-progress", "answered")
    save(page)
    held = json.loads((folder / "heads.ipynb").read_text())["metadata"]
    assert held["autograder_flags"] == {"heads": ["triage-head"]}

    page.reload()
    wait_idle(page)
    expect(overview).to_contain_text("1 of 10 answered · 1 to come back to")
    first.get_by_role("button", name="Come back to this").click()
    expect(overview).not_to_contain_text("to come back to")
    overview.get_by_role("button", name="10. ").click()
    expect(page.locator('[data-item="one-ptm-many-tasks"] textarea')).to_be_focused()


def test_an_option_is_dragged_onto_a_row_and_taken_to_another(
    page: Page, base_url: str, root: Path
) -> None:
    _open(page, base_url, root, "drag")
    one = item(page, "load-report")
    tile = one.locator("[data-option]").first
    option = tile.get_attribute("data-option")
    rows = one.locator("li.ag-pair")
    prompts = [select.get_attribute("data-prompt") for select in one.locator("select").all()]
    drag(page, tile, rows.nth(1))
    expect_saved(one)
    assert screen(page, ["load-report"])["load-report"] == {"pairs": {prompts[1]: option}}
    reuse = one.get_by_text("may be used more than once").count() > 0
    drag(page, tile, rows.nth(0))
    expect(one).to_contain_text(f"{2 if reuse else 1} of {len(prompts)} matched")
    drag(page, tile, one.locator(".ag-title"))  # dropped beside every row
    expect(one).to_contain_text(f"{2 if reuse else 1} of {len(prompts)} matched")
    start = tile.bounding_box()
    assert start
    page.mouse.move(start["x"] + 5, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(start["x"] + 5, start["y"] - 60, steps=5)
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(one.locator(".ag-target")).to_have_count(0)
    expect(one).to_contain_text(f"{2 if reuse else 1} of {len(prompts)} matched")


def test_the_receipt_follows_answers_and_is_downloaded_as_it_is_shown(
    page: Page, base_url: str, root: Path, tmp_path: Path
) -> None:
    _open(page, base_url, root, "receipt")
    receipt = page.locator("[data-receipt]")
    expect(receipt).to_contain_text("0 of 10 answered")
    one = item(page, "triage-head")
    one.locator("label").first.click()
    expect_saved(one)
    expect(receipt).to_contain_text("1 of 10 answered")  # its cell was not run again
    receipt.scroll_into_view_if_needed()
    with page.expect_download() as download:
        receipt.get_by_role("button", name="Download receipt").click()
    assert download.value.suggested_filename == "heads.receipt.json"
    path = tmp_path / "heads.receipt.json"
    download.value.save_as(path)
    saved = read_receipt(path)
    shown = screen(page, ["triage-head"])["triage-head"]
    assert [record.response for record in saved.records] == [shown]
    assert receipt.locator(".ag-digest").inner_text().replace(" ", "") == saved.digest


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_no_barriers_in_overview_and_receipt(
    page: Page, base_url: str, root: Path, theme: str
) -> None:
    _open(page, base_url, root, f"axe-{theme}")
    one = item(page, "triage-head")
    one.locator("label").first.click()
    one.get_by_role("button", name="Come back to this").click()
    expect_saved(one)
    page.evaluate(
        "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})",
        f"JupyterLab {theme}",
    )
    page.wait_for_timeout(800)
    for part in ("[data-overview]", "[data-receipt]", '[data-item="triage-head"]'):
        result = Axe().run(page, context=part)
        assert result.violations_count == 0, result.generate_report()
    for width in (400, 700):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        wide = page.evaluate(
            """() => [...document.querySelectorAll('[data-overview] *, [data-receipt] *')]
              .filter((part) => !part.closest('.ag-unseen, .ag-scroll'))
              .filter((part) => getComputedStyle(part).display !== 'inline')
              .filter((part) => part.scrollWidth > part.clientWidth + 1)
              .map((part) => part.outerHTML.slice(0, 120))"""
        )
        assert wide == []
