"""The views in a real JupyterLab: answering, saving, restoring, failing, and access for all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from real_jupyter import (
    jupyter_server,
    kill_kernel,
    launch_chromium,
    open_notebook,
    read_notebook,
    run_all,
    save,
    wait_idle,
)

from autograder.widgets import ReceiptWidget, SingleChoiceWidget

pytestmark = pytest.mark.browser

SESSION = """
from datetime import UTC, datetime
from autograder.widgets import WIDGETS, ReceiptWidget

records, shown = {}, {}

def keep(record):
    records[record["item"]] = record
    widget = shown[record["item"]]
    widget.record, widget.response = record, record["response"]
    widget.status = {"state": "saved", "message": ""}

def answered(item, widget, response):
    revision = 1 + max((record["revision"] for record in records.values()), default=0)
    if response == {"choice": "refused"}:
        widget.status = {"state": "failed", "message": "this option is refused"}
    elif response != widget.record.get("response"):
        time = datetime.now(UTC).isoformat(timespec="seconds")
        keep({"item": item, "response": response, "revision": revision, "time": time})

def show(view, listen=True):
    widget = shown[view["id"]] = WIDGETS[view["type"]](quiz="echo", view=view)
    if listen:
        widget.observe(lambda change: answered(view["id"], widget, change["new"]), "response")
        widget.on_msg(lambda _, content, __: keep(content["record"]))
    return widget
"""


def _view(kind: str, name: str, **fields: Any) -> dict[str, Any]:
    common = {"id": name, "type": kind, "points": 2, "difficulty": "applied", "stem": ""}
    return common | {"title": f"The {kind} question", **fields}


def _choices(**texts: str) -> list[dict[str, str]]:
    return [{"id": name, "text": text} for name, text in texts.items()]


VIEWS = {
    "choice": _view(
        "single_choice",
        "choice",
        options=_choices(
            pooled="One <em>pooled</em> vector for the whole text, $h \\in \\mathbb{R}^d$",
            tokens="One vector for every token, so that each token gets a label of its own",
            spans="Two scores for every token: the start and the end of the answer",
            refused="The raw text, without any vectors",
        ),
    ),
    "match": _view(
        "matching",
        "match",
        prompts=_choices(
            mail="Sort an e-mail into one of five folders",
            city="Find the names of cities in a booking",
            score="Say how alike two sentences are",
        ),
        options=_choices(
            classes="A linear layer over the pooled vector, with one output for each class",
            labels="A linear layer over <strong>every</strong> token",
            number="One number, trained with $(y - \\hat{y})^2$",
            none="No new layer",
        ),
        reuse=False,
    ),
    "order": _view(
        "ordering",
        "order",
        steps=_choices(
            train="Train the head and the encoder together",
            load="Load the encoder and its tokenizer",
            vocab="Invent a new vocabulary for the labels",
            head="Add a head whose output has one score for each class",
        ),
        tray=True,
    ),
    "case": _view(
        "case_study",
        "case",
        headings=["Choice of head", "Choice of metric", "Reasons"],
        words={"min": 5, "max": 150},
    ),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("widgets")


@pytest.fixture(scope="module")
def base_url(root: Path) -> Iterator[str]:
    with jupyter_server(root) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.set_default_timeout(15_000)
    yield page
    page.close()


@pytest.fixture
def notebook(root: Path, request: pytest.FixtureRequest) -> Path:
    """A notebook of this test's own, with every question and the receipt."""
    name = re.sub(r"\W+", "_", request.node.name)
    cells = [SESSION, *(f"show({view!r})" for view in VIEWS.values())]
    return _write(root / f"{name}.ipynb", [*cells, RECEIPT], {})


RECEIPT = """
def receipt():
    rows = [
        {"id": name, "title": widget.view["title"], "points": widget.view["points"],
         "state": "answered" if records.get(name, {}).get("response") else "open",
         "time": records.get(name, {}).get("time", "")}
        for name, widget in shown.items()
    ]
    return ReceiptWidget(quiz="echo", records=records, rows=rows)

receipt()
"""


