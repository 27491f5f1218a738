"""What every item type promises, whatever the response."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import permutations
from typing import Any

import examples
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

ITEMS = {data["type"]: examples.item(data) for data in examples.ALL}
PERFECT = {
    "single_choice": {"choice": "red"},
    "matching": {"pairs": {"sky": "blue", "grass": "green", "rose": "red"}},
    "ordering": {"order": ["wake", "bread", "tea", "eat"]},
    "multiple_select": {"picks": ["three", "two"]},
    "numeric": {"value": " 22.7 Million"},
    "cloze": {"blanks": {"loss": "ce", "head": " Softmax", "size": "768"}},
}
EMPTY: dict[str, Any] = {
    "matching": {"pairs": {}},
    "ordering": {"order": []},
    "case_study": {"text": "  \n"},
    "multiple_select": {"picks": []},
    "numeric": {"value": "  "},
    "cloze": {"blanks": {"head": " "}},
    "code": {"source": "\ndef double(number):\n    ...  \n"},
}
UNREADABLE: list[tuple[str, Any, str]] = [
    ("single_choice", {"choice": "pink"}, "no option 'pink'"),
    ("single_choice", {"choice": ["red"]}, "valid string"),
    ("single_choice", {"choice": "red", "score": 1}, "score"),
    ("single_choice", "red", "SingleChoiceResponse"),
    ("matching", {"pairs": {"sky": "pink"}}, "no option 'pink'"),
    ("matching", {"pairs": {"sea": "blue"}}, "no prompt 'sea'"),
    ("matching", {"pairs": {"sky": "blue", "grass": "blue"}}, "used twice"),
    ("ordering", {"order": ["wake", "wake"]}, "'wake'"),
    ("ordering", {"order": ["fly"]}, "no step 'fly'"),
    ("case_study", {"text": 7}, "valid string"),
    ("multiple_select", {"picks": ["two", "five"]}, "no option 'five'"),
    ("multiple_select", {"picks": ["two", "two"]}, "'two'"),
    ("numeric", {"value": "22,7"}, "a point for decimals"),
    ("numeric", {"value": "22.7 thousand"}, "not a number"),
    ("numeric", {"value": True}, "valid"),
    ("cloze", {"blanks": {"colour": "ce"}}, "no blank 'colour'"),
    ("cloze", {"blanks": {"loss": "kl"}}, "blank 'loss': there is no option 'kl'"),
    ("cloze", {"blanks": {"head": 7}}, "blank 'head': a text is expected"),
    ("cloze", {"blanks": {"size": "many"}}, "blank 'size': 'many' is not a number"),
    ("code", {"source": "a\0b"}, "NUL"),
    ("code", {"source": "x" * 100_001}, "longer than 100,000"),
]


@pytest.mark.parametrize("kind", PERFECT)
def test_a_perfect_response_earns_everything(kind: str) -> None:
    score = ITEMS[kind].score(PERFECT[kind])
    assert (score.state, score.fraction) == ("graded", 1.0)


@pytest.mark.parametrize("kind", ITEMS)
def test_no_response_earns_nothing_and_says_so(kind: str) -> None:
    for response in (None, EMPTY.get(kind)):
        score = ITEMS[kind].score(response)
        assert (score.state, score.fraction) == ("unanswered", 0.0)
        assert "No answer" in score.reason


@pytest.mark.parametrize(("kind", "response", "reason"), UNREADABLE)
def test_an_unreadable_response_earns_nothing_and_says_why(
    kind: str, response: object, reason: str
) -> None:
    score = ITEMS[kind].score(response)
    assert (score.state, score.fraction) == ("invalid", 0.0)
    assert reason in score.reason


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(ITEMS)), json_values)
def test_whatever_is_recorded_ends_in_a_state_and_a_score_between_0_and_1(
    kind: str, response: object
) -> None:
    score = ITEMS[kind].score(response)
    assert score.reason
    assert score.fraction is None or 0 <= score.fraction <= 1


@pytest.mark.parametrize(
    ("kind", "response", "reason"),
    [
        ("case_study", {"text": "My answer."}, "A person grades"),
        ("code", {"source": "double = print"}, "needs the sandbox"),
    ],
)
def test_what_cannot_be_judged_here_waits(kind: str, response: object, reason: str) -> None:
    score = ITEMS[kind].score(response)
    assert (score.state, score.fraction) == ("waiting", None)
    assert reason in score.reason


def test_a_wrong_choice_says_why_and_which_was_better() -> None:
    score = ITEMS["single_choice"].score({"choice": "green"})
    assert score.fraction == 0
    assert [remark.text for remark in score.remarks] == ["Why not green.", "Why red is best."]
    assert score.remarks[0].misconception == "green-is"


def test_matching_counts_right_pairs_and_explains_each() -> None:
    score = ITEMS["matching"].score({"pairs": {"sky": "blue", "rose": "green"}})
    assert score.fraction == pytest.approx(1 / 3)
    assert [remark.right for remark in score.remarks] == [True, False, False]
    assert "That is its stem." in score.remarks[2].text
    assert score.remarks[2].misconception == "stem-for-flower"
    assert "left open" in score.remarks[1].part


def test_multiple_select_explains_what_was_picked_and_what_was_not() -> None:
    score = ITEMS["multiple_select"].score({"picks": ["two", "four"]})
    assert score.fraction == 0
    told = [(remark.part, remark.right, remark.misconception) for remark in score.remarks]
    assert told == [
        ("2", True, None),
        ("(not picked) 3", False, None),
        ("4", False, "even-primes"),
    ]


def test_a_known_slip_earns_its_part_and_says_what_went_wrong() -> None:
    score = ITEMS["numeric"].score({"value": 2.3})
    assert score.fraction == 0.5
    assert "A factor of ten. Right: 22.7 million." in score.remarks[0].text
    assert score.remarks[0].misconception == "factor-of-ten"


def test_a_value_between_two_slips_is_the_nearer_one() -> None:
    slips = [{"value": 10, "feedback": "Ten."}, {"value": 11.5, "feedback": "More."}]
    for order in (slips, slips[::-1]):
        item = examples.item(examples.NUMERIC, answer=1, tolerance={"absolute": 1}, slips=order)
        assert "Ten." in item.score({"value": 10.6}).remarks[0].text


def test_every_blank_is_explained_in_the_order_of_the_text() -> None:
    score = ITEMS["cloze"].score({"blanks": {"size": 767, "head": "sigmoid"}})
    assert score.fraction == pytest.approx(0.5 / 3)
    assert [remark.part for remark in score.remarks] == [
        "Blank 1 (left open)",
        "Blank 2: sigmoid",
        "Blank 3: 767",
    ]
    assert "Best: Cross-entropy." in score.remarks[0].text
    assert "For two. Right: softmax." in score.remarks[1].text
    assert score.remarks[1].misconception == "two"
    assert "Forgot one." in score.remarks[2].text


@given(st.permutations(["wake", "tea", "bread", "eat", "sleep"]), st.integers(0, 5))
def test_ordering_agrees_with_brute_force(order: list[str], length: int) -> None:
    """Moves by matching = the fewest found by trying every subset that may stay in place."""
    response = order[:length]
    valid = [["wake", "tea", "bread", "eat"], ["wake", "bread", "tea", "eat"]]
    kept = max(_longest_common_subsequence(response, one) for one in valid)
    spare = "sleep" in response
    missing = len({"wake", "tea", "bread", "eat"} - set(response))
    moves = (len(response) - spare - kept) + spare + missing
    expected = 0.0 if not response else max(0.0, 1 - moves / 3)
    assert ITEMS["ordering"].score({"order": response}).fraction == pytest.approx(expected)


def _longest_common_subsequence(a: list[str], b: list[str]) -> int:
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            same = table[i][j] + 1 if x == y else max(table[i][j + 1], table[i + 1][j])
            table[i + 1][j + 1] = same
    return table[-1][-1]


def test_every_valid_order_is_right() -> None:
    item = ITEMS["ordering"]
    right = [
        order
        for order in permutations(["wake", "tea", "bread", "eat"])
        if item.score({"order": list(order)}).fraction == 1
    ]
    assert right == [("wake", "tea", "bread", "eat"), ("wake", "bread", "tea", "eat")]


def test_two_hundred_reversed_steps_are_scored_at_once() -> None:
    ids = [f"s{number}" for number in range(200)]
    steps = [
        {"id": i, "text": i, "feedback": i, "after": [before] if before else []}
        for before, i in zip(["", *ids], ids, strict=False)
    ]
    item = examples.item(examples.ORDERING, steps=steps, tray=False)
    assert item.score({"order": ids[::-1]}).fraction == pytest.approx(1 - 199 / 199)


@pytest.mark.parametrize("kind", ITEMS)
def test_the_public_view_holds_no_key(kind: str) -> None:
    text = json.dumps(ITEMS[kind].public().model_dump())
    secrets = ['"correct"', '"match":', '"after"', '"belongs"', '"model_answer"', '"explanation"']
    secrets += [
        "Why red",
        "Why not",
        "Why 2",
        "Chlorophyll",
        "First of all",
        "The model answer",
        "Nothing",
        "22.7",
    ]
    secrets += [
        "softmax",
        "Why soft",
        "sigmoid",
        "768",
        "STEP * number",
        '"expect"',
        "[1]",
        "Twice",
    ]
    assert [secret for secret in secrets if secret in text] == []


@pytest.mark.parametrize(
    ("data", "changes", "message"),
    [
        (examples.SINGLE_CHOICE, {"options": []}, "at least 2"),
        (examples.MATCHING, {"options": [{"id": "red", "text": "Red"}] * 2}, "two options"),
        (examples.CASE_STUDY, {"points": 5}, "add up to 4 points"),
        (examples.ORDERING, {"tray": False}, "tray: true"),
        (examples.ORDERING, {"points": 0}, "greater than 0"),
        (examples.ORDERING, {"id": "Not A Slug"}, "pattern"),
        (
            examples.MULTIPLE_SELECT,
            {"options": examples.SINGLE_CHOICE["options"][:2]},
            "at least 3",
        ),
        (examples.NUMERIC, {"answer": 2.27}, "the slip 2.27 counts as right"),
        (examples.NUMERIC, {"answer": float("inf")}, "finite"),
        (examples.NUMERIC, {"slips": [examples.NUMERIC["slips"][0]] * 2}, "cannot be told apart"),
        (examples.CLOZE, {"text": "[[loss]] and [[head]]"}, "the text has places for"),
        (examples.CLOZE, {"text": examples.CLOZE["text"] + " [[loss]]"}, "two places"),
        (examples.CODE, {"solution": examples.CODE["starter"]}, "differ from `starter`"),
    ],
)
def test_an_impossible_item_is_refused(
    data: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        examples.item(data, **changes)


def test_a_cycle_in_an_ordering_is_refused() -> None:
    steps = [{"id": a, "text": a, "feedback": a, "after": [b]} for a, b in ("ab", "bc", "ca")]
    with pytest.raises(ValidationError, match="cycle"):
        examples.item(examples.ORDERING, steps=steps)


def test_an_ordering_without_any_constraint_is_refused() -> None:
    steps = [{"id": a, "text": a, "feedback": a} for a in "abc"]
    with pytest.raises(ValidationError, match="every order is right"):
        examples.item(examples.ORDERING, steps=steps)


@pytest.mark.parametrize("variant", range(20))
def test_no_variant_of_an_ordering_first_shows_a_right_order(variant: int) -> None:
    steps = [
        {"id": "a", "text": "a", "feedback": "a"},
        {"id": "b", "text": "b", "feedback": "b", "after": ["a"]},
        {"id": "c", "text": "c", "feedback": "c"},
    ]
    item = examples.item(examples.ORDERING, steps=steps, tray=False, variant=f"v{variant}")
    shown = [step["id"] for step in item.public().model_dump()["steps"]]
    assert item.score({"order": shown}).fraction != 1


def test_importing_the_package_is_light() -> None:
    code = (
        "import sys, autograder; autograder.open_quiz; import autograder.grading;"
        "heavy = {'torch', 'transformers', 'networkx', 'pandas', 'nbgrader', 'nbconvert'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
