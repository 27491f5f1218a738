"""Collecting: everything that comes in ends somewhere, and the newest of each learner counts."""

from __future__ import annotations

import csv
import json
import os
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import classes
import handing_in as hand
import pytest
from filelock import FileLock
from typer.testing import CliRunner

from autograder.cli import app
from autograder.collecting import sources as sources_module
from autograder.collecting.sources import Found
from autograder.collecting.whose import identify, read_path
from autograder.errors import AutograderError
from autograder.receipts import issue
from autograder.responses import Record
from autograder.roster import Learner, Roster

MOODLE = "Ann Lee_4711_assignsubmission_file"
STAMP = "2026-11-24 {}.000000 UTC"


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def roster(folder: Path, text: str) -> Path:
    return write(folder / "class.csv", text.encode())


CLASS = Roster(
    (
        Learner("alee", "Ann", "Lee", lms_id="11", email="ann@uni.example"),
        Learner("blee", "Ben", "Lee", lms_id="12"),
        Learner("zoe", "Zoë", "O'Neil-Großmann", lms_id="13"),
        Learner("pat1", "Pat", "Kim", lms_id="14"),
        Learner("pat2", "Pat", "Kim", lms_id="15"),
    ),
    "canvas",
)


@pytest.mark.parametrize(
    ("path", "learner", "alone"),
    [
        (f"{MOODLE}_/heads.ipynb", "alee", "Ann-Lee-4711"),
        (f"{MOODLE}/deep/heads (1).ipynb", "alee", "Ann-Lee-4711"),
        (f"{MOODLE}_heads.ipynb", "alee", "Ann-Lee-4711"),
        (f"{MOODLE}_heads.zip/heads/heads.ipynb", "alee", "Ann-Lee-4711"),
        ("lee_ben_12_99_heads-1.ipynb", "blee", "lee_ben-12"),
        ("leeben_LATE_12_99_heads-1.ipynb", "blee", "leeben-12"),
        ("oneilgroßmannzoë_13_99_Heads_final_FINAL.ipynb", "zoe", "oneilgroßmannzoë-13"),
        ("kimpat_15_99_heads.ipynb", "pat2", "kimpat-15"),
        ("Pat Kim_5_assignsubmission_file_/heads.ipynb", "may be 'pat1' or 'pat2'", None),
        ("leeann_12_99_heads.ipynb", "its number 12 is that of 'Lee, Ben'", "leeann-12"),
        ("newcomer_77_99_heads.ipynb", "has nobody for 'newcomer (77)'", "newcomer-77"),
        ("anon_aB3xY_99_heads.ipynb", "Canvas hid the names", "Canvas hid the names"),
        ("Participant_9_assignsubmission_file_/heads.ipynb", "Moodle hid the names", None),
        ("alee/heads/heads.ipynb", "alee", "alee"),
        ("submitted/ALEE/Final.ipynb", "alee", "ALEE"),
        ("week 3/alee.zip/heads/heads.ipynb", "alee", "week-3"),
        ("alee.zip/work/heads.ipynb", "alee", "'alee' or 'work' may be the learner"),
        ("all.zip/alee/heads.ipynb", "alee", "'all' or 'alee' may be the learner"),
        ("alee/blee/heads.ipynb", "may be 'alee' or 'blee'", "alee"),
        ("alee_heads.answers.jsonl", "alee", "alee"),
        ("ann@uni.example - Heads (2).ipynb", "alee", "ann@uni.example"),
        ("Lee, Ann.ipynb", "alee", "Lee-Ann"),
        ("heads_alee.ipynb", "alee", "nothing in its path says whose it is"),
        ("heads.ipynb", "nobody for 'inbox'", "nothing in its path says whose it is"),
        ("../../etc.ipynb", "nobody for '..'", None),
    ],
)
def test_whose_a_file_is(path: str, learner: str, alone: str | None) -> None:
    found = Found(Path("/inbox"), tuple(path.split("/")), hand.utc(12))
    whose = read_path(found, "heads")
    match = identify(whose, CLASS)
    assert match.learner == learner or (learner in match.problem and match.remedy)
    if alone:
        match = identify(whose, None)
        assert match.learner == alone or (alone in match.problem and match.remedy)


