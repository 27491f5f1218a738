"""The machine's guess of a free-text answer: it marks points, and is as good as its card says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML
from sklearn.metrics import cohen_kappa_score

from downstream.coverage import (
    MEASURED,
    THRESHOLD,
    Guesser,
    Judgements,
    agreement,
    by_words,
    cosines,
    criteria,
    judgements,
    report,
    sentences,
    touched,
)
from downstream.data import FOLDER, load_task_data
from downstream.models import Pretrained, load_encoder

ROOT = Path(__file__).parents[2]
CARD = (FOLDER / "coverage" / "card.md").read_text(encoding="utf-8")
DATA = ["Says that the data has to be divided by tenant.", "Divides letters at random."]
COST = ["Works out what a prompt costs with each answer.", "Takes prompting to be free."]


@pytest.fixture(scope="module")
def encoder() -> Pretrained:
    return load_encoder()


@pytest.fixture(scope="module")
def measured(encoder: Pretrained) -> list[str]:
    return list(report(encoder))


def test_an_answer_that_repeats_a_point_is_marked_with_its_sentence(encoder: Pretrained) -> None:
    answer = f"I have three remarks. {DATA[0]} The tea was cold."
    data, cost = touched(encoder, answer, [DATA, COST])
    assert data.touched and data.sentence == DATA[0]
    assert data.cosine == pytest.approx(1, abs=1e-4)
    assert not cost.touched


def test_a_wrong_claim_touches_a_point_too(encoder: Pretrained) -> None:
    (guess,) = touched(encoder, "After all, prompting is free in use.", [COST])
    assert guess.touched


def test_an_answer_beside_the_point_is_not_marked(encoder: Pretrained) -> None:
    answer = "Cats like to sleep in the sun. My grandmother had four of them."
    assert Guesser(encoder)(answer, [DATA, COST]) == ["", ""]


@pytest.mark.parametrize("answer", ["", "  \n\n ", "…", "- \n- "])
def test_an_answer_without_a_sentence_touches_nothing(encoder: Pretrained, answer: str) -> None:
    assert Guesser(encoder)(answer, [DATA, COST]) == ["", ""]
    assert Guesser(encoder)("A sentence.", []) == []


def test_a_point_without_a_wording_is_refused(encoder: Pretrained) -> None:
    with pytest.raises(ValueError, match="point 2 has no wording"):
        touched(encoder, "A sentence.", [DATA, []])


def test_texts_are_divided_at_sentences_paragraphs_and_list_entries() -> None:
    text = "One, at 0.5\nstill one. Two!\n\nThree\n- four\n2. five"
    assert sentences(text) == ["One, at 0.5 still one.", "Two!", "Three", "- four", "2.", "five"]


def test_every_figure_of_the_card_is_measured(measured: list[str]) -> None:
    table = CARD[CARD.index("| | accuracy") :]
    assert table.startswith("\n".join(measured))


def test_the_threshold_and_the_words_for_learners_are_those_of_the_card(
    measured: list[str],
) -> None:
    guess, words, _, never = (row.strip("| ").split(" | ") for row in measured[2:6])
    assert guess[-1] == f"{THRESHOLD:.2f}"
    answers = len(load_task_data("coverage")["test"])
    assert MEASURED.startswith(f"On {answers} made-up answers")
    assert f"in {100 * float(guess[1]):.0f} of 100" in MEASURED
    assert MEASURED.endswith(f"always saying “no” agrees in {100 * float(never[1]):.0f}.")
    assert float(words[1]) >= float(guess[1])  # "counting words does as well"


def test_kappa_is_that_of_scikit_learn_and_no_judgement_of_an_answer_is_drawn_alone() -> None:
    by_hand = judgements("test")
    guessed = cosines(by_words(), "test") >= 0.22
    found = agreement(guessed, by_hand)
    assert found.kappa == pytest.approx(cohen_kappa_score(guessed, by_hand.marked))
    assert found.interval[0] < found.kappa < found.interval[1]
    doubled = Judgements(np.repeat(by_hand.marked, 4), np.repeat(by_hand.answers, 4))
    assert agreement(np.repeat(guessed, 4), doubled).interval == pytest.approx(found.interval)


def test_the_card_counts_cases_judgements_and_points_and_keeps_cases_apart() -> None:
    cases = {}
    for part, rows in load_task_data("coverage").items():
        cases[part] = set(rows["case"])
        marked = judgements(part).marked
        counts = (len(cases[part]), len(marked), int(marked.sum()), len(rows))
        assert f"| {part} | {' | '.join(map(str, counts))} |" in CARD
    assert not cases["validation"] & cases["test"]
    every = [row for rows in load_task_data("coverage").values() for row in rows]
    lengths = [len(row["text"].split()) for row in every]
    found = re.search(r"\((\d+) to (\d+) words\)", CARD)
    assert found and (int(found[1]), int(found[2])) == (min(lengths), max(lengths))


def test_every_mark_is_a_criterion_of_its_case() -> None:
    for rows in load_task_data("coverage").values():
        for row in rows:
            assert set(row["touched"]) <= {name for name, _ in criteria()[row["case"]]}, row["id"]


def test_the_criteria_are_those_of_the_quizzes() -> None:
    """If this fails, copy the new texts to criteria.jsonl and measure again."""
    quizzes = [YAML(typ="safe").load(path) for path in sorted(ROOT.glob("source/*/quiz.yaml"))]
    found = {
        f"{quiz['id']}/{item['id']}": [
            (one["id"], one["name"], [level["text"].strip() for level in one["levels"]])
            for one in item["rubric"]
        ]
        for quiz in quizzes
        for item in quiz["items"]
        if item["type"] == "case_study"
    }
    kept: dict[str, list] = {}
    for line in (FOLDER / "coverage" / "criteria.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        kept.setdefault(row["case"], []).append((row["id"], row["name"], row["levels"]))
    assert kept == found
