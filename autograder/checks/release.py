"""A linter of releases: refuses what a learner could read the key from.

A release is what the quiz builds, and nothing else. That is compared first; then every file is
searched for secret texts, plain and encoded, as a second line of defence, which also finds what the
quiz itself gives away (an explanation pasted into a stem).

Dates of files are not looked at: neither git nor nbgrader hands them on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from nbformat import NotebookNode

from autograder.checks.secrets import Secrets, hidden_text
from autograder.checks.writing import unwritten
from autograder.notebooks import source_notebook
from autograder.quiz import QUESTIONS_FILE, QUIZ_FILE, Quiz, locate, read_yaml

#: So many secrets of one file are listed.
_MOST = 5
#: What nbgrader adds to the metadata of a cell when it makes a release.
_ADDED = ("checksum", "cell_type")
#: In the source folder beside what is shipped.
_NOT_SHIPPED = {"__pycache__", ".ipynb_checkpoints", ".pytest_cache"}


def release_problems(quiz: Quiz, folder: Path, source: Path | None = None) -> list[str]:
    """Everything for which a release must not go out, each as ``file: place: what is wrong``.

    Parameters
    ----------
    quiz
        The quiz with its key.
    folder
        The folder that learners receive.
    source
        The folder of ``quiz.yaml``; other files in it are attachments, which learners receive.
    """
    if folder.is_symlink() or not folder.is_dir():
        return [f"{folder}: is no folder; make the release first"]
    missing = [] if (folder / f"{quiz.id}.ipynb").exists() else [f"{quiz.id}.ipynb"]
    return [
        *file_problems(quiz, folder, source),
        *(f"{folder / name}: is missing" for name in missing),
    ]


def file_problems(quiz: Quiz, folder: Path, source: Path | None) -> list[str]:
    """As ``release_problems``, where the notebook need not have been written yet."""
    secrets = Secrets.of(quiz)
    attached = _attachments(quiz, source)
    problems, found = [], set()
    for name in _unnamed(quiz, attached):
        problems.append(
            f"{source}/{name}: would go to learners, but no text that they see names it; name it "
            "there, or move it elsewhere: of this folder only quiz.yaml stays with you"
        )
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        found.add(name)
        if path.is_symlink():
            problems.append(f"{path}: is a link; learners may only receive files")
            continue
        if path.is_dir():
            if not any(other.startswith(f"{name}/") for other in attached):
                problems.append(f"{path}: this folder is no part of the release; remove it")
            continue
        content = path.read_bytes()
        if name == QUESTIONS_FILE:
            problems += _prefixed(path, _questions_problems(quiz, content))
        elif name == f"{quiz.id}.ipynb":
            problems += _prefixed(path, _file_problems(quiz, content))
        elif name not in attached:
            problems.append(f"{path}: this file is no part of the release; remove it")
        elif content != attached[name]:
            problems.append(f"{path}: differs from the file in the source folder; release it anew")
        problems += _prefixed(path, _few(secrets.search(name, content)))
    written = {name for name in attached if not name.endswith(".ipynb")} | {QUESTIONS_FILE}
    problems += [f"{folder / name}: is missing" for name in sorted(written - found)]
    return problems


def unwritten_problems(quiz: Quiz, source: Path) -> list[str]:
    """What somebody still has to write before a quiz, whose file stands in ``source``, goes out."""
    path = source / QUIZ_FILE
    data = read_yaml(path)
    return [locate(path, data, one.loc, one.message) for one in unwritten(quiz)]


def notebook_problems(quiz: Quiz, notebook: NotebookNode) -> list[str]:
    """Where a notebook to be released is more, or less, than the quiz builds, or tells the key.

    For use inside nbgrader, too: what nbgrader adds to cells may be there or not.
    """
    text = json.dumps(notebook, ensure_ascii=False)
    return [
        *_notebook_differences(quiz, json.loads(text)),
        *Secrets.of(quiz).search(f"{quiz.id}.ipynb", text.encode()),
    ]


def _unnamed(quiz: Quiz, attached: Iterable[str]) -> Iterator[str]:
    """Attachments that no public text names, neither themselves nor a folder that they are in."""
    public = unquote(quiz.public().to_json())
    for name in sorted(attached):
        places = [name, *(f"{folder}/" for folder in PurePosixPath(name).parents)][:-1]
        if not any(re.search(rf"(?<![\w.-]){re.escape(one)}(?!-?\w)", public) for one in places):
            yield name


def _few(problems: Iterator[str]) -> list[str]:
    """Some problems of one file, and how many more there are."""
    found = list(problems)
    if len(found) > _MOST:
        found[_MOST:] = [f"... and {len(found) - _MOST} more of these"]
    return found


def _prefixed(path: Path, problems: Iterator[str] | list[str]) -> list[str]:
    return [f"{path}: {problem}" for problem in problems]


def _attachments(quiz: Quiz, source: Path | None) -> Mapping[str, bytes]:
    """Files of the source folder that learners receive, beside notebook and questions."""
    if source is None:
        return {}
    built = {f"{quiz.id}.ipynb", QUESTIONS_FILE, QUIZ_FILE}
    names = {
        path.relative_to(source).as_posix(): path
        for path in source.rglob("*")
        if path.is_file() and not _NOT_SHIPPED & set(path.relative_to(source).parts)
    }
    return {name: path.read_bytes() for name, path in names.items() if name not in built}


def _questions_problems(quiz: Quiz, content: bytes) -> Iterator[str]:
    expected = quiz.public().to_json()
    try:
        questions = _json(content)
    except ValueError as error:
        yield f"cannot be read: {error}"
        return
    differences = list(_differences(json.loads(expected), questions, ""))
    if not differences and content != expected.encode():
        differences = ["is written otherwise than it is built (spaces, escapes, order of fields)"]
    yield from differences
    yield from _hidden(questions, "")


def _file_problems(quiz: Quiz, content: bytes) -> Iterator[str]:
    try:
        notebook = _json(content)
    except ValueError as error:
        yield f"cannot be read: {error}"
        return
    yield from _notebook_differences(quiz, notebook)


def _json(content: bytes) -> Any:
    """JSON in which no record names a field twice; ValueError where it cannot be read."""

    def record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"the field {min(twice)!r} stands twice in a record")
        return dict(pairs)

    return json.loads(content.decode("utf-8"), object_pairs_hook=record)


def _notebook_differences(quiz: Quiz, notebook: Any) -> Iterator[str]:
    expected = json.loads(json.dumps(source_notebook(quiz)))
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        yield "is no notebook"
        return
    yield from _differences(_without(expected, "cells"), _without(notebook, "cells"), "")
    if len(cells) != len(expected["cells"]):
        yield f"cells: {len(cells)} of them where {len(expected['cells'])} are built"
    for number, (wanted, cell) in enumerate(zip(expected["cells"], cells, strict=False)):
        place = f"cell {number} ({wanted['metadata']['nbgrader']['grade_id']})"
        yield from _checksum_problems(cell, place)
        yield from _differences(wanted, _before_nbgrader(cell), place)
        yield from _hidden(cell, place)
    for number, cell in enumerate(cells[len(expected["cells"]) :], start=len(expected["cells"])):
        yield f"cell {number}: is not built from the quiz; remove it"
        yield from _hidden(cell, f"cell {number}")


def _without(record: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


def _before_nbgrader(cell: Mapping[str, Any]) -> dict[str, Any]:
    """A cell of a release without what nbgrader added, its text in one piece."""
    plain = dict(cell)
    if isinstance(cell.get("source"), list):
        plain["source"] = "".join(map(str, cell["source"]))
    metadata = cell.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("nbgrader"), dict):
        plain["metadata"] = metadata | {"nbgrader": _without(metadata["nbgrader"], *_ADDED)}
    return plain


def _checksum_problems(cell: Mapping[str, Any], place: str) -> Iterator[str]:
    """Whether what nbgrader added is what nbgrader adds: a made-up checksum could tell anything."""
    from nbgrader.utils import compute_checksum

    metadata = cell.get("metadata")
    added = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    if not isinstance(added, dict):
        return
    if added.get("cell_type", cell.get("cell_type")) != cell.get("cell_type"):
        yield f"{place}: metadata.nbgrader.cell_type: is not the cell's type"
    if "checksum" in added:
        try:
            right = compute_checksum(NotebookNode(_nodes(_before_nbgrader(cell))))
        except (KeyError, AttributeError, TypeError):
            right = None
        if added["checksum"] != right:
            yield f"{place}: metadata.nbgrader.checksum: is not the checksum of the cell"


def _nodes(value: Any) -> Any:
    if isinstance(value, dict):
        return NotebookNode({name: _nodes(inner) for name, inner in value.items()})
    return value


def _differences(expected: Any, found: Any, place: str) -> Iterator[str]:
    """Where ``found`` differs from ``expected``; the way to each place, and what is there."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in expected.keys() | found.keys():
            inner = _below(place, name)
            if name not in found:
                yield f"{inner}: is missing"
            elif name not in expected:
                yield f"{inner}: is not built from the quiz; remove it"
            else:
                yield from _differences(expected[name], found[name], inner)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from _differences(one, other, _below(place, number))
    elif type(expected) is not type(found) or expected != found:
        yield f"{place or 'the file'}: differs from what the quiz builds"


def _below(place: str, step: str | int) -> str:
    return (
        f"{place}: {step}"
        if place.startswith("cell ") and place.endswith(")")
        else (f"{place}.{step}" if place else str(step))
    )


def _hidden(value: Any, place: str) -> Iterator[str]:
    """Texts of which a learner sees less than there is."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _hidden(inner, _below(place, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _hidden(inner, _below(place, number))
    elif isinstance(value, str) and (found := hidden_text(value)):
        yield f"{place}: holds {found}, which learners do not see when they look; remove it"
