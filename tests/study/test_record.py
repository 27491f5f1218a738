"""The record: several writers, older and newer formats, damage, a full disk, moving, deleting."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from studying import course, tried
from typer.testing import CliRunner

from autograder.cli import app
from autograder.errors import AutograderError
from autograder.practice import open_practice
from autograder.practice.text import verdict
from autograder.practice.widgets import practice_widget
from autograder.study.record import Capstone, Record, RecordError, day_of, switch, switched_off
from autograder.study.transfer import export_record, import_record, read_export, to_text

CAPSTONE = Capstone(course="course", title="A triage", digest="a" * 64, day="2026-03-02")


def practised(source: Path, *choices: str) -> list[str]:
    """Try the choices in turn in one presentation; what was said beside each verdict."""
    at = open_practice("small", source).attempt("pick")
    notes = []
    for choice in choices:
        at.respond({"choice": choice})
        at.check()
        notes.append(at.note)
    return notes


def test_practice_is_recorded_without_the_answer(record: Record, tmp_path: Path) -> None:
    assert practised(course(tmp_path), "green", "red") == ["", ""]
    first, second = record.tries()
    assert (first.quiz, first.item, first.type) == ("small", "pick", "single_choice")
    assert (first.number, first.fraction) == (1, 0)
    assert (second.number, second.fraction) == (2, 1)
    assert b"green" not in record.path.read_bytes()


def test_hints_and_giving_up_are_recorded_once(record: Record, tmp_path: Path) -> None:
    at = open_practice("small", course(tmp_path)).attempt("pick")
    at.hint()
    at.give_up()
    at.give_up()
    (one,) = record.tries()
    assert (one.hints, one.given_up, one.fraction, one.known) == (1, True, 0, 0)


def test_an_answer_that_cannot_be_judged_is_no_try(record: Record, tmp_path: Path) -> None:
    at = open_practice("small", course(tmp_path)).attempt("pick")
    at.respond({"choice": "no such option"})
    at.check()
    assert record.tries() == []


def test_a_learner_can_switch_it_off(record: Record, tmp_path: Path) -> None:
    source = course(tmp_path)
    practised(source, "red")
    switch(on=False)
    assert switched_off()
    practised(source, "red")
    switch(on=True)
    at = open_practice("small", source, record=False).attempt("pick")
    at.respond({"choice": "red"})
    at.check()
    assert len(record.tries()) == 1


def test_the_variable_switches_it_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOWNSTREAM_RECORD", "off")
    assert switched_off()
    with pytest.raises(RecordError, match="remove it from your environment"):
        switch(on=True)


def test_nobody_else_on_the_computer_reads_it(record: Record) -> None:
    record.add([tried()])
    assert stat.S_IMODE(record.path.stat().st_mode) == 0o600


def test_a_late_evening_belongs_to_its_day() -> None:
    assert f"{day_of(datetime(2026, 3, 2, 3, 59))}" == "2026-03-01"
    assert f"{day_of(datetime(2026, 3, 2, 4, 0))}" == "2026-03-02"


WRITER = """
import sys
sys.path[:0] = sys.argv[1:]
from studying import tried
from autograder.study.record import Record
for number in range(30):
    Record().add([tried()])
"""
PATHS = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "autograder")]


def test_kernels_that_write_at_once_lose_nothing(record: Record) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, *PATHS]) for _ in range(2)]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert len({one.id for one in record.tries()}) == 60


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"cut"], ids=["other", "short"])
def test_a_damaged_record_stops_no_practice_and_is_left_as_it_is(
    record: Record, tmp_path: Path, content: bytes
) -> None:
    record.path.parent.mkdir()
    record.path.write_bytes(content)
    (note,) = practised(course(tmp_path), "red")
    assert note.startswith(f"Not recorded: {record.path}: the record is damaged")
    assert record.path.read_bytes() == content
    with pytest.raises(RecordError, match="move the file away to keep it"):
        record.tries()
    assert record.delete()
    assert practised(tmp_path, "red") == [""]


def test_a_value_that_cannot_be_is_named(record: Record) -> None:
    record.add([tried()])
    with sqlite3.connect(record.path) as database:
        database.execute("UPDATE try SET fraction = 7")
    with pytest.raises(RecordError, match=r"damaged.*fraction: .*less than or equal to 1"):
        record.tries()


FULL = """
import resource, sys
from autograder.practice import open_practice
from autograder.practice.text import verdict
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
at = open_practice("small", sys.argv[1]).attempt("pick")
for most in (1000, limits[0]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, limits[1]))
    at.respond({"choice": "red"})
    at.check()
    print(" ".join(verdict(at).split()))
