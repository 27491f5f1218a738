"""A project on one's own table: faults are named, splits are fair, the report says everything."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from downstream import tasks
from downstream.adapt import Record
from downstream.heads import RegressionHead, SequenceClassificationHead, TaskModel
from downstream.notebooks import ROOT
from downstream.project import (
    SPLITS,
    TableError,
    limits,
    margin,
    plan,
    read_table,
    report,
    score_table,
    split_table,
    suggest_task,
    word_counting,
    worst_errors,
)

EXAMPLE = ROOT / "project" / "library_enquiries.csv"
WORDS = ("parcel", "kettle", "garden", "invoice", "window", "bakery", "ladder", "violin", "harbour")


def rows(count: int = 36) -> list[list[str]]:
    """Texts that share few words, with two labels in turn."""
    return [
        [f"{WORDS[i % 9]} {WORDS[(i // 9 + i) % 9]} number{i} street{i * 7}", "ab"[i % 2]]
        for i in range(count)
    ]


def write(path: Path, content: Sequence[Sequence[str]], mark: str = ",", **how: Any) -> Path:
    with path.open("w", newline="", encoding=how.get("encoding", "utf-8")) as file:
        csv.writer(file, delimiter=mark).writerows([["text", "label"], *content])
    return path


def fault(path: Path, text: str | tuple[str, str] = "text", label: str = "label") -> str:
    with pytest.raises(TableError) as caught:
        read_table(path, text, label)
    return str(caught.value)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_files_of_all_spreadsheets_are_read_alike(tmp_path: Path, mark: str, encoding: str) -> None:
    content = [*rows(), ['He said "no; never", twice,\nand left 🙂', "a"], ["文字 🐌", "b"]]
    table = read_table(write(tmp_path / "t.csv", content, mark, encoding=encoding), "text", "label")
    assert table["text"].iloc[-2:].tolist() == [content[-2][0], content[-1][0]]
    assert table.index[0] == 2
    assert table.index[-1] == 40  # the text before has two lines


def test_a_cell_of_a_hundred_thousand_characters_is_read(tmp_path: Path) -> None:
    long = "word " * 60_000
    before = csv.field_size_limit()
    table = read_table(write(tmp_path / "t.csv", [*rows(), [long, "a"]]), "text", "label")
    assert len(table["text"].iloc[-1]) == len(long) - 1
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (rows(12), "12 rows; at least 30"),
        ([*rows(), ["", "a"]], "line 38: column 'text' is empty"),
        ([*rows(), ["a lone text", " "]], "line 38: column 'label' is empty"),
        ([[text, "a"] for text, _ in rows()], "'a' everywhere"),
        ([*rows(), ["a lone text", "c"]], "line 38: label 'c' occurs once"),
        ([*rows(), [rows()[0][0].upper(), "b"]], "lines 2 and 38: the same text has the labels"),
        ([*rows(), ["one", "two", "three"]], "line 38: 3 cells, but the header has 2"),
    ],
)
def test_a_fault_is_named_with_its_place_and_a_remedy(
    tmp_path: Path, content: list[list[str]], words: str
) -> None:
    message = fault(write(tmp_path / "mine.csv", content))
    assert words in message
    assert message.startswith("mine.csv")
    assert re.search("needed|needs|fill|decide|choose|put", message)


def test_what_is_no_table_in_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes("text,label\nok,a\ncafé,b\n".encode("latin-1"))
    assert "line 3: byte 0xe9 is not UTF-8" in fault(path)
    path.write_bytes("text,label\nok,a\n".encode("utf-16"))
    assert "UTF-16" in fault(path)
    path.write_bytes(b"")
    assert "empty" in fault(path)
    path.write_text('text,label\n"never closed,a\nnext,b\n', encoding="utf-8")
    assert "line 2" in fault(path) and "quotation mark" in fault(path)
    assert "no such file" in fault(tmp_path / "other.csv")


def test_columns_are_checked_by_name(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", rows())
    assert "no column 'topic'; there are: 'text', 'label'" in fault(path, label="topic")
    assert "different columns" in fault(path, label="text")
    path.write_text("text,label,label\nx,a,b\n", encoding="utf-8")
    assert "'label' stands twice" in fault(path)


def table(labels: Sequence[str], **more: Sequence[str]) -> pd.DataFrame:
    texts = [text for text, _ in rows(len(labels))]
    return pd.DataFrame({"text": texts, "label": list(labels), **more})


def test_the_columns_say_which_kind_of_task_it_is() -> None:
    classes = suggest_task(table(["a", "b", "c"] * 12), "text", "label")
    assert classes.task is tasks.SINGLE_TEXT_CLASSIFICATION
    assert classes.names == ("a", "b", "c")
    pair = suggest_task(table(["a", "b"] * 18, other=["x"] * 36), ("text", "other"), "label")
    assert pair.task is tasks.TEXT_PAIR_CLASSIFICATION
    number = suggest_task(table([f"{i / 4}" for i in range(36)]), "text", "label")
    assert number.task is tasks.REGRESSION and number.names == ()
    stars = suggest_task(table(["1", "2", "3"] * 12), "text", "label")
    assert stars.task is tasks.SINGLE_TEXT_CLASSIFICATION and "consider regression" in stars.why
    with pytest.raises(TableError, match="36 different labels"):
        suggest_task(table([f"answer {i}" for i in range(36)]), "text", "label")


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from("abc"), min_size=60, max_size=120), st.randoms())
def test_a_split_is_complete_stratified_and_independent_of_the_order(
    labels: list[str], luck: Any
) -> None:
    if min(labels.count(name) for name in "abc") < 8:
        return
    whole = table(labels)
    parts = split_table(whole, "text", "label")
    assert sorted(i for part in parts.values() for i in part.index) == list(whole.index)
    for name in set(labels):
        share = (parts["test"]["label"] == name).sum() / labels.count(name)
        assert abs(share - 0.3) < 0.15
    order = list(whole.index)
    luck.shuffle(order)
    again = split_table(whole.loc[order], "text", "label")
    assert {s: set(p.index) for s, p in again.items()} == {
        s: set(p.index) for s, p in parts.items()
    }


def test_near_duplicates_stay_together() -> None:
    single = table(["a", "b"] * 30).assign(twin=range(60))
    single["text"] += " " + single["text"]
    twins = pd.concat([single, single.assign(text=single["text"] + " again")], ignore_index=True)
    parts = split_table(twins, "text", "label")
    where = [set(part["twin"]) for part in parts.values()]
    assert not where[0] & where[1] and not where[0] & where[2] and not where[1] & where[2]


def test_a_split_of_ones_own_is_checked() -> None:
    own = table(["a", "b"] * 18, part=["train", "train", "validation", "test"] * 9)
    assert {s: len(p) for s, p in split_table(own, "text", "label", by="part").items()} == {
        "train": 18,
        "validation": 9,
        "test": 9,
    }
    own.loc[3, "text"] = own.loc[0, "text"]
    with pytest.raises(TableError, match="lines 0 and 3 hold nearly the same text"):
        split_table(own, "text", "label", by="part")
    own["part"] = "train"
    with pytest.raises(TableError, match="no row for validation, test"):
        split_table(own, "text", "label", by="part")


def test_the_example_is_fit_for_a_project() -> None:
    for label in ("department", "urgency"):
        project = plan(EXAMPLE, "enquiry", label)
        assert tuple(project.parts) == SPLITS
        assert len(word_counting(project)[0]) == len(project.parts["test"]) > 40


class Words:
    """Stands in for an encoder: words become numbers, and the hidden state is the number."""

    class model(torch.nn.Module):
        class config:
            hidden_size = 2

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
            class Output:
                last_hidden_state = torch.stack([input_ids, 1 - input_ids], dim=-1).float()

            return Output

    @staticmethod
    def tokenizer(texts: list[str], pairs: list[str] | None = None, **how: Any) -> dict[str, Any]:
        joined = [" ".join(both) for both in zip(texts, pairs or texts, strict=True)]
        ids = [[len(word) % 2 for word in text.split()] for text in joined]
        return {"input_ids": ids, "attention_mask": [[1] * len(row) for row in ids]}


def test_the_report_says_everything_and_shows_texts_as_they_are(tmp_path: Path) -> None:
    content = [[f"{text} <b>&|*x*$y$", label] for text, label in rows(60)]
    path = write(tmp_path / "mine.csv", [*content, [f"{'long ' * 200}", "a"]])
    project = plan(path, "text", "label", title="<i>mine</i>")
    torch.manual_seed(0)
    encoder: Any = Words()
    model = TaskModel(Words.model(), SequenceClassificationHead(2, 2, pooling="mean"))
    record = Record("mine", "frozen", (0.4, 0.6), 2.0, 6, 100, 800, model)
    text = report(record, project, encoder)
    for part in ("## Data", "always 'a'", "TF-IDF", "confused", "worst errors", "Cost", "Limits"):
        assert part in text
    assert "<i>" not in text and "<b>" not in text and "&lt;b&gt;&amp;\\|\\*x\\*\\$y\\$" in text
    assert "seconds" not in report(record, project, encoder, costs=False)
    assert "0.500" in score_table(record, project).to_string()
    errors = worst_errors(record, project, encoder, count=3)
    assert len(errors) == 3 and list(errors["surely"]) == sorted(errors["surely"], reverse=True)
    assert any("1 of 61 texts are cut off" in limit for limit in limits(record, project, encoder))
    widths = [len(re.split(r"(?<!\\)\|", line)) for line in text.splitlines() if line[:1] == "|"]
    assert max(widths) <= 7 and min(widths) >= 4


def test_the_margin_is_twice_the_standard_error_of_a_share() -> None:
    assert margin(0.5, 100) == pytest.approx(0.1)
    assert margin(1.0, 100) == 0
    assert margin(-0.3, 101, share=False) == pytest.approx(0.2)


@pytest.mark.parametrize("text", ["text", ("text", "other")])
def test_a_project_with_numbers_is_reported_too(tmp_path: Path, text: Any) -> None:
    path = tmp_path / "numbers.csv"
    whole = table(
        [str(i / 4) for i in range(60)], other=[f"{word} shop" for word in WORDS] * 6 + ["x"] * 6
    )
    whole.to_csv(path, index=False)
    project = plan(path, text, "label")
    assert project.suggestion.task is tasks.REGRESSION
    encoder: Any = Words()
    record = Record(
        "mine", "full", (0.2,), 2.0, 6, 100, 800, TaskModel(Words.model(), RegressionHead(2))
    )
    written = report(record, project, encoder)
    assert "rank correlation" in written and "always the mean" in written
    assert "confused" not in written and "varies was not measured" in written