def _write(path: Path, cells: list[str], metadata: dict[str, Any]) -> Path:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    blank = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    numbered = [
        blank | {"id": f"cell-{number}", "source": source} for number, source in enumerate(cells)
    ]
    content = {
        "cells": numbered,
        "metadata": {"kernelspec": kernel} | metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def _open(page: Page, base_url: str, notebook: Path, *, app: str = "lab") -> None:
    open_notebook(page, base_url, notebook.name, app=app)
    run_all(page)
    expect(page.locator("[data-receipt]")).to_be_visible()


def _item(page: Page, name: str) -> Locator:
    return page.locator(f'[data-item="{name}"]')


def _pill(page: Page, name: str) -> Locator:
    return _item(page, name).locator("[data-state]")


def _expect_state(page: Page, name: str, state: str, words: str | re.Pattern[str] = "") -> None:
    expect(_pill(page, name)).to_have_attribute("data-state", state, timeout=10_000)
    expect(_pill(page, name)).to_contain_text(words)


def _on_disk(page: Page, notebook: Path, name: str, response: Any) -> None:
    """Wait until the file holds the response, without anybody pressing Save."""
    found: Any = "nothing readable"
    for _ in range(50):
        page.wait_for_timeout(200)
        try:
            held = read_notebook(notebook)["metadata"].get("autograder", {})
        except json.JSONDecodeError:  # the server is writing it
            continue
        found = held.get("records", {}).get(name, {}).get("response", "nothing")
        if found == response:
            assert held["quiz"] == "echo"
            return
    pytest.fail(f"the file holds {found!r} for {name}, not {response!r}")


def _drag(page: Page, step: Locator, target: Locator, *, where: float) -> None:
    """Drag a step to the given height (0 the top, 1 the bottom) of the target."""
    target.scroll_into_view_if_needed()
    start, end = step.bounding_box(), target.bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 90, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + 90, end["y"] + end["height"] * where, steps=12)
    page.mouse.up()


def _by_mouse(page: Page, name: str) -> Any:
    """Answer a question by mouse; returns the response that this must give."""
    item = _item(page, name)
    if name == "choice":
        item.get_by_text("One vector for every token").click()
        return {"choice": "tokens"}
    if name == "match":
        item.locator('select[data-prompt="mail"]').select_option("classes")
        item.locator('select[data-prompt="city"]').select_option("labels")
        return {"pairs": {"mail": "classes", "city": "labels"}}
    if name == "order":
        step = item.locator('[data-step="load"]')
        _drag(page, step, item.locator('[data-step="train"]'), where=0.1)
        item.get_by_role("button", name="Not needed: Invent").click()
        return {"order": ["load", "train", "head"]}
    item.get_by_label("Your answer").click()
    page.keyboard.insert_text("A token head, by mouse.")
    return {"text": "A token head, by mouse."}


def _by_keyboard(page: Page, name: str) -> Any:
    """Answer a question by keys alone, starting at its first control."""
    item = _item(page, name)
    item.locator("input, select, li[data-step], textarea").first.focus()
    if name == "choice":
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        return {"choice": "spans"}
    if name == "match":
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowDown")
        return {"pairs": {"mail": "classes", "city": "labels"}}
    if name == "order":
        page.keyboard.press("Alt+ArrowDown")
        expect(item.get_by_role("status")).to_have_text("Step moved to position 2 of 4")
        expect(item.locator('[data-step="train"]')).to_be_focused()
        page.keyboard.press("Alt+ArrowDown")
        page.keyboard.press("Alt+ArrowDown")
        page.keyboard.press("Alt+ArrowUp")
        page.keyboard.press("Delete")
        expect(item.locator('[data-tray] [data-step="train"]')).to_be_focused()
        return {"order": ["load", "vocab", "head"]}
    page.keyboard.type("Keys alone are enough")
    page.keyboard.press("Tab")
    return {"text": "Keys alone are enough"}


