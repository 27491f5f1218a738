"""The views in a real JupyterLab: answering, saving, restoring, failing, and access for all."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect
from real_jupyter import (
    jupyter_server,
    kill_kernel,
    open_notebook,
    read_notebook,
    run_all,
    save,
    wait_idle,
)

from autograder.html import inline
from autograder.quiz import PublicQuiz
from autograder.responses import read_journal
from autograder.widgets import ReceiptWidget, SingleChoiceWidget, library_for

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
            pooled=inline("One *pooled* vector for the whole text, $h \\in \\mathbb{R}^d$"),
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
            number=inline("One number, trained with $(y - \\hat{y})^2$"),
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


def _swipe(page: Page, start: Locator, end: Locator, *, where: float = 0.5) -> None:
    """One finger from the middle of an element to a height of another, as a touch screen sends."""
    session = page.context.new_cdp_session(page)
    first, last = start.bounding_box(), end.bounding_box()
    assert first and last
    x, y = first["x"] + first["width"] / 2, first["y"] + first["height"] / 2
    goal_x, goal_y = last["x"] + last["width"] / 2, last["y"] + last["height"] * where

    def touch(kind: str, *points: tuple[float, float]) -> None:
        session.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": at[0], "y": at[1]} for at in points]},
        )

    touch("touchStart", (x, y))
    for part in range(1, 13):
        touch("touchMove", (x + (goal_x - x) * part / 12, y + (goal_y - y) * part / 12))
    touch("touchEnd")
    session.detach()


def test_fingers_answer_and_drag_by_the_grip(
    browser: Browser, base_url: str, notebook: Path
) -> None:
    context = browser.new_context(viewport={"width": 800, "height": 1000}, has_touch=True)
    page = context.new_page()
    page.set_default_timeout(15_000)
    _open(page, base_url, notebook)
    _item(page, "choice").get_by_text("One vector for every token").tap()
    _on_disk(page, notebook, "choice", {"choice": "tokens"})

    match = _item(page, "match")
    match.scroll_into_view_if_needed()
    tile = match.locator('[data-option="classes"]')
    row = match.locator("li", has=page.locator('select[data-prompt="mail"]'))
    _swipe(page, tile.locator(".ag-grip"), row)
    _on_disk(page, notebook, "match", {"pairs": {"mail": "classes"}})

    order = _item(page, "order")
    order.scroll_into_view_if_needed()
    step, tray = order.locator('[data-step="vocab"]'), order.locator("[data-tray]")
    _swipe(page, step.locator(".ag-text"), tray)  # beside the grip a finger scrolls
    expect(order.locator('[data-tray] [data-step="vocab"]')).to_have_count(0)
    order.scroll_into_view_if_needed()
    _swipe(page, step.locator(".ag-grip"), tray, where=0.6)
    _on_disk(page, notebook, "order", {"order": ["train", "load", "head"]})
    order.get_by_role("button", name="Move up: Load").tap()
    _on_disk(page, notebook, "order", {"order": ["load", "train", "head"]})
    context.close()


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
    expect(_item(page, "choice")).to_contain_text(
        "the notebook file is not saved: it was changed in another window or by another program. "
        "Reload this page before you go on."
    )
    expect(page.locator(".jp-Dialog")).to_have_count(0)
    _expect_state(page, "choice", "saved")
    page.reload()
    wait_idle(page)
    _item(page, "choice").locator('input[value="pooled"]').check()
    _on_disk(page, notebook, "choice", {"choice": "pooled"})


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


# The types below are answered in a real session, so that what counts is the journal.

STARTER = "def width(layers):\n    ..."
CALL = "width([4, 2])"
ITEMS = [
    _view(
        "multiple_select",
        "several",
        stem="Which apply?",
        options=_choices(
            head="A *new* head, $\\{W_*,\\,b_*\\} \\subset \\mathbb{R}^{d \\times k}$",
            vocab="A new vocabulary, built from the labels and all the words that describe them",
            loss="A loss that fits the labels",
        ),
    ),
    _view("numeric", "memory", stem="How much?", unit="MB"),
    _view(
        "cloze",
        "gaps",
        stem="Fill in the blanks.",
        text=(
            "A classifier reads the [[pooled]] vector; its head has [[outputs]] for five "
            "classes.\n\n"
            "| Task | Head | Size |\n|---|---|---|\n"
            "| Tagging | [[tagger]] | [[size]] |\n| Scoring | linear | 1 |\n\n"
            "- A list item with **emphasis** and nothing to fill in."
        ),
        blanks=[
            {"id": "pooled", "kind": "text"},
            {"id": "outputs", "kind": "number"},
            {
                "id": "tagger",
                "kind": "choice",
                "options": _choices(token="one *per* token", pool="one per text"),
            },
            {"id": "size", "kind": "number", "unit": "KB"},
        ],
    ),
    _view(
        "code",
        "width-of",
        stem="Write `width`.",
        starter=STARTER,
        setup="",
        checks=[
            {"id": "widest", "name": "The widest of two layers", "call": CALL},
            {"id": "none", "name": "Nothing at all", "call": "width([])"},
        ],
    ),
    _view(
        "numeric",
        "own",
        stem="**Your** model has 12 layers.\n\n| Layer | Size |\n|---|---|\n| 1 | 768 |\n\n"
        "![A dot](dot.png)",
        unit=None,
        variant="v12",
    ),
]
DOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
MARK = "# answer: width-of  (keep this line; run the cell to record your answer)\n"


@pytest.fixture
def quiz(root: Path, request: pytest.FixtureRequest) -> Path:
    """A folder of this test's own with a quiz of the types that are not among ``VIEWS``."""
    folder = root / re.sub(r"\W+", "_", request.node.name)
    folder.mkdir()
    about = {"id": "real", "title": "Real", "chapter": "", "instructions": "Answer."}
    public = PublicQuiz.model_validate(about | {"items": ITEMS})
    (folder / "dot.png").write_bytes(base64.b64decode(DOT))
    (folder / "questions.json").write_text(public.to_json(), encoding="utf-8")
    cells = ['from autograder import open_quiz\n\nquiz = open_quiz("real")']
    for item in ITEMS:
        cells += [MARK + STARTER] if item["type"] == "code" else []
        cells += [f'quiz.show("{item["id"]}")']
    _write(folder / "quiz.ipynb", cells, {})
    return folder


