"""Marking: what goes where, what is never overwritten, and what a second grader does not see."""

from __future__ import annotations

import re
import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import marked_class
import pytest

from autograder.bulk.feedback import write_feedback
from autograder.errors import AutograderError
from autograder.marking import Desk, read_marks
from autograder.marking.desk import Conflict, Held
from autograder.marking.server import serve

Rows = Callable[[], dict[str, tuple[float | None, str | None, int]]]
BEST = {"choice": 2, "reasons": 2}
POOR = {"choice": 1, "reasons": 0}


def scored(rows: Rows) -> list[tuple[float | None, str | None, int]]:
    return [row for row in rows().values() if row[0] is not None]


def test_the_order_is_kept_and_tells_nothing(course: Path) -> None:
    first = [answer.id for answer in Desk("small", "case", "ann").answers()]
    assert first == [answer.id for answer in Desk("small", None, "ann").answers()]
    assert first != [answer.id for answer in Desk("small", None, "ben").answers()]
    assert first != sorted(first)
    assert len(first) == 11, "an empty answer is no work"


def test_a_mark_goes_into_the_gradebook_and_beside_it(course: Path, rows: Rows) -> None:
    desk = Desk("small", None, "ann")
    answer = desk.answers()[3]
    marked = desk.mark(answer.id, {"choice": 2, "reasons": 1}, " Name $b$, too. ", answer.held)
    said = (
        "The choice: 2 of 2 points. It fits, and its trained parts are named: W and b.\n"
        "The reasons: 1.5 of 3 points. A reason from the case.\n\nName $b$, too."
    )
    assert scored(rows) == [(3.5, said, 0)]
    assert marked.is_done("first") and marked.is_current
    text = desk.marks_path.read_text()
    assert "learner" not in text.casefold()
    (mark,) = read_marks(desk.marks_path)
    assert (mark.grader, mark.role, mark.levels) == ("ann", "first", {"choice": 2, "reasons": 1})
    assert desk.pieces() == ["Name $b$, too."]

    (learner,) = (name for name, row in rows().items() if row[0] is not None)
    for page in write_feedback("small"):
        shown = page.read_text()
        assert ("The reasons: 1.5 of 3 points" in shown) == (learner in str(page))
        assert ("Model answer" in shown) == (learner in str(page))


def test_a_score_from_elsewhere_is_shown_and_never_overwritten_unseen(
    course: Path, rows: Rows
) -> None:
    desk = Desk("small", None, "ann")
    answer = desk.answers()[0]
    with sqlite3.connect(course / "gradebook.db") as database:  # as formgrader does
        database.execute("UPDATE grade SET manual_score = 4.25 WHERE needs_manual_grade = 1")
        database.execute("UPDATE comment SET manual_comment = 'By hand.'")
    before = rows()
    with pytest.raises(Conflict, match=r"meanwhile the gradebook got 4\.25 points and the comment"):
        desk.mark(answer.id, BEST, "", answer.held)
    assert rows() == before
    assert read_marks(desk.marks_path) == []

    seen = desk.answers()[0].held
    assert (seen.score, seen.comment) == (4.25, "By hand.")
    desk.mark(answer.id, BEST, "", seen)
    assert sorted(row[0] for row in scored(rows)) == [4.25] * 10 + [5]
    (mark,) = read_marks(desk.marks_path)
    assert mark.replaced is not None
    assert (mark.replaced.score, mark.replaced.comment) == (4.25, "By hand.")


def test_an_answer_that_changed_is_to_be_marked_again(course: Path, rows: Rows) -> None:
    desk = Desk("small", None, "ann")
    for answer in desk.answers():
        desk.mark(answer.id, BEST, "", answer.held)
    marked_class.hand_in(
        course, "learner-05", {"case": {"text": "Quite another answer."}}, revision=7
    )
    marked_class.grade(course)
    assert [name for name, row in rows().items() if row[2]] == ["learner-05"]
    with pytest.raises(Conflict, match="was graded anew meanwhile; reload"):
        for answer in [one for one in desk._written.items() if one[1].learner == "learner-05"]:
            desk.mark(answer[0], POOR, "", Held())
    (changed,) = (answer for answer in desk.answers() if not answer.is_done("first"))
    assert changed.text == "Quite another answer."
    assert (changed.held.score, changed.mark) == (5, None)
    desk.mark(changed.id, POOR, "", changed.held)
    assert rows()["learner-05"][0] == 1


