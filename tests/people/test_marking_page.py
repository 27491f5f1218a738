"""The marking page, served by the command, in a browser: by keyboard, into the gradebook."""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from autograder.marking import read_marks


@contextmanager
def served(course: Path, *options: str) -> Iterator[str]:
    """The address at which ``autograder mark`` serves its page."""
    command = [sys.executable, "-m", "autograder", "mark", "small", "--no-browser", *options]
    server = subprocess.Popen(
        command,
        cwd=course,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # What a shell starts in the background ignores Ctrl+C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert server.stdout is not None
        said = ""
        for line in server.stdout:
            said += line
            if line.startswith("http://127.0.0.1:"):
                break
        else:
            pytest.fail(said)
        yield line.strip()
        server.send_signal(signal.SIGINT)
        assert "Every mark" in server.communicate(timeout=10)[0]
        assert server.returncode == 0
    finally:
        server.kill()
        server.wait()


@pytest.mark.browser
def test_marking_by_keyboard_ends_in_the_gradebook(
    browser: Browser, course: Path, rows: Callable[[], dict[str, tuple]]
) -> None:
    with served(course, "--grader", "ann") as address:
        wrong = re.sub(r"/[^/]+/$", "/guess/", address)
        for elsewhere in (wrong, f"{address}../", f"{address}..%2fdesk.py", f"{address}quiz.yaml"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(elsewhere)
        for body in (b"no JSON", b"[]", b'{"answer": "x", "levels": {"choice": true}, "seen": {}}'):
            with pytest.raises(urllib.error.HTTPError, match="400"):
                urllib.request.urlopen(f"{address}marks", body)
        page = browser.new_page(viewport={"width": 1300, "height": 900}, color_scheme="dark")
        page.set_default_timeout(5_000)
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: said.type == "error" and troubles.append(said.text))
        page.goto(address)
        expect(page.get_by_text("0 of 11 marked")).to_be_visible()
        assert "learner-" not in page.content()
        expect(page.locator("#text b")).to_have_count(0)  # what learners write is text
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            assert Axe().run(page).violations_count == 0, scheme

        page.keyboard.press("2")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("status")).to_contain_text("choose a level for each criterion")
        page.keyboard.press("2")
        page.keyboard.type("Which parts does it train?")
        expect(page.get_by_role("button", name="Save 2.5 points and go on")).to_be_visible()
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("status")).to_contain_text("Saved: 2.5 points")
        (score, said, waits) = next(row for row in rows().values() if row[0] is not None)
        assert (score, waits) == (2.5, 0)
        assert said == (
            "The choice: 1 of 2 points. A strategy that fits.\n"
            "The reasons: 1.5 of 3 points. A reason from the case.\n\n"
            "Which parts does it train?"
        )
        expect(page.get_by_text("1 of 11 marked")).to_be_visible()
        page.keyboard.press("3")  # the focus is in the first criterion of the next answer
        page.keyboard.press("3")
        page.get_by_text("Comments used before").click()
        page.get_by_role("button", name="Which parts does it train?").click()
        page.keyboard.press("Control+Enter")
        expect(page.get_by_text("2 of 11 marked")).to_be_visible()
        assert sorted(row[0] for row in rows().values() if row[0] is not None) == [2.5, 5]

        with sqlite3.connect(course / "gradebook.db") as database:  # formgrader, at the same time
            database.execute("UPDATE grade SET manual_score = 4.5 WHERE needs_manual_grade = 1")
        for _ in range(2):
            page.keyboard.press("1")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("status")).to_contain_text("meanwhile the gradebook got 4.5 points")
        assert sorted(row[0] for row in rows().values() if row[0] is not None) == [2.5] + [
            4.5
        ] * 9 + [5]

        page.once("dialog", lambda dialog: dialog.accept())  # a choice is not saved
        page.reload()
        expect(page.get_by_role("button", name="Replace 4.5 by 0 points and go on")).to_be_visible()
        page.get_by_label("Go to").select_option(index=0)
        expect(page.locator("#standing")).to_contain_text("Marked by ann")
        expect(page.locator("input:checked")).to_have_count(2)
        assert troubles in ([], [troubles[0]]) and all("409" in one for one in troubles)
        page.close()
    marks = read_marks(course / "marks" / "small.jsonl")
    assert [mark.points for mark in marks] == [2.5, 5]
