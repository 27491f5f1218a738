"""Moodle XML to questions. The file is untrusted: no entities, no network, no path of its own."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html import escape, unescape
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, unquote

from lxml import etree

from autograder.errors import AutograderError
from autograder.interchange.drafts import Answer, Question, Unusable
from autograder.interchange.moodle_xml import REREAD, STEM
from autograder.interchange.shared import Picture
from autograder.interchange.to_markdown import (
    BLANK_TAG,
    auto_to_html,
    inline_markdown,
    plain_to_html,
    read_html,
    same_text,
    to_markdown,
    word_to_html,
)

#: Files that may stand beside a quiz as images.
_IMAGES = {".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp"}
_PLUGIN = "@@PLUGINFILE@@/"
#: What Moodle itself puts into the fields for feedback on the whole.
_USUAL = {
    "your answer is correct.",
    "your answer is partially correct.",
    "your answer is incorrect.",
}
_BLANK = re.compile(
    r"\{\s*(\d*)\s*:\s*(NUMERICAL|NM|(?:MULTICHOICE|MC)_?[VHS]*|(?:MULTIRESPONSE|MR)_?[HS]*|"
    r"(?:SHORTANSWER|SA|MW)_?C?)\s*:((?:\\.|[^\\}])*)\}",
    re.S,
)
_FRACTION = re.compile(r"\s*(?:(=)|%(-?\d+(?:[.,]\d*)?)%)?(.*)", re.S)
_ESCAPED = re.compile(r"\\([}~#\"/])")


@dataclass
class Found:
    """What a file holds: questions, what was left out with its line, and images."""

    questions: list[Question] = field(default_factory=list)
    left_out: list[tuple[int, str]] = field(default_factory=list)
    pictures: dict[str, Picture] = field(default_factory=dict)


def read_moodle_xml(path: Path) -> Found:
    """The questions of a Moodle XML file.

    Raises
    ------
    AutograderError
        Where the file cannot be read, is no XML, or is not Moodle's; it names file and line.
    """
    root = _root(path)
    found = Found()
    for element in root:
        if element.tag != "question":
            continue
        line = element.sourceline or 1
        kind = element.get("type", "")
        if kind == "category":
            continue
        name = " ".join(_plain(element, "name/text").split()) or "(without a name)"
        reader = _READERS.get(kind)
        if reader is None:
            found.left_out.append((line, f"{name}: there is no item like Moodle's type {kind!r}"))
            continue
        try:
            found.questions.append(reader(_Reader(path, element, found)))
        except Unusable as error:
            found.left_out.append((line, f"{name}: {error}"))
    return found


def _root(path: Path) -> Any:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise AutograderError(
            f"{path}: cannot be read ({error.strerror}); check the path"
        ) from error
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise AutograderError(
            f"{path}:{error.lineno or 1}: is not valid XML: {error.msg}; export it again from "
            "Moodle, or mend this line"
        ) from error
    if root.getroottree().docinfo.doctype:
        raise AutograderError(
            f"{path}:1: has a document type (<!DOCTYPE ...>), which Moodle never writes and which "
            "could hide entities; remove it"
        )
    if root.tag != "quiz":
        raise AutograderError(
            f"{path}:{root.sourceline or 1}: begins with <{etree.QName(root).localname}>, not "
            "with <quiz>: it is not Moodle XML. In Moodle: question bank, Export, Moodle XML format"
        )
    return root


class _Reader:
    """Reads one question."""

    def __init__(self, path: Path, element: Any, found: Found) -> None:
        self.element = element
        self._path = path
        self._found = found
        self._notes: list[str] = []

    def question(self, kind: Any, **fields: Any) -> Question:
        """A question with what all types have in common."""
        element = self.element
        stem = fields.pop("stem", None)
        if stem is None:
            stem = self.block("questiontext")
        for name in ("correctfeedback", "partiallycorrectfeedback", "incorrectfeedback"):
            said = self.block(name)
            if said and said.casefold() not in _USUAL:
                self._notes.append(f"feedback on the whole is left out: {said}")
        if element.find("hint") is not None:
            self._notes.append(f"{len(element.findall('hint'))} hints are left out")
        tags = tuple(" ".join(one.split()) for one in _plains(element, "tags/tag/text"))
        return Question(
            kind=kind,
            line=element.sourceline or 1,
            name=" ".join(_plain(element, "name/text").split()),
            stem=stem,
            explanation=self.explanation(),
            points=self.number("defaultgrade", 1.0),
            tags=tags,
            identifier=_plain(element, "idnumber"),
            notes=tuple(dict.fromkeys(self._notes)),
            **fields,
        )

    def explanation(self) -> str:
        soup = read_html(self.html("generalfeedback"))
        for element in soup.find_all(class_=REREAD):  # the tags say it
            element.decompose()
        return self.markdown(str(soup))

    def block(self, tag: str) -> str:
        """The text of a child, as Markdown."""
        return self.markdown(self.html(tag))

    def html(self, tag: str) -> str:
        child = self.element.find(tag)
        return "" if child is None else self.html_of(child)

    def html_of(self, holder: Any) -> str:
        """A text with its format and its images, as HTML."""
        text = _plain(holder, "text")
        form = holder.get("format", "html")
        self._keep_pictures(holder)
        if form == "plain_text":
            return plain_to_html(text) if text else ""
        if form == "moodle_auto_format":
            return auto_to_html(text) if text else ""
        if form == "markdown":
            from autograder.html import block

            return block(text)
        return text

    def inline_of(self, holder: Any) -> str:
        return self.markdown(self.html_of(holder), inline_markdown)

    def markdown(self, html: str, convert: Callable[..., str] = to_markdown) -> str:
        text = convert(html, self._names())
        if not same_text(re.sub(rf"</?{BLANK_TAG}[^>]*>", "", html), _unblanked(text)):
            self._notes.append(f"compare with the original: {text[:60]!r}")
        return text

    def answers(self) -> tuple[Answer, ...]:
        return tuple(
            Answer(self.inline_of(one), self.fraction(one), self.feedback(one))
            for one in self.element.findall("answer")
        )

    def typed_answers(self) -> tuple[Answer, ...]:
        return tuple(
            Answer(
                _plain(one, "text") or (one.text or "").strip(),
                self.fraction(one),
                self.feedback(one),
                self.number("tolerance", 0.0, one),
            )
            for one in self.element.findall("answer")
        )

    def feedback(self, answer: Any) -> str:
        child = answer.find("feedback")
        return "" if child is None else self.inline_of(child)

    def fraction(self, answer: Any) -> float:
        return self.parsed(answer.get("fraction", "0"), answer) / 100

    def number(self, tag: str, otherwise: float, element: Any = None) -> float:
        child = (self.element if element is None else element).find(tag)
        text = "" if child is None else (child.text or "").strip()
        return self.parsed(text, child) if text else otherwise

    def parsed(self, text: str, element: Any) -> float:
        try:
            return float(text.replace(",", "."))
        except ValueError as error:
            raise AutograderError(
                f"{self._path}:{element.sourceline}: {text!r} is not a number; mend it, or export "
                "the question again"
            ) from error

    def note(self, text: str) -> None:
        self._notes.append(text)

    def _names(self) -> dict[str, str]:
        """The addresses of the question's images, and their names beside the quiz."""
        names = {}
        for file in self.element.iter("file"):
            name = file.get("name", "")
            given = f"{_PLUGIN}{name}"
            names[given] = names[unescape(given)] = _file_name(name)
            names[f"{_PLUGIN}{quote(name)}"] = _file_name(name)
        return names

    def _keep_pictures(self, holder: Any) -> None:
        for file in holder.findall("file"):
            name = _file_name(file.get("name", ""))
            if PurePosixPath(name).suffix.lower() not in _IMAGES:
                self._notes.append(f"the file {file.get('name')!r} is no image and is left out")
                continue
            try:
                content = base64.b64decode("".join((file.text or "").split()), validate=True)
            except (binascii.Error, ValueError) as error:
                raise AutograderError(
                    f"{self._path}:{file.sourceline}: the image {file.get('name')!r} is damaged "
                    f"({error}); export the question again"
                ) from error
            kept = self._found.pictures.setdefault(name, Picture(name, content))
            if kept.content != content:
                self._notes.append(f"two images are called {name!r}: the first one is kept")


