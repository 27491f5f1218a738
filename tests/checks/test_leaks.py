"""Releases from which the key could be read are refused, by file and place; clean ones pass."""

from __future__ import annotations

import base64
import bz2
import codecs
import gzip
import json
import os
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import examples
import pytest
from nbformat import NotebookNode
from nbgrader.utils import compute_checksum
from test_quiz import write_quiz

from autograder.checks.release import notebook_problems, release_problems
from autograder.checks.secrets import Secrets, hidden_text
from autograder.notebooks import source_notebook, to_text
from autograder.quiz import Quiz, load_quiz

ROOT = Path(__file__).parents[2]
VARIED: dict[str, Any] = {
    **examples.NUMERIC,
    "id": "varied",
    "parameters": {"n": {"from": 1234, "to": 1240}},
    "stem": "What is {{ n }} times 31?",
    "answer": "{{ 31 * n }}",
    "feedback": "It is {{ comma(31 * n) }} in this very case.",
    "slips": [],
}


class Release:
    """A quiz, its source folder and its release."""

    def __init__(self, quiz: Quiz, source: Path, folder: Path, secret: str) -> None:
        self.quiz, self.source, self.folder, self.secret = quiz, source, folder, secret
        self.notebook = folder / f"{quiz.id}.ipynb"
        self.questions = folder / "questions.json"

    def problems(self) -> list[str]:
        return release_problems(self.quiz, self.folder, self.source)

    def mention(self, name: str) -> None:
        """Make the release anew, of a quiz whose instructions name a file."""
        told = f"{self.quiz.instructions} See [the file]({name})."
        self.quiz = self.quiz.model_copy(update={"instructions": told})
        self.notebook.write_text(to_text(as_released(self.quiz)))
        self.questions.write_text(self.quiz.public().to_json())

    def change(self, path: Path, change: Callable[[Any], Any]) -> None:
        value = json.loads(path.read_text())
        change(value)
        path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


@pytest.fixture(params=["heads", "small"])
def release(request: pytest.FixtureRequest, tmp_path: Path) -> Release:
    """A clean release: the committed one of ``heads``, or one of a quiz with every type."""
    folder = tmp_path / "quizzes" / request.param
    if request.param == "heads":
        source = tmp_path / "source" / "heads"
        source.parent.mkdir()
        shutil.copytree(ROOT / "source" / "heads", source)
        shutil.copy(ROOT / "source" / "course.yaml", source.parent)
        shutil.copytree(
            ROOT / "quizzes" / "heads", folder, ignore=shutil.ignore_patterns("*.jsonl", ".*")
        )
        quiz = load_quiz(source / "quiz.yaml")
    else:
        quiz = load_quiz(write_quiz(tmp_path, items=[*examples.ALL, VARIED]))
        source = tmp_path / "small"
        folder.mkdir(parents=True)
        (folder / "small.ipynb").write_text(to_text(as_released(quiz)))
        (folder / "questions.json").write_text(quiz.public().to_json())
    return Release(quiz, source, folder, quiz.items[0].explanation.strip())


def as_released(quiz: Quiz) -> NotebookNode:
    """The notebook of a quiz with what nbgrader adds to it."""
    notebook = source_notebook(quiz)
    for cell in notebook.cells:
        checksum = compute_checksum(cell)
        cell.metadata.nbgrader |= {"checksum": checksum, "cell_type": cell.cell_type}
    return notebook


def the(problems: list[str], path: Path | str, *words: str) -> str:
    """The problem that names the path and all the words."""
    for problem in problems:
        if problem.startswith(f"{path}: ") and all(word in problem for word in words):
            return problem
    raise AssertionError(f"no problem of {path} says {words}: {problems}")


def test_a_clean_release_passes(release: Release) -> None:
    assert release.problems() == []
    assert notebook_problems(release.quiz, source_notebook(release.quiz)) == []
    assert notebook_problems(release.quiz, as_released(release.quiz)) == []


@pytest.mark.parametrize(
    "name", ["key.json", ".hidden", "heads-solution.ipynb", ".ipynb_checkpoints/a.ipynb", "a/b"]
)
def test_files_beyond_the_release_are_refused(release: Release, name: str) -> None:
    path = release.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("{}")
    the(release.problems(), path, "no part of the release")


def test_a_journal_of_answers_is_refused(release: Release) -> None:
    path = release.folder / f"{release.quiz.id}.answers.jsonl"
    path.write_text("")
    the(release.problems(), path, "no part of the release")