def _open_quiz(page: Page, base_url: str, quiz: Path, *, app: str = "lab") -> None:
    open_notebook(page, base_url, f"{quiz.name}/quiz.ipynb", app=app)
    run_all(page)
    expect(page.locator("[data-item]")).to_have_count(len(ITEMS))


def _in_journal(page: Page, quiz: Path, name: str, response: Any) -> None:
    """Wait until the journal ends with the response to a question."""
    found: Any = "nothing"
    for _ in range(50):
        record = read_journal(quiz / "real.answers.jsonl").records.get(name)
        found = record.response if record else "nothing"
        if found == response:
            return
        page.wait_for_timeout(200)
    pytest.fail(f"the journal holds {found!r} for {name}, not {response!r}")


def _blank(page: Page, name: str) -> Locator:
    return _item(page, "gaps").get_by_label(name, exact=True)


def _write_code(page: Page, code: str, *, run: bool = True) -> None:
    """Write below the mark of the code cell, as a learner does."""
    cell = page.locator(".jp-CodeCell", has_text="# answer: width-of").first
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.press("Control+Shift+Home")
    page.keyboard.insert_text(MARK + code)
    if run:
        page.keyboard.press("Control+Enter")


def _mouse_through(page: Page, quiz: Path) -> None:
    """Answer every question of the quiz by mouse, as far as it can be."""
    item = _item(page, "several")
    item.get_by_text("A loss that fits").click()
    item.get_by_text("new head").click()
    item.get_by_text("A new vocabulary").click()
    item.get_by_text("A new vocabulary").click()
    _in_journal(page, quiz, "several", {"picks": ["head", "loss"]})
    field = _item(page, "memory").get_by_role("textbox", name="Your answer MB")
    field.click()
    page.keyboard.insert_text("1.5e3 MB")
    _in_journal(page, quiz, "memory", {"value": "1.5e3 MB"})
    _blank(page, "Blank 3 of 4").select_option("one per token")
    _in_journal(page, quiz, "gaps", {"blanks": {"tagger": "token"}})
    _blank(page, "Blank 4 of 4, in KB").click()
    page.keyboard.insert_text("16")
    _in_journal(page, quiz, "gaps", {"blanks": {"tagger": "token", "size": "16"}})
    expect(_item(page, "gaps")).to_contain_text("2 of 4 blanks filled.")
    _write_code(page, "def width(layers):\n    return max(layers)")
    _in_journal(page, quiz, "width-of", {"source": "def width(layers):\n    return max(layers)"})
    for name in ("several", "memory", "gaps", "width-of"):
        _expect_state(page, name, "saved", re.compile(r"Saved \d\d:\d\d:\d\d"))


