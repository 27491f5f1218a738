"""Every type of question, by mouse and by keyboard: both graders score what the screen showed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from answering import (
    ROOT,
    deserved,
    drag,
    expect_saved,
    graded,
    hand_in,
    item,
    records,
    released,
    screen,
    tell_name,
    write_code,
)
from playwright.sync_api import Page, expect
from real_jupyter import jupyter_server, open_notebook, save

pytestmark = pytest.mark.browser

NAMES = ["which-head", "kept-parts", "tasks-and-outputs", "training-step", "head-size", "copies"]
NAMES += ["shapes", "mean-pooling", "own-task"]
POOLING = {
    "right": "def mean_pool(hidden, mask):\n    real = mask.unsqueeze(-1).to(hidden.dtype)\n"
    "    return (hidden * real).sum(dim=1) / real.sum(dim=1)",
    "padding counts": "def mean_pool(hidden, mask):\n    return hidden.mean(dim=1)",
}


def by_mouse(page: Page) -> None:
    one = item(page, "which-head")
    one.locator('label:has(input[value="every-token"])').click()
    expect_saved(one)

    one = item(page, "kept-parts")
    for name in ("tokenizer-vocabulary", "attention-layers", "topic-scores"):
        one.locator(f'label:has(input[value="{name}"])').click()
    expect_saved(one)

    one = item(page, "tasks-and-outputs")
    one.locator('select[data-prompt="likeness"]').select_option("one-number")
    one.locator('select[data-prompt="verbs"]').select_option("class-scores")
    expect_saved(one)

    one = item(page, "training-step")
    one.get_by_role("button", name="Not needed: Set the encoder").click()
    drag(page, one.locator('[data-step="update"] .ag-text'), one.locator("ol [data-step]").last)
    expect_saved(one)

    one = item(page, "head-size")
    one.get_by_label("Your answer").click()
    page.keyboard.insert_text("1024")
    expect_saved(one)

    one = item(page, "copies")
    one.get_by_label("Your answer").click()
    page.keyboard.insert_text("1320 MB")
    expect_saved(one)

    one = item(page, "shapes")
    one.locator('[data-blank="whole-text"]').select_option("batch-classes")
    one.locator('[data-blank="pooled"]').click()
    page.keyboard.insert_text("cls")
    expect_saved(one)

    write_code(page, "mean-pooling", POOLING["padding counts"])
    one = item(page, "mean-pooling")
    expect_saved(one)
    one.get_by_role("button", name="Run the visible checks").click()
    expect(one.get_by_role("list", name="Visible checks")).to_contain_text("[[4.5, 5.5, 6.5]]")

    one = item(page, "own-task")
    one.locator("textarea").click()
    page.keyboard.insert_text("One message goes in, one number comes out.")
    expect_saved(one)


def by_keyboard(page: Page) -> None:
    keys = page.keyboard
    one = item(page, "which-head")
    one.locator("input").first.focus()
    keys.press("Space")
    keys.press("ArrowDown")
    expect_saved(one)

    one = item(page, "kept-parts")
    one.locator("input").first.focus()
    keys.press("Space")
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Space")
    expect_saved(one)

    one = item(page, "tasks-and-outputs")
    one.locator("select").first.focus()
    for letter in "BDA":
        keys.type(letter)
        keys.press("Tab")
    expect_saved(one)

    one = item(page, "training-step")
    one.locator('[data-step="reset-encoder"]').focus()
    keys.press("Delete")
    one.locator("ol [data-step]").last.focus()
    keys.press("Alt+ArrowUp")
    keys.press("Alt+ArrowUp")
    expect_saved(one)

    for name, typed in (("head-size", "3e2"), ("copies", "0.5")):
        one = item(page, name)
        one.locator("input").focus()
        keys.type(typed)
        keys.press("Tab")
        expect_saved(one)

    one = item(page, "shapes")
    one.locator("select").first.focus()
    keys.press("ArrowDown")
    keys.press("Tab")
    keys.press("ArrowDown")
    keys.press("Tab")
    keys.press("Tab")
    keys.type("[CLS]")
    keys.press("Tab")
    keys.type("12")
    expect_saved(one)

    write_code(page, "mean-pooling", POOLING["right"])
    one = item(page, "mean-pooling")
    expect_saved(one)
    one.get_by_role("button", name="Run the visible checks").focus()
    keys.press("Enter")
    expect(one.get_by_role("list", name="Visible checks")).to_contain_text("[2, 3]")

    one = item(page, "own-task")
    one.locator("textarea").focus()
    keys.type("Keys alone will do.")
    keys.press("Tab")
    expect_saved(one)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return released(tmp_path_factory.mktemp("tour") / "course", "tour")


@pytest.mark.parametrize(
    ("app", "theme", "width", "answer"),
    [("lab", "light", 1200, by_mouse), ("notebook", "dark", 700, by_keyboard)],
)
def test_both_graders_score_what_the_screen_showed(
    page: Page,
    course: Path,
    tmp_path: Path,
    app: str,
    theme: str,
    width: int,
    answer: Callable[[Page], None],
) -> None:
    folder = tmp_path / "lab" / "tour"
    shutil.copytree(ROOT / "quizzes" / "tour", folder)
    page.set_viewport_size({"width": width, "height": 1000})
    learner = f"learner-{app}"
    with jupyter_server(tmp_path / "lab", theme=theme) as base_url:
        open_notebook(page, base_url, "tour/tour.ipynb", app=app)
        tell_name(page, learner)
        answer(page)
        shown: dict[str, Any] = screen(page, NAMES)
        save(page)
    notebook, journal = folder / "tour.ipynb", folder / "tour.answers.jsonl"
    assert None not in shown.values()
    assert {name: record["response"] for name, record in records(notebook).items()} == shown

    expected = deserved("tour", learner, shown)
    assert any(points not in (0, None) for points in expected.values())
    for command in ("autograder grade", "nbgrader autograde"):
        whole = Path(shutil.copytree(course, tmp_path / command))
        hand_in(whole, "tour", learner, [notebook, journal])
        found = graded(whole, "tour", command)
        assert found.responses[learner] == shown
        assert found.points[learner] == expected
