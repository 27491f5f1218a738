"""The course's own data: sizes, splits without overlap, and cards that tell the truth."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from downstream.data import FOLDER, available, load_task_data
from downstream.data.baselines import majority, tfidf, tfidf_with_more_labels
from downstream.data.prepare import near_duplicates, split
from downstream.metrics import entities


def card(name: str) -> str:
    return (FOLDER / name / "card.md").read_text(encoding="utf-8")


def test_an_unknown_set_is_answered_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"'letters'.*emails.*slots"):
        load_task_data("letters")


@pytest.mark.parametrize("name", available())
def test_every_set_has_unique_ids_and_a_card_with_origin_and_licence(name: str) -> None:
    data = load_task_data(name)
    ids = [row["id"] for part in data.values() for row in part]
    assert len(set(ids)) == len(ids)
    assert "**Origin**" in card(name) and "**Licence**" in card(name)


def test_the_emails_are_many_and_the_splits_share_no_text() -> None:
    data = load_task_data("emails")
    texts = [row["text"] for part in data.values() for row in part]
    assert len(texts) >= 600 and len(data["test"]) >= 180
    assert near_duplicates(texts) == []


def test_the_email_splits_are_those_of_the_hash() -> None:
    data = load_task_data("emails")
    rows = [row for part in data.values() for row in part]
    parts = split(rows)
    assert {name: list(part) for name, part in data.items()} == parts


def test_near_duplicates_are_found() -> None:
    texts = [
        "the server in the hall is down",
        "please send two lamps",
        "the server in the hall is down!",
    ]
    assert near_duplicates(texts) == [(0, 2)]


def test_the_email_card_agrees_with_the_data() -> None:
    for name, part in load_task_data("emails").items():
        labels = Counter(part["label"])
        balance = " | ".join(str(labels[label]) for label in ("urgent", "standard", "spam"))
        assert f"| {name} | {len(part)} | {balance} |" in card("emails")


def test_the_email_card_gives_the_baselines_that_are_measured() -> None:
    data = load_task_data("emails")
    score, strength = tfidf(data)
    assert f"| majority | {majority(data):.3f} |" in card("emails")
    row = f"| TF-IDF and logistic regression | {score:.3f} | C = {strength:g} |"
    assert row in card("emails")
    more, labels = tfidf_with_more_labels(data, strength)
    assert f"five folds of {labels} labels: {more:.3f}" in card("emails")


def test_word_counting_is_eight_points_behind_the_fine_tuned_encoder() -> None:
    found = re.search(r"\| fine-tuned encoder \| (0\.\d+)", card("emails"))
    assert found
    assert float(found[1]) - tfidf(load_task_data("emails"))[0] >= 0.08


def test_the_slot_tags_are_well_formed_and_counted_on_the_card() -> None:
    for name, part in load_task_data("slots").items():
        counts: Counter[str] = Counter()
        for row in part:
            assert len(row["tokens"]) == len(row["tags"])
            begun = sum(tag.startswith("B-") for tag in row["tags"])
            assert len(entities(row["tags"])) == begun, row["id"]
            counts.update(tag[2:] for tag in row["tags"] if tag.startswith("B-"))
        words = sum(len(row["tokens"]) for row in part)
        sizes = [counts[kind] for kind in ("person", "place", "time", "item")]
        row_of_card = f"| {name} | {len(part)} | {words} | {' | '.join(map(str, sizes))} |"
        assert row_of_card in card("slots")
