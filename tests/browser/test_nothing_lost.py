"""Whatever happens to page, kernel and files: what is graded is what the screen last showed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from answering import (
    ROOT,
    deserved,
    expect_graded_as_shown,
    expect_saved,
    graded,
    hand_in,
    item,
    records,
    released,
    screen,
)
from playwright.sync_api import Locator, Page, Route, expect
from real_jupyter import jupyter_server, open_notebook, run_all, save, wait_idle

pytestmark = pytest.mark.browser

NAMES = ["triage-head", "load-report", "order-adaptation-steps", "prompting-efficiency"]
ELSEWHERE = "a newer answer, given in another window or by a line of code"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return released(tmp_path_factory.mktemp("course") / "course", "heads")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def base_url(root: Path) -> Iterator[str]:
    with jupyter_server(root) as url:
        yield url


@pytest.fixture
def learner(request: pytest.FixtureRequest) -> str:
    return re.sub(r"\W+", "-", request.node.name.removeprefix("test_"))


@pytest.fixture
def folder(root: Path, learner: str) -> Path:
    """The quiz as a learner received it, in a folder of this test's own."""
    return Path(shutil.copytree(ROOT / "quizzes" / "heads", root / learner))


def _open(page: Page, base_url: str, folder: Path, name: str = "heads.ipynb") -> None:
    open_notebook(page, base_url, f"{folder.name}/{name}")
    run_all(page)


def _choose(page: Page, option: str) -> Locator:
    one = item(page, "triage-head")
    one.locator(f'label:has(input[value="{option}"])').click()
    return one


def _answer(page: Page) -> None:
    """A question of each of four types."""
    expect_saved(_choose(page, "pooled-scores"))
    one = item(page, "load-report")
    one.locator("select").first.select_option(index=1)
    expect_saved(one)
    one = item(page, "order-adaptation-steps")
    one.get_by_role("button", name="Not needed: ").first.click()
    expect_saved(one)
    one = item(page, "prompting-efficiency")
    one.locator("textarea").click()
    page.keyboard.type("Prompting trains nothing, but every query pays for its examples.")
    page.keyboard.press("Tab")
    expect_saved(one)


def _until_stored(page: Page) -> None:
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    page.wait_for_timeout(1500)  # a save may still be due
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")


def _reload(page: Page) -> None:
    page.reload()
    page.locator(".jp-NotebookPanel .jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
    wait_idle(page)


def _restart(page: Page) -> None:
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    wait_idle(page)


def _kill_process_of_kernel(page: Page) -> None:
    kernel = page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.id"
    )
    found = [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if f"kernel-{kernel}.json" in path.read_bytes().decode(errors="replace")
    ]
    assert found
    for process in found:
        os.kill(process, signal.SIGKILL)


def _files(folder: Path, name: str = "heads.ipynb") -> list[Path]:
    return [folder / name, folder / "heads.answers.jsonl"]


def test_a_reload_and_every_way_of_handing_in(
    page: Page, base_url: str, folder: Path, course: Path, learner: str
) -> None:
    _open(page, base_url, folder)
    _answer(page)
    save(page)
    _reload(page)
    expect(item(page, "triage-head").locator('input[value="pooled-scores"]')).to_be_checked()
    expect_saved(_choose(page, "one-number"))
    shown = screen(page, NAMES)
    assert None not in shown.values()
    _until_stored(page)
    assert {name: one["response"] for name, one in records(folder / "heads.ipynb").items()} == shown

    notebook, journal = _files(folder)
    ways = {"folder": [notebook, journal], "lone": [notebook]}
    ways["journal"] = [ROOT / "quizzes" / "heads" / "heads.ipynb", journal]
    for way, files in ways.items():
        hand_in(course, "heads", f"{learner}-{way}", files)
    for command in ("autograder grade", "nbgrader autograde"):
        found = graded(course, "heads", command)
        for way in ways:
            assert found.responses[f"{learner}-{way}"] == shown
            assert found.points[f"{learner}-{way}"] == deserved("heads", learner, shown)


def test_a_restarted_kernel(
    page: Page, base_url: str, folder: Path, course: Path, learner: str
) -> None:
    _open(page, base_url, folder)
    _answer(page)
    before = screen(page, NAMES)
    _restart(page)
    run_all(page)
    assert screen(page, NAMES) == before
    expect_saved(_choose(page, "token-scores"))
    shown = screen(page, NAMES)
    save(page)
    expect_graded_as_shown(course, "heads", learner, _files(folder), shown)


