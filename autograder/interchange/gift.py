"""GIFT to questions: Moodle's format for writing questions as plain text.

After Moodle's own reader (``question/format/gift/format.php``) and its description of the format
(docs.moodle.org, "GIFT format").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from autograder.errors import AutograderError
from autograder.interchange.drafts import Answer, Question
from autograder.interchange.moodle_reader import Found
from autograder.interchange.to_markdown import (
    auto_to_html,
    inline_markdown,
    plain_to_html,
    to_markdown,
)

#: What a backslash takes the meaning from; noncharacters of Unicode stand for them meanwhile.
_CONTROLS = "\\~=#{}:n"
_STAND_INS = {one: chr(0xFDD0 + place) for place, one in enumerate(_CONTROLS)}
_MEANT = {stand_in: "\n" if one == "n" else one for one, stand_in in _STAND_INS.items()}
_WEIGHT = re.compile(r"\s*%(-?\d+(?:\.\d*)?)%")
_FORMAT = re.compile(r"\s*\[(html|moodle|plain|markdown)\]")
_READ = {"plain": plain_to_html, "moodle": auto_to_html}
_TRUE, _FALSE = {"T", "TRUE"}, {"F", "FALSE"}


@dataclass
class _Block:
    """The lines of one question."""

    line: int
    lines: list[str] = field(default_factory=list)


def read_gift(path: Path) -> Found:
    """The questions of a GIFT file.

    Raises
    ------
    AutograderError
        Where the file cannot be read, or a question breaks the rules of the format: file, line and
        remedy, a line for each.
    """
    found = Found()
    problems = []
    for block in _blocks(_text_of(path)):
        text = "\n".join(block.lines).strip()
        if text.startswith("$CATEGORY:"):
            continue
        try:
            question = _question(text, block.line)
        except ValueError as error:
            problems.append(f"{path}:{block.line}: {error}")
            continue
        if question is None:
            found.left_out.append((block.line, f"{text[:40]!r}: a description asks nothing"))
        else:
            found.questions.append(question)
    if problems:
        raise AutograderError("\n".join(problems))
    return found


def _text_of(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise AutograderError(
            f"{path}: cannot be read ({error.strerror}); check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise AutograderError(f"{path}: is not UTF-8 text ({error}); save it as UTF-8") from error
    for place, line in enumerate(text.splitlines(), start=1):
        if any(one in line for one in _MEANT):
            raise AutograderError(f"{path}:{place}: holds a character that is no text; remove it")
    return text


def _blocks(text: str) -> Iterator[_Block]:
    """The questions: between empty lines, without comments."""
    block: _Block | None = None
    for place, line in enumerate(text.splitlines(), start=1):
        if line.strip().startswith("//"):
            continue
        if line.strip().startswith("$CATEGORY:"):
            if block:
                yield block
            yield _Block(place, [line.strip()])
            block = None
        elif line.strip():
            block = block or _Block(place)
            block.lines.append(line)
        elif block:
            yield block
            block = None
    if block:
        yield block


def _question(text: str, line: int) -> Question | None:
    """A question; None for a description. ValueError where it breaks the rules."""
    text = re.sub(r"\\([\\~=#{}:n])", lambda escaped: _STAND_INS[escaped[1]], text)
    name = ""
    if text.startswith("::"):
        name, mark, rest = text[2:].partition("::")
        if not mark:
            raise ValueError("the title that begins with :: does not end; write ::title:: before")
        text = rest.strip()
    opened, closed = text.find("{"), text.find("}")
    if opened < 0 and closed < 0:
        return None
    if opened < 0 or closed < opened or "{" in text[opened + 1 : closed]:
        raise ValueError(
            "the braces around the answers do not fit: one { and one } for a question, an empty "
            "line between questions, and \\{ and \\} for braces in a text"
        )
    if "{" in text[closed + 1 :] or "}" in text[closed + 1 :]:
        raise ValueError(
            "has a second pair of braces; put an empty line between questions, and write \\{ and "
            "\\} for braces in a text"
        )
    body, tail = text[opened + 1 : closed].strip(), text[closed + 1 :].rstrip()
    body, _, general = body.partition("####")
    stem, form = _stem(f"{text[:opened]}_____{tail}" if tail else text[:opened])
    common: dict[str, Any] = {
        "line": line,
        "name": _meant(name).strip() or _short(f"{_meant(text[:opened])}{'…' if tail else ''}"),
        "stem": stem,
        "explanation": _said(general, form),
    }
    return _typed(body.strip(), form, common)


def _typed(body: str, form: str, common: dict[str, Any]) -> Question:
    """A question of the type that its answers show, by the rules of Moodle's reader."""
    if not body:
        return Question("essay", **common)
    if body.startswith("#"):
        return Question("number", answers=tuple(_numbers(body[1:], form)), **common)
    if "~" in body:
        answers = tuple(_options(body, form))
        kind: Any = "choice" if "=" in body else "several"
        return Question(kind, answers=answers, **common)
    if "=" in body and "->" in body:
        return Question("matching", pairs=tuple(_pairs(body, form)), **common)
    mark = body.partition("#")[0].strip().upper()
    if mark in _TRUE | _FALSE:
        return Question("choice", answers=_true_or_false(body, mark in _TRUE, form), **common)
    if not body.startswith("="):
        raise ValueError(
            f"the answers {_meant(body)[:40]!r} begin with none of = ~ # and are not TRUE or FALSE"
        )
    answers = tuple(_weighed(one, form, typed=True) for one in body.split("=")[1:])
    return Question("words", answers=answers, **common)


