"""Moodle XML: a quiz as questions for Moodle's question bank.

After Moodle's own reader (``question/format/xml/format.php``) and its description of the format
(docs.moodle.org, "Moodle XML format").
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from lxml import etree

from autograder.interchange.shared import (
    Entry,
    Export,
    Html,
    Loss,
    Markup,
    Orders,
    common_losses,
    entries,
    expected_length,
    explanation,
    fenced,
    for_grader,
    has_markup,
    identifier,
    label,
    name_of,
    number,
    reread,
    tags,
)
from autograder.items import AnyItem, CaseStudy, Code
from autograder.items.cloze import BLANK, Blank, ChoiceBlank, Cloze, TextBlank
from autograder.items.matching import Matching
from autograder.items.multiple_select import MultipleSelect
from autograder.items.numeric import NumberKey, Numeric
from autograder.items.ordering import Ordering
from autograder.items.single_choice import Option, SingleChoice
from autograder.quiz import Quiz

#: The parts of a mark, in percent, that Moodle knows (and their negatives).
GRADES = (
    *(100, 90, 83.33333, 80, 75, 70, 66.66667, 60, 50, 40, 33.33333, 30, 25, 20, 16.66667),
    *(14.28571, 12.5, 11.11111, 10, 5, 0),
)
#: The class of the element that holds a stem, where a question's text holds more.
STEM = "autograder-stem"
#: The class of the paragraph that says where to read again.
REREAD = "autograder-sections"
#: What has a meaning between the braces of Moodle's embedded answers, or begins an entity.
_SPECIAL = re.compile(r"[&<>\"'{}~#%=*:/\\\n\r]")
_DELIMITER = re.compile(r"\\(?=[()\[\]])|\$(?=\$)")


def to_moodle_xml(quiz: Quiz, folder: Path, most: int | None = None) -> Export:
    """A quiz as Moodle XML.

    Parameters
    ----------
    folder
        Where the quiz's images stand; they become part of the file.
    most
        How many variants of an item to write; all of them, if None. They form a category of
        their own, from which a Moodle quiz draws with "a random question".

    Raises
    ------
    AutograderError
        Where an image is missing.
    """
    return _Writer(quiz, folder).export(most)


def _formula(tex: str, block: bool) -> str:
    """A formula for MathJax, which Moodle ships."""
    return rf"\[{escape(tex.strip())}\]" if block else rf"\({escape(tex)}\)"


def _literal(text: str) -> str:
    """A text that begins no formula for MathJax by chance."""
    return _DELIMITER.sub(r"<span>\g<0></span>", text)


class _Writer:
    """Writes one quiz and notes what it loses."""

    def __init__(self, quiz: Quiz, folder: Path) -> None:
        self._quiz = quiz
        self._markup = Markup(folder, _formula, "@@PLUGINFILE@@/", _literal)
        self._losses: list[Loss] = []

    def export(self, most: int | None) -> Export:
        root = etree.Element("quiz")
        place = f"$course$/top/{_in_path(self._quiz.title)}"
        questions = 0
        _category(root, place, self._quiz.instructions)
        for entry in entries(self._quiz, most):
            if entry.varies:
                note = f"Variants of one question: let the quiz draw one of {len(entry.variants)}."
                _category(root, f"{place}/{_in_path(entry.item.title)}", note)
            for item in entry.variants:
                root.append(self._question(entry, item))
                questions += 1
            if entry.varies:
                _category(root, place, "")
                self._losses.append(_variants_lost(entry))
            self._losses += common_losses(entry)
        content = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
        return Export(content, questions, tuple(dict.fromkeys(self._losses)))

    def _question(self, entry: Entry, item: AnyItem) -> Any:
        kind, text, parts = self._parts(item)
        question = etree.Element("question", type=kind)
        _text(_child(question, "name"), name_of(entry, item))
        _html(_child(question, "questiontext"), text)
        _html(_child(question, "generalfeedback"), self._explanation(item))
        _child(question, "defaultgrade", number(item.points))
        _child(question, "penalty", "0")
        _child(question, "hidden", "0")
        _child(question, "idnumber", identifier(item))
        question.extend(parts)
        found = _child(question, "tags")
        for tag in tags(item):
            _text(_child(found, "tag"), tag)
        return question

    def _parts(self, item: AnyItem) -> tuple[str, Html, list[Any]]:
        """Moodle's name of the type, the question's text, and what follows the common fields."""
        stem = self._markup.block(item.stem)
        if isinstance(item, SingleChoice | MultipleSelect):
            return "multichoice", stem, self._choices(item)
        if isinstance(item, Matching):
            return "matching", stem, self._matching(item)
        if isinstance(item, Ordering):
            return "ordering", stem, self._ordering(item)
        if isinstance(item, Numeric):
            return "numerical", stem, self._numeric(item)
        if isinstance(item, Cloze):
            return "cloze", self._cloze(item, stem), []
        if isinstance(item, CaseStudy):
            wanted = expected_length(item.words)
            names = ", ".join(label(one.name) for one in item.rubric)
            hint = f"<p><em>{escape(f'It is judged by: {names}. {wanted}'.strip())}</em></p>"
            text = Html(f'<div class="{STEM}">{stem.text}</div>{hint}', stem.pictures)
            self._lose(item, "the rubric stands in the notes for graders: Moodle cannot compute it")
            return "essay", text, self._essay(item, "editor", "")
        setup = (
            self._markup.block(f"It begins with:\n\n{fenced(item.setup)}") if item.setup else None
        )
        text = _joined(stem, setup) if setup else stem
        return "essay", text, self._essay(item, "monospaced", item.starter)

    def _choices(self, item: SingleChoice | MultipleSelect) -> list[Any]:
        single = isinstance(item, SingleChoice)
        keyed = sum(option.correct for option in item.options)
        right = self._grade(item, 100 / keyed)
        wrong = 0.0 if single else -right
        if isinstance(item, MultipleSelect) and item.scoring == "all-or-nothing":
            wrong = -100.0
            self._lose(item, "all-or-nothing: in Moodle a part of the right options earns a part")
        answers = [
            self._answer(option, right if option.correct else wrong) for option in item.options
        ]
        fields = [
            ("single", str(single).lower()),
            ("shuffleanswers", "true"),
            ("answernumbering", "none"),
        ]
        return [*(_element(*field) for field in fields), *answers]

    def _answer(self, option: Option, grade: float) -> Any:
        answer = etree.Element("answer", fraction=_percent(grade))
        _html(answer, self._markup.inline(option.text))
        _html(_child(answer, "feedback"), self._markup.inline(option.feedback))
        return answer

    def _matching(self, item: Matching) -> list[Any]:
        texts = {option.id: label(option.text) for option in item.options}
        if any(has_markup(option.text) for option in item.options):
            self._lose(
                item, "formulas in the options are shown as TeX: Moodle's menus hold no HTML"
            )
        self._lose(
            item, "feedback on single pairs stands in the general feedback: Moodle has none there"
        )
        if not item.reuse:
            self._lose(item, "Moodle lets an option serve several prompts; here each serves one")
        pairs = []
        for prompt in item.prompts:
            pair = _html(etree.Element("subquestion"), self._markup.inline(prompt.text))
            _text(_child(pair, "answer"), texts[prompt.match])
            pairs.append(pair)
        used = {prompt.match for prompt in item.prompts}
        for name in [option.id for option in item.options if option.id not in used]:
            spare = _html(etree.Element("subquestion"), Html(""))
            _text(_child(spare, "answer"), texts[name])
            pairs.append(spare)
        return [_element("shuffleanswers", "true"), *pairs]

    def _ordering(self, item: Ordering) -> list[Any]:
        orders = Orders(item)
        steps = {step.id: step for step in item.steps}
        if len(orders.listed) > 1:
            many = "several orders are right, but Moodle accepts one: change or leave out the item"
            self._lose(item, many)
        for step in item.steps:
            if not step.belongs:
                self._lose(item, f"the step {step.id!r}, which does not belong, is left out")
        self._lose(item, "partial credit: the longest part in the right order, of all steps")
        self._lose(item, "feedback on single steps stands in the general feedback")
        fields = [
            ("layouttype", "VERTICAL"),
            ("selecttype", "ALL"),
            ("selectcount", "0"),
            ("gradingtype", "LONGEST_ORDERED_SUBSET"),
            ("showgrading", "1"),
            ("numberingstyle", "none"),
        ]
        answers = []
        for place, name in enumerate(orders.listed[0], start=1):
            answer = etree.Element("answer", fraction=f"{place}.0000000")
            answers.append(_html(answer, self._markup.inline(steps[name].text)))
        return [*(_element(*field) for field in fields), *answers]

    def _numeric(self, item: Numeric) -> list[Any]:
        answers = []
        for value, grade, tolerance, said in self._values(item, item, item.feedback):
            answer = etree.Element("answer", fraction=_percent(grade), format="plain_text")
            _child(answer, "text", value)
            _html(_child(answer, "feedback"), self._markup.inline(said))
            _child(answer, "tolerance", number(tolerance))
            answers.append(answer)
        if not item.unit:
            return [*answers, _element("showunits", "3")]
        unit = _child(units := etree.Element("units"), "unit")
        _child(unit, "multiplier", "1")
        _child(unit, "unit_name", label(item.unit))
        return [*answers, _element("unitgradingtype", "0"), _element("showunits", "0"), units]

    def _values(
        self, item: AnyItem, key: NumberKey, feedback: str
    ) -> Iterator[tuple[str, float, float, str]]:
        """The right value, the slips and any other: value, grade, tolerance, feedback."""
        relative, absolute = key.tolerance.relative, key.tolerance.absolute

        def allowed(value: float) -> float:
            return max(absolute, relative * abs(value))

        yield number(key.answer), 100.0, allowed(key.answer), feedback
        for slip in key.slips:
            grade = self._grade(item, 100 * slip.fraction)
            yield number(slip.value), grade, allowed(slip.value), slip.feedback
        yield "*", 0.0, 0.0, feedback

    def _cloze(self, item: Cloze, stem: Html) -> Html:
        weight = item.points / len(item.blanks)
        if weight != int(weight):
            weight = 1
            self._lose(
                item,
                f"worth {len(item.blanks)} marks in the question bank (a whole mark for each "
                f"blank), not {item.points:g}: set the mark in the quiz",
            )
        self._lose(item, "spaces in typed words count in Moodle")
        blanks = {blank.id: blank for blank in item.blanks}
        text = self._markup.block(item.text)
        whole = _joined(Html(f'<div class="{STEM}">{stem.text}</div>', stem.pictures), text)
        safe = re.sub(r"[{}]", lambda brace: f"&#{ord(brace[0])};", whole.text)
        placed = BLANK.sub(
            lambda place: (
                self._embedded(item, blanks[place[1]], int(weight))
                if place[1] in blanks
                else place[0]
            ),
            safe,
        )
        return Html(placed, whole.pictures)

    def _embedded(self, item: AnyItem, blank: Blank, weight: int) -> str:
        """A blank in Moodle's notation for embedded answers."""
        if isinstance(blank, ChoiceBlank):
            if any(has_markup(option.text) for option in blank.options):
                self._lose(item, "formulas in the options of blanks are shown as TeX")
            answers = [
                (
                    100.0 if option.correct else 0.0,
                    _quoted_html(escape(label(option.text))),
                    option.feedback,
                )
                for option in blank.options
            ]
            kind = "MULTICHOICE_S"
        elif isinstance(blank, TextBlank):
            answers = [(100.0, _word(word), blank.feedback) for word in blank.accept]
            answers += [(0.0, _word(word.text), word.feedback) for word in blank.wrong]
            answers.append((0.0, "*", blank.feedback))
            kind = "SHORTANSWER"
        else:
            answers = [
                (grade, value if value == "*" else f"{value}:{number(tolerance)}", said)
                for value, grade, tolerance, said in self._values(item, blank, blank.feedback)
            ]
            kind = "NUMERICAL"
        said = "~".join(
            f"%{_percent(grade)}%{answer}#{_quoted_html(self._markup.inline(feedback).text)}"
            for grade, answer, feedback in answers
        )
        unit = f" {escape(blank.unit)}" if isinstance(blank, NumberKey) and blank.unit else ""
        return f"{{{weight}:{kind}:{said}}}{unit}"

    def _essay(self, item: CaseStudy | Code, form: str, template: str) -> list[Any]:
        notes = _html(etree.Element("graderinfo"), self._markup.block(for_grader(item)))
        start = etree.Element("responsetemplate", format="plain_text" if template else "html")
        _child(start, "text", template)
        fields = [("responseformat", form), ("responserequired", "1"), ("responsefieldlines", "15")]
        return [*(_element(*field) for field in fields), notes, start]

    def _explanation(self, item: AnyItem) -> Html:
        whole = self._markup.block(explanation(item))
        parts = "\n".join(self._on_parts(item))
        if parts:
            whole = _joined(whole, self._markup.block(parts))
        if item.sections:
            text = f'<p class="{REREAD}">{escape(reread(item))}</p>'
            whole = _joined(whole, Html(text))
        return whole

    @staticmethod
    def _on_parts(item: AnyItem) -> Iterator[str]:
        """Feedback for which Moodle has no place of its own, as Markdown."""
        if isinstance(item, Matching):
            texts = {option.id: option.text for option in item.options}
            for prompt in item.prompts:
                yield f"- **{prompt.text} — {texts[prompt.match]}**: {prompt.feedback}"
                for name, said in prompt.wrong.items():
                    yield f"- {prompt.text} — not {texts[name]}: {said}"
        elif isinstance(item, Ordering):
            for step in item.steps:
                spare = "" if step.belongs else "(does not belong) "
                yield f"- {spare}**{step.text}**: {step.feedback}"

    def _grade(self, item: AnyItem, percent: float) -> float:
        """The nearest part of a mark that Moodle knows."""
        nearest = min(GRADES, key=lambda grade: abs(grade - percent))
        if abs(nearest - percent) > 1e-4:
            self._lose(item, f"{percent:.3g} % of a mark became {nearest:g} %, which Moodle knows")
        return float(nearest)

    def _lose(self, item: AnyItem, what: str) -> None:
        self._losses.append(Loss(item.id, what))


