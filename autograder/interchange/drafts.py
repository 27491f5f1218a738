"""Questions as Moodle has them, and the items of ``quiz.yaml`` that they become.

What Moodle does not have (why an option is wrong, what a question is about) a person must write:
such a field holds a text that begins with TODO, or the concept ``todo``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from autograder.interchange.to_markdown import inline_markdown, read_html, to_markdown
from autograder.items import AnyItem
from autograder.items.base import SLUG
from autograder.validation import complaints

TODO = "TODO: "
TODO_CONCEPT = "todo"
_SLUG = re.compile(SLUG)
_WHY_RIGHT = f"{TODO}why this is right."
_WHY_WRONG = f"{TODO}why this is wrong, and what to think instead."
_FULL = 1 - 1e-4

Kind = Literal["choice", "several", "words", "number", "matching", "ordering", "cloze", "essay"]


class Unusable(Exception):
    """A question that cannot become an item; the message says why."""


@dataclass(frozen=True)
class Answer:
    """An answer of a question: its text, the part of the points it earns, and what is said.

    ``tolerance`` is that of a number. Texts are Markdown, except words that are typed.
    """

    text: str
    fraction: float = 0.0
    feedback: str = ""
    tolerance: float = 0.0

    @property
    def right(self) -> bool:
        return self.fraction >= _FULL


@dataclass(frozen=True)
class Question:
    """A question as another system has it; texts are Markdown.

    ``line`` is where it begins in its file. ``pairs`` are prompts with their options, ``blanks``
    the parts of a cloze by name, and ``text`` is its text; ``notes`` hold what is known to be lost.
    """

    kind: Kind
    line: int
    name: str
    stem: str
    answers: tuple[Answer, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    blanks: tuple[tuple[str, Question], ...] = ()
    text: str = ""
    unit: str = ""
    explanation: str = ""
    points: float = 1.0
    tags: tuple[str, ...] = ()
    identifier: str = ""
    for_grader: str = ""
    notes: tuple[str, ...] = ()


@dataclass
class Draft:
    """An item as it will be written, with notes for the person who reads it over."""

    item: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def draft(question: Question, taken: set[str]) -> Draft:
    """The item that a question becomes; its id is none of those ``taken``.

    Raises
    ------
    Unusable
        Where there is no such item.
    """
    made = Draft({}, list(question.notes))
    name = question.identifier if _SLUG.match(question.identifier) else ""
    made.item["id"] = _free(name or slug(question.name, "item"), taken)
    type_, fields = _FIELDS[question.kind](question, made)
    made.item |= {
        "type": type_,
        "title": question.name or f"{TODO}a title",
        "concepts": [tag for tag in question.tags if _SLUG.match(tag)] or [TODO_CONCEPT],
        "difficulty": _difficulty(question, made),
        "points": int(question.points)
        if question.points == int(question.points)
        else question.points,
    }
    sections = _tagged(question, "section")
    if sections:
        made.item["sections"] = sections
    made.item["stem"] = question.stem or f"{TODO}the question"
    made.item["explanation"] = question.explanation or f"{TODO}what is right, and why."
    made.item |= fields
    named = _tagged(question, "misconception")
    if named:
        made.notes.append(f"name the misconceptions where they belong: {', '.join(named)}")
    _require_valid(made.item)
    return made


def slug(text: str, otherwise: str, longest: int = 30) -> str:
    """An id made of the words of a text."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.findall("[a-z0-9]+", ascii_only)
    if words and words[0][0].isdigit():
        words.insert(0, "n")
    found = ""
    for word in words:
        longer = f"{found}-{word}" if found else word
        if len(longer) > longest:
            break
        found = longer
    return found or otherwise


def rubric_of(html: str) -> tuple[list[dict[str, Any]], str] | None:
    """The rubric and the model answer in notes for graders that this package wrote; else None."""
    soup = read_html(html)
    table = soup.find("table")
    mark = soup.find("strong", string="Model answer")
    if table is None or mark is None or mark.parent is None:
        return None
    levels: dict[str, list[dict[str, Any]]] = {}
    for row in table.find_all("tr")[1:]:
        cells = row.find_all("td")
        try:
            name, points, text = cells[0], float(cells[1].get_text()), cells[2]
        except (IndexError, ValueError):
            return None
        level = {"points": points, "text": inline_markdown(text.decode_contents())}
        levels.setdefault(inline_markdown(name.decode_contents()), []).append(level)
    answer = ""
    for piece in mark.parent.find_next_siblings():
        if piece.find("strong", string=re.compile("^Graded sample")):
            break
        answer += str(piece)
    taken: set[str] = set()
    rubric = [
        {"id": _free(slug(name, "criterion"), taken), "name": name, "levels": found}
        for name, found in levels.items()
    ]
    return rubric, to_markdown(answer)


