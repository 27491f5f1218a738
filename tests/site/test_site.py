"""The course as a static site: opened as files, by keyboard, light and dark, with no dead link."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import site_links
from axe_playwright_python.sync_playwright import Axe
from build_site import build
from playwright.sync_api import Browser, Page, expect
from site_pages import chapter, load_course, practice

from autograder.errors import AutograderError
from autograder.practice import find_quiz, in_page

ROOT = Path(__file__).parents[2]
CHAPTER = "notebooks/03_the_task_decides_the_head.html"
PAGES = ("index.html", "notebooks/04_fine_tuning_step_by_step.html", "practice/tour.html")
#: Code of later sections has the same colours as that of the first, and axe needs 20 s for it.
SPARED = {"exclude": [["section ~ section .cell_input"]]}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore:.*is deprecated. Check CHANGES for Sphinx API"),
]

Opened = Callable[[str], Page]


@pytest.fixture
def opened(browser: Browser, site: Path) -> Iterator[Opened]:
    """Opens a page of the site as a file; nothing may fail or be fetched elsewhere."""
    page = browser.new_page(viewport={"width": 400, "height": 900}, reduced_motion="reduce")
    page.set_default_timeout(5_000)
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "request", lambda one: one.url.startswith(("file:", "data:")) or troubles.append(one.url)
    )

    def go(path: str) -> Page:
        page.goto(f"{site.as_uri()}/{path}")
        return page

    yield go
    page.close()
    assert not troubles


def test_pages_are_accessible_in_both_schemes_and_fit_a_narrow_screen(opened: Opened) -> None:
    for path in PAGES:
        page = opened(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        for scheme, rules in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page, context=SPARED, options=rules)
            assert found.violations_count == 0, found.generate_report()


def test_a_question_is_practised_by_keyboard(opened: Opened) -> None:
    page = opened("practice/tour.html")
    one = page.locator('[data-item="which-head"]')
    quiz = find_quiz("tour", ROOT / "source")
    options = {option.id: option for option in quiz.items[0].options}
    shown = [one.id for one in quiz.items[0].public().options]
    right = next(n for n, name in enumerate(shown) if options[name].correct)
    wrong = 0 if right else 1

    one.locator("input").nth(wrong).focus()
    page.keyboard.press("Space")
    one.get_by_role("button", name="Check").focus()
    page.keyboard.press("Enter")
    expect(one.locator(".ag-pill")).to_have_text("✗Not right: 0 of 1 points")
    expect(one.locator(".ag-verdict")).to_contain_text("✗ not right")
    expect(one.locator(".ag-verdict")).not_to_contain_text("Best answer")
    one.get_by_role("button", name="Hint").focus()
    page.keyboard.press("Enter")
    expect(one.locator(".ag-hints li")).to_have_count(1)

    one.locator("input").nth(wrong).focus()
    for _ in range(abs(right - wrong)):
        page.keyboard.press("ArrowDown" if right > wrong else "ArrowUp")
    one.get_by_role("button", name="Check").focus()
    page.keyboard.press("Enter")
    expect(one.locator(".ag-pill")).to_have_text("✓Right: 1 of 1 points")
    one.get_by_role("button", name="Start again").focus()
    page.keyboard.press("Enter")
    expect(one.locator(".ag-pill")).to_have_text("○Not answered")


def test_every_type_but_code_is_judged_in_the_page(opened: Opened) -> None:
    page = opened("practice/tour.html")
    types = page.locator("[data-item]").evaluate_all("all => all.map((one) => one.dataset.type)")
    tour = find_quiz("tour", ROOT / "source").items
    assert types == [item.type for item in tour if item.type != "code"]

    for view in page.locator("[data-item]").all():
        view.get_by_role("button", name="Show the answer").click()
        expect(view.locator(".ag-verdict")).not_to_be_empty()

    code = page.locator(".practice:has(pre)")
    expect(code).to_contain_text("Code runs in JupyterLab: open_practice(")
    expect(code).to_contain_text("def mean_pool")


def test_numbers_words_and_case_studies(opened: Opened) -> None:
    page = opened("practice/tour.html")
    number = page.locator('[data-item="head-size"]')
    before = number.locator(".ag-stem").inner_text()
    number.locator("input").fill("1,5")
    number.locator("input").blur()
    expect(number.locator(".ag-pill")).to_contain_text("'1,5' is not a number")
    number.locator("input").fill("-7")
    number.get_by_role("button", name="Check").click()
    expect(number.locator(".ag-pill")).to_contain_text("Not right: 0 of")
    number.get_by_role("button", name="New numbers").click()
    expect(number.locator(".ag-stem")).not_to_have_text(before)
    expect(number.locator("input")).to_have_value("")

    case = page.locator('[data-item="own-task"]')
    case.get_by_role("button", name="Check").click()
    expect(case.locator(".ag-verdict")).to_be_hidden()  # one's own text comes first
    case.locator("textarea").fill("One number comes out, so one output and no squashing.")
    case.get_by_role("button", name="Check").click()
    expect(case.locator(".ag-verdict")).to_contain_text("Model answer")
    for criterion in case.locator(".ag-verdict fieldset").all():
        criterion.locator("label").last.click()
    expect(case.locator(".ag-total")).to_contain_text("By your own judgement:")


def test_a_chapter_shows_what_was_executed_and_its_question_works(opened: Opened) -> None:
    page = opened(CHAPTER)
    expect(page.locator(".cell_output img").first).to_be_visible()
    assert page.locator("math").count() > 10
    expect(page.locator("script[src^=http]")).to_have_count(0)
    expect(page.locator(".in-jupyterlab").first).to_contain_text("In JupyterLab this cell shows")
    one = page.locator("[data-item]")
    expect(one).to_have_count(1)
    one.locator("label").first.click()
    one.get_by_role("button", name="Show the answer").click()
    expect(one.locator(".ag-verdict")).to_contain_text("right:")
    expect(one.locator(".ag-verdict")).to_contain_text("The output is a quantity on a scale")


def test_search_finds_a_word_of_a_question_without_a_server(opened: Opened) -> None:
    page = opened("search.html?q=museum")
    results = page.locator("#search-results li")
    expect(results.filter(has_text="Practice: A tour of the question types")).to_have_count(1)
    results.get_by_role("link").first.click()
    expect(page.locator("h1")).not_to_have_text("Search")


def test_keys_open_the_pages_of_the_course_on_a_narrow_screen(opened: Opened) -> None:
    page = opened(CHAPTER)
    button = page.get_by_role("button", name="Pages of the course")
    link = page.locator(".sidebar-drawer").get_by_role("link", name="Misconceptions")
    expect(link).to_be_hidden()
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(link).to_be_visible()


def test_dead_links_and_outside_resources_are_named(site: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(site, tmp_path / "site"))
    assert site_links.check(copy).problems == ()
    extra = """
    <a href="nowhere.html">a</a> <a href="tour.html#nowhere">b</a> <a href="../../outside">c</a>
    <a href="tour.html#one-best-answer">d</a> <a href="https://example.org/x">e</a>
    <script src="https://example.org/x.js"></script>
    """
    (copy / "practice" / "extra.html").write_text(extra)
    (copy / "practice" / "extra.css").write_text(
        "@import '//example.org/x.css'; a { b: url(c.png) }"
    )
    found = site_links.check(copy)
    assert [problem.partition(": ")[2] for problem in found.problems] == [
        "nowhere.html: there is no such file",
        "tour.html#nowhere: there is no such place in the page",
        "../../outside: there is no such file",
        "https://example.org/x.js is fetched from elsewhere",
        "//example.org/x.css is fetched from elsewhere",
        "c.png: there is no such file",
    ]
    assert "https://example.org/x" in found.external


def test_a_quiz_that_is_left_out_gives_no_key_away(site: Path) -> None:
    (name,) = [path for path in (ROOT / "notebooks").glob("03_*.ipynb")]
    course = load_course(ROOT, without=["heads"], chapters=name.stem, quizzes="[ht][eo]*")
    assert list(course.quizzes) == ["tour"]
    page = str(chapter(course.chapters[name.name], course))
    assert "data-practice" not in page and "heads.ipynb)" not in page
    assert "claims" in page, "the question's text stays, as the executed chapter has it"
    with pytest.raises(AutograderError, match=r"no quiz 'haeds' to leave out; there are: heads"):
        load_course(ROOT, without=["haeds"], quizzes="heads")


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    tour = find_quiz("tour", ROOT / "source")
    with pytest.raises(ValueError, match=r"mean-pooling: a page cannot judge .*'code'"):
        in_page.script(tour, "mean-pooling")
    with pytest.raises(AutograderError, match="there is no chapter"):
        load_course(tmp_path)
    (tmp_path / "letters.txt").write_text("keep me")
    course = load_course(ROOT, chapters="04_*", quizzes="tour")
    with pytest.raises(AutograderError, match="holds something else than a site"):
        build(course, tmp_path)
    assert (tmp_path / "letters.txt").read_text() == "keep me"
    assert "# Practice: A tour" in practice(tour, course)