"""


def test_what_a_full_disk_refused_is_written_later(record: Record, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(course(tmp_path))],
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = done.stdout.splitlines()
    assert "2 of 2 points" in first and "Not recorded: " in first and "room" in first
    assert "Not recorded" not in second
    assert [one.number for one in record.tries()] == [1, 2]


READ_ONLY = """
import sys
sys.path[:0] = sys.argv[2:]
from test_record import practised
from autograder.study.record import Record
from pathlib import Path
print(practised(Path(sys.argv[1]), "red"))
print(len(Record().tries()))
"""


def test_a_read_only_disk_is_told_and_read(record: Record, tmp_path: Path) -> None:
    source = course(tmp_path)
    record.add([tried(), tried("other")])
    folder = str(record.path.parent)
    inside = ["bwrap", "--bind", "/", "/", "--dev", "/dev", "--ro-bind", folder, folder]
    code = [sys.executable, "-c", READ_ONLY, str(source), *PATHS]
    done = subprocess.run([*inside, *code], capture_output=True, text=True, check=True)
    note, count = done.stdout.splitlines()
    assert re.search("Not recorded: .*read-?only", note, re.IGNORECASE)
    assert count == "2"


def test_a_folder_that_is_a_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DOWNSTREAM_RECORD", str(tmp_path / "file"))
    (note,) = practised(course(tmp_path), "red")
    assert "Not recorded" in note


def test_what_is_not_recorded_is_said_with_the_verdict(record: Record, tmp_path: Path) -> None:
    record.path.mkdir(parents=True)
    at = open_practice("small", course(tmp_path)).attempt("pick")
    at.respond({"choice": "red"})
    at.check()
    assert "Not recorded: " in verdict(at)
    assert "Not recorded: " in practice_widget("small", at).practice["verdict"]["html"]


def test_a_record_of_version_1_is_brought_up_to_date(record: Record) -> None:
    record.path.parent.mkdir()
    one = tried()
    with sqlite3.connect(record.path) as database:  # as version 1 wrote it
        database.execute(
            """CREATE TABLE try (
                id TEXT PRIMARY KEY, course TEXT NOT NULL, quiz TEXT NOT NULL, item TEXT NOT NULL,
                variant TEXT NOT NULL, type TEXT NOT NULL, time TEXT NOT NULL, day TEXT NOT NULL,
                number INTEGER NOT NULL, fraction REAL, hints INTEGER NOT NULL,
                given_up INTEGER NOT NULL, seconds REAL NOT NULL
            )"""
        )
        row = one.model_dump(mode="json")
        marks = ", ".join(f":{name}" for name in row)
        database.execute(f"INSERT INTO try ({', '.join(row)}) VALUES ({marks})", row)
        database.execute("PRAGMA user_version = 1")
    assert record.tries() == [one]
    record.add([], [CAPSTONE])
    assert record.capstones() == [CAPSTONE]


def test_a_record_of_a_newer_version_is_left_alone(record: Record) -> None:
    record.add([tried()])
    with sqlite3.connect(record.path) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(RecordError, match=r"format 99, this one knows 2.*update the course"):
        record.add([tried()])


def test_a_record_moves_to_another_machine_and_merges(record: Record, tmp_path: Path) -> None:
    both, here, there = tried(after=1), tried(after=2), tried(fraction=None)
    record.add([both, here], [CAPSTONE])
    other = Record(tmp_path / "other")
    other.add([both, there])
    file = tmp_path / "moved.jsonl"
    assert export_record(record, file) == 2
    assert import_record(other, file) == (2, 3)
    assert import_record(other, file) == (0, 3)
    assert other.tries() == [there, both, here]
    assert other.capstones() == [CAPSTONE]
    assert read_export(file) == ([both, here], [CAPSTONE])
    assert to_text([here, both], [CAPSTONE]) == file.read_text()  # whatever the order


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"{", r":2: not JSON"),
        (b"[]", r":2: must be a JSON object"),
        (b'{"kind": "grade"}', r":2: kind: must be one of: try, capstone"),
        (b'{"kind": "try"}', r":2: id: Field required"),
        (b"[" * 100_000, r":2: not JSON"),
        (b"\xff", r":2: not JSON"),
    ],
)
def test_a_line_that_cannot_be_read_adds_nothing(
    record: Record, tmp_path: Path, line: bytes, told: str
) -> None:
    file = tmp_path / "moved.jsonl"
    good = to_text([tried()], []).encode().splitlines()
    file.write_bytes(b"\n".join([good[0], line, good[1]]))
    with pytest.raises(RecordError, match=f"{re.escape(str(file))}{told}"):
        import_record(record, file)
    assert not record.path.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("fraction", 1.5),
        ("fraction", float("nan")),
        ("day", "0001-01-01"),
        ("time", "yesterday"),
        ("time", "2026-03-01T09:00:00.000"),
        ("item", "../x"),
        ("number", 0),
        ("id", "x"),
    ],
)
def test_a_field_that_cannot_be_is_named(
    record: Record, tmp_path: Path, field: str, value: object
) -> None:
    file = tmp_path / "moved.jsonl"
    head, line = to_text([tried()], []).splitlines()
    wrong = json.dumps(json.loads(line) | {field: value})
    file.write_text(f"{head}\n{line}\n{wrong}\n")
    with pytest.raises(RecordError, match=f":3: {field}: "):
        read_export(file)


def test_a_file_that_is_there_is_not_written_over(record: Record, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(RecordError, match="is there already"):
        export_record(record, tmp_path / "kept")
    assert (tmp_path / "kept").read_text() == "mine"


def test_an_export_that_the_disk_refuses_leaves_no_half(record: Record) -> None:
    with pytest.raises(RecordError, match="cannot be written"):
        export_record(record, Path("/proc/no-such-file"))


def test_deleting_overwrites_and_removes_every_file(record: Record) -> None:
    record.add([tried("a-telling-name")])
    held = sqlite3.connect(record.path)  # another kernel has it open, so that the log is kept
    assert held.execute("SELECT count(*) FROM try").fetchone() == (1,)
    record.add([tried("a-second-name")])
    kept_open = os.open(record.path, os.O_RDONLY)
    assert any(record.path.parent.glob("*-wal"))
    held.rollback()
    assert record.delete()
    assert list(record.path.parent.iterdir()) == []
    left = os.read(kept_open, 10**6)
    assert left and b"telling" not in left and b"second-name" not in left
    os.close(kept_open)
    held.close()
    assert not record.delete()
    assert record.tries() == []


def test_the_commands_show_move_and_delete(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*words: str, **options: str) -> str:
        result = CliRunner().invoke(app, ["record", *words], **options)  # type: ignore[arg-type]
        if isinstance(result.exception, AutograderError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    source = course(tmp_path)
    assert "0 tries" in run("show")
    practised(source, "red")
    shown = run("show", "--source", str(source))
    assert "1 try" in shown and "Practised on 1 day; last on " in shown and "freezing" in shown
    monkeypatch.chdir("/")
    assert "Mastery needs the course's quizzes." in run("show")
    file = str(tmp_path / "moved.jsonl")
    assert "1 try" in run("export", file)
    assert "Deleted." in run("delete", input="y\n")
    assert not record.path.exists()
    assert "1 of 1 entries were new" in run("import", file)
    assert "Nothing is recorded from now on" in run("off")
    assert "Nothing is recorded at present" in run("show")
    assert "recorded from now on" in run("on")
    assert "Deleted." in run("delete", "--yes")