@pytest.mark.parametrize("answer", [_by_mouse, _by_keyboard])
@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_every_answer_reaches_the_notebook_file(
    page: Page, base_url: str, notebook: Path, app: str, answer: Any
) -> None:
    _open(page, base_url, notebook, app=app)
    for name in VIEWS:
        _expect_state(page, name, "open", "Not answered")
        response = answer(page, name)
        _expect_state(page, name, "saved", re.compile(r"Saved \d\d:\d\d:\d\d"))
        _on_disk(page, notebook, name, response)


def test_after_a_reload_changed_answers_still_reach_the_file(
    page: Page, base_url: str, notebook: Path
) -> None:
    _open(page, base_url, notebook)
    first = {name: _by_mouse(page, name) for name in VIEWS}
    for name, response in first.items():
        _on_disk(page, notebook, name, response)

    page.reload()
    wait_idle(page)
    for name in VIEWS:
        _expect_state(page, name, "saved")
    expect(_item(page, "choice").locator('input[value="tokens"]')).to_be_checked()
    expect(_item(page, "case").get_by_label("Your answer")).to_have_value(first["case"]["text"])

    _by_keyboard(page, "choice")
    _item(page, "match").locator('select[data-prompt="city"]').select_option("number")
    _item(page, "order").get_by_role("button", name="Put back").click()
    _item(page, "case").get_by_label("Your answer").fill("Changed after the reload.")
    _on_disk(page, notebook, "choice", {"choice": "spans"})
    _on_disk(page, notebook, "match", {"pairs": {"mail": "classes", "city": "number"}})
    _on_disk(page, notebook, "order", {"order": ["load", "train", "head", "vocab"]})
    _on_disk(page, notebook, "case", {"text": "Changed after the reload."})


def test_a_lone_notebook_restores_its_answers(page: Page, base_url: str, root: Path) -> None:
    record = {
        "item": "choice",
        "response": {"choice": "spans"},
        "revision": 7,
        "time": "2026-01-05T10:00:00+00:00",
    }
    other = record | {"item": "elsewhere"}
    held = {"autograder": {"quiz": "echo", "records": {"choice": record, "elsewhere": other}}}
    cells = [SESSION, f"show({VIEWS['choice']!r})", RECEIPT]
    notebook = _write(root / "lone.ipynb", cells, held)
    _open(page, base_url, notebook)
    expect(_item(page, "choice").locator('input[value="spans"]')).to_be_checked()
    _expect_state(page, "choice", "saved")

    _item(page, "choice").locator('input[value="pooled"]').check()
    _on_disk(page, notebook, "choice", {"choice": "pooled"})
    records = read_notebook(notebook)["metadata"]["autograder"]["records"]
    assert records["choice"]["revision"] == 8
    assert records["elsewhere"] == other


def test_clearing_withdraws_the_answer(page: Page, base_url: str, notebook: Path) -> None:
    _open(page, base_url, notebook)
    for name in VIEWS:
        _on_disk(page, notebook, name, _by_mouse(page, name))
        _item(page, name).get_by_role("button", name="Clear answer").click()
        _expect_state(page, name, "open", "Not answered")
        _on_disk(page, notebook, name, None)
    steps = _item(page, "order").locator("[data-step]")
    given = [step["id"] for step in VIEWS["order"]["steps"]]
    assert [step.get_attribute("data-step") for step in steps.all()] == given
    _item(page, "order").get_by_role("button", name="Keep this order").click()
    _on_disk(page, notebook, "order", {"order": given})


def test_steps_are_dragged_into_the_tray_and_back(
    page: Page, base_url: str, notebook: Path
) -> None:
    _open(page, base_url, notebook)
    item = _item(page, "order")
    step, tray = item.locator('[data-step="vocab"]'), item.locator("[data-tray]")
    _drag(page, step, tray, where=0.6)
    _on_disk(page, notebook, "order", {"order": ["train", "load", "head"]})
    _drag(page, step, item.locator('[data-step="train"]'), where=0.1)
    _on_disk(page, notebook, "order", {"order": ["vocab", "train", "load", "head"]})


