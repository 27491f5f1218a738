"""From what an LMS packed to the grades that it takes back, with numbers worked out by hand."""

from __future__ import annotations

import csv
import io
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import classes
import handing_in as hand
import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.csv_files import harmless, is_formula
from autograder.errors import AutograderError
from autograder.roster import load_roster

MOODLE_LIST = (
    "First name,Last name,ID number,Email address,Username\n"
    "Ann,Lee,s1,ann@x.example,ann\n"
    "=Bo,Müller,s2,bo@x.example,bo\n"
    "Cy,Ng,s3,cy@x.example,cy\n"
    "Nil,Nobody,s4,nil@x.example,nil\n"
)
CANVAS_LIST = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Heads and formats (77),Heads (78),Final Score\n"
    "    Points Possible,,,,,,36,(read only)\n"
    '"Dorn, Dora",901,u1,dora,A,,,\n'
    '"Ek, Emil",902,u2,emil,A,,,\n'
    '"Student, Test",903,,x,A,,,\n'
)
#: What a person gives for each answered case study in the gradebook.
PERSON = 2.5
UTC = ("--timezone", "UTC")


@pytest.fixture(scope="module")
def graded(empty_course: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two downloads, collected and graded by the commands; a person graded all but Emil's essay."""
    course = Path(shutil.copytree(empty_course, tmp_path_factory.mktemp("grades") / "course"))
    (course / "moodle.csv").write_text(MOODLE_LIST)
    (course / "canvas.csv").write_text(CANVAS_LIST)
    with (course / "nbgrader_config.py").open("a") as file:
        file.write("c.LateSubmissionPlugin.penalty_method = 'none'\n")
        file.write("from late import Half\nc.AssignLatePenalties.plugin_class = Half\n")
    (course / "late.py").write_text(
        "from nbgrader.plugins import BasePlugin\n"
        "class Half(BasePlugin):\n"
        "    def late_submission_penalty(self, student, score, seconds):\n"
        "        return score / 2\n"
    )
    right, wrong = hand.notebook(course, hand.RIGHT), hand.notebook(course, hand.WRONG)
    essay = hand.notebook(course, {**hand.RIGHT, **hand.ESSAY})
    moodle = [
        (hand.at("Ann Lee_1_assignsubmission_file_/heads.ipynb", 9, 0, 0), wrong),
        (hand.at("Ann Lee_1_assignsubmission_file_/new/heads (1).ipynb", 10, 0, 0), essay),
        (hand.at("=Bo Müller_2_assignsubmission_file_/heads.ipynb", 13, 0, 0), right),  # late
        (hand.at("Cy Ng_3_assignsubmission_file_/heads.ipynb", 9, 0, 0), wrong),
    ]
    canvas = [
        (hand.at("dorndora_901_5_heads-2.ipynb", 9, 0, 0), right),
        (hand.at("ekemil_902_6_heads.ipynb", 11, 0, 0), essay),
    ]
    (course / "moodle.zip").write_bytes(hand.zipped(moodle))
    (course / "canvas.zip").write_bytes(hand.zipped(canvas))
    here = Path.cwd()
    os.chdir(course)
    try:
        for system in ("moodle", "canvas"):
            done = CliRunner().invoke(
                app,
                ["collect", "heads", f"{system}.zip", "--roster", f"{system}.csv", *UTC],
            )
            assert done.exit_code == 0, done.output
    finally:
        os.chdir(here)
    classes.command(course, "autograder", "grade", "heads")
    with sqlite3.connect(course / "gradebook.db") as database:
        database.execute(
            "UPDATE grade SET manual_score = ?, needs_manual_grade = 0 WHERE needs_manual_grade = 1"
            " AND notebook_id IN (SELECT n.id FROM submitted_notebook n JOIN submitted_assignment s"
            " ON s.id = n.assignment_id WHERE s.student_id != 'emil')",
            [PERSON],
        )
        database.execute(
            "UPDATE comment SET manual_comment = '=1+1 is' || char(10) || 'no reason' WHERE "
            "cell_id IN (SELECT id FROM base_cell WHERE name = 'choose-strategy')"
        )
    return course


@pytest.fixture
def course(graded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of that course, where commands run."""
    copy = Path(shutil.copytree(graded, tmp_path / "course"))
    for path in copy.glob("autograded/*/heads/heads.ipynb"):
        path.touch()  # copying made everything newer
    monkeypatch.chdir(copy)
    yield copy


def export(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["export", "grades", "heads", "--output", "out.csv", *arguments])
    if isinstance(done.exception, AutograderError):
        assert code == 1, done.exception
        return str(done.exception)
    assert done.exit_code == code, done.output
    return done.output


def table() -> list[list[str]]:
    return list(csv.reader(io.StringIO(Path("out.csv").read_text(), newline="")))


def test_moodle_gets_its_grades_back(course: Path) -> None:
    out = export("--for", "moodle", "--roster", "moodle.csv")
    assert "NOT EXPORTED, as the class list lacks them: dora, emil" in out
    title = classes.quiz_of(course, "heads").title
    heading = ["First name", "Last name", "ID number", "Email address", "Username"]
    essay = next(
        item.title
        for item in classes.quiz_of(course, "heads").items
        if item.id == "choose-strategy"
    )
    said = f"12.5 of 44 points; {essay}: =1+1 is no reason"
    assert table() == [
        [*heading, title, f"{title} (Feedback)"],
        # 2 + 2 + 6 points, and 2.5 from a person
        ["Ann", "Lee", "s1", "ann@x.example", "ann", "12.5", said],
        # 10 points, half of them taken off for handing in at 13:00, due at 12:00
        ["'=Bo", "Müller", "s2", "bo@x.example", "bo", "5", table()[2][6]],
        ["Cy", "Ng", "s3", "cy@x.example", "cy", "0", table()[3][6]],
        ["Nil", "Nobody", "s4", "nil@x.example", "nil", "", ""],
    ]
    assert table()[2][6].startswith("5 of 44 points; 5 points taken off for handing in late")
    export("--for", "moodle", "--roster", "moodle.csv", "--missing", "zero")
    assert table()[4][5:] == ["0", ""]


def test_an_open_grade_is_refused_or_left_blank(course: Path) -> None:
    before = sorted(course.iterdir())
    message = export("--for", "canvas", "--roster", "canvas.csv", code=1)
    assert "emil: heads: 1 of 11 answers wait for a person (formgrader)" in message
    assert "--incomplete" in message and "dora" not in message
    assert sorted(course.iterdir()) == before
    out = export("--for", "canvas", "--roster", "canvas.csv", "--incomplete")
    assert "1 graded, 1 open and left blank" in out
    assert table() == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Heads (78)"],
        ["    Points Possible", "", "", "", "", "44"],
        ["Dorn, Dora", "901", "u1", "dora", "A", "10"],
        ["Ek, Emil", "902", "u2", "emil", "A", ""],
    ]
    export("--for", "canvas", "--roster", "canvas.csv", "--incomplete", "--column", "heads=Quiz 1")
    assert table()[0][5] == "Quiz 1"


def test_all_in_one_plain_table(course: Path) -> None:
    export("--for", "plain", "--incomplete")
    rows = {row[0]: row[4:] for row in table()[1:]}
    assert rows["ann"] == ["12.5", "44", "0", "graded"]
    assert rows["bo"] == ["5", "44", "5", "graded"]
    assert rows["emil"] == ["", "44", "", "1 of 11 answers wait for a person (formgrader)"]


def test_what_came_or_changed_since_grading_is_not_exported_as_graded(course: Path) -> None:
    with sqlite3.connect("gradebook.db") as database:
        database.execute("UPDATE grade SET needs_manual_grade = 0, manual_score = 1")
    export("--for", "plain")
    handed_in = course / "submitted" / "cy" / "heads"
    handed_in.joinpath("heads.ipynb").write_bytes(hand.notebook(course, hand.RIGHT))
    shutil.copytree(handed_in, course / "submitted" / "newcomer" / "heads")
    message = export("--for", "plain", code=1)
    assert "cy: heads: changed since it was graded; run: autograder grade heads" in message
    assert "newcomer: heads: not graded; run: autograder grade heads" in message
    assert "2 grades are open" in message
    with sqlite3.connect("gradebook.db") as database:
        database.execute("DELETE FROM grade WHERE id = (SELECT min(id) FROM grade)")
    assert "not graded to the end" in export("--for", "plain", code=1)


@pytest.mark.parametrize(
    ("arguments", "text", "message"),
    [
        (["--for", "sakai"], "", "--for sakai: must be one of canvas, moodle, plain"),
        (["--for", "plain", "--missing", "7"], "", "--missing 7: must be one of"),
        (["--for", "canvas"], None, "give the list that it exports"),
        (["--for", "plain", "--column", "x=y"], "learner\nann\n", "--column x=y"),
        (["--for", "moodle"], "learner\nann\n", "moodle could not know ann"),
        (["--for", "canvas"], "learner,name\nann,Ann\n", "canvas could not know ann"),
        (["--for", "moodle"], "learner,email\nann,=a@x\n", "begins as a formula does"),
        (["--for", "canvas"], "Identifier,Full name,Username\nParticipant 1,A,ann\n", "Moodle's"),
    ],
)
def test_what_cannot_be_exported_is_named(
    course: Path, arguments: list[str], text: str | None, message: str
) -> None:
    if text is not None:
        Path("list.csv").write_text(text)
        arguments = [*arguments, "--roster", "list.csv"]
    assert message in export(*arguments, "--incomplete", code=1)
    assert not Path("out.csv").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "list.csv: is empty"),
        ("learner\n", "names no learner"),
        ("colour,taste\nred,sweet\n", "names no learner"),
        ("name,section\nAnn,A\n", "no column tells all learners apart"),
        ("email,username\na@x,\nb@x,ben\n", ""),
        ("learner\nann\nben\nANN\n", "list.csv:4: 'ANN' stands in line 2 already"),
        ("learner\n../etc\n", "list.csv:2: '../etc' cannot be the id"),
        ("learner,name\n,Ann\nben,Ben\n", "list.csv:2: '' cannot be the id"),
    ],
)
def test_class_lists(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text)
    if not message:
        assert [one.id for one in load_roster(path).learners] == ["a@x", "b@x"]
        return
    with pytest.raises(AutograderError, match=message.replace(".", r"\.")):
        load_roster(path)
    path.write_bytes("learner\nMüller\n".encode("latin-1"))
    with pytest.raises(AutograderError, match="is not UTF-8"):
        load_roster(path)


def test_class_lists_of_every_system(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("\ufeff" + CANVAS_LIST.replace(",", ";").replace('"Dorn;', '"Dorn,'))
    canvas = load_roster(path)
    assert [(one.id, one.lms_id) for one in canvas.learners][:1] == [("dora", "901")]
    assert canvas.lms == "canvas" and canvas.by_name("dora dorn") == canvas.by_name("DornDora")
    path.write_text("id,first_name,last_name,email,lms_user_id\nann,Ann,Lee,a@x,7\n")
    (ann,) = load_roster(path).learners
    assert (ann.id, ann.lms_id, ann.sorted_name) == ("ann", "7", "Lee, Ann")
    assert load_roster(path, "lms_user_id").learners[0].id == "7"
    with pytest.raises(AutograderError, match="has no column 'x'; it has: id"):
        load_roster(path, "x")


def test_no_free_text_is_a_formula() -> None:
    assert list(map(harmless, ["=1", " @x", "+1", "-1", "\t=1", "a=1", ""])) == [
        "'=1", "' @x", "'+1", "'-1", "'\t=1", "a=1", ""
    ]  # fmt: skip
    assert [is_formula(text) for text in ("=1", "@x", "-x", "-12", "+1.5", "x")] == [
        True, True, True, False, False, False
    ]  # fmt: skip
