"""The preview of a quiz that is being written: it follows the file and keeps what was good."""

from __future__ import annotations

import re
import shutil
from html import escape
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from real_jupyter import jupyter_server, open_notebook, run_all, save, wait_idle, write_notebook

from autograder import html
from autograder.authoring.preview import Preview, preview
from autograder.checks.command import check_without_running
from autograder.errors import AutograderError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tour(tmp_path: Path) -> Path:
    """A folder of quizzes with an item of each type."""
    folder = tmp_path / "source"
    shutil.copytree(ROOT / "source" / "tour", folder / "tour")
    for name in ("course.yaml", "misconceptions.yaml"):
        shutil.copy(ROOT / "source" / name, folder)
    return folder


@pytest.fixture
def source(tour: Path) -> Path:
    """A folder of quizzes with four items, which are checked sooner."""
    path = tour / "tour" / "quiz.yaml"
    head, *items = re.split(r"(?m)^(?=- id: )", path.read_text())
    names = ("which-head", "kept-parts", "training-step", "copies")
    path.write_text(head + "".join(one for one in items if one.split()[2] in names))
    return tour


def change(source: Path, before: str, after: str) -> None:
    path = source / "tour" / "quiz.yaml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def shown(page: Preview) -> str:
    """The stem and options of the question that is shown."""
    (question,) = page._question.children
    return str(question.view)


def test_it_shows_what_learners_see_and_what_they_do_not(source: Path) -> None:
    page = preview("tour", source)
    assert "tour/quiz.yaml" in page._status.value
    assert "4 questions, 0 errors, " in page._status.value
    assert "Which head fits this task?" in shown(page)
    assert "1 point; direct; concepts: task-dictates-architecture" in page._behind.value
    assert "no answer 0 %, the first that is shown 0 %, at random 25 %" in page._behind.value
    right = next(row for row in page._key.value.split("<tr>") if "options.every-token" in row)
    assert "<strong>correct</strong> ✓" in right
    assert page._key.value.count("✓") == 1
    page._with_key.value = False
    assert page._key.value == ""


def test_every_variant_can_be_looked_at(source: Path) -> None:
    page = preview("tour", source)
    assert page._variants.disabled
    page._items.value = "copies"
    assert len(page._variants.options) > 1 and not page._variants.disabled
    stems = set()
    for number in range(3):
        page._variants.value = number
        stems.add(shown(page))
    assert len(stems) == 3


def test_each_type_shows_its_key(tour: Path) -> None:
    page = preview("tour", tour)
    assert page._checked is not None
    for item in page._checked.quiz.items:
        page._items.value = item.id
        assert html.block(item.explanation) in page._key.value
        assert "<code>id</code>" not in page._key.value
    code = next(item for item in page._checked.quiz.items if item.type == "code")
    page._items.value = code.id
    assert f"<pre>{escape(code.solution)}</pre>" in page._key.value


def test_it_follows_the_file_and_stays_at_the_question(source: Path) -> None:
    page = preview("tour", source)
    page._items.value = "kept-parts"
    assert not page.refresh()
    change(source, "id: kept-parts", "id: kept-parts\n  # touched")
    assert page.refresh()
    assert page._items.value == "kept-parts"
    change(source, "id: kept-parts", "id: parts-kept")
    assert page.refresh()
    assert page._items.value == "which-head"


def test_what_is_typed_stays_while_another_question_is_written(source: Path) -> None:
    page = preview("tour", source)
    (question,) = page._question.children
    question.response = {"choice": "first-token"}
    change(source, "title: Steps in order", "title: Steps and their order")
    page.refresh()
    assert page._question.children == (question,)
    assert question.response == {"choice": "first-token"}
    assert "Steps and their order" in str(page._items.options)
    change(source, "Which head fits this task?", "Which head would you take?")
    page.refresh()
    assert page._question.children[0].response is None


def test_a_broken_file_is_named_with_its_line_and_the_last_good_version_stays(
    source: Path,
) -> None:
    page = preview("tour", source)
    good = shown(page)
    change(source, "points: 1", "points: none")
    line = (source / "tour" / "quiz.yaml").read_text().split("points: none")[0].count("\n") + 1
    page.refresh()
    status = page._status.value
    assert "cannot be used as it stands.</strong> What stands below is what was good" in status
    assert f"tour/quiz.yaml:{line}: item" in status and "must be a number" in status
    assert shown(page) == good
    (source / "tour" / "quiz.yaml").unlink()
    page.refresh()
    assert "cannot be read" in page._status.value
    assert shown(page) == good


