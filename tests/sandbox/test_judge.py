"""Learner code judged in the real sandbox, against a real solution."""

from __future__ import annotations

import re
import time
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from autograder.errors import AutograderError
from autograder.items.base import Score
from autograder.items.code import Code
from autograder.sandbox import (
    Isolation,
    SandboxError,
    SetupError,
    host,
    judge,
    judging,
    run,
    verify,
    without_knowledge,
)
from autograder.sandbox.outcomes import Outcome

HEAD: dict[str, Any] = {
    "id": "head",
    "type": "code",
    "title": "A head for every token",
    "concepts": ["freezing"],
    "difficulty": "applied",
    "points": 4,
    "stem": "The stem.",
    "explanation": "The explanation.",
    "starter": "class TokenHead(nn.Module):\n    def forward(self, states):\n        ...\n",
    "setup": "import torch\nfrom torch import nn\n",
    "solution": """
class TokenHead(nn.Module):
    def __init__(self, width, labels):
        super().__init__()
        self.linear = nn.Linear(width, labels)
    def forward(self, states):
        return self.linear(states)
""",
    "checks": [
        {
            "id": "shape",
            "name": "One score per token and label",
            "visible": True,
            "call": "TokenHead(8, 3)(torch.zeros(2, 5, 8)).shape",
            "expect": [2, 5, 3],
            "feedback": "Scores for each token.",
        },
        {
            "id": "values",
            "name": "A linear layer",
            "visible": True,
            "call": "TokenHead(8, 3)(torch.randn(2, 5, 8))",
            "feedback": "One linear layer.",
        },
        {
            "id": "trains",
            "name": "It learns",
            "visible": True,
            "weight": 2,
            "call": """
head = TokenHead(4, 2)
states, labels = torch.randn(3, 4), torch.tensor([0, 1, 0])
for _ in range(3):
    loss = nn.functional.cross_entropy(head(states), labels)
    head.zero_grad(); loss.backward()
    with torch.no_grad():
        for weights in head.parameters(): weights -= 0.1 * weights.grad
loss.item()
""",
            "feedback": "Gradients reach the layer.",
        },
    ],
    "limits": {"seconds": 10, "memory_mb": 1024},
}


def item(data: dict[str, Any] = HEAD, **changes: Any) -> Code:
    return Code.model_validate({**deepcopy(data), **changes})


def head(body: str, before: str = "") -> Score:
    """The score of a head whose ``forward`` has this body."""
    solution = HEAD["solution"].replace("        return self.linear(states)\n", body)
    return judge(item(), before + solution)


def texts(score: Score) -> list[str]:
    return [remark.text for remark in score.remarks]


def test_the_right_code_written_differently_earns_everything() -> None:
    score = head("        return states @ self.linear.weight.T + self.linear.bias\n")
    assert (score.state, score.fraction) == ("graded", 1.0)


def test_partly_right_code_earns_its_checks() -> None:
    score = head("        return self.linear(states).detach().requires_grad_()\n")
    assert score.fraction == 0.5
    assert [remark.right for remark in score.remarks] == [True, True, False]
    score = head("        return self.linear(states) * float('nan')\n")
    assert score.fraction == 0.25
    assert "returned NaN in 30 of 30 values" in texts(score)[1]


def test_a_wrong_shape_and_a_wrong_type_are_named() -> None:
    score = head("        return self.linear(states).mean(dim=1).double()\n")
    assert score.fraction == 0
    said = texts(score)
    assert said[0] == "Your code returned 2 values, expected 3. Scores for each token."
    assert "returned shape (2, 3), expected (2, 5, 3)" in said[1]
    assert "raised" in said[2]
    score = head("        return self.linear(states).double()\n")
    assert "returned dtype float64, expected float32" in texts(score)[1]
    score = head("        return self.linear(states).detach().numpy()\n")
    assert "returned a NumPy array, expected a PyTorch tensor" in texts(score)[1]


def test_an_error_names_the_line_of_the_learners_cell() -> None:
    score = judge(item(), "x = 1\nclass TokenHead(nn.Module):\n    x = undefined\n")
    assert score.fraction == 0
    assert "raised `NameError: name 'undefined' is not defined` on line 3." in texts(score)[0]
    score = judge(item(), "x = 1\ndef f(:\n    pass")
    assert all("raised `SyntaxError: invalid syntax` on line 2." in text for text in texts(score))