def test_links_are_refused(release: Release) -> None:
    (release.folder / "more").symlink_to(release.source)
    the(release.problems(), release.folder / "more", "link")
    release.questions.rename(release.folder.parent / "elsewhere")
    release.questions.symlink_to(release.folder.parent / "elsewhere")
    the(release.problems(), release.questions, "link")


def test_an_attachment_is_released_as_it_is(release: Release) -> None:
    release.mention("data/a.csv")
    (release.source / "data").mkdir()
    (release.source / "data" / "a.csv").write_text("a,b\n")
    the(release.problems(), release.folder / "data/a.csv", "missing")
    shutil.copytree(release.source / "data", release.folder / "data")
    assert release.problems() == []
    (release.folder / "data" / "a.csv").write_text("a,c\n")
    the(release.problems(), release.folder / "data/a.csv", "differs")


@pytest.mark.parametrize(
    ("named", "name", "passes"),
    [
        ("data/a.csv", "data/a.csv", True),
        ("data/", "data/a.csv", True),
        ("a%20file.csv", "a file.csv", True),
        ("data/a.csv", "data/b.csv", False),
        ("data/a.csv", "a.csv.txt", False),
        ("notes.txt", "my-notes.txt", False),
        ("nothing", "key.txt", False),
    ],
)
def test_a_file_that_no_question_names_is_no_attachment(
    release: Release, named: str, name: str, passes: bool
) -> None:
    release.mention(named)
    for folder in (release.source, release.folder):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("key: second-one\n")
    if passes:
        assert release.problems() == []
    else:
        the(release.problems(), release.source / name, "no text that they see names it", "move it")


def test_what_is_missing_is_named(release: Release) -> None:
    release.questions.unlink()
    the(release.problems(), release.questions, "missing")
    assert release_problems(release.quiz, release.folder / "nowhere") != []


@pytest.mark.parametrize(
    "content", [b"", b"[", b"\xff\xfe", b"[]", b'{"cells": 3}', b'{"a":1,"a":2}']
)
def test_damaged_files_are_refused(release: Release, content: bytes) -> None:
    release.questions.write_bytes(content)
    release.notebook.write_bytes(content)
    problems = release.problems()
    the(problems, release.questions)
    the(problems, release.notebook)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda q: q["items"][0]["options"][0].update(correct=True), "items.0.options.0.correct"),
        (lambda q: q["items"][0].update(explanation="x"), "items.0.explanation"),
        (lambda q: q["items"][0]["options"].reverse(), "items.0.options.0.id"),
        (lambda q: q["items"].pop(), "items"),
        (lambda q: q.update(title="Other"), "title"),
        (lambda q: q["items"][0].update(points="2"), "items.0.points"),
    ],
)
def test_questions_that_differ_are_refused(
    release: Release, change: Callable[[Any], Any], place: str
) -> None:
    release.change(release.questions, change)
    the(release.problems(), release.questions, place)


def test_questions_written_otherwise_are_refused(release: Release) -> None:
    release.questions.write_text(release.questions.read_text() + " \n  \n")
    the(release.problems(), release.questions, "written otherwise")


def _cell(number: int, **changes: Any) -> Callable[[Any], None]:
    return lambda nb: nb["cells"][number].update(changes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_cell(1, outputs=[{"output_type": "stream"}]), ("cell 1 (open)", "outputs")),
        (_cell(1, execution_count=7), ("cell 1 (open)", "execution_count")),
        (
            lambda nb: nb["cells"][1]["metadata"].update(execution={"iopub.status.busy": "2026"}),
            ("cell 1 (open)", "metadata.execution"),
        ),
        (
            lambda nb: nb["cells"][2]["metadata"].update(tags=["b"]),
            ("cell 2 (stem-", "metadata.tags"),
        ),
        (
            lambda nb: nb["cells"][2]["metadata"]["nbgrader"].update(comment="b"),
            ("cell 2 (stem-", "metadata.nbgrader.comment"),
        ),
        (
            lambda nb: nb["cells"][2]["metadata"]["nbgrader"].update(checksum="0" * 32),
            ("cell 2 (stem-", "checksum"),
        ),
        (
            lambda nb: nb["cells"][2]["metadata"]["nbgrader"].update(cell_type="b"),
            ("cell 2 (stem-", "cell_type"),
        ),
        (_cell(2, attachments={"a.png": {}}), ("cell 2 (stem-", "attachments")),
        (_cell(2, id="option-b"), ("cell 2 (stem-", "id")),
        (_cell(2, source="# Other"), ("cell 2 (stem-", "source")),
        (_cell(2, metadata=None), ("cell 2 (stem-", "metadata")),
        (lambda nb: nb["metadata"].update(widgets={}), ("metadata.widgets",)),
        (lambda nb: nb.update(nbformat_minor=4), ("nbformat_minor",)),
        (lambda nb: nb.update(key="b"), ("key",)),
        (lambda nb: nb["cells"].append(dict(nb["cells"][0], id="z")), ("cells", "built")),
        (lambda nb: nb["cells"].pop(), ("cells", "built")),
    ],
)
def test_a_notebook_that_differs_is_refused(
    release: Release, change: Callable[[Any], Any], words: tuple[str, ...]
) -> None:
    release.change(release.notebook, change)
    the(release.problems(), release.notebook, *words)