def test_all_ways_of_handing_in_are_sorted_into_place(course: Path) -> None:
    inbox = course / "inbox"
    answered, log = hand.notebook(course, hand.RIGHT), hand.journal(hand.RIGHT)
    moodle = [
        (hand.at(f"{MOODLE}_/heads (1).ipynb", 9, 0, 0), answered),
        (hand.at(f"{MOODLE}_/heads.answers.jsonl", 9, 0, 0), log),
        (hand.at(f"{MOODLE}_/more/notes.pdf", 9, 0, 0), b"%PDF"),
        (hand.at("Bo_4712_assignsubmission_file_/__MACOSX/._x", 9, 0, 0), b"x"),
        (
            hand.at("Bo_4712_assignsubmission_file_/work.zip", 11, 30, 0),
            hand.zipped([("work/heads.ipynb", answered), ("work/.DS_Store", b"x")], hand.NOON),
        ),
    ]
    canvas = [
        (hand.at("lee_12_99_heads-1.ipynb", 10, 0, 0), answered),
        (hand.at("kim_LATE_13_98_Heads_final_FINAL.ipynb", 12, 30, 0), answered),
        (hand.at("kim_LATE_13_97_heads.answers-1.jsonl", 12, 30, 0), log),
    ]
    outcomes = hand.collected(
        write(inbox / "moodle.zip", hand.zipped(moodle)),
        write(inbox / "canvas.zip", hand.zipped(canvas)),
        write(inbox / "plain" / "carl" / "heads.ipynb", answered).parents[1],
        write(inbox / "mail" / "dora_heads.ipynb.txt", answered),
    )
    assert {one.end for one in outcomes} == {"placed", "not needed"}
    by_learner = {one.learner: one for one in outcomes if one.end == "placed"}
    assert by_learner["Ann-Lee-4711"].told_by == "entry of the zip"
    assert by_learner["Bo-4712"].time == hand.utc(11, 30), "a learner's computer tells no time"
    assert by_learner["carl"].told_by == "date of the file"
    assert "Canvas says that it is late" in by_learner["kim-13"].note
    folder = course / "submitted" / "Ann-Lee-4711" / "heads"
    assert (folder / "heads.ipynb").read_bytes() == answered
    assert (folder / "heads.answers.jsonl").read_bytes() == log
    assert (folder / "timestamp.txt").read_text() == STAMP.format("09:00:00")
    assert sorted(path.name for path in (course / "submitted").iterdir()) == [
        "Ann-Lee-4711", "Bo-4712", "carl", "dora", "kim-13", "lee-12"
    ]  # fmt: skip
    assert (course / "submitted/kim-13/heads/heads.answers.jsonl").exists()

    before = hand.tree(course)
    again = hand.collected(*sorted(inbox.glob("*.zip")), inbox / "plain", inbox / "mail")
    assert {one.end for one in again} == {"identical", "not needed"}
    assert hand.tree(course) == before


