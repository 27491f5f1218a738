"""The kernel's side of nothing lost: older copies, full disks, long journals, other kernels."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from autograder import kernel, open_quiz, responses
from autograder.errors import AnswerError
from autograder.quiz import load_quiz
from autograder.receipts import read_receipt
from autograder.responses import Record, append_journal, compact_journal, read_journal
from autograder.session import QuizSession
from autograder.submissions import read_submission

ROOT = Path(__file__).parents[2]
QUIZ = load_quiz(ROOT / "source" / "heads" / "quiz.yaml")
FIRST, SECOND = "triage-head", "startup-few-labels"
OPTIONS = {
    item.id: [{"choice": option.id} for option in item.options]
    for item in QUIZ.public().items
    if item.type == "single_choice"
}
ALONE = "Hand in heads.answers.jsonl with the notebook"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "quizzes" / "heads", tmp_path / "heads"))


def _record(item: str, response: Any, revision: int) -> Record:
    return Record(item=item, response=response, revision=revision, time="")


def _hold(notebook: Path, record: Record) -> None:
    """Put a record into a notebook's metadata, as the page does."""
    content = json.loads(notebook.read_text())
    records = {record.item: record.model_dump()}
    content["metadata"]["autograder"] = {"quiz": "heads", "records": records}
    notebook.write_text(json.dumps(content))


def _graded(folder: Path) -> dict[str, Any]:
    records = read_submission(folder, QUIZ).records
    return {name: record.response for name, record in records.items()}


def _rows(quiz: QuizSession) -> dict[str, str]:
    return {row["id"]: row["state"] for row in quiz.receipt().rows}


@pytest.mark.parametrize("name", ["heads.ipynb", "my own name.ipynb"])
@pytest.mark.parametrize("older", [None, 3])
def test_the_newest_answer_counts_against_a_notebook_with_answers(
    folder: Path, name: str, older: int | None
) -> None:
    old, new, *_ = OPTIONS[FIRST]
    (folder / "heads.ipynb").rename(folder / name)
    _hold(folder / name, _record(FIRST, old, 7))
    if older:
        append_journal(folder / "heads.answers.jsonl", _record(FIRST, None, older))
    quiz = open_quiz("heads", folder)
    assert quiz.show(FIRST).response == old
    assert repr(quiz).endswith("1 of 10 answered")
    journal = read_journal(folder / "heads.answers.jsonl")
    assert journal.records[FIRST].response == old  # handed in alone, the journal has it as well
    quiz.answer(FIRST, new)
    assert _graded(folder)[FIRST] == new


