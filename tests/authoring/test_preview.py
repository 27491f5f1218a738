"""The preview of a quiz that is being written: it follows the file and keeps what was good."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from real_jupyter import jupyter_server, open_notebook, run_all, write_notebook

from autograder.authoring.preview import Preview, preview
from autograder.errors import AutograderError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    shutil.copytree(ROOT / "source" / "tour", folder / "tour")
    for name in ("course.yaml", "misconceptions.yaml"):
        shutil.copy(ROOT / "source" / name, folder)
    return folder


def change(source: Path, before: str, after: str) -> None:
    path = source / "tour" / "quiz.yaml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def shown(page: Preview) -> str:
    """The stem and options of the question that is shown."""
    (question,) = page.page.children[2].children
    return str(question.view)


def test_it_shows_what_learners_see_and_what_they_do_not(source: Path) -> None:
    page = preview("tour", source)
    status, choosers, _, behind = page.page.children
    assert "9 questions, 0 to mend" in status.value
    assert "Which head fits this task?" in shown(page)
    assert "a random answer earns" in behind.value
    assert "options.every-token.correct" in behind.value
    items, variants = choosers.children
    items.value = "copies"
    assert len(variants.options) > 1 and not variants.disabled
    first = shown(page)
    variants.value = 1
    assert shown(page) != first


def test_it_follows_the_file_and_stays_at_the_question(source: Path) -> None:
    page = preview("tour", source)
    page.page.children[1].children[0].value = "kept-parts"
    assert not page.refresh()
    change(source, "id: kept-parts", "id: kept-parts\n  # touched")
    assert page.refresh()
    assert page.page.children[1].children[0].value == "kept-parts"
    change(source, "id: kept-parts", "id: parts-kept")
    assert page.refresh()
    assert page.page.children[1].children[0].value == "which-head"


def test_a_broken_file_is_named_with_its_line_and_the_last_good_version_stays(
    source: Path,
) -> None:
    page = preview("tour", source)
    good = shown(page)
    change(source, "points: 1", "points: none")
    page.refresh()
    status = page.page.children[0].value
    assert "It cannot be used as it stands. What stands below is what was good last." in (
        status.replace("<strong>", "").replace("</strong>", "")
    )
    assert "quiz.yaml:" in status and "points" in status
    assert shown(page) == good
    (source / "tour" / "quiz.yaml").unlink()
    page.refresh()
    assert "cannot be read" in page.page.children[0].value
    assert shown(page) == good


def test_findings_stand_beside_the_question(source: Path) -> None:
    change(source, "text: ", "text: All of the above, and ")
    page = preview("tour", source)
    assert "1 to mend" in page.page.children[0].value or " to mend" in page.page.children[0].value
    (wrong,) = [item.id for item in page._checked.quiz.items if "All of the above" in str(item)]
    page.page.children[1].children[0].value = wrong
    assert "To look at" in page.page.children[3].value


def test_a_quiz_that_is_not_there_is_named(source: Path) -> None:
    with pytest.raises(AutograderError, match=r"`autograder new week-9` makes it"):
        preview("week-9", source)


@pytest.mark.browser
def test_in_jupyterlab_it_changes_when_the_file_is_saved(
    source: Path, tmp_path: Path, browser: Browser
) -> None:
    folder = tmp_path / "lab"
    folder.mkdir()
    cell = f'from autograder.authoring.preview import preview\npreview("tour", "{source}")'
    write_notebook(folder / "own.ipynb", cell)
    page: Page = browser.new_page(viewport={"width": 1100, "height": 1300})
    with jupyter_server(folder) as url:
        open_notebook(page, url, "own.ipynb")
        run_all(page)
        output = page.locator(".jp-OutputArea-output").first
        expect(output).to_contain_text("9 questions, 0 to mend")
        expect(output.locator("[data-item]")).to_contain_text("Which head fits this task?")
        change(source, "Which head fits this task?", "Which head would you take?")
        expect(output.locator("[data-item]")).to_contain_text("Which head would you take?")
        output.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(output.get_by_text("options.every-token.correct")).to_be_visible()
        result = Axe().run(page, context=".widget-vbox")
        assert result.violations_count == 0, result.generate_report()
        page.screenshot(path=tmp_path / "preview.png")
        change(source, "points: 1", "points: none")
        expect(output).to_contain_text("What stands below is what was good last.")
        expect(output.get_by_role("status").first).to_contain_text("points")
        expect(output.locator("[data-item]")).to_contain_text("Which head would you take?")
        change(source, "points: none", "points: 1")
        expect(output).to_contain_text("9 questions, 0 to mend")
    page.close()