def test_the_newest_counts_and_the_others_are_kept(course: Path) -> None:
    first, second = hand.notebook(course, hand.WRONG), hand.notebook(course, hand.RIGHT)
    third = hand.notebook(course, {**hand.RIGHT, **hand.ESSAY})
    name = "ann/heads.ipynb"
    old = write(course / "in" / "1.zip", hand.zipped([(hand.at(name, 8, 0, 0), first)]))
    new = write(course / "in" / "2.zip", hand.zipped([(hand.at(name, 9, 0, 0), second)]))
    newest = write(course / "in" / "3.zip", hand.zipped([(hand.at(name, 10, 0, 0), third)]))
    placed = course / "submitted" / "ann" / "heads" / "heads.ipynb"
    aside = course / "submitted_earlier" / "ann" / "heads"

    def kept() -> list[tuple[str, bytes]]:
        return [(p.name[:19], (p / "heads.ipynb").read_bytes()) for p in sorted(aside.iterdir())]

    assert hand.ends(hand.collected(new)) == {"2.zip/ann/heads.ipynb": "placed"}
    assert hand.ends(hand.collected(old, new)) == {
        "1.zip/ann/heads.ipynb": "set aside",
        "2.zip/ann/heads.ipynb": "identical",
    }
    assert placed.read_bytes() == second
    (placed.parent / "note.txt").write_text("by hand")
    outcomes = hand.collected(newest)
    assert [one.end for one in outcomes] == ["set aside", "placed"]
    assert placed.read_bytes() == third
    assert kept() == [("2026-11-24_08-00-00", first), ("2026-11-24_09-00-00", second)]
    assert len(list(aside.glob("*/note.txt"))) == 1, "what stood there moved as it was"

    before = hand.tree(course)
    everything = [old, new, newest]
    assert {one.end for one in hand.collected(*everything)} == {"set aside", "identical"}
    assert hand.tree(course) == before
    fresh_start = course / "submitted"
    shutil.rmtree(fresh_start)
    shutil.rmtree(aside)
    hand.collected(*everything)
    assert placed.read_bytes() == third
    assert kept() == [("2026-11-24_08-00-00", first), ("2026-11-24_09-00-00", second)]


def test_of_equal_times_the_later_answer_decides_and_the_first_time_of_an_answer_counts(
    course: Path,
) -> None:
    early, late = hand.notebook(course, hand.RIGHT), hand.notebook(course, hand.RIGHT, first=50)
    hand.collected(
        write(course / "in.zip", hand.zipped([("ann/a.ipynb", late), ("ann/b.ipynb", early)]))
    )
    assert (course / "submitted/ann/heads/heads.ipynb").read_bytes() == late
    twice = [
        (hand.at("bo/heads.ipynb", 8, 0, 0), late),
        (hand.at("bo/again/x.ipynb", 9, 0, 0), late),
    ]
    outcomes = hand.collected(write(course / "two.zip", hand.zipped(twice)))
    assert {one.end: one.time for one in outcomes}["placed"] == hand.utc(8)
    assert [one.note for one in outcomes if one.end == "identical"] == ["handed in twice"]


def test_dry_run_writes_nothing(course: Path) -> None:
    folder = write(course / "in" / "ann" / "heads.ipynb", hand.notebook(course, hand.RIGHT))
    write(course / "in" / "ben" / "essay.docx", b"PK")
    before = {path: path.stat().st_mtime_ns for path in course.rglob("*")}
    done = CliRunner().invoke(app, ["collect", "heads", str(folder.parents[1]), "--dry-run"])
    assert done.exit_code == 1, "one file could not be placed"
    assert "1 placed, 1 NOT PLACED" in done.output and "Nothing was written" in done.output
    assert {path: path.stat().st_mtime_ns for path in course.rglob("*")} == before


UNUSABLE = {
    "cut/heads.ipynb": (b"{", "is not a notebook: "),
    "deep/heads.ipynb": (b"[" * 200_000, "nested too deeply"),
    "list/heads.ipynb": (b"[]", "is not a notebook"),
    "word/essay.docx": (b"PK", "is not a notebook"),
    "zip/heads.zip": (b"PK\x03\x04 cut off", "is not a readable zip"),
    "bare/x.ipynb": (b'{"cells": [], "metadata": {}}', "neither its metadata nor its cells"),
    "other/heads.ipynb": (
        b'{"cells": [], "metadata": {"autograder": {"quiz": "tour", "records": {}}}}',
        "holds answers to the quiz 'tour'",
    ),
    "log/heads.answers.jsonl": (
        b'{"item":"no-such","response":null,"revision":1,"time":"","variant":""}',
        "answers questions of another quiz",
    ),
    "slip/heads.receipt.json": (b'{"digest": "", "records": []}', "receipt that cannot be read"),
}