def test_a_kernel_killed_in_the_middle(
    page: Page, base_url: str, folder: Path, course: Path, learner: str
) -> None:
    _open(page, base_url, folder)
    _answer(page)
    notice = page.locator(".jp-Dialog", has_text="Kernel Restarting")  # before the click or after
    page.add_locator_handler(notice, lambda: notice.locator(".jp-mod-accept").click())
    _kill_process_of_kernel(page)
    one = _choose(page, "one-number")
    failed = one.locator('[data-state="failed"]')
    expect(failed).to_contain_text("Not saved: the kernel does not answer. Restart", timeout=20_000)
    wait_idle(page)
    run_all(page)
    shown = screen(page, NAMES)
    assert shown["triage-head"] == {"choice": "pooled-scores"}  # the other was called not saved
    assert None not in shown.values()
    save(page)
    expect_graded_as_shown(course, "heads", learner, _files(folder), shown)


def test_two_windows_of_one_notebook(
    new_page: Callable[[], Page], base_url: str, folder: Path, course: Path, learner: str
) -> None:
    first, second = new_page(), new_page()
    _open(first, base_url, folder)
    expect_saved(_choose(first, "one-number"))
    _until_stored(first)
    open_notebook(second, base_url, f"{folder.name}/heads.ipynb")
    expect_saved(_choose(second, "pooled-scores"))
    expect(item(first, "triage-head").locator(".ag-note")).to_contain_text(ELSEWHERE)
    run_all(second)  # a new session in the same kernel
    expect_saved(_choose(first, "token-scores"))
    expect(item(second, "triage-head").locator(".ag-note")).to_contain_text(ELSEWHERE)
    first.wait_for_timeout(4000)
    shown = screen(first, NAMES)
    assert shown["triage-head"] == {"choice": "token-scores"}
    assert screen(second, NAMES) == shown
    for page in (first, second):
        expect(page.locator(".jp-Dialog")).to_have_count(0)
    expect_graded_as_shown(course, "heads", learner, [folder / "heads.ipynb"], shown)


def _refuse_saving(route: Route) -> None:
    if route.request.method == "PUT":
        route.abort()
    else:
        route.continue_()


def test_a_window_closed_without_saving(
    page: Page, base_url: str, folder: Path, course: Path, learner: str
) -> None:
    _open(page, base_url, folder)
    _answer(page)
    shown = screen(page, NAMES)
    _until_stored(page)  # or JupyterLab's dialog of a save that is due stands before the question
    page.route("**/api/contents/**", _refuse_saving)  # however slow this machine is
    expect_saved(_choose(page, "one-number"))
    shown |= screen(page, ["triage-head"])
    page.close()
    assert None not in shown.values()
    kept = records(folder / "heads.ipynb")
    assert kept.get("triage-head", {}).get("response") != shown["triage-head"]
    expect_graded_as_shown(course, "heads", learner, _files(folder), shown)


def test_a_renamed_and_a_duplicated_notebook(
    new_page: Callable[[], Page], base_url: str, folder: Path, course: Path, learner: str
) -> None:
    first, second = new_page(), new_page()
    _open(first, base_url, folder)
    _answer(first)
    first.evaluate(
        "() => window.jupyterapp.shell.currentWidget.context.rename('heads - my copy.ipynb')"
    )
    expect_saved(_choose(first, "one-number"))
    _until_stored(first)
    assert records(folder / "heads - my copy.ipynb")["triage-head"]["response"] == {
        "choice": "one-number"
    }
    shutil.copy(folder / "heads - my copy.ipynb", folder / "second.ipynb")
    _open(second, base_url, folder, "second.ipynb")  # with a kernel of its own
    expect_saved(_choose(second, "token-scores"))
    expect(item(first, "triage-head").locator(".ag-note")).to_contain_text(ELSEWHERE)
    shown = screen(first, NAMES)
    assert screen(second, NAMES) == shown
    _until_stored(first)
    (folder / "second.ipynb").unlink()
    files = [folder / "heads - my copy.ipynb"]
    expect_graded_as_shown(course, "heads", learner, files, shown)


def test_a_notebook_moved_away_from_its_questions(
    page: Page, base_url: str, folder: Path, course: Path, learner: str
) -> None:
    _open(page, base_url, folder)
    _answer(page)
    shown = screen(page, NAMES)
    _until_stored(page)
    away = folder.parent / f"{learner}-away"
    away.mkdir()
    shutil.move(folder / "heads.ipynb", away)
    open_notebook(page, base_url, f"{away.name}/heads.ipynb")
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
    error = page.locator(".jp-RenderedText[data-mime-type*=error], .jp-OutputArea-output").first
    expect(error).to_contain_text("questions.json", timeout=20_000)
    expect_graded_as_shown(course, "heads", learner, [away / "heads.ipynb"], shown)