def _choice(question: Question, made: Draft) -> tuple[str, dict[str, Any]]:
    right = [answer for answer in question.answers if answer.right]
    if len(right) != 1:
        raise Unusable(f"{len(right)} options earn all points; a single choice needs one")
    if any(0 < answer.fraction < _FULL for answer in question.answers):
        made.notes.append("options that earned a part of the points earn none")
    return "single_choice", {"options": _options(question.answers, right)}


def _several(question: Question, made: Draft) -> tuple[str, dict[str, Any]]:
    right = [answer for answer in question.answers if answer.fraction > 0]
    expected = [1 / len(right) if one in right else -1 / len(right) for one in question.answers]
    found = [answer.fraction for answer in question.answers]
    if any(abs(a - b) > 1e-4 for a, b in zip(expected, found, strict=True)):
        made.notes.append(
            "scored here as (right picks - wrong picks) / right options, not as there"
        )
    return "multiple_select", {"options": _options(question.answers, right)}


def _options(answers: Sequence[Answer], right: Sequence[Answer]) -> list[dict[str, Any]]:
    taken: set[str] = set()
    options = []
    for answer in answers:
        option: dict[str, Any] = {"id": _free(slug(answer.text, "option"), taken)}
        option["text"] = answer.text
        if answer in right:
            option["correct"] = True
        option["feedback"] = answer.feedback or (_WHY_RIGHT if answer in right else _WHY_WRONG)
        options.append(option)
    return options


def _number(question: Question, made: Draft) -> tuple[str, dict[str, Any]]:
    return "numeric", _key(question, made)


def _key(question: Question, made: Draft) -> dict[str, Any]:
    """The key of a number: the right answer, its tolerance, the slips."""
    numbers = [(answer, _read(answer.text)) for answer in question.answers]
    right = [(answer, value) for answer, value in numbers if answer.right and value is not None]
    if not right:
        raise Unusable("no number earns all points")
    if len(right) > 1:
        made.notes.append(f"only the first right number is kept, of {len(right)}")
    key, value = right[0]
    fields: dict[str, Any] = {"answer": value}
    if question.unit:
        fields["unit"] = question.unit
    if key.tolerance:
        fields["tolerance"] = {"absolute": key.tolerance}
    fields["feedback"] = key.feedback or _WHY_RIGHT
    slips = []
    for answer, wrong in numbers:
        if answer.right:
            continue
        if wrong is None:
            if answer.feedback and answer.feedback != key.feedback:
                made.notes.append(f"feedback on any other number is left out: {answer.feedback}")
        elif abs(wrong - value) <= key.tolerance:
            made.notes.append("a wider tolerance for a part of the points is left out")
        else:
            if answer.tolerance != key.tolerance:
                made.notes.append("slips have the tolerance of the right number")
            slip: dict[str, Any] = {"value": wrong}
            if answer.fraction > 0:
                slip["fraction"] = answer.fraction
            slips.append(slip | {"feedback": answer.feedback or _WHY_WRONG})
    return fields | ({"slips": slips} if slips else {})


def _words(question: Question, made: Draft) -> tuple[str, dict[str, Any]]:
    """A short answer: a cloze of one blank."""
    blank = {"id": "blank-1", "kind": "text", **_typed(question, made)}
    return "cloze", {"text": "[[blank-1]]", "blanks": [blank]}


def _typed(question: Question, made: Draft) -> dict[str, Any]:
    """The key of a word that is typed."""
    right = [answer for answer in question.answers if answer.right]
    if not right:
        raise Unusable("no word earns all points")
    for answer in question.answers:
        if re.search(r"(?<!\\)\*", answer.text) and answer.text != "*":
            raise Unusable(
                f"the answer {answer.text!r} holds a wildcard, which is not to be had here"
            )
    if any(answer.text == "*" for answer in right):
        raise Unusable("any answer at all earns all points")
    feedback = next((answer.feedback for answer in right if answer.feedback), "")
    fields: dict[str, Any] = {
        "accept": [_unstarred(answer.text) for answer in right],
        "feedback": feedback or _WHY_RIGHT,
    }
    wrong = []
    for answer in question.answers:
        if answer.right:
            continue
        if answer.text == "*":
            if answer.feedback and answer.feedback != feedback:
                made.notes.append(f"feedback on any other word is left out: {answer.feedback}")
            continue
        if answer.fraction > 0:
            made.notes.append(f"the word {answer.text!r} earned a part of the points, now none")
        wrong.append({"text": _unstarred(answer.text), "feedback": answer.feedback or _WHY_WRONG})
    return fields | ({"wrong": wrong} if wrong else {})


