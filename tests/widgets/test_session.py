"""The kernel's side of ``code`` items: recording cells that are run, and visible checks."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from autograder import open_quiz
from autograder.errors import QuizError
from autograder.items.code import MAX_SOURCE, PublicCheck, PublicCode
from autograder.items.numeric import PublicNumeric
from autograder.quiz import PublicQuiz
from autograder.session import QuizSession
from autograder.visible_checks import run_checks

COMMON: dict[str, Any] = {"points": 2, "difficulty": "direct", "stem": "The stem."}
STARTER = "def double(x):\n    ..."
SOLVED = "def double(x):\n    return 2 * x"
MARK = "# answer: double  (keep this line; run the cell to record your answer)\n"


@pytest.fixture(scope="module")
def interpreter() -> Iterator[InteractiveShell]:
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(interpreter: InteractiveShell) -> Iterator[InteractiveShell]:
    """An IPython with the callbacks and names that it had before the test."""
    before = list(interpreter.events.callbacks["post_run_cell"])
    yield interpreter
    interpreter.events.callbacks["post_run_cell"][:] = before
    interpreter.user_ns.pop("double", None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    checks = [
        PublicCheck(id="three", name="Doubles three", call="n = 3\ndouble(n)"),
        PublicCheck(id="text", name="Fails on nothing", call="double(None)"),
    ]
    code = PublicCode(
        **COMMON, id="double", type="code", title="Double", starter=STARTER, setup="", checks=checks
    )
    size = PublicNumeric(**COMMON, id="size", type="numeric", title="Size", unit=None)
    text = {"id": "unit", "title": "Unit", "chapter": "", "instructions": "Answer."}
    quiz = PublicQuiz(**text, items=[code, size])
    (tmp_path / "questions.json").write_text(quiz.to_json(), encoding="utf-8")
    return tmp_path


@pytest.fixture
def quiz(shell: InteractiveShell, folder: Path) -> QuizSession:
    return open_quiz("unit", folder)


def _sources(folder: Path) -> list[Any]:
    path = folder / "unit.answers.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    responses = [json.loads(line)["response"] for line in lines]
    return [response and response["source"] for response in responses]


def test_a_cell_with_the_mark_is_recorded_and_shown(
    shell: InteractiveShell, folder: Path, quiz: QuizSession
) -> None:
    widget = quiz.show("double")
    shell.run_cell("\n" + MARK + SOLVED)
    assert _sources(folder) == [SOLVED]
    assert widget.record["response"] == {"source": SOLVED}
    assert widget.status["state"] == "saved"


def test_code_that_raises_or_does_not_compile_is_recorded(
    shell: InteractiveShell, folder: Path, quiz: QuizSession, capsys: Any
) -> None:
    shell.run_cell(MARK + "1 / 0")
    shell.run_cell(MARK + "def double(:")
    assert _sources(folder) == ["1 / 0", "def double(:"]


@pytest.mark.parametrize(
    "cell",
    [
        SOLVED,
        "# answer: size\n3",
        "# answer: elsewhere\n3",
        "# answer: double-up\n3",
        "# answer: double_up\n3",
        "x = 1\n# answer: double\n3",
        MARK + STARTER,
        MARK,
    ],
)
def test_other_cells_are_not_recorded(
    shell: InteractiveShell, folder: Path, quiz: QuizSession, cell: str
) -> None:
    shell.run_cell(cell)
    assert _sources(folder) == []


def test_the_same_code_is_recorded_once_and_withdrawn_code_again(
    shell: InteractiveShell, folder: Path, quiz: QuizSession
) -> None:
    widget = quiz.show("double")
    shell.run_cell(MARK + SOLVED)
    shell.run_cell(MARK + SOLVED)
    assert _sources(folder) == [SOLVED]
    widget.response = None
    shell.run_cell(MARK + SOLVED)
    shell.run_cell(MARK + STARTER)
    assert _sources(folder) == [SOLVED, None, SOLVED, STARTER]


def test_opening_a_quiz_again_replaces_its_hook(
    shell: InteractiveShell, folder: Path, quiz: QuizSession
) -> None:
    number = len(shell.events.callbacks["post_run_cell"])
    earlier = quiz.show("double")
    later = open_quiz("unit", folder)
    assert len(shell.events.callbacks["post_run_cell"]) == number
    widget = later.show("double")
    shell.run_cell(MARK + SOLVED)
    assert _sources(folder) == [SOLVED]
    for shown in (widget, earlier):  # both may be on the page
        assert shown.record["response"] == {"source": SOLVED}
        assert shown.status["state"] == "saved"


def test_code_that_cannot_be_recorded_is_named(
    shell: InteractiveShell, folder: Path, quiz: QuizSession
) -> None:
    widget = quiz.show("double")
    shell.run_cell(MARK + SOLVED)
    shell.run_cell(MARK + "#" * (MAX_SOURCE + 1))
    assert widget.status["state"] == "failed"
    assert "100,000" in widget.status["message"]
    shell.run_cell(MARK + SOLVED)
    assert widget.status["state"] == "saved"
    assert _sources(folder) == [SOLVED]


def test_silent_runs_are_not_recorded(
    shell: InteractiveShell, folder: Path, quiz: QuizSession
) -> None:
    shell.run_cell(MARK + SOLVED, silent=True)
    assert _sources(folder) == []


def _run_checks(quiz: QuizSession, patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the page hears when the learner runs the visible checks."""
    widget = quiz.show("double")
    sent: list[Any] = []
    patch.setattr(widget, "send", sent.append)
    widget._handle_custom_msg({"kind": "run-checks"}, [])
    (message,) = sent
    return message