def test_cleared_outputs(
    page: Page, base_url: str, folder: Path, course: Path, learner: str
) -> None:
    _open(page, base_url, folder)
    _answer(page)
    shown = screen(page, NAMES)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    save(page)
    _reload(page)
    expect(page.locator("[data-item]")).to_have_count(0)
    hand_in(course, "heads", f"{learner}-unopened", [folder / "heads.ipynb"])
    run_all(page)
    assert screen(page, NAMES) == shown
    save(page)
    expect_graded_as_shown(course, "heads", learner, [folder / "heads.ipynb"], shown)
    found = graded(course, "heads")
    assert found.points[f"{learner}-unopened"] == found.points[learner]


CLOCK = """import datetime, autograder.session as session
class Tomorrow(datetime.datetime):
    @classmethod
    def now(cls, zone=None):
        return datetime.datetime.now(zone) + datetime.timedelta(days=1)
session.datetime = Tomorrow"""


def test_a_clock_set_back(
    page: Page, base_url: str, folder: Path, course: Path, learner: str
) -> None:
    open_notebook(page, base_url, f"{folder.name}/heads.ipynb")
    _in_kernel(page, CLOCK)
    run_all(page)
    _answer(page)
    _until_stored(page)
    tomorrow = records(folder / "heads.ipynb")["triage-head"]["time"]
    _restart(page)  # the clock is right again
    run_all(page)
    expect_saved(_choose(page, "one-number"))
    shown = screen(page, NAMES)
    _until_stored(page)
    assert records(folder / "heads.ipynb")["triage-head"]["time"] < tomorrow
    expect_graded_as_shown(course, "heads", learner, _files(folder), shown)
    hand_in(course, "heads", f"{learner}-lone", [folder / "heads.ipynb"])
    assert graded(course, "heads").points[f"{learner}-lone"] == deserved("heads", learner, shown)


def _failed(page: Page, name: str, words: str) -> None:
    failed = item(page, name).locator('[data-state="failed"]')
    expect(failed).to_contain_text(words, timeout=10_000)


def test_a_read_only_folder(page: Page, course: Path, learner: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "quizzes" / "heads", tmp_path / "lab" / "heads"))
    elsewhere = tmp_path / "lab" / "mine"
    elsewhere.mkdir()
    inside = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", str(folder), str(folder)]
    with jupyter_server(tmp_path / "lab", inside=inside) as base_url:
        _open(page, base_url, folder)
        _choose(page, "one-number")
        _failed(page, "triage-head", "heads.answers.jsonl cannot be written (Read-only file system")
        _failed(page, "triage-head", "File, Save Notebook As")
        shown: dict[str, Any] = screen(page, ["triage-head"])
        page.evaluate("() => { window.jupyterapp.commands.execute('docmanager:save-as') }")
        page.locator(".jp-Dialog input").fill("mine/heads.ipynb")
        page.locator(".jp-Dialog").get_by_role("button", name="Save").click()
        expect(page.locator(".jp-Dialog")).to_have_count(0)
        page.wait_for_timeout(1500)
    assert not (folder / "heads.answers.jsonl").exists()
    expect_graded_as_shown(course, "heads", learner, [elsewhere / "heads.ipynb"], shown)


def test_a_full_disk(page: Page, course: Path, learner: str, tmp_path: Path) -> None:
    folder = tmp_path / "lab" / "heads"
    folder.mkdir(parents=True)
    given = ROOT / "quizzes" / "heads"
    small = ["--size", "600000", "--tmpfs", str(folder)]
    start = f'cp {given}/* {folder}; exec "$@"'
    inside = ["bwrap", "--dev-bind", "/", "/", *small, "sh", "-c", start, "sh"]
    with jupyter_server(tmp_path / "lab", inside=inside) as base_url:
        _open(page, base_url, folder)
        _in_kernel(page, "try: open('filler', 'wb', 0).write(b'x' * 10**7)\nexcept OSError: pass")
        _choose(page, "one-number")
        _failed(page, "triage-head", "heads.answers.jsonl cannot be written (No space left")
        page.locator(".jp-Dialog").get_by_role("button", name="Close").click()  # JupyterLab's own
        _in_kernel(page, "import os; os.remove('filler')")
        one = _choose(page, "token-scores")
        expect_saved(one)
        shown: dict[str, Any] = screen(page, ["triage-head"])
        save(page)
        got = tmp_path / "downloaded"
        got.mkdir()
        for name in ("heads.ipynb", "heads.answers.jsonl"):
            urllib.request.urlretrieve(f"{base_url}/files/heads/{name}", got / name)
    expect_graded_as_shown(course, "heads", learner, _files(got), shown)


def _in_kernel(page: Page, code: str) -> None:
    page.evaluate(
        """(code) => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel
          .requestExecute({code}).done""",
        code,
    )