def _matching(question: Question, made: Draft) -> tuple[str, dict[str, Any]]:
    options: dict[str, str] = {}
    prompts: list[dict[str, Any]] = []
    matches: list[str] = []
    taken: set[str] = set()
    for _, option in question.pairs:
        if option not in options:
            options[option] = _free(slug(option, "option"), taken)
    for prompt, option in question.pairs:
        if prompt:
            place = f"prompt-{len(prompts) + 1}"
            match = options[option]
            why = f"{TODO}why this pair is right."
            prompts.append({"id": place, "text": prompt, "match": match, "feedback": why})
            matches.append(match)
    fields: dict[str, Any] = {"reuse": True} if len(set(matches)) < len(matches) else {}
    listed = [{"id": name, "text": text} for text, name in options.items()]
    return "matching", fields | {"prompts": prompts, "options": listed}


def _ordering(question: Question, made: Draft) -> tuple[str, dict[str, Any]]:
    """Steps one after the other; their ids tell nothing of their order."""
    taken: set[str] = set()
    steps: list[dict[str, Any]] = []
    for answer in question.answers:
        step: dict[str, Any] = {"id": _free(_told_nothing(answer.text), taken), "text": answer.text}
        if steps:
            step["after"] = [steps[-1]["id"]]
        step["feedback"] = answer.feedback or f"{TODO}why it stands here."
        steps.append(step)
    return "ordering", {"steps": steps}


def _cloze(question: Question, made: Draft) -> tuple[str, dict[str, Any]]:
    blanks = []
    for name, blank in question.blanks:
        fields: dict[str, Any]
        if blank.kind == "choice":
            kind, fields = "choice", _choice(blank, made)[1]
        elif blank.kind == "number":
            kind, fields = "number", _key(blank, made)
        else:
            kind, fields = "text", _typed(blank, made)
        blanks.append({"id": name, "kind": kind, **fields})
    if len({blank.points for _, blank in question.blanks}) > 1:
        made.notes.append("the blanks count alike here, not with their weights")
    return "cloze", {"text": question.text, "blanks": blanks}


def _essay(question: Question, made: Draft) -> tuple[str, dict[str, Any]]:
    found = rubric_of(question.for_grader)
    if found:
        return "case_study", {"rubric": found[0], "model_answer": found[1]}
    half = question.points / 2
    rubric = [
        {
            "id": f"criterion-{place}",
            "name": f"{TODO}what is judged",
            "levels": [
                {"points": 0, "text": f"{TODO}what earns nothing"},
                {"points": half, "text": f"{TODO}what earns this"},
            ],
        }
        for place in (1, 2)
    ]
    answer = to_markdown(question.for_grader) or f"{TODO}a model answer"
    return "case_study", {"rubric": rubric, "model_answer": answer}


_FIELDS = {
    "choice": _choice,
    "several": _several,
    "number": _number,
    "words": _words,
    "matching": _matching,
    "ordering": _ordering,
    "cloze": _cloze,
    "essay": _essay,
}


def _difficulty(question: Question, made: Draft) -> str:
    named = [
        one for one in _tagged(question, "difficulty") if one in ("applied", "transfer", "direct")
    ]
    if not named:
        made.notes.append("difficulty: direct is a guess")
    return named[0] if named else "direct"


def _tagged(question: Question, name: str) -> list[str]:
    mark = f"{name}:"
    return [tag.removeprefix(mark) for tag in question.tags if tag.startswith(mark)]


def _require_valid(item: dict[str, Any]) -> None:
    """Raise Unusable where the item breaks a rule of its type."""
    try:
        TypeAdapter[AnyItem](AnyItem).validate_python(item)
    except ValidationError as error:
        found = (
            f"{'.'.join(map(str, loc)) or item['type']}: {message}"
            for loc, message in complaints(error, AnyItem)
        )
        raise Unusable("; ".join(found)) from error


def _free(name: str, taken: set[str]) -> str:
    """A name that is not taken yet; it is from now on."""
    found, number = name, 2
    while found in taken:
        found, number = f"{name}-{number}", number + 1
    taken.add(found)
    return found


def _told_nothing(text: str) -> str:
    """An id that follows from a text and says nothing of it."""
    import hashlib

    return f"step-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def _unstarred(word: str) -> str:
    return word.replace(r"\*", "*")


def _read(text: str) -> float | None:
    """A number; None where the text is none, such as ``*``."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return int(value) if value == int(value) and abs(value) < 1e15 else value


def todo_fields(lines: Iterable[str]) -> list[int]:
    """The numbers of the lines, from 1, in which a person must still write something."""
    marks = (TODO.strip(), f"- {TODO_CONCEPT}")
    return [
        place
        for place, line in enumerate(lines, start=1)
        if marks[0] in line or line.strip() == marks[1]
    ]