def test_a_file_that_is_broken_from_the_start_is_shown_once_it_is_good(source: Path) -> None:
    change(source, "points: 1", "points: none")
    page = preview("tour", source)
    assert "must be a number" in page._status.value
    assert "good last" not in page._status.value
    change(source, "points: none", "points: 1")
    page.refresh()
    assert "Which head fits this task?" in shown(page)


def test_findings_stand_beside_the_question(source: Path) -> None:
    change(source, "text: ", "text: All of the above, and ")
    page = preview("tour", source)
    assert "4 questions, 1 error, " in page._status.value
    assert "an option must not speak of the others" in page._behind.value
    assert "<li>tour/quiz.yaml:" in page._behind.value
    page._items.value = "kept-parts"
    assert "an option must not speak of the others" not in page._behind.value


def test_what_guessing_earns_is_worked_out_again_for_what_changed(source: Path) -> None:
    page = preview("tour", source)
    before = page._checked
    assert before is not None
    change(source, "type: multiple_select", "type: multiple_select\n  scoring: all-or-nothing")
    page.refresh()
    assert page._checked is not None
    assert page._checked.earned == check_without_running("tour", source).earned
    changed = [name for name, pay in page._checked.earned.items() if pay != before.earned[name]]
    assert changed == ["kept-parts"]


def test_a_quiz_that_is_not_there_is_named(source: Path) -> None:
    with pytest.raises(AutograderError, match=r"`autograder new week-9` makes it"):
        preview("week-9", source)


@pytest.mark.browser
def test_in_jupyterlab_it_changes_when_the_file_is_saved(
    source: Path, tmp_path: Path, browser: Browser
) -> None:
    shutil.copy(ROOT / "docs" / "images" / "quiz.png", source / "tour" / "figure.png")
    (tmp_path / "own").mkdir()
    cell = 'from autograder.authoring.preview import preview\npreview("tour")'
    write_notebook(tmp_path / "own" / "own.ipynb", cell)
    page: Page = browser.new_page(viewport={"width": 1100, "height": 1300})
    with jupyter_server(tmp_path) as url:
        open_notebook(page, url, "own/own.ipynb")
        run_all(page)
        output = page.locator(".jp-OutputArea-output").first
        question = output.locator("[data-item]")
        expect(output).to_contain_text("4 questions, 0 errors")
        expect(question).to_contain_text("Which head fits this task?")
        change(source, "Which head fits this task?", "Which head suits? ![a page](figure.png)")
        expect(question).to_contain_text("Which head suits?", timeout=15_000)
        image = question.get_by_role("img", name="a page")
        expect(image).to_have_js_property("complete", True)
        page.wait_for_function("image => image.naturalWidth > 100", arg=image.element_handle())
        question.get_by_role("radio").first.check()
        question.get_by_role("button", name="Check").click()
        expect(question.locator(".ag-verdict")).to_contain_text("✗ not right")
        for theme in ("JupyterLab Dark", "JupyterLab Light"):
            page.evaluate(
                "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})",
                theme,
            )
            is_light = str("Light" in theme).lower()
            expect(page.locator("body")).to_have_attribute("data-jp-theme-light", is_light)
            result = Axe().run(page, context=".widget-vbox")
            assert result.violations_count == 0, result.generate_report()
        change(source, "points: 1", "points: none")
        expect(output).to_contain_text("What stands below is what was good last.", timeout=15_000)
        expect(output.get_by_role("status").first).to_contain_text("points: must be a number")
        expect(question).to_contain_text("Which head suits?")
        change(source, "points: none", "points: 1")
        expect(output).to_contain_text("4 questions, 0 errors", timeout=15_000)
        expect(question.locator(".ag-verdict")).to_contain_text("✗ not right")
        output.get_by_label("Question").select_option("3. Steps in order")
        output.get_by_label("Key and feedback").uncheck()
        expect(question).to_contain_text("Put them in an order that works")
        save(page)
        page.reload()
        wait_idle(page)
        expect(output.get_by_label("Key and feedback")).not_to_be_checked(timeout=15_000)
        expect(question).to_contain_text("Put them in an order that works")
        change(source, "These steps make up one update", "These are the steps of an update")
        expect(question).to_contain_text("These are the steps of an update", timeout=15_000)
        run_all(page)
        expect(output.get_by_label("Key and feedback")).not_to_be_checked()
        expect(question).to_contain_text("These are the steps of an update")
    page.close()