def _choice(reader: _Reader) -> Question:
    single = _plain(reader.element, "single").lower() not in ("false", "0")
    return reader.question("choice" if single else "several", answers=reader.answers())


def _true_or_false(reader: _Reader) -> Question:
    answers = tuple(replace(answer, text=answer.text.capitalize()) for answer in reader.answers())
    return reader.question("choice", answers=answers)


def _words(reader: _Reader) -> Question:
    if _plain(reader.element, "usecase") == "1":
        reader.note("capitals make no difference here; they did there")
    return reader.question("words", answers=reader.typed_answers())


def _number(reader: _Reader) -> Question:
    units = _plains(reader.element, "units/unit/unit_name")
    if len(units) > 1:
        reader.note(f"only the first unit is kept, of {', '.join(units)}")
    return reader.question("number", answers=reader.typed_answers(), unit=units[0] if units else "")


def _matching(reader: _Reader) -> Question:
    pairs = tuple(
        (reader.inline_of(pair), inline_markdown(escape(_plain(pair, "answer/text"))))
        for pair in reader.element.findall("subquestion")
    )
    return reader.question("matching", pairs=pairs)


def _ordering(reader: _Reader) -> Question:
    return reader.question("ordering", answers=reader.answers())


def _essay(reader: _Reader) -> Question:
    if _plain(reader.element, "responsetemplate/text"):
        reader.note("the template of the answer is left out")
    return reader.question("essay", for_grader=reader.html("graderinfo"))