def _keys_through(page: Page, quiz: Path) -> None:
    """Answer every question of the quiz by keys alone, starting at its first control."""
    _item(page, "several").locator("input").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    _in_journal(page, quiz, "several", {"picks": ["vocab", "loss"]})
    _item(page, "memory").locator("input").focus()
    page.keyboard.type("0.25")
    page.keyboard.press("Enter")
    _in_journal(page, quiz, "memory", {"value": "0.25"})
    _blank(page, "Blank 1 of 4").focus()
    page.keyboard.type("CLS x")
    page.keyboard.press("Tab")
    page.keyboard.type("5")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("20")
    first = _item(page, "gaps").locator("select option").nth(1).get_attribute("value")
    blanks = {"pooled": "CLS x", "outputs": "5", "tagger": first, "size": "20"}
    _in_journal(page, quiz, "gaps", {"blanks": blanks})
    _write_code(page, "width = max")
    _in_journal(page, quiz, "width-of", {"source": "width = max"})


def test_mouse_answers_reach_the_journal_and_can_be_cleared(
    page: Page, base_url: str, quiz: Path
) -> None:
    _open_quiz(page, base_url, quiz)
    expect(_item(page, "own")).to_contain_text("Your model has 12 layers.")
    dot = _item(page, "own").get_by_role("img", name="A dot")
    expect(dot).to_have_js_property("naturalWidth", 1)
    expect(_item(page, "memory")).not_to_contain_text("How much?")
    _mouse_through(page, quiz)
    for name in ("several", "memory", "gaps", "width-of"):
        _item(page, name).get_by_role("button", name="Clear answer").click()
        _expect_state(page, name, "open", "Not answered")
        _in_journal(page, quiz, name, None)
    expect(_item(page, "several").locator("input:checked")).to_have_count(0)
    for blank in _item(page, "gaps").locator("input, select").all():
        expect(blank).to_have_value("")


def test_keyboard_answers_reach_the_journal_and_come_back(
    page: Page, base_url: str, quiz: Path
) -> None:
    _open_quiz(page, base_url, quiz)
    _keys_through(page, quiz)
    run_all(page)
    for name in ("several", "memory", "gaps", "width-of"):
        _expect_state(page, name, "saved")
    expect(_item(page, "several").locator("input:checked")).to_have_count(2)
    expect(_item(page, "memory").locator("input")).to_have_value("0.25")
    expect(_blank(page, "Blank 1 of 4")).to_have_value("CLS x")
    expect(_item(page, "width-of").locator(".ag-note")).to_be_hidden()


def test_a_typed_answer_is_announced_as_saved_once_the_field_is_left(
    page: Page, base_url: str, quiz: Path
) -> None:
    _open_quiz(page, base_url, quiz)
    item = _item(page, "memory")
    item.locator("input").focus()
    page.keyboard.type("12")
    _expect_state(page, "memory", "saved")
    spoken = item.get_by_role("status")
    expect(spoken).to_have_text("")
    page.keyboard.press("Tab")
    expect(spoken).to_have_text("Saved")


def test_an_answer_of_another_day_is_shown_with_its_date(
    page: Page, base_url: str, quiz: Path
) -> None:
    record = {"item": "memory", "response": {"value": "3"}, "revision": 1}
    line = json.dumps({**record, "time": "2026-01-05T10:00:00+00:00"})
    (quiz / "real.answers.jsonl").write_text(f"{line}\n", encoding="utf-8")
    _open_quiz(page, base_url, quiz)
    _expect_state(page, "memory", "saved", re.compile(r"Saved 5 Jan \d\d:\d\d:\d\d"))


