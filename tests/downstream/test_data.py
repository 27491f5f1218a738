"""The course's own data: sizes, splits without overlap, and cards that tell the truth."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from downstream.data import FOLDER, available, load_task_data, prepare
from downstream.data.baselines import WITHOUT_MODEL, tfidf, tfidf_with_more_labels
from downstream.data.prepare import RULES, near_duplicates, repeated_texts, split
from downstream.metrics import entities

SMALLEST = {
    "emails": 600,
    "reviews": 600,
    "slots": 350,
    "spans": 250,
    "entailment": 450,
    "similarity": 300,
    "choices": 150,
    "coverage": 120,
    "facts": 150,
    "instructions": 200,
    "preferences": 150,
}
"""The numbers of records that the course promises."""


def card(name: str) -> str:
    return (FOLDER / name / "card.md").read_text(encoding="utf-8")


def rows(name: str) -> list[dict]:
    return [row for part in load_task_data(name).values() for row in part]


def test_an_unknown_set_is_answered_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"'letters'.*emails.*slots"):
        load_task_data("letters")


def test_every_promised_set_is_there() -> None:
    assert available() == sorted(SMALLEST) == sorted(RULES)


@pytest.mark.parametrize("name", available())
def test_a_set_is_as_large_as_promised_and_has_unique_ids(name: str) -> None:
    ids = [row["id"] for row in rows(name)]
    assert len(ids) >= SMALLEST[name]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", available())
def test_a_card_gives_origin_licence_and_the_size_of_each_split(name: str) -> None:
    assert "**Origin**" in card(name) and "**Licence**" in card(name)
    for part, data in load_task_data(name).items():
        assert re.search(rf"^\| {part} \|.*\b{len(data)} \|", card(name), re.MULTILINE), part


@pytest.mark.parametrize("name", available())
def test_no_text_of_a_set_is_nearly_another(name: str) -> None:
    assert repeated_texts(rows(name), RULES[name]) == []


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule.shares])
def test_the_splits_are_those_of_the_hash(name: str) -> None:
    found = {part: list(data) for part, data in load_task_data(name).items()}
    assert found == split(rows(name), RULES[name])


@pytest.mark.parametrize("name", list(WITHOUT_MODEL))
def test_the_card_gives_the_baselines_that_are_measured(name: str) -> None:
    for baseline in WITHOUT_MODEL[name](load_task_data(name)):
        assert baseline.row in card(name)


@pytest.mark.parametrize("name", list(WITHOUT_MODEL))
def test_the_card_gives_the_scores_of_the_encoder(name: str) -> None:
    assert re.search(r"^\| frozen encoder \| 0\.\d{3} \(", card(name), re.MULTILINE)
    assert re.search(r"^\| fine-tuned encoder \| 0\.\d{3} \(", card(name), re.MULTILINE)


def test_near_duplicates_are_found() -> None:
    texts = [
        "the server in the hall is down",
        "please send two lamps",
        "the server in the hall is down!",
    ]
    assert near_duplicates(texts) == [(0, 2)]


def test_groups_stay_together_and_strata_are_balanced() -> None:
    made = [
        {"id": f"{n}-{k}", "group": f"g{n}", "label": "ab"[n % 2]}
        for n in range(20)
        for k in range(3)
    ]
    rule = prepare.Rule((0.5, 0.2, 0.3), (), "group", lambda row: row["label"])
    parts = split(made, rule)
    assert {name: len(part) for name, part in parts.items()} == {
        "train": 30,
        "validation": 12,
        "test": 18,
    }
    for part in parts.values():
        assert len({row["label"] for row in part}) == 2
        assert len(part) == 3 * len({row["group"] for row in part})


def test_preparing_refuses_near_duplicates_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = tmp_path / "draft.jsonl"
    texts = ["the server in the hall is down", "the server in the hall is down!"]
    lines = [
        json.dumps({"id": f"a-{n}", "text": text, "label": "urgent", "kind": ""})
        for n, text in enumerate(texts)
    ]
    draft.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(prepare, "FOLDER", tmp_path)
    monkeypatch.setattr("sys.argv", ["prepare", "emails", str(draft)])
    assert prepare.main() == 1
    assert "text: a-0 and a-1 are near-duplicates" in capsys.readouterr().err
    assert not (tmp_path / "emails").exists()


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("emails", ("urgent", "standard", "spam")),
        ("reviews", ("positive", "negative", "neutral")),
    ],
)
def test_the_card_counts_the_labels(name: str, labels: tuple[str, ...]) -> None:
    for part, data in load_task_data(name).items():
        counts = Counter(data["label"])
        balance = " | ".join(str(counts[label]) for label in labels)
        assert f"| {part} | {len(data)} | {balance} |" in card(name)


def test_word_counting_with_more_emails_is_on_the_card() -> None:
    data = load_task_data("emails")
    more, labels = tfidf_with_more_labels(data, tfidf(data)[1])
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


def test_most_names_of_the_slot_test_were_never_seen_in_training() -> None:
    def mentions(part: str, kind: str) -> list[str]:
        return [
            " ".join(row["tokens"][start:end])
            for row in load_task_data("slots")[part]
            for found, start, end in entities(row["tags"])
            if found == kind
        ]

    for kind, least in (("person", 0.9), ("place", 0.75), ("item", 0.75)):
        known = set(mentions("train", kind))
        tested = mentions("test", kind)
        assert sum(name not in known for name in tested) / len(tested) >= least, kind


def test_every_answer_stands_in_its_passage() -> None:
    without = 0
    for row in rows("spans"):
        answer = row["answers"]
        without += not answer["text"]
        for text, start in zip(answer["text"], answer["answer_start"], strict=True):
            assert row["context"][start : start + len(text)] == text, row["id"]
    assert 0.1 <= without / len(rows("spans")) <= 0.25
    assert len({row["title"] for row in rows("spans")}) >= 60


def test_every_premise_has_one_hypothesis_of_each_label() -> None:
    labels: dict[str, list[str]] = {}
    for row in rows("entailment"):
        labels.setdefault(row["premise"], []).append(row["label"])
    expected = ["contradiction", "entailment", "neutral"]
    assert all(sorted(found) == expected for found in labels.values())


def test_similarity_scores_cover_the_scale() -> None:
    counts = Counter(int(row["score"]) for row in rows("similarity"))
    assert set(counts) == set(range(6))
    assert min(counts.values()) >= 40


def test_the_right_choice_stands_everywhere_equally_often() -> None:
    found = rows("choices")
    assert all(len(set(row["choices"])) == 4 for row in found)
    shares = [count / len(found) for _, count in Counter(r["answer"] for r in found).items()]
    assert min(shares) >= 0.2 and max(shares) <= 0.3


def test_no_fact_gives_its_answer_away() -> None:
    data = load_task_data("facts")
    assert {row["topic"] for row in data["train"]} == {"velmora"}
    for row in rows("facts"):
        assert len({row["answer"], *row["wrong"]}) == 4, row["id"]
        whole = rf"\b{re.escape(row['answer'])}\b"
        assert not re.search(whole, row["statement"], re.IGNORECASE), row["id"]


def test_every_instruction_is_answered_in_the_house_style() -> None:
    for row in rows("instructions"):
        first, second, third, last = row["answer"].split("\n")
        assert first.startswith("In short: ") and last.startswith("Check: "), row["id"]
        assert second.startswith("- ") and third.startswith("- "), row["id"]


def test_chosen_and_rejected_answers_are_equally_long() -> None:
    differences = []
    for row in rows("preferences"):
        chosen, rejected = len(row["chosen"].split()), len(row["rejected"].split())
        assert abs(chosen - rejected) <= max(2, 0.15 * max(chosen, rejected)), row["id"]
        differences.append(chosen - rejected)
    assert abs(sum(differences) / len(differences)) <= 0.5