def test_what_lies_about_itself_earns_nothing() -> None:
    lies = """
class Same(type):
    def __eq__(cls, other): return True
    def __hash__(cls): return 0
class Shape(list, metaclass=Same):
    def __eq__(self, other): return True
class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, *arguments, **options): return True
    shape = Shape([1])
    def __eq__(self, other): return True
    def tolist(self): return [0.0] * 30
    def __reduce__(self): return (print, ())
torch.allclose = torch.equal = lambda *a, **k: True
torch.Tensor.__eq__ = lambda *a: True
torch.Tensor.allclose = lambda *a, **k: True
torch.testing.assert_close = lambda *a, **k: None
class Loss(float):
    def __eq__(self, other): return True
    __class__ = float
"""
    body = "        return torch.zeros(1).as_subclass(Liar)\n"
    score = head(body, lies)
    assert score.fraction == 0
    assert "a value of type `Liar`, which a check cannot compare" in texts(score)[1]
    patched = lies + "torch.Tensor.item = lambda *a: Loss(1)\n"
    score = head("        return self.linear(states) * 2\n", patched)
    assert [remark.right for remark in score.remarks] == [True, False, False]
    assert "type `Loss`" in texts(score)[2]
    data = "torch.Tensor.tolist = lambda *a: [0.0] * 30\n"
    assert head("        return self.linear(states) * 2\n", data).fraction == 0.25


def test_each_check_runs_on_its_own_and_only_the_endless_one_is_lost() -> None:
    data = item(limits={"seconds": 2.5, "memory_mb": 1024})
    body = """
        while states.abs().sum() == 0: pass
        return self.linear(states)
"""
    code = HEAD["solution"].replace("        return self.linear(states)\n", body)
    score = judge(data, code)
    assert score.fraction == 0.75
    assert texts(score)[0].startswith("Your code did not finish in 2.5 s.")


def test_memory_is_limited_with_torch_too() -> None:
    score = head("        return torch.ones(10**9) + torch.ones(10**9)\n")
    assert score.fraction == 0
    assert all("memory" in text for text in texts(score))


def test_the_reference_runs_once_and_the_sandbox_imports_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sources = []

    def counting(setup: str, source: str, *rest: Any) -> tuple[Outcome, ...]:
        sources.append(source)
        return run(setup, source, *rest)

    monkeypatch.setattr(judging, "run", counting)
    monkeypatch.setattr(judging, "_references", {})
    for answer in ("a = 1", "a = 2", "a = 3"):
        assert judge(item(), answer).fraction == 0
    assert sources == [HEAD["solution"], "a = 1", "a = 2", "a = 3"]


def test_learners_never_share_a_process_with_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a process of learner code can find in its memory, it is not the solution."""
    marked = item(
        setup="", solution="SECRET_KEY = 1\ndef f(): return 7\n", starter="", checks=[find_check()]
    )
    look = "import gc\ndef f():\n    return '_'.join(['SECRET', 'KEY']) in repr(gc.get_objects())\n"
    score = judge(marked, look)
    assert texts(score) == ["Your code returned bool, expected int. Feedback."]
    outcomes = run("", look, ["f()"])
    assert outcomes == (Outcome("returned", False),)
    outcomes = run("", look + "SECRET_KEY = 1\n", ["f()"])
    assert outcomes == (Outcome("returned", True),)


def find_check(**changes: Any) -> dict[str, Any]:
    return {"id": "f", "name": "f", "call": "f()", "feedback": "Feedback.", **changes}


FIND_CALL = """
import sys
def find():
    frame = sys._getframe()
    while "call" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["call"]