def test_visible_checks_run_on_what_is_recorded(
    shell: InteractiveShell, quiz: QuizSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = _run_checks(quiz, monkeypatch)
    assert message["results"] == []
    assert "Nothing is recorded yet" in message["problem"]
    shell.run_cell(MARK + SOLVED)
    shell.run_cell("double = None")
    message = _run_checks(quiz, monkeypatch)
    three, nothing = message["results"]
    assert message["problem"] == ""
    assert three == {"name": "Doubles three", "outcome": "value", "detail": "6"}
    assert nothing["outcome"] == "failed"
    assert nothing["detail"].startswith("raised TypeError: unsupported operand")
    assert nothing["detail"].endswith("on line 2")
    assert "n" not in shell.user_ns


def test_what_another_cell_defines_is_not_there_as_in_grading(
    shell: InteractiveShell, quiz: QuizSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.run_cell("FACTOR = 2")
    shell.run_cell(MARK + "def double(x):\n    return FACTOR * x")
    three, _ = _run_checks(quiz, monkeypatch)["results"]
    assert three["outcome"] == "failed"
    assert "NameError: name 'FACTOR' is not defined" in three["detail"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%matplotlib inline", "line 3, “%matplotlib inline”, is an IPython command"),
        ("files = !ls", "line 3, “files = !ls”, is an IPython command"),
        ("double?", "line 3, “double?”, is an IPython command"),
        ("await double(3)", "line 3, “await double(3)”, awaits outside of a function"),
        ("double(", "line 3, “double(”, is no Python ('(' was never closed)"),
    ],
)
def test_code_that_grading_cannot_run_is_named_at_once(
    shell: InteractiveShell,
    folder: Path,
    quiz: QuizSession,
    monkeypatch: pytest.MonkeyPatch,
    line: str,
    words: str,
) -> None:
    widget = quiz.show("double")
    source = f"{SOLVED}\n{line}"
    quiz.on_cell("double", source)
    assert widget.status["state"] == "saved"
    assert words in widget.status["message"]
    assert _sources(folder) == [source]
    assert words in _run_checks(quiz, monkeypatch)["problem"]
    assert words in quiz.answer("double", {"source": source + "\n"})
    assert words in " ".join(quiz.show("double").text.split())
    quiz.on_cell("double", SOLVED)
    assert widget.status == {"state": "saved", "message": ""}


def test_visible_checks_without_widgets(quiz: QuizSession, capsys: Any) -> None:
    quiz.check("double")
    assert "Nothing is recorded yet" in capsys.readouterr().out
    quiz.answer("double", {"source": SOLVED})
    quiz.check("double")
    told = capsys.readouterr().out
    assert "Doubles three\n    n = 3\n    double(n)\n  gives 6\n" in told
    assert "raised TypeError" in told
    with pytest.raises(QuizError, match="'size' has no visible checks"):
        quiz.check("size")


@pytest.mark.parametrize(
    ("call", "outcome", "detail"),
    [
        ("(1, (2, 3))", "value", "(1, (2, 3))"),
        ("'x' * 500", "value", "'" + "x" * 298 + "…"),
        ("raise SystemExit\n1", "failed", "raised SystemExit"),
        ("missing", "failed", "raised NameError: name 'missing' is not defined"),
        ("FACTOR", "value", "2"),
    ],
)
def test_a_check_says_what_came_of_it(call: str, outcome: str, detail: str) -> None:
    check = PublicCheck(id="one", name="One", call=call)
    code = PublicCode(
        **COMMON, id="f", type="code", title="F", starter="", setup="FACTOR = 2", checks=[check]
    )
    before = random.getstate()
    (result,) = run_checks(code, "import random\nrandom.random()")
    assert result == {"name": "One", "outcome": outcome, "detail": detail}
    assert random.getstate() == before


def test_without_ipython_a_quiz_opens_all_the_same(folder: Path) -> None:
    InteractiveShell.clear_instance()
    assert repr(open_quiz("unit", folder)) == "Quiz 'Unit': 0 of 2 answered"


def test_a_quiz_says_for_whom_it_is(folder: Path) -> None:
    path = folder / "questions.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["variants"] = {"size": [data["items"][1] | {"variant": "v1"}]}
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTERHUB_USER", "ada")
        assert repr(open_quiz("unit", folder)) == "Quiz 'Unit' for ada: 0 of 2 answered"