def _options(body: str, form: str) -> Iterator[Answer]:
    for piece in re.findall(r"[~=][^~=]*", body):
        yield _weighed(piece[1:], form, otherwise=1.0 if piece[0] == "=" else 0.0)


def _weighed(piece: str, form: str, *, otherwise: float = 1.0, typed: bool = False) -> Answer:
    """An answer with its weight in percent, if any, and its feedback behind ``#``."""
    weight = _WEIGHT.match(piece)
    fraction = float(weight[1]) / 100 if weight else otherwise
    text, _, feedback = (piece[weight.end() :] if weight else piece).partition("#")
    shown = _meant(text).strip() if typed else _said(text, form)
    return Answer(shown, fraction, _said(feedback, form))


def _pairs(body: str, form: str) -> Iterator[tuple[str, str]]:
    for piece in body.split("=")[1:]:
        prompt, arrow, option = piece.partition("->")
        if not arrow:
            raise ValueError(f"the pair {_meant(piece).strip()[:40]!r} has no -> in it")
        yield _said(prompt, form), inline_markdown(escape(_meant(option).strip()))


def _true_or_false(body: str, true: bool, form: str) -> tuple[Answer, Answer]:
    """The feedback on a wrong answer comes first, then that on the right one."""
    _, wrong, right, *_ = [*body.split("#", 2), "", ""]
    said = {True: _said(right, form), False: _said(wrong, form)}
    return (
        Answer("True", float(true), said[true]),
        Answer("False", float(not true), said[not true]),
    )


def _numbers(body: str, form: str) -> Iterator[Answer]:
    body, tilde, other = body.partition("~")
    pieces = [one for one in body.split("=") if one.strip()]
    for piece in pieces:
        found = _weighed(piece, form, typed=True)
        text, tolerance = _range(found.text)
        yield Answer(text, found.fraction, found.feedback, tolerance)
    if tilde:
        yield Answer("*", 0.0, _said(other.partition("#")[2], form))


def _range(text: str) -> tuple[str, float]:
    """The middle and the tolerance of ``least..most`` or ``value:tolerance``."""
    try:
        if ".." in text:
            least, _, most = text.partition("..")
            low, high = float(least), float(most)
            return repr((low + high) / 2), (high - low) / 2
        value, _, allowed = text.partition(":")
        return repr(float(value)), float(allowed or 0)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is no number; write 5, 5:0.1 (with a tolerance) or 4.9..5.1 (a range)"
        ) from error


def _stem(text: str) -> tuple[str, str]:
    """A question's text as Markdown, and its format, which is that of its answers too."""
    found = _FORMAT.match(text)
    form = found[1] if found else "moodle"
    return _markdown(text[found.end() :] if found else text, form, inline=False), form


def _said(text: str, form: str) -> str:
    """A text as Markdown, in a format of its own or that of the question."""
    found = _FORMAT.match(text)
    if found:
        text, form = text[found.end() :], found[1]
    return _markdown(text, form, inline=True)


def _markdown(text: str, form: str, *, inline: bool) -> str:
    text = _meant(text).strip()
    if form == "markdown" or not text:
        return text
    html = text if form == "html" else _READ[form](text)
    return inline_markdown(html) if inline else to_markdown(html)


def _meant(text: str) -> str:
    """A text with the characters that stood behind a backslash."""
    return "".join(_MEANT.get(one, one) for one in text)


def _short(stem: str) -> str:
    words = stem.split()
    return " ".join(words[:8]) + ("…" if len(words) > 8 else "")
