"""Records survive cut-off writes, damaged lines, clocks set back and any order of copies."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from autograder.responses import (
    Record,
    Recorded,
    append_journal,
    journal_path,
    merge,
    read_journal,
    read_notebook,
    to_metadata,
)


def _record(item: str, choice: str | None, revision: int, time: str = "2026-01-01") -> Record:
    response = {"choice": choice} if choice else None
    return Record(item=item, response=response, revision=revision, time=time)


records = st.builds(
    _record,
    st.sampled_from(["a", "b"]),
    st.sampled_from(["x", "y", None]),
    st.integers(1, 4),
    st.sampled_from(["2025", "2026"]),
)


def test_a_journal_gives_back_the_latest_record_of_each_item(tmp_path: Path) -> None:
    path = journal_path(tmp_path, "heads")
    for record in (_record("a", "x", 1), _record("b", "y", 2), _record("a", None, 3)):
        append_journal(path, record)
    read = read_journal(path)
    assert read.problems == ()
    assert read.records == {"a": _record("a", None, 3), "b": _record("b", "y", 2)}


def test_a_missing_journal_is_an_empty_one(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "none.jsonl") == Recorded({})


def test_a_write_that_was_cut_off_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "heads.answers.jsonl"
    append_journal(path, _record("a", "x", 1))
    with path.open("ab") as journal:
        journal.write(b'{"item": "b", "respo')
    append_journal(path, _record("a", "y", 3))
    read = read_journal(path)
    assert read.records == {"a": _record("a", "y", 3)}
    assert read.problems == ("heads.answers.jsonl, line 2: not a readable answer",)


def test_a_clock_set_back_changes_nothing() -> None:
    early = Recorded({"a": _record("a", "x", 1, time="2030-01-01")})
    late = Recorded({"a": _record("a", "y", 2, time="2020-01-01")})
    assert merge([late, early]).records["a"].response == {"choice": "y"}


@given(st.lists(records), st.randoms())
def test_merging_has_no_order(some: list[Record], random: object) -> None:
    parts = [Recorded({record.item: record}) for record in some]
    shuffled = parts[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merge(parts).records == merge(shuffled).records


def test_a_notebook_holds_the_records_too() -> None:
    recorded = Recorded({"a": _record("a", "x", 1)})
    metadata = {"autograder": to_metadata(recorded, "heads")}
    assert read_notebook(metadata, "heads") == recorded


def test_what_cannot_be_read_in_a_notebook_is_named() -> None:
    assert "cannot be read" in read_notebook({"autograder": 7}, "heads").problems[0]
    other = {"autograder": {"quiz": "other", "records": {}}}
    assert "'other'" in read_notebook(other, "heads").problems[0]
    damaged = {"autograder": {"quiz": "heads", "records": {"a": {"revision": "high"}}}}
    assert "item 'a'" in read_notebook(damaged, "heads").problems[0]
