"""Whatever was handed in is read as far as it can be, and everything else has a name."""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path
from typing import Any

import examples
import pytest

from autograder import submissions
from autograder.grading import grade
from autograder.quiz import Quiz
from autograder.responses import to_metadata
from autograder.submissions import read_submission, read_timestamp

QUIZ = Quiz(
    id="small",
    title="Small",
    chapter="none",
    instructions="Answer.",
    items=[
        examples.item(one)
        for one in (examples.SINGLE_CHOICE, examples.NUMERIC, examples.CODE, examples.CASE_STUDY)
    ],
)
RED = {"choice": "red"}
GREEN = {"choice": "green"}


def _record(item: str = "pick", response: Any = RED, revision: Any = 1) -> dict[str, Any]:
    return {"item": item, "response": response, "revision": revision, "time": "2026-11-24"}


def _held(*records: dict[str, Any], quiz: str = "small") -> dict[str, Any]:
    return {"autograder": {"quiz": quiz, "records": {one["item"]: one for one in records}}}


def _notebook(metadata: Any = None, cells: Any = (), **more: Any) -> dict[str, Any]:
    held = {} if metadata is None else metadata
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": held, "cells": list(cells)} | more


def _cell(source: Any, kind: str = "code") -> dict[str, Any]:
    return {"cell_type": kind, "source": source, "metadata": {}}


def _write(folder: Path, notebook: Any = None, *lines: Any) -> Path:
    """A submission: the notebook and the journal, each as bytes, or as JSON."""
    if notebook is not None:
        data = notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode()
        (folder / "small.ipynb").write_bytes(data)
    if lines:
        texts = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in lines]
        (folder / "small.answers.jsonl").write_bytes(b"\n".join(texts) + b"\n")
    return folder


