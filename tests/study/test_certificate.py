"""The certificate: what it states, what it does not claim, and that tampering shows."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from studying import course, tried
from typer.testing import CliRunner

from autograder.cli import app
from autograder.errors import AutograderError
from autograder.study.certificate import practised, read_certificate
from autograder.study.record import Record
from autograder.study.transfer import export_record


def run(*words: str) -> str:
    result = CliRunner().invoke(app, ["record", *words])
    if isinstance(result.exception, AutograderError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def source(tmp_path: Path) -> str:
    return str(course(tmp_path))


@pytest.fixture
def page(record: Record, tmp_path: Path, source: str) -> Path:
    record.add([tried(fraction=0.0), tried(after=3), tried("other", after=3, fraction=0.5)])
    report = tmp_path / "report.html"
    report.write_text("My triage.")
    run("capstone", str(report), "--title", "A <triage>", "--source", source)
    page = tmp_path / "certificate.html"
    run("certificate", str(page), "--source", source)
    return page


def test_it_states_what_was_done(page: Path) -> None:
    found = read_certificate(page)
    (quiz,) = found.quizzes
    assert quiz.practised is not None
    assert (quiz.questions, quiz.practised.tried, quiz.practised.tries) == (5, 2, 3)
    assert quiz.practised.first_score == 0.25  # 0 and 0.5
    assert quiz.practised.latest_score == 0.75  # 1 and 0.5
    assert (found.days, f"{quiz.practised.last_day}") == (2, "2026-03-04")
    digest = hashlib.sha256(b"My triage.").hexdigest()
    assert [one.digest for one in found.capstones] == [digest]
    text = page.read_text()
    assert "2 of 5" in text and "25 %" in text and "A &lt;triage&gt;" in text
    assert "and not by whom" in text and "which its owner can edit" in text


def test_its_digest_is_that_of_the_exported_file(
    page: Path, record: Record, tmp_path: Path
) -> None:
    export_record(record, tmp_path / "record.jsonl")
    digest = hashlib.sha256((tmp_path / "record.jsonl").read_bytes()).hexdigest()
    assert read_certificate(page).digest == digest


def test_it_agrees_with_the_record_and_goes_on_to(
    page: Path, record: Record, tmp_path: Path
) -> None:
    assert "agrees with the record" in run("verify", str(page))
    record.add([tried(after=9), tried(after=0, course="elsewhere")])
    assert "agrees with the record" in run("verify", str(page))
    file = tmp_path / "record.jsonl"
    export_record(record, file)
    record.delete()
    assert "agrees with the record" in run("verify", str(page), "--against", str(file))
    with pytest.raises(AutograderError, match="small: the record says something else of it"):
        run("verify", str(page))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"questions": 5', '"questions": 2'),
        ('"first_score": 0.25', '"first_score": 1.0'),
        ("<td>25 %</td>", "<td>95 %</td>"),
        ("2 of 5", "5 of 5"),
        ("and not by whom", "by Ada Lovelace"),
        ('"version": 1', '"version": 2'),
        ('"course": "course"', '"course": "law"'),
    ],
)
def test_a_certificate_that_was_changed_is_refused(page: Path, old: str, new: str) -> None:
    text = page.read_text()
    assert old in text
    page.write_text(text.replace(old, new))
    with pytest.raises(AutograderError, match=r"changed after it was issued|not a certificate"):
        run("verify", str(page))


def test_a_record_that_was_changed_does_not_bear_it_out(page: Path, record: Record) -> None:
    tries, capstones = record.tries(), record.capstones()
    record.delete()
    record.add([tries[0].model_copy(update={"seconds": 1.0}), *tries[1:]], capstones)
    with pytest.raises(AutograderError, match="is another than it was"):
        run("verify", str(page))


def test_a_capstone_that_is_not_marked_is_told(page: Path, record: Record) -> None:
    tries = record.tries()
    record.delete()
    record.add(tries)
    with pytest.raises(AutograderError, match="capstone “A <triage>”: not in the record"):
        run("verify", str(page))


def test_with_nothing_practised_there_is_none(record: Record, tmp_path: Path, source: str) -> None:
    with pytest.raises(AutograderError, match="holds nothing of the course 'course' yet"):
        run("certificate", str(tmp_path / "page.html"), "--source", source)
    assert not (tmp_path / "page.html").exists()


def test_what_is_no_certificate_is_told(tmp_path: Path, source: str) -> None:
    file = tmp_path / "page.html"
    for content in (b"", b"\xff", b"<html></html>"):
        file.write_bytes(content)
        with pytest.raises(AutograderError, match="not a certificate"):
            run("verify", str(file))
    with pytest.raises(AutograderError, match="cannot be read"):
        run("verify", str(tmp_path / "none.html"))
    with pytest.raises(AutograderError, match="one line of 1 to 200 characters"):
        run("capstone", str(file), "--title", "", "--source", source)


def test_free_text_alone_has_no_score() -> None:
    (one,) = practised([tried(fraction=None)]).values()
    assert (one.tried, one.first_score) == (1, None)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(page: Path, browser: Browser, scheme: str) -> None:
    tab = browser.new_page(viewport={"width": 400, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    tab.goto(page.as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= 400
    result = Axe().run(tab)
    assert result.violations_count == 0, result.generate_report()
    tab.close()