def _variants_lost(entry: Entry) -> Loss:
    return Loss(
        entry.item.id,
        f"{len(entry.variants)} variants are questions of a category of their own: add one random "
        "question from it to the quiz",
    )


def _category(root: Any, path: str, about: str) -> None:
    question = etree.SubElement(root, "question", type="category")
    _text(_child(question, "category"), path)
    if about:
        _text(_child(question, "info", format="plain_text"), " ".join(about.split()))


def _in_path(title: str) -> str:
    """A title as one step of the path of a category, where ``//`` stands for a slash."""
    return label(title).replace("/", "//")


def _joined(first: Html, second: Html) -> Html:
    return Html(f"{first.text}\n{second.text}", (*first.pictures, *second.pictures))


def _percent(grade: float) -> str:
    return f"{grade:.5f}".rstrip("0").rstrip(".")


def _word(text: str) -> str:
    """A word that is compared, where ``*`` would stand for anything."""
    return _quoted(" ".join(text.split()).replace("*", r"\*"))


def _quoted_html(html: str) -> str:
    """HTML there: Moodle takes a backslash before ``}`` and ``#`` away, as in TeX."""
    return _quoted(html.replace("#", "&#35;").replace("}", "&#125;"))


def _quoted(text: str) -> str:
    """A text between the braces of an embedded answer: Moodle decodes the entities once."""
    return _SPECIAL.sub(lambda special: f"&#{ord(special[0])};", text)


def _html(parent: Any, html: Html) -> Any:
    """Write a text with its images into an element of Moodle XML."""
    parent.set("format", "html")
    _text(parent, html.text)
    for picture in {one.name: one for one in html.pictures}.values():
        file = _child(parent, "file", base64.b64encode(picture.content).decode())
        for name, value in (("name", picture.name), ("path", "/"), ("encoding", "base64")):
            file.set(name, value)
    return parent


def _text(parent: Any, text: str) -> Any:
    _child(parent, "text", text)
    return parent


def _element(tag: str, text: str) -> Any:
    element = etree.Element(tag)
    element.text = text
    return element


def _child(parent: Any, tag: str, text: str = "", **attributes: str) -> Any:
    child = etree.SubElement(parent, tag, **attributes)
    if text:
        child.text = text
    return child