def _read(folder: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The responses and the problems, after a look at whether they can be graded and written."""
    recorded = read_submission(folder, QUIZ)
    grade(recorded, QUIZ)
    held = to_metadata(recorded, QUIZ.id)
    assert json.dumps(held, ensure_ascii=False, allow_nan=False).encode()
    return {name: one.response for name, one in recorded.records.items()}, recorded.problems


def test_journal_and_notebook_are_merged_and_the_higher_revision_wins(tmp_path: Path) -> None:
    amount = _record("amount", {"value": "22.7"}, 3)
    _write(tmp_path, _notebook(_held(_record(response=GREEN, revision=2))), _record(), amount)
    assert _read(tmp_path) == ({"pick": GREEN, "amount": {"value": "22.7"}}, ())


def test_copies_that_contradict_each_other_are_named(tmp_path: Path) -> None:
    _write(tmp_path, _notebook(_held(_record(response=GREEN))), _record())
    _, problems = _read(tmp_path)
    assert problems == ("question 'pick': journal and notebook differ at revision 1",)


def test_answers_to_several_quizzes_in_one_notebook(tmp_path: Path) -> None:
    held = {"quiz": "other", "records": {}, "others": {"small": {"pick": _record()}}}
    _write(tmp_path, _notebook({"autograder": held}))
    assert _read(tmp_path) == ({"pick": RED}, ())


def test_a_record_under_another_name_and_an_unknown_question_are_named(tmp_path: Path) -> None:
    held = {"quiz": "small", "records": {"amount": _record(), "size": _record("size")}}
    _write(tmp_path, _notebook({"autograder": held}))
    answers, problems = _read(tmp_path)
    assert answers == {"pick": RED}
    assert problems == (
        "the notebook's metadata, item 'amount': says that it answers another question",
        "there is no question 'size'",
    )


@pytest.mark.parametrize("revision", [True, 1.0, 0, -1, 10**8 + 1, 10**30, "1", None])
def test_a_revision_that_is_none_is_refused(tmp_path: Path, revision: Any) -> None:
    _write(tmp_path, _notebook(_held(_record(revision=revision))), _record(response=GREEN))
    answers, problems = _read(tmp_path)
    assert answers == {"pick": GREEN}
    (problem,) = problems
    assert problem.startswith("the notebook's metadata, item 'pick': not a readable answer")
    assert ("its revision is above 100,000,000" in problem) == (revision in (10**8 + 1, 10**30))


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "9" * 5_000])
def test_a_number_that_is_none_costs_only_its_own_answer(tmp_path: Path, number: str) -> None:
    held = _held(_record(response="NUMBER"), _record("amount", {"value": "1"}))
    notebook = json.dumps(_notebook(held, size="NUMBER")).replace('"NUMBER"', number)
    line = json.dumps(_record(response="NUMBER")).replace('"NUMBER"', number)
    _write(tmp_path, notebook.encode(), line.encode())
    answers, problems = _read(tmp_path)
    assert answers == {"amount": {"value": "1"}}
    assert problems == (
        "small.answers.jsonl, line 1: not a readable answer",
        "the notebook's metadata, item 'pick': not a readable answer",
    )


def test_half_a_surrogate_pair_is_replaced(tmp_path: Path) -> None:
    text = {"text": "An \ud83d answer, and \U0001f600"}
    whole = {"text": "An \ufffd answer, and \U0001f600"}
    cell = _cell("# answer: program\nx = '\udfff'")
    _write(tmp_path, _notebook(_held(_record("case", text)), [cell]), _record("case", text))
    assert _read(tmp_path) == ({"case": whole, "program": {"source": "x = '\ufffd'"}}, ())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_other_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    notebook = json.dumps(_notebook(_held(_record()))).encode(encoding)
    _write(tmp_path, notebook, json.dumps(_record("amount", {"value": "1"})).encode(encoding))
    answers, _ = _read(tmp_path)
    assert answers["pick"] == RED
    if encoding == "utf-8-sig":
        assert "amount" in answers


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is not a notebook"),
        (b'{"cells": [', "is not a notebook"),
        (b"\x00" * 50, "is not a notebook"),
        (b'{"a": "\xff\xff\xff"}', "is not a notebook"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "holds no object"),
        (b'{"nbformat": 3, "metadata": {}, "worksheets": []}', "has the notebook format 3, not 4"),
        (b'{"nbformat": 5, "metadata": {}}', "has the notebook format 5, not 4"),
        (b'{"nbformat": 4, "metadata": 7}', "the notebook's metadata cannot be read"),
        (b'{"nbformat": 4, "metadata": {"autograder": 7}}', "metadata cannot be read"),
        (b'{"nbformat": 4, "metadata": {}, "metadata": {}}', "holds 'metadata' twice"),
    ],
)
def test_a_damaged_notebook_never_costs_the_journal(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    _write(tmp_path, data, _record())
    answers, problems = _read(tmp_path)
    assert answers == {"pick": RED}
    (problem,) = problems
    assert reason in problem


def test_a_damaged_line_costs_only_itself(tmp_path: Path) -> None:
    deep = b'{"item": "pick", "response": ' + b"[" * 100_000
    _write(tmp_path, _notebook(), deep, b"\xff\xfe", b"\0\0", _record(), b'{"item": "pi')
    answers, problems = _read(tmp_path)
    assert answers == {"pick": RED}
    assert problems == tuple(
        f"small.answers.jsonl, line {number}: not a readable answer" for number in (1, 2, 3, 5)
    )


def _link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _circle(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


@pytest.mark.parametrize("name", ["small.ipynb", "small.answers.jsonl", "timestamp.txt"])
@pytest.mark.parametrize(
    ("replace", "reason"),
    [
        (_link, "it is a symbolic link"),
        (_circle, "it is a symbolic link"),
        (_pipe, "it is not a regular file"),
        (_folder, "it is not a regular file"),
    ],
)
def test_only_regular_files_are_read(tmp_path: Path, name: str, replace: Any, reason: str) -> None:
    _write(tmp_path, _notebook(_held(_record())), _record())
    (tmp_path / "timestamp.txt").write_text("2026-11-24 08:00:00 UTC")
    replace(tmp_path / name)
    answers, problems = _read(tmp_path)
    assert answers == {"pick": RED}
    time, problem = read_timestamp(tmp_path)
    if name == "timestamp.txt":
        assert time is None
        assert problem is not None
        problems = (problem,)
    (named,) = problems
    assert named.startswith(f"{name} cannot be read: {reason}")


def test_a_folder_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "ada").mkdir()
    _write(tmp_path / "ada", _notebook(_held(_record())), _record())
    (tmp_path / "eve").symlink_to("ada")
    answers, problems = _read(tmp_path / "eve")
    assert answers == {}
    assert len(problems) == 2
    assert all("its folder is a symbolic link" in one for one in problems)


def test_a_hard_link_is_noted(tmp_path: Path) -> None:
    _write(tmp_path, _notebook(), _record())
    os.link(tmp_path / "small.answers.jsonl", tmp_path / "other")
    _, problems = _read(tmp_path)
    assert problems == ("'small.answers.jsonl' is a hard link: it may be somebody else's file",)


def test_files_beyond_the_limit_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submissions, "_MAX_JOURNAL", 2**20)
    _write(tmp_path, _notebook(_held(_record())), _record(), b" " * 2**20)
    answers, problems = _read(tmp_path)
    assert answers == {"pick": RED}
    assert problems == ("small.answers.jsonl cannot be read: it is larger than 1 MB",)


def test_no_folder_and_a_file_in_its_place(tmp_path: Path) -> None:
    assert _read(tmp_path / "nobody") == ({}, ("small.ipynb was not handed in",))
    (tmp_path / "file").write_text("")
    answers, problems = _read(tmp_path / "file")
    assert answers == {}
    assert problems


def test_the_only_notebook_with_the_quiz_is_read_under_another_name(tmp_path: Path) -> None:
    (tmp_path / "final.ipynb").write_text(json.dumps(_notebook(_held(_record()))))
    (tmp_path / "notes.ipynb").write_text(json.dumps(_notebook()))
    (tmp_path / "broken.ipynb").write_text("{")
    answers, problems = _read(tmp_path)
    assert answers == {"pick": RED}
    assert problems[0].startswith("small.ipynb was not handed in; read instead")
    assert "'final.ipynb'" in problems[0]
    assert problems[1].startswith("'broken.ipynb' is not a notebook")


def test_two_such_notebooks_are_not_guessed_from(tmp_path: Path) -> None:
    for name, response in (("a", RED), ("b", GREEN)):
        text = json.dumps(_notebook(_held(_record(response=response))))
        (tmp_path / f"{name}.ipynb").write_text(text)
    answers, problems = _read(tmp_path)
    assert answers == {}
    assert problems == ("small.ipynb was not handed in; not read: 'a.ipynb', 'b.ipynb'",)


def test_a_name_in_no_encoding_is_printable_in_the_problem(tmp_path: Path) -> None:
    with open(os.path.join(os.fsencode(tmp_path), b"\xff\n.ipynb"), "w"):  # noqa: PTH118, PTH123
        pass
    (tmp_path / "x\nforged.ipynb").write_text('{"a": 1, "a": 2}')
    _, problems = _read(tmp_path)
    assert len(problems) == 3
    assert all(one.isprintable() for one in problems)


def test_code_that_was_never_recorded_is_taken_from_its_cell(tmp_path: Path) -> None:
    cells = [
        _cell("# answer: program\nnot code", "markdown"),
        _cell(["\n", "# answer: program  (keep this line)\n", "x = 1\n", "y = 2"]),
        _cell("#answer: amount\n22.7"),
        _cell(7),
        7,
    ]
    _write(tmp_path, _notebook(cells=cells))
    assert _read(tmp_path) == ({"program": {"source": "x = 1\ny = 2"}}, ())


def test_several_cells_that_differ_are_named_and_a_record_comes_first(tmp_path: Path) -> None:
    cells = [_cell("# answer: program\n1"), _cell("# answer: program\n2")]
    _write(tmp_path, _notebook(cells=cells))
    answers, problems = _read(tmp_path)
    assert answers == {"program": {"source": "1"}}
    assert problems == ("question 'program': several cells differ; the first counts",)
    _write(tmp_path, _notebook(cells=cells), _record("program", {"source": "3"}))
    answers, _ = _read(tmp_path)
    assert answers == {"program": {"source": "3"}}


def test_problems_are_single_printable_lines_and_not_without_end(tmp_path: Path) -> None:
    names = [f"x{number}\n\x1b[2J\u202e{'y' * 500}" for number in range(80)]
    _write(tmp_path, _notebook(), *(_record(name) for name in names))
    _, problems = _read(tmp_path)
    assert len(problems) == 51
    assert problems[-1] == "... and 30 more problems"
    assert all(one.isprintable() and len(one) <= 300 for one in problems)


def test_the_time_of_handing_in(tmp_path: Path) -> None:
    path = tmp_path / "timestamp.txt"
    assert read_timestamp(tmp_path) == (None, None)
    path.write_text("2026-11-24 08:00:00.5 UTC\n")
    assert read_timestamp(tmp_path) == (datetime.datetime(2026, 11, 24, 8, 0, 0, 500_000), None)
    for data in (b"", b"yesterday", b"\xff", b"0001-01-01 00:00 86399", b"1" * 200, b"2026-13-41"):
        path.write_bytes(data)
        time, problem = read_timestamp(tmp_path)
        assert time is None, data
        assert problem is not None
        assert problem.endswith("taken as handed in on time")