def test_the_newest_answer_counts_whichever_of_two_notebooks_is_handed_in(folder: Path) -> None:
    old, new, *_ = OPTIONS[FIRST]
    shutil.copy(folder / "heads.ipynb", folder / "copy.ipynb")
    _hold(folder / "copy.ipynb", _record(FIRST, old, 7))
    quiz = open_quiz("heads", folder)
    assert repr(quiz).endswith("0 of 10 answered")  # the copy may be anybody's
    quiz.answer(FIRST, new)
    (folder / "heads.ipynb").unlink()
    assert _graded(folder)[FIRST] == new


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No write succeeds until the patch is undone."""

    def full(path: Path, line: bytes) -> bool:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(responses, "_append", full)
    return monkeypatch


def test_an_answer_that_is_nowhere_on_the_disk_is_never_called_saved(
    folder: Path, full_disk: pytest.MonkeyPatch
) -> None:
    quiz = open_quiz("heads", folder)
    widget = quiz.show(FIRST)
    widget.response = OPTIONS[FIRST][0]
    assert widget.status["state"] == "failed"
    assert "heads.answers.jsonl cannot be written (No space left" in widget.status["message"]
    again = quiz.show(FIRST)
    assert again.status == widget.status
    assert "NOT SAVED" in again.text
    receipt = quiz.receipt()
    assert receipt.rows[0]["state"] == "failed"
    assert "1. " + QUIZ.items[0].title + ": NOT SAVED" in receipt.text
    assert "Not saved: heads.answers.jsonl cannot be written" in receipt.notes[0]
    assert json.loads(receipt.document)["records"] == []
    assert set(receipt.records) == {FIRST}  # the page may still store it in the notebook
    assert quiz.show(SECOND).next_open["id"] != SECOND
    assert repr(open_quiz("heads", folder)).endswith("0 of 10 answered")  # and not in a new session
    with pytest.raises(AnswerError, match="memory alone"):
        quiz.answer(SECOND, OPTIONS[SECOND][0])

    full_disk.undo()
    third = "same-tag-everywhere"
    assert "recorded at" in quiz.answer(third, OPTIONS[third][0])
    assert list(read_journal(folder / "heads.answers.jsonl").records) == [FIRST, SECOND, third]
    assert widget.status == again.status == {"state": "saved", "message": ""}
    assert receipt.rows[0]["state"] == "answered"
    assert receipt.notes == []
    assert _graded(folder)[FIRST] == OPTIONS[FIRST][0]


def test_running_the_cell_again_saves_what_could_not_be_saved(
    folder: Path, full_disk: pytest.MonkeyPatch
) -> None:
    quiz = open_quiz("heads", folder)
    widget = quiz.show(FIRST)
    widget.response = OPTIONS[FIRST][0]
    full_disk.undo()
    later = open_quiz("heads", folder)  # as "run all cells" has it
    assert later.show(FIRST).status["state"] == "saved"
    assert widget.status["state"] == "saved"
    assert _graded(folder)[FIRST] == OPTIONS[FIRST][0]


def test_a_receipt_on_the_page_follows_later_answers(folder: Path, tmp_path: Path) -> None:
    quiz = open_quiz("heads", folder)
    receipt = quiz.receipt()
    empty = receipt.digest
    quiz.answer(FIRST, OPTIONS[FIRST][0])
    assert receipt.rows[0]["state"] == "answered"
    assert receipt.records[FIRST]["response"] == OPTIONS[FIRST][0]
    assert receipt.digest != empty
    path = tmp_path / "receipt.json"
    path.write_text(receipt.document)
    saved = read_receipt(path)
    assert saved.digest == receipt.digest
    assert [record.item for record in saved.records] == [FIRST]


def test_without_a_page_the_learner_is_told_to_hand_in_the_journal(folder: Path) -> None:
    quiz = open_quiz("heads", folder)
    assert ALONE not in quiz.receipt().text
    assert ALONE in quiz.answer(FIRST, OPTIONS[FIRST][0])
    quiz.show(FIRST)  # created, and shown by nobody
    assert ALONE in quiz.receipt().text
    _hold(folder / "heads.ipynb", read_journal(folder / "heads.answers.jsonl").records[FIRST])
    assert ALONE not in quiz.receipt().text

    quiz.show(SECOND).in_notebook = True  # as a page sets it
    assert ALONE not in quiz.answer(SECOND, OPTIONS[SECOND][0])


@pytest.mark.parametrize("revision", [10**9, 10**8 + 1])
def test_a_forged_revision_does_not_stop_later_answers(folder: Path, revision: int) -> None:
    line = {"item": FIRST, "response": OPTIONS[FIRST][0], "revision": revision, "time": "t"}
    (folder / "heads.answers.jsonl").write_text(json.dumps(line) + "\n")
    quiz = open_quiz("heads", folder)
    assert "line 1: not a readable answer (its revision is above" in quiz.receipt().notes[0]
    quiz.answer(FIRST, OPTIONS[FIRST][1])
    quiz.answer(SECOND, OPTIONS[SECOND][1])
    assert _graded(folder) == {FIRST: OPTIONS[FIRST][1], SECOND: OPTIONS[SECOND][1]}


def test_the_last_revision_that_can_be_is_named(folder: Path) -> None:
    append_journal(folder / "heads.answers.jsonl", _record(FIRST, None, 10**8))
    quiz = open_quiz("heads", folder)
    widget = quiz.show(SECOND)
    widget.response = OPTIONS[SECOND][0]
    assert widget.status["state"] == "failed"
    assert "has the revision 100,000,000, after which there is none" in widget.status["message"]
    with pytest.raises(AnswerError, match="Begin anew"):
        quiz.answer(SECOND, OPTIONS[SECOND][0])


def test_a_long_journal_keeps_the_newest_record_of_each_item(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "COMPACT_ABOVE", 20_000)
    journal = folder / "heads.answers.jsonl"
    quiz = open_quiz("heads", folder)
    quiz.answer(FIRST, OPTIONS[FIRST][0])
    for number in range(60):
        quiz.answer("prompting-efficiency", {"text": f"{number} {'word ' * 100}"})
        assert journal.stat().st_size <= 20_000
    found = _graded(folder)
    assert found[FIRST] == OPTIONS[FIRST][0]
    assert found["prompting-efficiency"]["text"].startswith("59 ")
    assert [path.name for path in folder.glob(".heads*")] == []


def test_compacting_loses_no_answer_of_another_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = tmp_path / "q.answers.jsonl"
    own, other = (_record(name, 1, 1) for name in ("own", "other"))
    append_journal(journal, own)
    copymode = shutil.copymode

    def meanwhile(source: Path, target: Path) -> None:
        append_journal(journal, other)  # after the journal was read, before it is replaced
        copymode(source, target)

    monkeypatch.setattr(shutil, "copymode", meanwhile)
    compact_journal(journal)
    assert set(read_journal(journal).records) == {"own", "other"}

    monkeypatch.undo()
    late, real = _record("late", 1, 2), responses.os.fsync

    def replaced(descriptor: int) -> None:
        monkeypatch.undo()
        real(descriptor)
        compact = journal.with_suffix(".new")  # what compacting in another kernel leaves
        compact.write_bytes(b"".join(journal.read_bytes().splitlines(True)[:2]))
        compact.replace(journal)

    monkeypatch.setattr(responses.os, "fsync", replaced)
    append_journal(journal, late)
    assert set(read_journal(journal).records) == {"own", "other", "late"}


def test_a_journal_that_cannot_be_compacted_is_appended_to(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "COMPACT_ABOVE", 1)
    quiz = open_quiz("heads", folder)
    quiz.answer(FIRST, OPTIONS[FIRST][0])

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(responses.tempfile, "mkstemp", refuse)
    quiz.answer(FIRST, OPTIONS[FIRST][1])
    assert len((folder / "heads.answers.jsonl").read_text().splitlines()) == 2
    assert _graded(folder)[FIRST] == OPTIONS[FIRST][1]


def test_an_error_does_not_end_the_look_at_other_kernels(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "LOOK_EVERY", 0.02)
    journal = folder / "heads.answers.jsonl"

    async def watch() -> None:
        quiz = open_quiz("heads", folder)
        receipt = quiz.receipt()
        whole = QuizSession.catch_up

        def broken(self: QuizSession) -> None:
            raise RuntimeError("the page is gone")

        monkeypatch.setattr(QuizSession, "catch_up", broken)
        append_journal(journal, _record(FIRST, OPTIONS[FIRST][0], 1))
        await _until(lambda: receipt.notes)
        assert "cannot be shown (RuntimeError: the page is gone)" in receipt.notes[0]
        monkeypatch.setattr(QuizSession, "catch_up", whole)
        await _until(lambda: not receipt.notes)
        assert receipt.records[FIRST]["revision"] == 1

    asyncio.run(watch())


async def _until(happened: Any) -> None:
    for _ in range(200):
        if happened():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it did not happen within four seconds")