def test_a_text_that_is_no_number_is_named_and_not_recorded(
    page: Page, base_url: str, quiz: Path
) -> None:
    _open_quiz(page, base_url, quiz)
    field = _item(page, "memory").locator("input")
    field.fill("1,5")
    _expect_state(page, "memory", "failed", "Not saved: '1,5' is not a number; write it like 1024")
    expect(_item(page, "memory")).to_contain_text("✗ This is not a number.")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("1.5")
    _in_journal(page, quiz, "memory", {"value": "1.5"})
    expect(field).to_have_attribute("aria-invalid", "false")
    _blank(page, "Blank 2 of 4").fill("five")
    _expect_state(page, "gaps", "failed", "'five' is not a number")
    expect(_item(page, "gaps")).to_contain_text("✗ Blank 2: Write a number")
    _blank(page, "Blank 2 of 4").fill("")
    _expect_state(page, "gaps", "open")
    assert "gaps" not in read_journal(quiz / "real.answers.jsonl").records


def test_a_code_cell_is_recorded_when_it_is_run(page: Page, base_url: str, quiz: Path) -> None:
    _open_quiz(page, base_url, quiz)
    item = _item(page, "width-of")
    note = item.locator(".ag-note")
    _expect_state(page, "width-of", "open")
    expect(note).to_be_hidden()
    _write_code(page, "def width(layers):\n    return max(layers)", run=False)
    expect(note).to_have_text("The code in the cell is not recorded yet: run the cell.")
    page.keyboard.press("Control+Enter")
    _expect_state(page, "width-of", "saved")
    expect(item).to_contain_text("Recorded: 2 lines of code.")
    expect(note).to_be_hidden()

    item.get_by_role("button", name="Run the visible checks").click()
    expect(item.locator("[data-outcome=value]")).to_contain_text("The widest of two layers")
    expect(item.locator("[data-outcome=value] .ag-detail")).to_have_text("4")
    expect(item.locator("[data-outcome=failed]")).to_contain_text("raised ValueError: max()")
    expect(item).to_contain_text(re.compile(r"2 checks run at \d\d:\d\d:\d\d: 1 failed."))

    _write_code(page, "width = min", run=False)
    expect(note).to_have_text("The cell was changed after it was recorded: run it again.")
    page.keyboard.press("Control+Enter")
    _in_journal(page, quiz, "width-of", {"source": "width = min"})
    expect(note).to_be_hidden()

    _write_code(page, "%time width = max")
    expect(note).to_contain_text("line 1, “%time width = max”, is an IPython command")
    item.get_by_role("button", name="Run the visible checks").click()
    expect(item).to_contain_text("The checks did not run. This cannot be graded: line 1")


def test_no_barriers_in_the_other_types(page: Page, base_url: str, quiz: Path) -> None:
    _open_quiz(page, base_url, quiz)
    _assert_no_barriers(page, "[data-item]")
    _mouse_through(page, quiz)
    _item(page, "width-of").get_by_role("button", name="Run the visible checks").click()
    expect(_item(page, "width-of").locator(".ag-detail")).to_have_count(2)
    _item(page, "own").locator("input").fill("1,5")
    _expect_state(page, "own", "failed")
    _blank(page, "Blank 2 of 4").fill("five")
    _expect_state(page, "gaps", "failed")
    for theme in ("Light", "Dark"):
        _set_theme(page, f"JupyterLab {theme}")
        _assert_no_barriers(page, "[data-item]")
        _picture(page, theme.lower())


def _picture(page: Page, name: str) -> None:
    """Screenshots of every question, for a person to look at, where AG_PICTURES names a folder."""
    folder = os.environ.get("AG_PICTURES")
    if folder:
        for item in ITEMS:
            _item(page, item["id"]).screenshot(path=f"{folder}/{item['id']}-{name}.png")


