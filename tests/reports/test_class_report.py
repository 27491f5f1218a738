"""``autograder report`` on classes in nbgrader's gradebook, answering as planned."""

from __future__ import annotations

import contextlib
import csv
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import classes
import pytest
import reporting
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from reporting import autograder

from autograder.cli import main
from autograder.reports.analysis import QuizReport, analyse
from autograder.reports.responses import read_class, seconds_taken
from autograder.responses import Record

Page = tuple[Path, str]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with the tiny quiz, and nothing handed in."""
    return reporting.make_course(tmp_path_factory.mktemp("reports") / "course")


@pytest.fixture(scope="module")
def planted(released: Path) -> Iterator[Path]:
    """Thirty learners. Question 3 has a wrong key; question 2 has a popular misconception.

    One handed in without an answer, one is not graded, one handed in nothing, and a person graded
    one case study, with more than there is.
    """

    def answering(item: Any, ability: float, draw: Any) -> Any:
        if item.id == "choice-2" and draw.random() < 0.7:
            return {"choice": "c"}
        if item.id == "choice-5" and ability > 1.8:
            return None
        if item.id == "fill":
            return {"blanks": {"loss": "ce", "head": "mystery" if ability < -1 else "softmax"}}
        return reporting.able(item, ability, draw)

    course = Path(shutil.copytree(released, released.parent / "planted"))
    reporting.change_key(course, "choice-3", "c")
    reporting.hand_in(course, 30, answering)
    (course / "submitted" / "blank" / "tiny").mkdir(parents=True)
    with contextlib.chdir(course):
        autograder("grade", "tiny")
        with sqlite3.connect("gradebook.db") as database:
            database.execute("INSERT INTO student (id) VALUES ('silent')")
            database.execute(
                "UPDATE grade SET manual_score = 5, needs_manual_grade = 0 WHERE rowid = "
                "(SELECT min(g.rowid) FROM grade g JOIN base_cell c ON c.id = g.cell_id "
                "WHERE c.name = 'case' AND g.auto_score IS NULL)"
            )
        (course / "submitted" / "ungraded" / "tiny").mkdir(parents=True)
        yield course


@pytest.fixture(scope="module")
def report(planted: Path) -> QuizReport:
    return analyse(read_class("tiny"))


@pytest.fixture(scope="module")
def page(planted: Path) -> Page:
    said = autograder("report", "tiny")
    assert "The key looks wrong: choice-3" in said
    path = planted / "report-tiny.html"
    return path, path.read_text()


def item(report: QuizReport, name: str) -> Any:
    return next(one for one in report.items if one.item.id == name)


def test_who_is_counted_and_who_is_scored(report: QuizReport) -> None:
    read = report.read
    assert (report.learners, read.blank, read.ungraded, read.silent) == (30, 1, 1, 1)
    assert report.totals.items == tuple(
        one.item.id for one in report.items if one.item.id != "case"
    ), "one graded case study of thirty is no base for a total"
    assert len(report.totals.percent) == 30 == sum(report.totals.bins)


def test_figures_are_those_of_the_gradebook(planted: Path, report: QuizReport) -> None:
    for one in report.items[:-1]:
        stored = [row[2] for row in classes.rows(planted, classes.GRADES) if row[1] == one.item.id]
        scored = sum(stored) / (30 * one.item.points)  # the blank submission adds nothing
        assert one.facility.value == pytest.approx(scored)
    case = item(report, "case")
    assert case.states == {"waiting": 29, "graded": 1}
    assert case.facility.value is None and "waits" in case.facility.why
    scored = [one["case"] for one in report.read.answers.values() if one["case"].points]
    assert [one.fraction for one in scored] == [1.0], "five of four points are all of them"
    assert item(report, "choice-5").states["unanswered"] == 1


def test_a_wrong_key_raises_the_alarm_and_nothing_else_does(report: QuizReport) -> None:
    alarmed = {one.item.id: one.suspicions for one in report.items if one.suspicions}
    assert set(alarmed) == {"choice-3"}
    preferred = [one.choice.id for one in alarmed["choice-3"] if one.choice]
    assert preferred == ["a"]
    looks = " ".join(item(report, "choice-3").looks)
    assert "negative discrimination" in looks
    assert re.search(r"of the upper third, \d+ chose “Right of 3” and 0 the key", looks)


def test_a_planted_misconception_ranks_first(report: QuizReport) -> None:
    first = report.misconceptions[0]
    assert first.name == "thinks-c-2"
    assert first.exposed == 30
    rows = {row.text: row for row in item(report, "choice-2").choices}
    assert first.learners == rows["Wrong c of 2"].all >= 15
    assert (first.items, first.sections) == (("choice-2",), ("9.9",)), "as the catalogue has them"
    assert not first.doubtful
    assert any(one.doubtful for one in report.misconceptions if "choice-3" in one.items)
    worst = [one.name for one in report.concepts if one.facility.value is not None]
    assert set(worst[:2]) == {"concept-2", "concept-3"}
    assert report.concepts[0].sections == (f"{report.concepts[0].name[-1]}.1",)


def test_choices_are_counted_in_all_and_by_thirds(planted: Path, report: QuizReport) -> None:
    for one in report.items[:8]:
        answered = 30 - one.states.get("unanswered", 0)
        assert sum(row.all for row in one.choices) == answered
        assert sum(row.lower for row in one.choices) <= one.lower
        assert [row.right for row in one.choices].count(True) == 1
    good = next(row for row in item(report, "choice-6").choices if row.right)
    assert good.upper > good.lower
    typed = [row for row in item(report, "fill").choices if row.typed]
    assert [(row.text, row.place) for row in typed] == [("mystery", "Blank 2")]
    assert len(item(report, "match").choices) == 3 * 4
    misplaced = [row for row in item(report, "order").choices if row.text.endswith("(misplaced)")]
    assert sum(row.all for row in misplaced) > 0
    ticked = {row.text: row.all for row in item(report, "several").choices}
    assert ticked["2"] == 30 and set(ticked) == {"2", "3", "4", "9"}


def test_what_one_learner_typed_is_not_shown(report: QuizReport) -> None:
    rows = [row for row in item(report, "fill").choices if row.text == "another answer"]
    assert all(row.typed for row in rows)
    texts = [row.text for one in report.items for row in one.choices if row.typed]
    assert "softmax" not in texts


def test_time_is_from_the_answer_before(report: QuizReport) -> None:
    first, second = report.items[0], report.items[1]
    assert (first.seconds.value, first.timed) == (None, 0)
    assert (second.seconds.value, second.timed) == (60, 30)
    assert item(report, "choice-6").seconds.high == 60, "an answer left out is no record"


def test_times_follow_revisions_and_leave_pauses_out() -> None:
    def record(name: str, revision: int, time: str) -> Record:
        return Record(item=name, response={}, revision=revision, time=time)

    taken = seconds_taken(
        [
            record("last", 9, "2026-11-24T10:01:00+00:00"),
            record("first", 1, "2026-11-24T08:00:00+00:00"),
            record("second", 2, "2026-11-24T08:00:30"),
            record("back", 3, "2026-11-24T07:59:00+00:00"),
            record("unreadable", 4, "noon"),
            record("pause", 5, "2026-11-24T10:00:00+00:00"),
        ]
    )
    assert taken == {"second": 30, "last": 60}


def test_variants_are_compared_where_enough_learners_had_them(report: QuizReport) -> None:
    variants = item(report, "amount").variants
    assert variants is not None and variants.total == 3
    assert {row.tells for row in variants.rows} <= {"2", "3", "4"}
    assert len(variants.rows) > 1 and variants.p is not None and variants.p > 0.05
    assert sum(row.learners for row in variants.rows) <= 30


def test_the_page_has_all_sections_in_the_order_of_need_and_no_name(page: Page) -> None:
    text = page[1]
    heads = re.findall(r"<h2 id=\"(\w+)\">", text)
    assert heads == ["check", "teach", "scores", "questions", "method"]
    assert "learner-0" not in text and "silent" not in text and "ungraded</" not in text
    assert "Two is <em>odd</em>" in text and "Halve it." in text
    assert "nan" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL).lower().split()
    assert not re.search(r"(src|href)=[\"'](?!#)", text), "it needs something from elsewhere"


def test_names_are_on_the_page_when_asked_for(planted: Path) -> None:
    autograder("report", "tiny", "--names", "--output", "named.html")
    text = Path("named.html").read_text()
    assert '<th scope="row">learner-07</th>' in text
    with Path("named-scores.csv").open() as lines:
        assert "learner-07" in {row["learner"] for row in csv.DictReader(lines)}


def test_the_tables_hold_every_item_and_every_answer(planted: Path, page: Page) -> None:
    with (planted / "report-tiny-items.csv").open() as lines:
        items = list(csv.DictReader(lines))
    with (planted / "report-tiny-scores.csv").open() as lines:
        scores = list(csv.DictReader(lines))
    assert [row["item"] for row in items] == [one["id"] for one in reporting.quiz_data()["items"]]
    assert [row["item"] for row in items if row["key_alarm_p"]] == ["choice-3"]
    assert len(scores) == 30 * 14
    assert {row["learner"] for row in scores} == {str(number) for number in range(1, 31)}
    assert items[-1]["item"] == "case" and items[-1]["facility"] == ""
    for row in items[:-1]:
        mine = [
            float(one["points"]) for one in scores if one["item"] == row["item"] and one["points"]
        ]
        mean = sum(min(one / float(row["points"]), 1) for one in mine) / len(mine)
        assert float(row["facility"]) == pytest.approx(mean, abs=1e-5)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 400)])
def test_the_page_is_accessible(page: Page, browser: Browser, scheme: Any, width: int) -> None:
    tab = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    try:
        tab.goto(page[0].as_uri())
        assert Axe().run(tab).violations_count == 0
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.get_by_role("img", name=re.compile("Learners by score: .*per cent")).count() == 1
        tab.get_by_role("link", name="3. Choice 3").first.focus()
        tab.keyboard.press("Enter")
        tab.wait_for_url("**#choice-3")
    finally:
        tab.close()


def test_a_clean_class_raises_no_alarm(
    released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = Path(shutil.copytree(released, tmp_path / "clean"))
    reporting.hand_in(course, 30, reporting.able, seed=7)
    monkeypatch.chdir(course)
    autograder("grade", "tiny")
    said = autograder("report", "tiny")
    assert "looks wrong" not in said
    assert "No key looks wrong" in Path("report-tiny.html").read_text()
    discriminations = [one.discrimination.value for one in analyse(read_class("tiny")).items[:-1]]
    assert min(filter(None, discriminations)) > 0


def test_none_one_and_two_learners_get_a_useful_page(
    released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = Path(shutil.copytree(released, tmp_path / "few"))
    monkeypatch.chdir(course)
    quiz = classes.quiz_of(course, "tiny")
    autograder("report", "tiny")
    text = Path("report-tiny.html").read_text()
    assert "Nobody is scored yet" in text and "Choice 8" in text
    for number, said in ((1, "With 1 learner,"), (2, "With 2 learners,")):
        reporting.hand_in_one(course, quiz, f"learner-{number}", reporting.able, ability=number)
        autograder("grade", "tiny")
        autograder("report", "tiny")
        text = Path("report-tiny.html").read_text()
        assert said in text and "needs 4 learners" in text
        assert not re.search(r"\b(nan|inf|None)\b", text)
    with Path("report-tiny-items.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert all(row["facility"] and not row["discrimination"] for row in rows[:-1])


def test_scores_stay_where_the_answers_are_lost(
    planted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = Path(shutil.copytree(planted, tmp_path / "lost"))
    monkeypatch.chdir(course)
    shutil.rmtree("autograded/learner-05")
    assert analyse(read_class("tiny")).items[0].states["graded"] == 30, "read from submitted/"
    shutil.rmtree("submitted/learner-05")
    Path("autograded/learner-06/tiny/tiny.ipynb").unlink()
    Path("autograded/learner-06/tiny/tiny.ipynb").write_text('{"cells": [')
    found = analyse(read_class("tiny"))
    assert found.items[0].states == {"graded": 29, "lost": 1}
    assert found.learners == 30
    autograder("report", "tiny")
    assert "Of 13 answers only the score is left" in Path("report-tiny.html").read_text()


def test_what_cannot_be_reported_is_named(
    released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    course = Path(shutil.copytree(released, tmp_path / "bad"))
    monkeypatch.chdir(course)
    cases = [
        (["tiny", "--output", "nowhere/page.html"], "nowhere/page.html: the report cannot be"),
        (["absent"], "source/absent/quiz.yaml: cannot be read"),
    ]
    for words, said in cases:
        monkeypatch.setattr("sys.argv", ["autograder", "report", *words])
        with pytest.raises(SystemExit, match="1"):
            main()
        assert said in capsys.readouterr().err
    with sqlite3.connect("gradebook.db") as database:
        database.execute("UPDATE notebook SET name = 'another'")
    monkeypatch.setattr("sys.argv", ["autograder", "report", "tiny"])
    with pytest.raises(SystemExit, match="1"):
        main()
    assert "nbgrader generate_assignment tiny" in capsys.readouterr().err
    assert not Path("report-tiny.html").exists()