@pytest.mark.parametrize(
    "text",
    [
        "<!-- b -->",
        "[//]: # (it is b)",
        '<span style="display: none">b</span>',
        "<p hidden>b</p>",
        "<b data-key=1>x</b>",
        "zero\u200bwidth",
        "soft\u00adhyphen",
        "\U000e0062",
        "selector\ufe01",
        "\u3164",
        "\u2066turned",
        "\u0008",
    ],
)
def test_text_that_cannot_be_seen_is_refused(release: Release, text: str) -> None:
    release.change(
        release.notebook, lambda nb: nb["cells"][2].update(source=f"Visible {text}\n{text}")
    )
    the(release.problems(), release.notebook, "cell 2", "do not see")
    release.change(release.questions, lambda q: q["items"][0].update(stem=f"Visible\n{text}"))
    the(release.problems(), release.questions, "items.0.stem", "do not see")


@pytest.mark.parametrize(
    "text", ["a < b -- c", "x[1]: #3", "naïve — «ok»", "[text](#anchor)", "`<div>`", "a\n\tb"]
)
def test_text_that_can_be_seen_is_left_alone(text: str) -> None:
    assert hidden_text(text) is None


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "case and spacing": lambda s: s.upper().replace(" ", "\n  "),
    "base64": lambda s: _b64(s.encode()),
    "base64 glued to text": lambda s: f"abcde{_b64(s.encode())}fgh",
    "base64 in lines": lambda s: base64.encodebytes((s * 3).encode()).decode(),
    "base64, url": lambda s: base64.urlsafe_b64encode(f"~~~???{s}".encode()).decode(),
    "base64 twice": lambda s: _b64(_b64(s.encode()).encode()),
    "base64 of utf-16": lambda s: _b64(s.encode("utf-16-le")),
    "base32": lambda s: base64.b32encode(s.encode()).decode(),
    "hex": lambda s: s.encode().hex(),
    "hex, upper, glued": lambda s: "f" + s.encode().hex().upper(),
    "hex with spaces": lambda s: s.encode().hex(" "),
    "rot13": lambda s: codecs.encode(s, "rot13"),
    "percent": lambda s: quote(s, safe=""),
    "percent, all": lambda s: "".join(f"%{b:02x}" for b in s.encode()),
    "unicode escapes": lambda s: "".join(f"\\u{ord(c):04x}" for c in s),
    "byte escapes": lambda s: "".join(f"\\x{b:02x}" for b in s.encode()),
    "HTML escapes": lambda s: "".join(f"&#{ord(c)};" for c in s),
    "reversed": lambda s: s[::-1],
    "reversed base64": lambda s: _b64(s.encode())[::-1],
    "zero-width": lambda s: "\u200b".join(s),
    "fullwidth": lambda s: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in s),
    "zlib": lambda s: _b64(zlib.compress(s.encode())),
    "zlib, best": lambda s: _b64(zlib.compress(s.encode(), 9)),
    "gzip": lambda s: _b64(gzip.compress(s.encode())),
    "bzip2": lambda s: _b64(bz2.compress(s.encode())),
    "zlib, hex": lambda s: zlib.compress(s.encode()).hex(),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("where", ["cell", "metadata", "questions", "attachment"])