"""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise ValueError(find())", "raised `ValueError`"),
        ("raise type(find(), (Exception,), {})", "raised an exception"),
        ("raise type('ValueError', (Exception,), {})(find())", "raised `ValueError`"),
        ("return find()", "returned str, expected list"),
        ("return [find(), find()]", "returned another number of values, expected 1"),
        ("return [find()]", "returned a value, which is not right (value 1 of the result)"),
        (
            "return [type(find(), (), {})()]",
            "returned a value, which a check cannot compare (value 1 of the result)",
        ),
        ("import os; os._exit(len(find()))", "ended the Python process"),
    ],
)
def test_of_a_hidden_check_nothing_comes_back_that_code_chose(body: str, said: str) -> None:
    checks = [find_check(call="(41 * 271, f())[1]", expect=["x"])]
    hidden = item(setup="", starter="", solution="def f(): return ['x']", checks=checks)
    score = judge(hidden, f"{FIND_CALL}\ndef f():\n    {body}\n")
    assert score.fraction == 0
    assert not re.search("271|11111", repr(score))
    assert texts(score) == [f"Your code {said}. Feedback."]


def test_array_shapes_and_dtypes_of_a_hidden_check_are_not_told() -> None:
    checks = [{**check, "visible": False} for check in HEAD["checks"]]
    source = HEAD["solution"].replace("(states)\n", "(states).mean(dim=1)\n")
    said = judge(item(checks=checks), source).remarks[1].text
    assert "returned another shape, expected (2, 5, 3)" in said
    source = HEAD["solution"].replace("(states)\n", "(states).double()\n")
    said = judge(item(checks=checks), source).remarks[1].text
    assert "returned another dtype, expected float32" in said


def test_the_process_of_a_visible_check_holds_no_hidden_call() -> None:
    """The hidden check stands first, and what a visible one says may be anything."""
    checks = [find_check(call="f() + 41 * 271"), find_check(id="g", visible=True)]
    look = (
        "import gc, re, sys\n"
        "def f():\n"
        "    frame, held = sys._getframe(), repr(gc.get_objects())\n"
        "    while frame:\n"
        "        held += repr((frame.f_locals, frame.f_globals))\n"
        "        frame = frame.f_back\n"
        "    raise ValueError(re.findall('4[1] . 27[1]', held))\n"
    )
    probe = item(setup="", starter="", solution="def f(): return 7", checks=checks)
    assert "raised `ValueError: []` on line 7" in texts(judge(probe, look))[1]
    found = run("", look, ["f() + 41 * 271"])
    assert "41 * 271" in found[0].detail, "the search finds nothing at all"


def test_an_author_hears_what_is_wrong_with_an_item() -> None:
    assert verify(item()) == []
    plain = {"setup": "", "starter": "def f(): ...\n", "checks": [find_check()]}

    def problems(**changes: Any) -> str:
        return " ".join(verify(item(**{**plain, **changes})))

    place = "item 'head', check 'f': "
    random = problems(solution="import os\ndef f(): return os.urandom(8).hex()")
    assert "another run of the solution returned" in random
    assert "seed what is random" in random
    expects = [{**find_check(), "expect": 8}]
    assert "the solution fails: Your code returned `7`" in problems(
        solution="def f(): return 7", checks=expects
    )
    assert problems(solution="def f(): return 7", starter="f = lambda: 7") == (
        place + "the starter passes already"
    )
    assert (
        place + "the solution raised `ZeroDivisionError: division by zero` on line 1"
        in problems(solution="f = lambda: 1 / 0")
    )
    assert place + "the solution returns what a check cannot compare" in problems(
        solution="def f(): return [{'a': object()}]"
    )
    assert (
        "item 'head': the setup code raised `NameError: name 'y' is not defined` on line 2"
        in problems(solution="def f(): return 7", setup="x = 1\ny\n")
    )


@pytest.mark.parametrize(
    "call",
    [
        "f(2) == 4",
        "abs(f(3.0) - 9.0) < 1e-6",
        "math.isclose(f(2.0), 4.0)",
        "[f(2) == 4, f(3) == 9]",
        "{'a': f(2) == 4}",
        "None",
        "[]",
        "{}",
        "''",
        "f(2) > 5",
    ],
)
def test_a_check_that_compares_by_itself_is_refused(call: str) -> None:
    """A float that lies, and a patched ``math``, would pass it."""
    square = item(
        setup="import math",
        starter="def f(x): ...",
        solution="def f(x): return x * x",
        checks=[find_check(call=call), find_check(id="g", call="[f(2), f(3) > 4, f(1) > 4]")],
    )
    (problem,) = [one for one in verify(square) if "starter" not in one]
    assert problem.startswith("item 'head', check 'f': only ")
    assert problem.endswith("let the call return the value itself, and compare it by `expect`")


def test_what_constants_earn_is_known() -> None:
    clamp = item(
        setup="",
        starter="class Clamp:\n    def __call__(self, x): ...\n\ndef f(x, least): ...\nLIMIT = ...",
        solution="class Clamp:\n    def __call__(self, x): return max(x, 0)\n\n"
        "def f(x, least): return max(x, least)\nLIMIT = 1",
        checks=[
            find_check(id="a", call="f(7, 3)"),
            find_check(id="b", call="Clamp()(-5)"),
            find_check(id="c", call="LIMIT", weight=2),
            find_check(id="d", call="int(f(2, 5) == 5) + 8", weight=4),
        ],
    )
    earned = {name: score.fraction for name, score in without_knowledge(clamp).items()}
    assert earned == {
        "True": 0,
        "None": 0,
        "0": 1 / 8,
        "1": 2 / 8,
        "''": 0,
        "[]": 0,
        "its first argument": 1 / 8,
        "an object that agrees with everything": 4 / 8,
    }
    assert verify(clamp) == []


def test_a_failing_solution_is_its_authors_error_not_a_learners_zero() -> None:
    broken = item(setup="", solution="f = lambda: 1 / 0", checks=[find_check()])
    with pytest.raises(AutograderError, match="item 'head', check 'f': the solution raised"):
        judge(broken, "f = lambda: 7")


def test_setup_runs_once_and_its_names_are_there() -> None:
    setup = "import time\nbegan = time.perf_counter_ns()\ndata = [1, 2]\nprint('noise')\n"
    outcomes = run(setup, "data.append(3)", ["began", "began", "data", "data"])
    assert outcomes[0] == outcomes[1]
    assert [outcome.value for outcome in outcomes[2:]] == [[1, 2, 3]] * 2
    with pytest.raises(SetupError, match=r"raised `ModuleNotFoundError: .* on line 1"):
        run("import no_such_module", "", ["1"])


def test_the_seeds_are_set_before_every_call() -> None:
    setup = "import random\nimport numpy as np\n"
    calls = ["[random.random(), np.random.rand()]"] * 2 + ["hash('text')"]
    first = run(setup, "random.random()", calls)
    assert first[0] == first[1]
    assert run(setup, "", calls) == first


def test_the_course_library_can_be_imported_but_not_the_grader() -> None:
    setup = "from downstream import tasks"
    calls = ["tasks.__name__", "import autograder\n1"]
    library, grader = run(setup, "", calls)
    assert library == Outcome("returned", "downstream.tasks")
    assert "ModuleNotFoundError" in grader.detail


def test_values_become_plain_data() -> None:
    setup = "import collections, torch, numpy as np"
    calls = {
        "(1, [2.5, None], {'a': True})": [1, [2.5, None], {"a": True}],
        "np.float64(0.5)": 0.5,
        "np.int64(3)": 3,
        "np.bool_(True)": True,
        "torch.float16": "torch.float16",
        "torch.zeros(2, 3).shape": [2, 3],
    }
    values = [outcome.value for outcome in run(setup, "", list(calls))]
    assert values == list(calls.values())
    assert list(map(type, values)) == list(map(type, calls.values()))
    arrays = {
        "torch.tensor([[1, 2]])": ("tensor", "int64", (1, 2), (1, 2)),
        "torch.tensor(True)": ("tensor", "bool", (), (True,)),
        "torch.ones(1, dtype=torch.bfloat16, requires_grad=True)": (
            "tensor",
            "bfloat16",
            (1,),
            (1.0,),
        ),
        "torch.nn.Parameter(torch.zeros(1))": ("tensor", "float32", (1,), (0.0,)),
        "np.arange(2.0)": ("array", "float64", (2,), (0.0, 1.0)),
    }
    values = [outcome.value for outcome in run(setup, "", list(arrays))]
    assert [(v.kind, v.dtype, v.shape, v.values) for v in values] == list(arrays.values())
    refused = [
        "object()",
        "{1: 2}",
        "{1, 2}",
        "collections.OrderedDict()",
        "1j",
        "10**1000",
        "torch.zeros(10**6)",
        "torch.zeros(2, dtype=torch.complex64)",
        "np.array(['a'])",
        "torch.zeros(2, device='meta')",
    ]
    for outcome in run(setup, "", refused):
        assert outcome.kind == "raised" or "Unsupported" in type(outcome.value).__name__


def test_without_a_sandbox_no_code_runs_and_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError) as caught:
        judge(item(), "x = 1")
    for words in ("apt install bubblewrap", "dnf install bubblewrap", "WSL", "was not found"):
        assert words in str(caught.value)

    forbidden = tmp_path / "bwrap"
    forbidden.write_text("#!/bin/sh\necho 'No permissions to create namespace' >&2\nexit 1\n")
    forbidden.chmod(0o755)
    with pytest.raises(SandboxError, match="No permissions to create namespace"):
        judge(item(), "x = 1")

    outcomes = run(
        "", "x = 20", ["x + 1", "while True: pass\n1"], host.Limits(1, 64), Isolation.ACCEPT_RISK
    )
    assert outcomes == (
        Outcome("returned", 21),
        Outcome("stopped", detail="did not finish in 1 s"),
    )


def test_importing_torch_is_paid_once_for_a_submission() -> None:
    began = time.monotonic()
    run("import torch", "", ["1"])
    one = time.monotonic() - began
    began = time.monotonic()
    run("import torch", "", ["1"] * 20)
    assert time.monotonic() - began < 3 * one