def _set_theme(page: Page, theme: str) -> None:
    page.evaluate(
        "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
    )
    light = str(theme.endswith("Light")).lower()
    expect(page.locator(f'body[data-jp-theme-light="{light}"]')).to_have_count(1)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_no_barriers_in_either_theme(page: Page, base_url: str, notebook: Path, theme: str) -> None:
    _open(page, base_url, notebook)
    _set_theme(page, theme)
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


def _assert_no_barriers(page: Page, *parts: str) -> None:
    page.wait_for_timeout(300)  # colours fade
    for part in parts or ("[data-item]", "[data-receipt]"):
        result = Axe().run(page, context=part)
        assert result.violations_count == 0, result.generate_report()


def test_everything_fits_400_pixels_and_can_be_hit(
    page: Page, base_url: str, notebook: Path
) -> None:
    page.set_viewport_size({"width": 400, "height": 900})
    _open(page, base_url, notebook, app="notebook")
    for name in VIEWS:
        _by_keyboard(page, name)
    _assert_fits(page)


def test_a_formula_is_set_as_mathematics(page: Page, base_url: str, quiz: Path) -> None:
    _open_quiz(page, base_url, quiz)
    formula = _item(page, "several").locator("math")
    expect(formula).to_have_text("{W∗,b∗}⊂ℝd×k")
    drawn = formula.bounding_box()
    first, raised = formula.locator("mi").first.bounding_box(), formula.locator("mi").last
    above = raised.bounding_box()
    assert drawn and first and above
    assert above["y"] < first["y"], "the exponent is not raised"
    assert 80 < drawn["width"] < 300 and drawn["height"] < 60
    _picture(page, "formula")


def test_the_other_types_fit_400_pixels(page: Page, base_url: str, quiz: Path) -> None:
    page.set_viewport_size({"width": 400, "height": 900})
    _open_quiz(page, base_url, quiz, app="notebook")
    _blank(page, "Blank 2 of 4").fill("five")
    _expect_state(page, "gaps", "failed")
    _picture(page, "narrow")
    _assert_fits(page)


def _assert_fits(page: Page) -> None:
    too_wide = page.evaluate(
        """() => [...document.querySelectorAll('.ag, .ag *')]
          .filter((part) => !part.closest('.ag-unseen, math, select'))
          .filter((part) => getComputedStyle(part).display !== 'inline')
          .filter((part) => part.scrollWidth > part.clientWidth + 1)
          .map((part) => part.outerHTML.slice(0, 120))"""
    )
    assert too_wide == []
    too_small = page.evaluate(
        """() => [...document.querySelectorAll('.ag button, .ag select, .ag-input, .ag-option')]
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
      const place = document.body.appendChild(document.createElement('div'));
      (await import(url)).default.render({model: window.model, el: place});
    }"""
    load = """(source) => import(
      URL.createObjectURL(new Blob([source], {type: 'text/javascript'}))).then(() => true)"""
    page.goto("about:blank")
    page.clock.install()
    choice, library = SingleChoiceWidget(view=VIEWS["choice"]), library_for()
    state = {"view": VIEWS["choice"], "response": None, "record": {}, "status": {}, "quiz": "echo"}
    page.evaluate(fake, [choice._esm, state])
    page.clock.fast_forward(6000)
    expect(page.locator("body")).to_contain_text("This question cannot be shown: the kernel does")
    page.evaluate(load, library._esm)  # the code comes late
    expect(page.locator("body")).not_to_contain_text("cannot be shown")
    page.locator('input[value="spans"]').check()
    _expect_state(page, "choice", "saving")
    record = {"item": "choice", "response": {"choice": "spans"}, "revision": 1, "time": "?"}
    page.evaluate("(record) => window.model.set('record', record)", record)
    page.evaluate("() => window.model.set('status', {state: 'saved', message: ''})")
    _expect_state(page, "choice", "saved")
    receipt = {"quiz": "echo", "records": {}, "rows": [], "digest": "0" * 64, "document": "{}"}
    page.evaluate(fake, [ReceiptWidget()._esm, receipt])
    expect(page.locator("[data-receipt]")).to_contain_text(
        "Keep the file echo.answers.jsonl with the notebook."
    )
