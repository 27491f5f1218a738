"""Receipts say what was recorded, show when they were changed, and are compared with what came."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import classes
import pytest

from autograder import open_quiz
from autograder.errors import AutograderError
from autograder.receipts import Receipt, differences, digest_of, issue, read_receipt
from autograder.responses import Record


def _record(item: str, choice: str, revision: int = 1) -> Record:
    time = "2026-11-24T08:00:00+00:00"
    return Record(item=item, response={"choice": choice}, revision=revision, time=time)


def test_the_digest_depends_on_the_records_alone() -> None:
    one, two = _record("one", "ä"), _record("two", "b")
    assert digest_of([one, two]) == digest_of([two, one])
    assert digest_of([one, two]) != digest_of([one])
    assert digest_of([one]) != digest_of([_record("one", "ä", revision=2)])
    assert issue("quiz", "", [two, one]).records == (one, two)


def test_a_receipt_comes_back_as_it_was_issued(tmp_path: Path) -> None:
    issued = issue("quiz", "ann", [_record("one", "ä")])
    path = tmp_path / "quiz.receipt.json"
    path.write_text(issued.to_json(), encoding="utf-8")
    assert read_receipt(path) == issued


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("right", "wrong"), "changed after it was issued"),
        (lambda text: text.replace('"revision": 1', '"revision": 2'), "changed after it was"),
        (lambda text: text[:40], "not a receipt"),
        (lambda text: text.replace('"quiz"', '"quizz"'), "quiz: Field required"),
    ],
)
def test_a_changed_receipt_is_named(tmp_path: Path, change: object, words: str) -> None:
    path = tmp_path / "receipt.json"
    text = issue("quiz", "", [_record("one", "right")]).to_json()
    path.write_text(change(text), encoding="utf-8")  # type: ignore[operator]
    with pytest.raises(AutograderError, match=words) as error:
        read_receipt(path)
    assert str(path) in str(error.value)


def test_differences_are_named_by_item() -> None:
    receipt = issue("quiz", "", [_record("same", "a"), _record("other", "a"), _record("lost", "a")])
    came = {name: _record(name, "a") for name in ("same", "later")}
    came["other"] = _record("other", "b", revision=2)
    found = differences(receipt, came)
    assert [line.split(":")[0] for line in found] == ["later", "lost", "other"]
    assert "another answer was handed in" in found[2]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return classes.make_course(tmp_path_factory.mktemp("receipts") / "course", "heads")


def test_verify_compares_receipts_with_what_arrived(course: Path) -> None:
    work = Path(shutil.copytree(course / "quizzes" / "heads", course / "work"))
    quiz = open_quiz("heads", work)
    quiz.answer("triage-head", {"choice": "one-number"})
    quiz.answer("prompting-efficiency", {"text": "Nothing is trained."})
    widget = quiz.receipt()
    receipt = course / "heads.receipt.json"
    receipt.write_text(widget.document, encoding="utf-8")
    assert Receipt.model_validate_json(widget.document).digest == widget.digest
    assert f"Digest of what is recorded: {widget.digest}" in repr(widget)
    assert "NOT ANSWERED" in repr(widget)
    shutil.copytree(work, course / "submitted" / "ann" / "heads")

    verify = ("autograder", "verify", receipt.name)
    done = classes.command(course, *verify, check=False)
    assert done.returncode == 1
    assert "say whose it is with --learner" in done.stdout
    done = classes.command(course, *verify, "--learner", "ann")
    assert "heads.receipt.json: agrees with what arrived" in done.stdout
    done = classes.command(course, *verify, "--learner", "bob", check=False)
    assert "nothing of 'bob'" in done.stdout

    journal = course / "submitted" / "ann" / "heads" / "heads.answers.jsonl"
    journal.write_text(journal.read_text().replace("one-number", "pooled-scores"))
    done = classes.command(course, *verify, "--learner", "ann", check=False)
    assert done.returncode == 1
    assert "triage-head: another answer was handed in" in done.stdout

    told = json.loads(receipt.read_text())
    receipt.write_text(json.dumps({**told, "learner": "ann"}))
    done = classes.command(course, *verify, "--learner", "bob", check=False)
    assert "belongs to 'ann', not to 'bob'" in done.stdout
