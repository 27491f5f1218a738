"""The item type ``code``: what an author may write, and how values are compared."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from autograder.items.code import MAX_SOURCE, Code, PublicCode
from autograder.sandbox.outcomes import (
    Array,
    Outcome,
    Tolerance,
    Unsupported,
    decode,
    difference,
)

DOUBLE: dict[str, Any] = {
    "id": "double",
    "type": "code",
    "title": "Double it",
    "concepts": ["freezing"],
    "difficulty": "direct",
    "points": 4,
    "stem": "The stem.",
    "explanation": "The explanation.",
    "starter": "def double(x):\n    ...  # your code\n",
    "setup": "import math\n",
    "solution": "def double(x):\n    return 2 * x  # the key\n",
    "checks": [
        {
            "id": "int",
            "name": "Doubles a number",
            "visible": True,
            "call": "double(21)",
            "expect": 42,
            "feedback": "Two times 21.",
        },
        {
            "id": "text",
            "name": "Doubles a text",
            "weight": 3,
            "call": "word = 'ab'\ndouble(word)",
            "feedback": "A text doubles too.",
            "misconception": "numbers-only",
        },
    ],
}
TOLERANCE = Tolerance(1e-5, 1e-4)
KEY = (Outcome("returned", 42), Outcome("returned", "abab"))


def item(**changes: Any) -> Code:
    return Code.model_validate({**deepcopy(DOUBLE), **changes})


def check(**changes: Any) -> list[dict[str, Any]]:
    return [{**deepcopy(DOUBLE["checks"][0]), **changes}]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"checks": []}, "at least 1"),
        ({"checks": check() * 2}, "two checks have the id 'int'"),
        ({"checks": check(weight=0)}, "greater than 0"),
        ({"checks": check(call="x = 1")}, "end in an expression"),
        ({"checks": check(call="# nothing")}, "end in an expression"),
        ({"checks": check(call="f(")}, "`call`, line 1: '\\(' was never closed"),
        ({"checks": check(tolerance={"absolute": -1})}, "greater than or equal to 0"),
        ({"starter": "x = 1\ndef f(:\n"}, "`starter`, line 2: invalid syntax"),
        ({"setup": "import"}, "`setup`, line 1"),
        ({"solution": "return 1"}, "`solution`, line 1: 'return' outside function"),
        ({"solution": "x = '\0'"}, "`solution`"),
        ({"solution": " "}, "has to differ from `starter`"),
        ({"solution": DOUBLE["starter"] + "\n\n"}, "has to differ from `starter`"),
        ({"limits": {"seconds": 10**6}}, "less than or equal to 300"),
        ({"limits": {"memory_mb": 1}}, "greater than or equal to 64"),
    ],
)
def test_an_impossible_item_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        item(**changes)


def test_a_learner_receives_the_visible_checks_and_no_key() -> None:
    public = item().public()
    assert [given.model_dump() for given in public.checks] == [
        {"id": "int", "name": "Doubles a number", "call": "double(21)"}
    ]
    text = json.dumps(public.model_dump())
    secrets = ("the key", "42", "Two times", "abab", "numbers-only", "solution", "weight")
    assert [secret for secret in secrets if secret in text] == []
    assert PublicCode.model_validate_json(public.model_dump_json()) == public


@pytest.mark.parametrize("source", ["", " \n", DOUBLE["starter"], DOUBLE["starter"] + " \n\n"])
def test_the_starter_is_no_answer(source: str) -> None:
    score = item().score({"source": source})
    assert (score.state, score.fraction) == ("unanswered", 0.0)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("x" * (MAX_SOURCE + 1), "longer than 100,000"),
        ("x = '\0'", "NUL"),
        ("x = '\ud800'", "unreadable"),
        (7, "valid string"),
    ],
)
def test_unreadable_code_earns_nothing_and_says_why(source: object, reason: str) -> None:
    score = item().score({"source": source})
    assert (score.state, score.fraction) == ("invalid", 0.0)
    assert reason in score.reason


def test_code_that_was_not_run_waits() -> None:
    score = item().score({"source": "double = lambda x: x + x"})
    assert (score.state, score.fraction) == ("waiting", None)
    assert "not run" in score.reason


def test_checks_count_by_weight_and_say_what_is_wrong() -> None:
    outcomes = (Outcome("returned", 42), Outcome("raised", detail="raised TypeError on line 2: no"))
    score = item().judge_outcomes(outcomes, KEY)
    assert (score.state, score.fraction) == ("graded", 0.25)
    assert score.reason == "1 of 2 checks passed."
    right, wrong = score.remarks
    assert (right.part, right.right, right.text) == ("Doubles a number", True, "Two times 21.")
    assert wrong.text == "Your code raised TypeError on line 2: no. A text doubles too."
    assert (wrong.right, wrong.misconception) == (False, "numbers-only")


def test_everything_right_earns_exactly_1() -> None:
    checks = [check(id=f"c{number}", weight=0.1)[0] for number in range(3)]
    score = item(checks=checks).judge_outcomes([KEY[0]] * 3, [KEY[0]] * 3)
    assert score.fraction == 1.0


def test_a_check_that_the_machine_lost_leaves_the_score_open() -> None:
    lost = Outcome("lost", detail="The machine ran out of memory during this check")
    score = item().judge_outcomes((KEY[0], lost), KEY)
    assert (score.state, score.fraction) == ("waiting", None)
    assert "ran out of memory" in score.reason


def test_an_expected_null_is_a_key() -> None:
    with_null = item(checks=check(expect=None))
    assert with_null.judge_outcomes([Outcome("returned", None)], [KEY[0]]).fraction == 1
    assert with_null.judge_outcomes([KEY[0]], [KEY[0]]).fraction == 0


def tensor(values: list[Any], dtype: str = "float32", kind: Any = "tensor") -> Array:
    return Array(kind, dtype, (len(values),), tuple(values))


NAN = math.nan
SAME: list[tuple[Any, Any]] = [
    (1.0, 1.00001),
    (0.0, 0),
    (10**400, 10**400),
    (NAN, NAN),
    (math.inf, math.inf),
    ([1, "a", None, True], [1, "a", None, True]),
    ({"a": [1.0]}, {"a": [1.00005]}),
    (tensor([1.0, NAN]), tensor([1.0, NAN])),
    (tensor([], "int64"), tensor([], "int64")),
]
DIFFERENT: list[tuple[Any, Any, str]] = [
    (1.0, 1.01, "returned 1.01, which is not right"),
    (1.0, NAN, "returned NaN"),
    (NAN, 1.0, "returned 1, "),
    (math.inf, 1e308, "not right"),
    (math.inf, -math.inf, "not right"),
    (1.0, 10**400, "returned int, expected float"),
    (1e308, -1e308, "not right"),
    (1, 1.0, "returned float, expected int"),
    (1, True, "returned bool, expected int"),
    (1.0, True, "returned bool, expected float"),
    (True, 1, "returned int, expected bool"),
    ("a", "[x](http://x)`*b*", "returned `'[x](http://x)'*b*'`, which"),
    (None, 0, "returned int, expected None"),
    ("a", "b", "returned `'b'`, which is not right"),
    ([1, 2], [1], "returned 1 values, expected 2"),
    ([1, [2, 3]], [1, [2, 4]], "returned `4`, which is not right (value 2 of the result)"),
    ({"a": 1}, {"b": 1}, "other keys"),
    ({"a": 1}, {"a": 2}, "(the value of `a` of the result)"),
    (tensor([1.0]), [1.0], "returned list, expected a PyTorch tensor"),
    (tensor([1.0]), tensor([1.0], kind="array"), "a NumPy array, expected a PyTorch tensor"),
    (tensor([1.0]), tensor([1.0, 2.0]), "returned shape (2,), expected (1,)"),
    (tensor([1.0]), tensor([1.0], "float64"), "returned dtype float64, expected float32"),
    (tensor([1.0, 2.0]), tensor([1.0, NAN]), "returned NaN in 1 of 2 values"),
    (tensor([1, 2], "int64"), tensor([1, 3], "int64"), "1 of 2 values are not right"),
    (42, Unsupported("Liar"), "type `Liar`, which a check cannot compare"),
    ([42], [Unsupported("Liar")], "type `Liar`, which a check cannot compare"),
]


@pytest.mark.parametrize(("expected", "actual"), SAME)
def test_the_same(expected: Any, actual: Any) -> None:
    assert difference(expected, actual, TOLERANCE) == ""


@pytest.mark.parametrize(("expected", "actual", "said"), DIFFERENT)
def test_different(expected: Any, actual: Any, said: str) -> None:
    assert said in difference(expected, actual, TOLERANCE)


numbers = st.integers() | st.floats() | st.booleans()
values = st.recursive(
    st.none() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(values, values)
def test_any_value_equals_itself_and_any_two_can_be_compared(one: Any, other: Any) -> None:
    assert difference(one, one, TOLERANCE) == ""
    assert difference(one, other, TOLERANCE).isprintable()


@given(st.binary(max_size=200) | values.map(lambda value: json.dumps(value).encode()))
def test_whatever_a_check_sends_becomes_an_outcome(data: bytes) -> None:
    outcome = decode(data)
    assert outcome.kind in ("returned", "raised", "stopped")
    assert outcome.detail.isprintable()


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"[" * 10**5,
        b'{"value": ' + b"[" * 10**5 + b"]" * 10**5 + b"}",
        b'{"value": ' + b"9" * 5000 + b"}",
        b'{"value": 1, "error": 2}',
        b'{"value": {"a": 1, "b": 2}}',
        b'{"value": {"dict": [[1, 2]]}}',
        b'{"value": {"dict": 1}}',
        b'{"value": {"tensor": {"dtype": "float32", "shape": [2], "values": [1.0]}}}',
        b'{"value": {"tensor": {"dtype": "float32", "shape": [-1], "values": []}}}',
        b'{"value": {"tensor": {"dtype": "float32", "shape": [1], "values": [true]}}}',
        b'{"value": {"tensor": {"dtype": "<b>int", "shape": [1], "values": [1]}}}',
        b'{"value": {"tensor": {"dtype": 1, "shape": [1], "values": [1]}}}',
        b'{"value": {"tensor": 1}}',
        b'{"value": {"unsupported": 1}}',
        b'{"error": "oops"}',
        b"\xff",
    ],
)
def test_what_cannot_be_read_is_said_to_be_so(message: bytes) -> None:
    assert decode(message) == Outcome("stopped", detail="sent a result that cannot be read")


def test_a_described_error_becomes_one_printable_line() -> None:
    error = {"type": "Bad\nName" * 50, "message": "one\ntwo \ud800\x1b[31m" * 100, "line": -1}
    outcome = decode(json.dumps({"error": error}).encode())
    assert outcome.kind == "raised"
    assert outcome.detail.isprintable()
    assert len(outcome.detail) < 320


def test_importing_the_item_type_is_light() -> None:
    code = (
        "import sys, autograder.items.code, autograder.sandbox;"
        "print(sorted({'torch', 'numpy', 'resource'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