def _cloze(reader: _Reader) -> Question:
    blanks: list[tuple[str, Question]] = []

    def placed(found: re.Match[str]) -> str:
        name = f"blank-{len(blanks) + 1}"
        blanks.append((name, _embedded(found, reader)))
        return f'<{BLANK_TAG} name="{name}"></{BLANK_TAG}>'

    html = _BLANK.sub(placed, reader.html("questiontext"))
    if not blanks:
        raise Unusable("its text has no blank such as {1:SHORTANSWER:=word}")
    soup = read_html(html)
    own = soup.find(class_=STEM)
    stem = "Fill in the blanks."
    if own is not None:
        stem = reader.markdown(own.decode_contents())
        own.extract()
    text = reader.markdown(str(soup))
    question = reader.question("cloze", stem=stem, text=text, blanks=tuple(blanks))
    if reader.element.find("defaultgrade") is None:
        return replace(question, points=sum(blank.points for _, blank in blanks))
    return question


def _embedded(found: re.Match[str], reader: _Reader) -> Question:
    """A blank in Moodle's notation for embedded answers."""
    weight, kind, body = found[1], found[2], found[3]
    if kind.startswith(("MULTIRESPONSE", "MR")):
        raise Unusable("a blank with several right options is not to be had here")
    named: Any = "choice" if kind.startswith(("MULTICHOICE", "MC")) else "words"
    if kind in ("NUMERICAL", "NM"):
        named = "number"
    if kind in ("SHORTANSWER_C", "SAC", "MWC"):
        reader.note("capitals make no difference here; they did there")
    answers = []
    for piece in re.split(r"(?<!\\)~", body):
        answer, _, feedback = _parted(piece)
        match = _FRACTION.fullmatch(answer)
        assert match is not None  # every text matches
        fraction = 1.0 if match[1] else float((match[2] or "0").replace(",", ".")) / 100
        text, tolerance = _decoded(match[3]).strip(), 0.0
        if named == "number" and ":" in text:
            text, _, allowed = text.partition(":")
            tolerance = reader.parsed(allowed.strip(), reader.element)
        if named == "choice":
            text = reader.markdown(word_to_html(text), inline_markdown)
        said = reader.markdown(_decoded(feedback), inline_markdown)
        answers.append(Answer(text, fraction, said, tolerance))
    line = reader.element.sourceline or 1
    points = float(weight or 1)
    return Question(named, line, "", "", answers=tuple(answers), points=points)


def _parted(piece: str) -> tuple[str, str, str]:
    """An answer and its feedback: at the first ``#`` that is not escaped nor in an entity."""
    found = re.search(r"(?<!\\)(?<!&)(?<!&amp;)#", piece)
    if found is None:
        return piece, "", ""
    return piece[: found.start()], "#", piece[found.end() :]


def _decoded(text: str) -> str:
    return unescape(_ESCAPED.sub(r"\1", text))


def _unblanked(markdown: str) -> str:
    return re.sub(r"\[\[blank-\d+\]\]", "", markdown)


def _file_name(name: str) -> str:
    """The name of a file beside the quiz: no folder, no surprise."""
    last = PurePosixPath(unquote(name).replace("\\", "/")).name
    return re.sub(r"[^\w.-]", "-", last).lstrip(".-") or "image"


def _plain(element: Any, path: str) -> str:
    child = element.find(path)
    return "" if child is None else "".join(child.itertext()).strip()


def _plains(element: Any, path: str) -> list[str]:
    return ["".join(child.itertext()).strip() for child in element.findall(path)]


_READERS: dict[str, Callable[[_Reader], Question]] = {
    "multichoice": _choice,
    "truefalse": _true_or_false,
    "shortanswer": _words,
    "numerical": _number,
    "matching": _matching,
    "ordering": _ordering,
    "essay": _essay,
    "cloze": _cloze,
    "multianswer": _cloze,
}