def test_an_encoded_secret_is_found(release: Release, encoding: str, where: str) -> None:
    text = ENCODINGS[encoding](release.secret)
    path = {"questions": release.questions, "attachment": release.folder / "notes.txt"}.get(
        where, release.notebook
    )
    if where == "cell":
        release.change(path, lambda nb: nb["cells"][2].update(source=f"See {text} there"))
    elif where == "metadata":
        release.change(path, lambda nb: nb["metadata"].update(more={"version": text}))
    elif where == "questions":
        release.change(path, lambda q: q.update(instructions=text))
    else:
        for folder in (release.source, release.folder):
            (folder / "notes.txt").write_text(text)
    the(release.problems(), path, "secret text", f"item '{release.quiz.items[0].id}', explanation")


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress, bz2.compress])
def test_a_secret_in_a_binary_attachment_is_found(
    release: Release, compress: Callable[[bytes], bytes]
) -> None:
    for folder in (release.source, release.folder):
        (folder / "data.bin").write_bytes(b"\x00\x93head" + compress(release.secret.encode()))
    the(release.problems(), release.folder / "data.bin", "secret text")


def test_a_secret_in_a_file_name_is_found(release: Release) -> None:
    name = release.secret[:200].replace("/", " ").replace("\n", " ").split(". ")[0] + "."
    (release.folder / name).write_text("")
    the(release.problems(), release.folder / name, "its name")


@pytest.mark.parametrize(
    ("secret", "place"),
    [
        ("That is its stem.", "item 'match', prompts.2.wrong.green"),
        ("stem-for-flower", "item 'match', prompts.2.misconceptions.green"),
        ("rose, red", "item 'match', prompts.2.match"),
        ('{"rose": "red"}', "item 'match', prompts.2.match"),
        ("Not in the morning.", "item 'order', steps.4.feedback"),
        ("The model answer.", "item 'case', model_answer"),
        ("Why 3 is prime.", "item 'several', options.1.feedback"),
        ("A factor of ten.", "item 'amount', slips.0.feedback"),
        ("it is softmax here", "item 'fill', blanks.1.accept"),
        ("return STEP * number", "item 'program', solution"),
        ("the value is 38316", "item 'varied', answer"),
        ("It is 38,316 in this very case.", "item 'varied', feedback"),
        ('"correct": true', "a flag of the key"),
        ("belongs: false", "a flag of the key"),
    ],
)
def test_every_kind_of_secret_is_searched_for(tmp_path: Path, secret: str, place: str) -> None:
    quiz = load_quiz(write_quiz(tmp_path, items=[*examples.ALL, VARIED]))
    secrets = Secrets.of(quiz)
    for content in (secret, f"before {secret} after", f"x = {secret!r}"):
        assert any(place in one for one in secrets.search("a.txt", content.encode())), content
        encoded = base64.b64encode(content.encode())
        assert any(place in one for one in secrets.search("a.txt", encoded)), content
    assert list(secrets.search("a.txt", b"Rose is red, they say; softly maximal 3831")) == []


def test_rubric_levels_and_hidden_checks_are_secrets(tmp_path: Path) -> None:
    case = json.loads(json.dumps(examples.CASE_STUDY))
    case["rubric"][0]["levels"][1]["text"] = "Names all of the parts that matter"
    code = json.loads(json.dumps(examples.CODE))
    code["checks"][1] |= {"call": "double([1, 2, 3, 44])", "expect": "some long expectation"}
    secrets = Secrets.of(load_quiz(write_quiz(tmp_path, items=[case, code])))
    for text in (
        "names all of the parts that matter",
        "double([1, 2, 3, 44])",
        "some long expectation",
    ):
        assert list(secrets.search("a.txt", text.encode())), text
    assert list(secrets.search("a.txt", b"double(3)")) == [], "a visible call is public"


def test_what_the_quiz_itself_gives_away_is_no_difference_but_hidden_text_is(
    tmp_path: Path,
) -> None:
    """A comment in a stem is refused although the release is what the quiz builds."""
    items = [{**examples.SINGLE_CHOICE, "stem": "Which? <!-- it is red -->"}]
    quiz = load_quiz(write_quiz(tmp_path, items=items))
    assert any("HTML comment" in one for one in notebook_problems(quiz, as_released(quiz)))


def test_the_search_ends_on_hostile_content(tmp_path: Path) -> None:
    secrets = Secrets.of(load_quiz(write_quiz(tmp_path)))
    bomb = gzip.compress(b"0" * 50_000_000)
    for content in (bomb, b"[" * 100_000, os.urandom(50_000), b"A" * 100_000, b"%41" * 30_000):
        assert list(secrets.search("a.bin", content)) == []