def test_the_second_grader_is_blind_and_leaves_the_gradebook_alone(
    course: Path, rows: Rows
) -> None:
    first = Desk("small", None, "ann")
    for answer in first.answers():
        first.mark(answer.id, BEST, "Secret.", answer.held)
    before = rows()
    second = Desk("small", None, "ben", "second", sample=5)
    sample = second.answers()
    assert len(sample) == 5
    assert {(one.held, one.mark, one.others) for one in sample} == {(Held(), None, ())}
    assert second.pieces() == []
    larger = Desk("small", None, "cem", "second", sample=8).answers()
    assert {one.id for one in sample} < {one.id for one in larger}
    for answer in sample:
        second.mark(answer.id, POOR, "", None)
    assert rows() == before
    assert all(answer.is_done("second") for answer in second.answers())
    with pytest.raises(AutograderError, match="ann gave the first marks"):
        Desk("small", None, "ann", "second")

    settling = Desk("small", None, "ann", "settled")
    differing = settling.answers()
    assert {one.id for one in differing} == {one.id for one in sample}
    assert [one.grader for one in differing[0].others] == ["ann", "ben"]
    answer = settling.mark(differing[0].id, {"choice": 2, "reasons": 1}, "", differing[0].held)
    assert answer.is_done("settled") and answer.held.score == 3.5
    assert [one.points for one in read_marks(first.marks_path)] == [5] * 11 + [1] * 5 + [3.5]


@pytest.mark.parametrize(
    ("levels", "comment", "message"),
    [
        ({"choice": 1}, "", "choose a level for “The reasons”"),
        ({"choice": 1, "reasons": 3}, "", "“The reasons” has the levels 0 to 2, not 3"),
        ({"choice": -1, "reasons": 0}, "", "“The choice” has the levels 0 to 2, not -1"),
        ({**BEST, "style": 0}, "", "the rubric has no criterion 'style'"),
        (BEST, "x" * 10_001, "comment: String should have at most 10000 characters"),
    ],
)
def test_what_is_no_mark_changes_nothing(
    levels: dict[str, int], comment: str, message: str, course: Path, rows: Rows
) -> None:
    desk = Desk("small", None, "ann")
    answer = desk.answers()[0]
    before = rows()
    with pytest.raises(AutograderError, match=re.escape(message)):
        desk.mark(answer.id, levels, comment, answer.held)
    assert rows() == before
    assert not desk.marks_path.exists()


def test_where_a_mark_cannot_be_kept_there_is_no_score(course: Path, rows: Rows) -> None:
    desk = Desk("small", None, "ann")
    answer = desk.answers()[0]
    (course / "marks").write_text("no folder")
    with pytest.raises(AutograderError, match=r"marks/small.jsonl: cannot be written"):
        desk.mark(answer.id, BEST, "", answer.held)
    assert scored(rows) == []


def test_a_damaged_file_of_marks_is_named_with_its_line(course: Path) -> None:
    desk = Desk("small", None, "ann")
    answer = desk.answers()[0]
    desk.mark(answer.id, BEST, "", answer.held)
    whole = desk.marks_path.read_text()
    desk.marks_path.write_text(whole + whole.replace('"first"', '"referee"'))
    with pytest.raises(AutograderError, match=r"marks/small.jsonl:2: role: .*mend this line"):
        desk.answers()
    desk.marks_path.write_text(whole.strip())  # cut off before the end of its line
    again = desk.answers()[1]
    desk.mark(again.id, POOR, "", again.held)
    assert len(read_marks(desk.marks_path)) == 2


def test_what_cannot_be_marked_is_named(course: Path) -> None:
    with pytest.raises(AutograderError, match=r"'pick' is no case study of 'small'; .* are: case"):
        Desk("small", "pick", "ann")
    with pytest.raises(AutograderError, match="--grader NAME"):
        Desk("small", None, "ann\nben")
    with pytest.raises(AutograderError, match="no answer to 'case' on which two graders differ"):
        Desk("small", None, "ann", "settled").answers()
    with sqlite3.connect(course / "gradebook.db") as database:
        database.execute("DELETE FROM grade")
    with pytest.raises(AutograderError, match="run: autograder grade small"):
        Desk("small", None, "ann").answers()


def test_a_port_that_is_taken_is_named(course: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(AutograderError, match=f"port {port} cannot be used .* --port"):
            serve(Desk("small", None, "ann"), port, print, open_browser=False)