def test_an_option_that_is_used_up_cannot_be_chosen_again(
    page: Page, base_url: str, notebook: Path
) -> None:
    _open(page, base_url, notebook)
    first, second = _item(page, "match").locator("select").all()[:2]
    first.select_option("classes")
    option = second.locator('option[value="classes"]')
    expect(option).to_be_disabled()
    expect(option).to_contain_text("used in row 1")
    first.select_option("")
    expect(option).to_be_enabled()
    _expect_state(page, "match", "open")


def test_the_receipt_stores_all_records(page: Page, base_url: str, notebook: Path) -> None:
    _open(page, base_url, notebook)
    for name in ("choice", "match"):
        _on_disk(page, notebook, name, _by_mouse(page, name))
    page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.context.model.deleteMetadata('autograder')"""
    )
    save(page)
    run_last = "notebook:run-cell"
    page.locator(".jp-CodeCell").last.locator(".cm-content").click()
    page.evaluate("(name) => window.jupyterapp.commands.execute(name)", run_last)
    receipt = page.locator("[data-receipt]")
    expect(receipt).to_contain_text("2 of 4 answered")
    expect(receipt).to_contain_text("These 2 answers are stored in this notebook file.")
    assert set(read_notebook(notebook)["metadata"]["autograder"]["records"]) == {"choice", "match"}


def test_a_refused_answer_is_named_each_time(page: Page, base_url: str, notebook: Path) -> None:
    _open(page, base_url, notebook)
    item = _item(page, "choice")
    for _ in range(2):
        item.locator('input[value="refused"]').check()
        _expect_state(page, "choice", "failed", "Not saved: this option is refused")
        item.locator('input[value="pooled"]').check()
        _expect_state(page, "choice", "saved")


def test_a_silent_kernel_is_named(page: Page, base_url: str, root: Path) -> None:
    cells = [SESSION, f"show({VIEWS['choice']!r}, listen=False)"]
    open_notebook(page, base_url, _write(root / "silent.ipynb", cells, {}).name)
    run_all(page)
    _item(page, "choice").locator('input[value="spans"]').check()
    _expect_state(page, "choice", "saving", "Saving…")
    _expect_state(page, "choice", "failed", "Not saved: the kernel does not answer. Restart")
    _item(page, "choice").locator('input[value="pooled"]').check()
    _expect_state(page, "choice", "failed", "Not saved: the kernel does not answer. Restart")


def test_a_busy_kernel_is_named_and_the_answer_comes_through(
    page: Page, base_url: str, root: Path
) -> None:
    sleep = "import time; time.sleep(8)"
    cells = [SESSION, f"show({VIEWS['choice']!r})", sleep]
    notebook = _write(root / "busy.ipynb", cells, {})
    open_notebook(page, base_url, notebook.name)
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
    _item(page, "choice").locator('input[value="spans"]').check()
    _expect_state(page, "choice", "failed", "Not saved: the kernel is still running a cell.")
    _expect_state(page, "choice", "saved")
    _on_disk(page, notebook, "choice", {"choice": "spans"})


def test_a_file_changed_elsewhere_is_named(page: Page, base_url: str, notebook: Path) -> None:
    _open(page, base_url, notebook)
    _on_disk(page, notebook, "choice", _by_mouse(page, "choice"))
    page.wait_for_timeout(1500)
    notebook.write_text(notebook.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    _item(page, "choice").locator('input[value="spans"]').check()
    dialog = page.locator(".jp-Dialog")
    dialog.get_by_role("button", name="Cancel").click()
    expect(_item(page, "choice")).to_contain_text("the notebook file is not saved: it was changed")
    _item(page, "choice").locator('input[value="pooled"]').check()
    page.wait_for_timeout(2000)
    expect(dialog).to_have_count(0)
    _expect_state(page, "choice", "saved")


@pytest.mark.parametrize("end", ["shutdown", "restart"])
def test_a_lost_kernel_is_named_at_once(
    page: Page, base_url: str, notebook: Path, end: str
) -> None:
    _open(page, base_url, notebook)
    _by_mouse(page, "choice")
    _expect_state(page, "choice", "saved")
    if end == "shutdown":
        kill_kernel(page)
    else:
        page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
        )
    expect(_item(page, "choice")).to_contain_text("The kernel is not connected.")
    for name in VIEWS:
        (_by_keyboard if name != "order" else _by_mouse)(page, name)
        _expect_state(page, name, "failed", "Not saved: the kernel does not answer. Restart")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_no_barriers_in_either_theme(page: Page, base_url: str, notebook: Path, theme: str) -> None:
    _open(page, base_url, notebook)
    page.evaluate(
        "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
    )
    light = str(theme.endswith("Light")).lower()
    expect(page.locator(f'body[data-jp-theme-light="{light}"]')).to_have_count(1)
    _assert_no_barriers(page)
    for name in VIEWS:
        _by_mouse(page, name)
        _expect_state(page, name, "saved")
    _assert_no_barriers(page)
    kill_kernel(page)
    for name in ("choice", "case"):
        _by_keyboard(page, name)
        _expect_state(page, name, "failed")
    _assert_no_barriers(page)


def _assert_no_barriers(page: Page) -> None:
    page.wait_for_timeout(300)  # colours fade
    for part in ("[data-item]", "[data-receipt]"):
        result = Axe().run(page, context=part)
        assert result.violations_count == 0, result.generate_report()


def test_everything_fits_400_pixels_and_can_be_hit(
    page: Page, base_url: str, notebook: Path
) -> None:
    page.set_viewport_size({"width": 400, "height": 900})
    _open(page, base_url, notebook, app="notebook")
    for name in VIEWS:
        _by_keyboard(page, name)
    too_wide = page.evaluate(
        """() => [...document.querySelectorAll('.ag, .ag *')]
          .filter((part) => !part.closest('.ag-unseen, mjx-container, select'))
          .filter((part) => getComputedStyle(part).display !== 'inline')
          .filter((part) => part.scrollWidth > part.clientWidth + 1)
          .map((part) => part.outerHTML.slice(0, 120))"""
    )
    assert too_wide == []
    too_small = page.evaluate(
        """() => [...document.querySelectorAll('.ag button, .ag select, .ag-option')]
          .filter((part) => part.offsetHeight > 0)
          .filter((part) => part.offsetHeight < 44 || part.offsetWidth < 44)
          .map((part) => part.outerHTML.slice(0, 120))"""
    )
    assert too_small == []


def test_front_ends_that_hide_the_document(page: Page) -> None:
    """Everything but the notebook file works where a widget cannot reach the document."""
    fake = """async ([source, state]) => {
      const handlers = {};
      window.model = {
        get: (name) => state[name],
        set: (name, value) => { state[name] = value; handlers[`change:${name}`]?.(); },
        save_changes() {}, send() {},
        on: (name, handler) => { handlers[name] = handler; },
      };
      const url = URL.createObjectURL(new Blob([source], {type: 'text/javascript'}));
      (await import(url)).default.render({model: window.model, el: document.body});
    }"""
    page.goto("about:blank")
    choice = SingleChoiceWidget._esm
    state = {"view": VIEWS["choice"], "response": None, "record": {}, "status": {}, "quiz": "echo"}
    page.evaluate(fake, [str(choice), state])
    page.locator('input[value="spans"]').check()
    _expect_state(page, "choice", "saving")
    record = {"item": "choice", "response": {"choice": "spans"}, "revision": 1, "time": "?"}
    page.evaluate("(record) => window.model.set('record', record)", record)
    page.evaluate("() => window.model.set('status', {state: 'saved', message: ''})")
    _expect_state(page, "choice", "saved")
    page.evaluate(fake, [str(ReceiptWidget._esm), {"quiz": "echo", "records": {}, "rows": []}])
    expect(page.locator("[data-receipt]")).to_contain_text(
        "Keep the file echo.answers.jsonl with the notebook."
    )