def test_what_cannot_be_placed_is_copied_with_its_reason(course: Path) -> None:
    for name, (data, _) in UNUSABLE.items():
        write(course / "in" / name, data)
    outcomes = {one.file.removeprefix("in/"): one for one in hand.collected(course / "in")}
    assert outcomes.keys() == UNUSABLE.keys()
    for name, (data, why) in UNUSABLE.items():
        assert outcomes[name].end == "NOT PLACED" and why in outcomes[name].note
        assert outcomes[name].remedy
        assert outcomes[name].where == f"unplaced/heads/in/{name}"
        assert (course / outcomes[name].where).read_bytes() == data
    before = hand.tree(course)
    hand.collected(course / "in")
    hand.collected(course / "unplaced")
    assert hand.tree(course) == before


def hostile_entries() -> dict[str, zipfile.ZipInfo]:
    link = hand.at("ann/link.ipynb", 9, 0, 0)
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    return {
        "leads out": hand.at("../../../escaped.ipynb", 9, 0, 0),
        "leads out too": hand.at("/tmp/escaped.ipynb", 9, 0, 0),
        "leads out of": hand.at("C:\\escaped.ipynb", 9, 0, 0),
        "symbolic link": link,
    }


def test_hostile_zips_reach_nothing_and_stop_nobody(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = hand.notebook(course, hand.RIGHT)
    monkeypatch.setattr(sources_module, "MOST_BYTES_OF_FILE", len(good) + 1000)
    entries = [(info, good) for info in hostile_entries().values()]
    damaged = bytearray(hand.zipped([("carl/heads.ipynb", good)]))
    damaged[len(damaged) // 3] ^= 0xFF
    locked = bytearray(hand.zipped([("dora/heads.ipynb", good)]))
    locked[6] |= 1
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    deep = hand.zipped([("a.zip", hand.zipped([("b.zip", hand.zipped([("heads.ipynb", good)]))]))])
    entries += [
        (hand.at("ben/bomb.ipynb", 9, 0, 0), b"\0" * 5_000_000),
        (hand.at("ben/bomb.zip", 9, 0, 0), hand.zipped([("b.ipynb", b"\0" * 5_000_000)])),
        (hand.at("eve/deep.zip", 9, 0, 0), deep),
        (hand.at("zoe/heads.ipynb", 9, 0, 0), good),
        (hand.at("zoe/HEADS.ipynb", 9, 0, 0), good),
    ]
    inbox = write(course / "in" / "hostile.zip", hand.zipped(entries)).parent
    write(inbox / "damaged.zip", bytes(damaged))
    write(inbox / "locked.zip", bytes(locked))
    (inbox / "secret").symlink_to(course / "source")
    os.mkfifo(inbox / "pipe.ipynb")
    old = write(
        course / "old.zip", hand.zipped([("m_rz/h.ipynb", good)]).replace(b"m_rz", b"m\x81rz")
    )
    utf = write(
        course / "utf.zip", hand.zipped([("l__b/h.ipynb", good)]).replace(b"l__b", b"l\xc3\xb6b")
    )
    outcomes = hand.collected(inbox / "hostile.zip", inbox, old, utf)
    notes = {one.file: one.note for one in outcomes}
    assert not list(course.parent.rglob("*escaped*")) and not Path("/tmp/escaped.ipynb").exists()
    assert sum("leads out of the zip" in note for note in notes.values()) == 6
    assert "not followed" in notes["in/secret"] and "not a regular" in notes["in/pipe.ipynb"]
    assert "larger than" in notes["hostile.zip/ben/bomb.ipynb"]
    assert "larger than" in notes["hostile.zip/ben/bomb.zip/b.ipynb"]
    assert "zip in a zip" in notes["hostile.zip/eve/deep.zip/a.zip"]
    assert "password" in notes["in/locked.zip/dora/heads.ipynb"]
    assert "damaged" in notes["in/damaged.zip/carl/heads.ipynb"]
    assert (course / "submitted" / "zoe" / "heads" / "heads.ipynb").read_bytes() == good
    placed = {one.learner for one in outcomes if one.end == "placed"}
    assert placed == {"zoe", "mürz", "löb"}
    assert all(one.remedy or "pipe" in one.file for one in outcomes if one.end == "NOT PLACED")


def test_sizes_are_limited_in_all(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = hand.notebook(course, hand.RIGHT)
    monkeypatch.setattr(sources_module, "MOST_BYTES", len(good) * 3 // 2)
    source = write(course / "in.zip", hand.zipped([("a/h.ipynb", good), ("b/h.ipynb", good)]))
    assert sorted(hand.ends(hand.collected(source)).values()) == ["NOT PLACED", "placed"]
    monkeypatch.setattr(sources_module, "MOST_ENTRIES", 1)
    assert list(hand.ends(hand.collected(source)).values()) == ["NOT PLACED"]


def test_learners_whom_a_file_system_takes_for_one_are_not_mixed_up(course: Path) -> None:
    good = hand.notebook(course, hand.RIGHT)
    (course / "submitted" / "carl").mkdir(parents=True)
    names = ["Ann/heads.ipynb", "ann/heads.ipynb", "Carl/heads.ipynb", "ben/heads.ipynb"]
    outcomes = hand.collected(write(course / "in.zip", hand.zipped([(n, good) for n in names])))
    assert [one.learner for one in outcomes if one.end == "placed"] == ["ben"]
    assert sum("differ in case alone" in one.note for one in outcomes) == 3


def test_killed_at_any_moment_the_next_run_ends_the_same(
    fresh: Callable[[str], Path],
) -> None:
    def begin(name: str) -> tuple[Path, Path]:
        """A course with a submission of Ann's, and what comes in then."""
        course = fresh(name)
        old, new = hand.notebook(course, hand.WRONG), hand.notebook(course, hand.RIGHT)
        before = [(hand.at("ann/heads.ipynb", 7, 0, 0), hand.notebook(course, hand.ESSAY))]
        hand.collected(write(course / "0.zip", hand.zipped(before)))
        entries = [
            (hand.at("ann/heads.ipynb", 8, 0, 0), old),
            (hand.at("ann/later/heads.ipynb", 9, 0, 0), new),
            (hand.at("ann/later/heads.answers.jsonl", 9, 0, 0), hand.journal(hand.RIGHT)),
            (hand.at("ben/heads.ipynb", 9, 0, 0), new),
            (hand.at("carl/essay.docx", 9, 0, 0), b"PK"),
        ]
        return course, write(course / "in.zip", hand.zipped(entries))

    undisturbed, source = begin("undisturbed")
    hand.collected(source)
    renames = 5  # set aside, moved aside, placed, placed, copied to unplaced/
    for moment in range(1, renames + 1):
        course, source = begin(f"killed-{moment}")
        child = os.fork()
        if child == 0:
            rename, calls = Path.rename, iter(range(1, 100))
            Path.rename = lambda path, to: (  # type: ignore[method-assign]
                os._exit(9) if next(calls) == moment else rename(path, to)  # noqa: B023
            )
            hand.collected(source)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 9, "it was not killed"
        assert hand.tree(course) != hand.tree(undisturbed)
        hand.collected(source)
        assert hand.tree(course) == hand.tree(undisturbed)
        assert {path.name for path in (course / ".collecting").iterdir()} <= {"lock"}


def test_where_the_time_comes_from(course: Path) -> None:
    good = hand.notebook(course, hand.RIGHT)
    stamp = b"2026-11-20 10:00:00 UTC"
    forged = [
        (hand.at(f"{MOODLE}_/heads.ipynb", 12, 30, 0), good),
        (hand.at(f"{MOODLE}_/timestamp.txt", 12, 30, 0), stamp),
        (hand.at("Bo_5_assignsubmission_file_/heads.ipynb", 8, 0, 0), good),
    ]
    outcomes = hand.collected(write(course / "moodle.zip", hand.zipped(forged)))
    assert {one.time for one in outcomes if one.learner == "Ann-Lee-4711"} >= {hand.utc(12, 30)}
    kept = (course / "submitted/Ann-Lee-4711/heads/timestamp.txt").read_text()
    assert kept == STAMP.format("12:30:00"), "a learner's own timestamp.txt counts for nothing"

    write(course / "own" / "carl" / "heads.ipynb", good)
    write(course / "own" / "carl" / "timestamp.txt", stamp)
    (outcome,) = [one for one in hand.collected(course / "own") if one.end == "placed"]
    assert outcome.told_by == "timestamp.txt"

    lone = write(course / "mail" / "heads.zip", hand.zipped([("heads.ipynb", good)]))
    os.utime(lone, (hand.utc(11).timestamp(),) * 2)
    (outcome,) = hand.collected(lone, learner="dora")
    assert (outcome.time, outcome.told_by) == (hand.utc(11), "date of the zip")
    (outcome,) = hand.collected(
        lone, learner="emil", time="2026-11-24 13:00", timezone="Europe/Berlin"
    )
    assert (outcome.time, outcome.told_by) == (hand.utc(12), "--time")


def test_the_time_of_a_download_is_not_taken_for_that_of_handing_in(course: Path) -> None:
    good = hand.notebook(course, hand.RIGHT)
    entries = [("Ann Lee_1_assignsubmission_file_/heads.ipynb", good)]
    entries += [("Bo_2_assignsubmission_file_/heads.ipynb", good)]
    source = write(course / "moodle.zip", hand.zipped(entries))
    worksheet = roster(
        course,
        "Identifier,Full name,ID number,Email address,Status,Last modified (submission)\n"
        'Participant 1,Ann Lee,s1,a@x.example,Submitted,"Tuesday, 24 November 2026, 9:30 AM"\n'
        "Participant 2,Bo,s2,b@x.example,Submitted,-\n",
    )
    first = hand.collected(source, roster=None)
    assert all("counts as on time" in one.note and not one.told_by for one in first)
    assert not list(course.glob("submitted/*/heads/timestamp.txt"))
    shutil.rmtree(course / "submitted")
    listed = {one.learner: one for one in hand.collected(source, roster=worksheet)}
    assert (listed["s1"].time, listed["s1"].told_by) == (hand.utc(9, 30), "class list")
    assert "give --time" in listed["s2"].note
    again = {one.learner: one for one in hand.collected(source, time="2026-11-24 10:00")}
    assert set(again) == {"Ann-Lee-1", "Bo-2"}
    later = hand.collected(source, roster=worksheet, time="2026-11-24 10:00")
    said = {one.learner: (one.end, one.told_by, one.note.partition(";")[0]) for one in later}
    assert said == {
        "s1": (
            "identical",
            "as kept",
            f"not {STAMP.format('10:00:00')}, as said: mend timestamp.txt",
        ),
        "s2": ("identical", "--time", "its time is kept now"),
    }
    assert (course / "submitted/s2/heads/timestamp.txt").read_text() == STAMP.format("10:00:00")
    assert (course / "submitted/s1/heads/timestamp.txt").read_text() == STAMP.format("09:30:00")


def test_another_name_in_variants_and_receipts_is_said(course: Path) -> None:
    quiz = classes.quiz_of(course, "heads")
    variants = {name: quiz.for_learner(name).items[-1].variant for name in map(str, range(9))}
    mine = variants["0"]
    other = next(name for name, variant in variants.items() if variant != mine)
    answers = {"amount": {"value": "600"}}
    listed = roster(course, f"learner,name\n0,Zero\n{other},Other\n")
    write(course / "in/0/heads.ipynb", hand.notebook(course, answers, variant=variants[other]))
    record = Record.model_validate(hand.records(answers, variants[other])[0])
    receipt = issue("heads", other, [record]).to_json()
    write(course / "in/0/heads.receipt.json", receipt.encode())
    outcomes = hand.collected(course / "in", roster=listed)
    assert {one.end for one in outcomes} == {"placed"}
    assert f"the receipt names '{other}'" in outcomes[0].note
    assert f"1 answers are to variants of another name ('{other}'?)" in outcomes[0].note
    assert (course / "submitted/0/heads/heads.receipt.json").read_text() == receipt


def test_the_configured_folder_and_a_late_time_are_respected(course: Path) -> None:
    with (course / "nbgrader_config.py").open("a") as file:
        file.write("\nc.CourseDirectory.submitted_directory = 'eingang'\n")
        file.write("c.Exchange.timezone = 'Europe/Berlin'\n")
    entries = [("=ann/heads.ipynb", 11), ("ben/heads.ipynb", 13)]
    data = [
        (hand.at(name, hour, 0, 0), hand.notebook(course, hand.RIGHT)) for name, hour in entries
    ]
    source = write(course / "in.zip", hand.zipped(data))
    done = CliRunner().invoke(app, ["collect", "heads", str(source), "--timezone", "UTC"])
    assert "2 placed; 2 learners have a submission now" in done.output
    stamp = (course / "eingang" / "ben" / "heads" / "timestamp.txt").read_text()
    assert stamp == "2026-11-24 14:00:00.000000 CET"
    with (course / "collect-heads.csv").open() as file:
        rows = {row["learner"]: row for row in csv.DictReader(file)}
    assert rows["ben"]["late"] == "late" and "'=ann" in rows and not rows["'=ann"]["late"]
    assert rows["ben"]["where"] == "eingang/ben/heads/heads.ipynb"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time": "soon"}, "--time soon: is no time"),
        ({"timezone": "Mars"}, "--timezone Mars: no such"),
        ({"learner": "../x"}, "--learner '../x'"),
        ({"id_column": "x"}, "--learner-column"),
    ],
)
def test_unusable_options_are_named(course: Path, options: dict[str, str], message: str) -> None:
    with pytest.raises(AutograderError, match=message):
        hand.collected(course / "source", **options)


def test_what_makes_no_sense_is_refused_before_anything_is_done(course: Path) -> None:
    with pytest.raises(AutograderError, match="there is no such file"):
        hand.collected(course / "nothing.zip")
    with pytest.raises(AutograderError, match="holds the course itself"):
        hand.collected(course)
    source = write(course / "in" / "ann" / "heads.ipynb", hand.notebook(course, hand.RIGHT))
    (course / ".collecting").mkdir(exist_ok=True)
    with FileLock(course / ".collecting" / "lock"), pytest.raises(AutograderError, match="another"):
        hand.collected(source)
    (course / "gradebook.db").write_bytes(b"no database at all, but as long as the head of one")
    with pytest.raises(AutograderError, match="cannot be read"):
        hand.collected(source)
    assert not (course / "submitted").exists()


def test_what_cannot_be_written_loses_nothing(course: Path) -> None:
    source = write(course / "in" / "ann" / "heads.ipynb", hand.notebook(course, hand.RIGHT))
    write(course / "in" / "ben" / "heads.ipynb", source.read_bytes())
    write(course / "submitted" / "ann" / "heads", b"a file where a folder belongs")
    outcomes = {one.learner: one for one in hand.collected(course / "in")}
    assert outcomes["ann"].end == "NOT PLACED" and "move it away" in outcomes["ann"].note
    assert outcomes["ben"].end == "placed"
    assert source.exists()
    journal_only = write(course / "in2" / "cy" / "heads.answers.jsonl", hand.journal(hand.RIGHT))
    assert [one.end for one in hand.collected(journal_only.parents[1])] == ["placed"]
    assert json.loads(
        (course / "submitted/cy/heads/heads.answers.jsonl").read_text().split("\n")[0]
    )
