"""QTI 1.2 as Canvas writes and reads it: a quiz as a package for a classic quiz.

After "IMS Question & Test Interoperability: ASI Information Model", version 1.2, and the field
names that Canvas adds in ``qtimetadata``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from lxml import etree

from autograder.interchange.packages import Resource, located, manifest, to_bytes, to_zip
from autograder.interchange.shared import (
    Entry,
    Export,
    Html,
    Loss,
    Markup,
    Orders,
    Picture,
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
from autograder.items.cloze import BLANK, Blank, ChoiceBlank, Cloze, NumberBlank, TextBlank
from autograder.items.matching import Matching
from autograder.items.multiple_select import MultipleSelect
from autograder.items.numeric import Numeric
from autograder.items.ordering import Ordering
from autograder.items.single_choice import SingleChoice
from autograder.quiz import Quiz

QTI = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
_PACKAGE = "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"
_METADATA = "http://www.imsglobal.org/xsd/imsmd_v1p2"
_CANVAS = "http://canvas.instructure.com/xsd/cccv1p0"
_IMAGES = "%24IMS-CC-FILEBASE%24/images/"
_RESPONSE = "response1"
_GENERAL, _RIGHT, _WRONG = "general_fb", "correct_fb", "general_incorrect_fb"
_LEFT_OUT = "left-out"


def to_qti12(quiz: Quiz, folder: Path, most: int | None = None) -> Export:
    """A quiz as a QTI 1.2 package in Canvas's flavour (a zip file).

    Parameters
    ----------
    folder
        Where the quiz's images stand; they become files of the package.
    most
        How many variants of an item to write; all of them, if None. They form a group from which
        Canvas draws one.

    Raises
    ------
    AutograderError
        Where an image is missing.
    """
    markup = Markup(folder, _formula, _IMAGES)
    root = _element("questestinterop", {})
    located(root, QTI, "http://www.imsglobal.org/xsd/ims_qtiasiv1p2p1.xsd")
    assessment = _child(root, "assessment", ident=quiz.id, title=label(quiz.title))
    _fields(assessment, [("cc_maxattempts", "1")])
    section = _child(assessment, "section", ident="root_section")
    losses: list[Loss] = []
    instructions = markup.block(quiz.instructions)
    pictures = {one.name: one for one in instructions.pictures}
    questions = 0
    for entry in entries(quiz, most):
        place = _group(section, entry) if entry.varies else section
        for item in entry.variants:
            written = _Item(item, name_of(entry, item), markup)
            place.append(written.element())
            losses += written.losses
            pictures |= {one.name: one for one in written.pictures}
            questions += 1
        losses += [*common_losses(entry), *_tags_lost(entry)]
    content = _package(quiz, to_bytes(root), instructions, pictures)
    return Export(content, questions, tuple(dict.fromkeys(losses)))


def _package(
    quiz: Quiz, assessment: bytes, instructions: Html, pictures: dict[str, Picture]
) -> bytes:
    main, about = f"{quiz.id}/{quiz.id}.xml", f"{quiz.id}/assessment_meta.xml"
    shown = [
        Resource(f"image-{place}", "webcontent", f"images/{name}")
        for place, name in enumerate(pictures, start=1)
    ]
    learning = "associatedcontent/imscc_xmlv1p1/learning-application-resource"
    resources = [
        Resource(quiz.id, "imsqti_xmlv1p2", main, (), (f"{quiz.id}-meta",)),
        Resource(f"{quiz.id}-meta", learning, about),
        *shown,
    ]
    listed = manifest(quiz.id, ("IMS Content", "1.1.3"), (_PACKAGE, _METADATA), resources)
    return to_zip(
        [
            ("imsmanifest.xml", listed),
            (main, assessment),
            (about, _about(quiz, instructions)),
            *((f"images/{name}", picture.content) for name, picture in pictures.items()),
        ]
    )


def _about(quiz: Quiz, instructions: Html) -> bytes:
    """What Canvas wants to know of a quiz besides its questions."""
    root = etree.Element(f"{{{_CANVAS}}}quiz", {"identifier": quiz.id}, nsmap={None: _CANVAS})
    points = sum(item.points for item in quiz.items)
    for tag, text in (
        ("title", label(quiz.title)),
        ("description", instructions.text),
        ("shuffle_answers", "true"),
        ("scoring_policy", "keep_highest"),
        ("quiz_type", "assignment"),
        ("points_possible", number(points)),
        ("allowed_attempts", "1"),
    ):
        etree.SubElement(root, f"{{{_CANVAS}}}{tag}").text = text
    return to_bytes(root)


def _group(section: Any, entry: Entry) -> Any:
    """A section of which one item is drawn."""
    title = label(entry.item.title)
    group = _child(section, "section", ident=f"one-of-{entry.item.id}", title=title)
    selection = _child(_child(group, "selection_ordering"), "selection")
    _child(selection, "selection_number", "1")
    worth = _child(selection, "selection_extension")
    _child(worth, "points_per_item", number(entry.item.points))
    return group


def _tags_lost(entry: Entry) -> Iterator[Loss]:
    yield Loss(
        entry.item.id, "Canvas reads no tags; they stand in the field `keywords` of the item"
    )
    if entry.varies:
        what = (
            f"one of {len(entry.variants)} variants is drawn at random, not by the learner's name"
        )
        yield Loss(entry.item.id, what)


def _formula(tex: str, block: bool) -> str:
    """A formula for MathJax, which Canvas loads."""
    return rf"\[{escape(tex.strip())}\]" if block else rf"\({escape(tex)}\)"


@dataclass(frozen=True)
class _Case:
    """A rule of scoring: where ``tests`` hold, set or add ``score`` (of 100), show ``feedback``."""

    tests: Sequence[Any]
    score: float | None = None
    feedback: str = ""
    add: bool = False


class _Item:
    """Writes one item: its fields, its presentation, its scoring and its feedback."""

    def __init__(self, item: AnyItem, title: str, markup: Markup) -> None:
        self._item = item
        self._title = title
        self._markup = markup
        self._said: list[tuple[str, Html]] = []
        self._cases: list[_Case] = []
        self._answers: list[str] = []
        self.losses: list[Loss] = []
        self.pictures: list[Picture] = []

    def element(self) -> Any:
        item = self._item
        text = f"{explanation(item)}\n\n{reread(item)}\n\n{self._on_parts()}".strip()
        self._say(_GENERAL, self._markup.block(text))
        presentation = _element("presentation", {})
        kind = self._present(presentation)
        root = _element("item", {"ident": identifier(item), "title": self._title})
        fields = [
            ("question_type", kind),
            ("points_possible", number(item.points)),
            ("original_answer_ids", ",".join(self._answers)),
            ("assessment_question_identifierref", f"question-{identifier(item)}"),
            ("keywords", ", ".join(tags(item))),
        ]
        _fields(_child(root, "itemmetadata"), fields)
        if isinstance(item, CaseStudy | Code):
            notes = _child(root, "rubric", view="Scorer")
            self._material(notes, self._markup.block(for_grader(item)))
        root.append(presentation)
        root.append(self._processing())
        for name, html in self._said:
            feedback = _child(root, "itemfeedback", ident=name)
            self._material(_child(feedback, "flow_mat"), html)
        return root

    def _present(self, presentation: Any) -> str:
        """Write the question; Canvas's name of its type."""
        item = self._item
        if isinstance(item, SingleChoice | MultipleSelect):
            return self._choices(presentation, item)
        if isinstance(item, Matching):
            return self._matching(presentation, item)
        if isinstance(item, Ordering):
            return self._ordering(presentation, item)
        if isinstance(item, Numeric):
            return self._numeric(presentation, item)
        if isinstance(item, Cloze):
            return self._cloze(presentation, item)
        return self._essay(presentation, item)

    def _choices(self, presentation: Any, item: SingleChoice | MultipleSelect) -> str:
        single = isinstance(item, SingleChoice)
        self._material(presentation, self._markup.block(item.stem))
        response = _child(
            presentation,
            "response_lid",
            ident=_RESPONSE,
            rcardinality="Single" if single else "Multiple",
        )
        choices = _child(response, "render_choice")
        for option in item.options:
            self._label(choices, option.id, self._markup.inline(option.text))
            self._say(f"{option.id}_fb", self._markup.inline(option.feedback))
            picked = [_equals(_RESPONSE, option.id)]
            self._cases.append(_Case(picked, feedback=f"{option.id}_fb"))
        if single:
            keyed = next(option.id for option in item.options if option.correct)
            self._cases.append(_Case([_equals(_RESPONSE, keyed)], 100))
            return "multiple_choice_question"
        tests = [_equals(_RESPONSE, one.id, negated=not one.correct) for one in item.options]
        self._cases.append(_Case([_element("and", {}, *tests)], 100))
        if isinstance(item, MultipleSelect) and item.scoring == "all-or-nothing":
            self._lose("all-or-nothing: Canvas gives a part for a part of the right options")
        else:
            self._lose(
                "the file says all or nothing; Canvas itself takes wrong picks from right ones"
            )
        return "multiple_answers_question"

    def _matching(self, presentation: Any, item: Matching) -> str:
        self._material(presentation, self._markup.block(item.stem))
        texts = [*(one.text for one in item.options), *(one.text for one in item.prompts)]
        if any(map(has_markup, texts)):
            self._lose("formulas in prompts and options are shown as TeX: Canvas shows plain text")
        if not item.reuse:
            self._lose("Canvas lets an option serve several prompts; here each serves one")
        self._lose("feedback on single pairs stands in the general feedback")
        options = [(option.id, label(option.text)) for option in item.options]
        pairs = [(prompt.id, label(prompt.text), prompt.match) for prompt in item.prompts]
        self._pairs(presentation, pairs, options)
        return "matching_question"

    def _ordering(self, presentation: Any, item: Ordering) -> str:
        """A matching of steps with their places: Canvas's classic quizzes have no ordering."""
        self._material(presentation, self._markup.block(item.stem))
        orders = Orders(item)
        self._lose("became a matching of steps with places: classic quizzes have no ordering")
        if len(orders.listed) > 1:
            self._lose(
                "several orders are right, but one is accepted: change or leave out the item"
            )
        self._lose("partial credit: right places, of all steps; step feedback in the general one")
        places = {name: str(place) for place, name in enumerate(orders.listed[0], start=1)}
        options = [(f"place-{place}", place) for place in places.values()]
        if item.tray:
            options.append((_LEFT_OUT, "does not belong"))
        pairs = [
            (step.id, label(step.text), f"place-{places[step.id]}" if step.belongs else _LEFT_OUT)
            for step in item.steps
        ]
        self._pairs(presentation, pairs, options)
        return "matching_question"

    def _pairs(
        self, presentation: Any, pairs: list[tuple[str, str, str]], options: list[tuple[str, str]]
    ) -> None:
        for name, text, match in pairs:
            ident = f"response_{name}"
            response = _child(presentation, "response_lid", ident=ident)
            _plain(response, text)
            choices = _child(response, "render_choice")
            for option, shown in options:
                _plain(_child(choices, "response_label", ident=option), shown)
            self._cases.append(_Case([_equals(ident, match)], 100 / len(pairs), add=True))
        self._answers += [name for name, _, _ in pairs]

    def _numeric(self, presentation: Any, item: Numeric) -> str:
        unit = f"\n\nIn {item.unit}, as a number alone." if item.unit else ""
        self._material(presentation, self._markup.block(item.stem + unit))
        if item.unit:
            self._lose("the unit stands in the question: an answer that holds it is no number")
        response = _child(presentation, "response_str", ident=_RESPONSE, rcardinality="Single")
        field = _child(response, "render_fib", fibtype="Decimal")
        _child(field, "response_label", ident="answer1")
        allowed = max(item.tolerance.absolute, item.tolerance.relative * abs(item.answer))
        within = _element(
            "and",
            {},
            _compared("vargte", item.answer - allowed),
            _compared("varlte", item.answer + allowed),
        )
        exact = _equals(_RESPONSE, number(item.answer))
        self._cases.append(_Case([_element("or", {}, exact, within)], 100, _RIGHT))
        self._say(_RIGHT, self._markup.inline(item.feedback))
        best = f"Right: {item.with_unit(item.answer)}. {item.feedback}"
        slips = "\n".join(
            f"- If you found {item.with_unit(slip.value)}: {slip.feedback}" for slip in item.slips
        )
        self._say(_WRONG, self._markup.block(f"{best}\n\n{slips}"))
        if item.slips:
            self._lose("known slips earn nothing; what they mean stands in the feedback")
        return "numerical_question"

    def _cloze(self, presentation: Any, item: Cloze) -> str:
        blanks = {blank.id: blank for blank in item.blanks}
        menus = all(isinstance(blank, ChoiceBlank) for blank in item.blanks)
        html = self._markup.block(f"{item.stem}\n\n{item.text}")
        text = BLANK.sub(lambda place: self._placed(blanks[place[1]], menus), html.text)
        self._material(presentation, Html(text, html.pictures))
        self._lose("feedback on single blanks stands in the general feedback")
        for name in dict.fromkeys(BLANK.findall(item.text)):
            ident = f"response_{_variable(name)}"
            response = _child(presentation, "response_lid", ident=ident)
            _plain(response, _variable(name))
            choices = _child(response, "render_choice")
            answers = self._accepted(blanks[name], menus)
            for place, (answer, right) in enumerate(answers, start=1):
                label_ = f"{name}-{place}"
                _plain(_child(choices, "response_label", ident=label_), answer)
                self._answers.append(label_)
                if right:
                    share = 100 / len(blanks)
                    self._cases.append(_Case([_equals(ident, label_)], share, add=True))
        return "multiple_dropdowns_question" if menus else "fill_in_multiple_blanks_question"

    def _placed(self, blank: Blank, menus: bool) -> str:
        """A blank as it stands in the text: its name in brackets, and what helps to fill it."""
        place = f"[{_variable(blank.id)}]"
        if isinstance(blank, NumberBlank) and blank.unit:
            return f"{place} {escape(label(blank.unit))}"
        if isinstance(blank, ChoiceBlank) and not menus:
            texts = " / ".join(escape(label(option.text)) for option in blank.options)
            return f"{place} (one of: {texts})"
        return place

    def _accepted(self, blank: Blank, menus: bool) -> list[tuple[str, bool]]:
        """What a blank offers, or accepts where it is typed; and whether it is right."""
        if isinstance(blank, ChoiceBlank):
            if any(has_markup(option.text) for option in blank.options):
                self._lose("formulas in the options of blanks are shown as TeX")
            if menus:
                return [(label(option.text), option.correct) for option in blank.options]
            self._lose("blanks with a menu are typed: Canvas has no menus beside typed blanks")
            return [(label(option.text), True) for option in blank.options if option.correct]
        if isinstance(blank, TextBlank):
            return [(word, True) for word in blank.accept]
        self._lose("numbers in blanks are compared as texts: no tolerance, no known slips")
        return [(number(blank.answer), True)]

    def _essay(self, presentation: Any, item: CaseStudy | Code) -> str:
        if isinstance(item, Code):
            given = f"It begins with:\n\n{fenced(item.setup)}\n\n" if item.setup else ""
            more = f"{given}Complete this:\n\n{fenced(item.starter)}"
        else:
            names = ", ".join(one.name for one in item.rubric)
            more = f"It is judged by: {names}. {expected_length(item.words)}".strip()
        self._material(presentation, self._markup.block(f"{item.stem}\n\n{more}"))
        response = _child(presentation, "response_str", ident=_RESPONSE, rcardinality="Single")
        field = _child(response, "render_fib")
        _child(field, "response_label", ident="answer1", rshuffle="No")
        self._lose(
            "what graders need (rubric, model answer or solution) stands in the file; Canvas does "
            "not show it"
        )
        return "essay_question"

    def _on_parts(self) -> str:
        """Feedback for which Canvas has no place of its own, as Markdown."""
        item = self._item
        if isinstance(item, Matching):
            texts = {option.id: option.text for option in item.options}
            lines = []
            for prompt in item.prompts:
                lines.append(f"- **{prompt.text} — {texts[prompt.match]}**: {prompt.feedback}")
                lines += [
                    f"- {prompt.text} — not {texts[name]}: {said}"
                    for name, said in prompt.wrong.items()
                ]
            return "\n".join(lines)
        if isinstance(item, Ordering):
            return "\n".join(f"- **{step.text}**: {step.feedback}" for step in item.steps)
        if isinstance(item, Cloze):
            return "\n".join(f"- {line}" for blank in item.blanks for line in _on_blank(blank))
        return ""

    def _processing(self) -> Any:
        root = _element("resprocessing", {})
        score = _child(_child(root, "outcomes"), "decvar")
        for name, value in (("maxvalue", "100"), ("minvalue", "0"), ("varname", "SCORE")):
            score.set(name, value)
        score.set("vartype", "Decimal")
        always = _Case([_element("other", {})], feedback=_GENERAL)
        last = [_Case([_element("other", {})], feedback=_WRONG)] if self._has(_WRONG) else []
        for case in (always, *self._cases, *last):
            go_on = case.score is None or case.add
            rule = _child(root, "respcondition", **{"continue": "Yes" if go_on else "No"})
            _child(rule, "conditionvar").extend(case.tests)
            if case.score is not None:
                text = f"{case.score:.4f}".rstrip("0").rstrip(".")
                action = "Add" if case.add else "Set"
                _child(rule, "setvar", text, action=action, varname="SCORE")
            if case.feedback:
                _child(rule, "displayfeedback", feedbacktype="Response", linkrefid=case.feedback)
        return root

    def _has(self, name: str) -> bool:
        return any(name == said for said, _ in self._said)

    def _label(self, choices: Any, name: str, html: Html) -> None:
        self._material(_child(choices, "response_label", ident=name), html)
        self._answers.append(name)

    def _say(self, name: str, html: Html) -> None:
        self._said.append((name, html))

    def _material(self, parent: Any, html: Html) -> None:
        self.pictures += html.pictures
        _child(_child(parent, "material"), "mattext", html.text, texttype="text/html")

    def _lose(self, what: str) -> None:
        self.losses.append(Loss(self._item.id, what))


def _on_blank(blank: Blank) -> Iterator[str]:
    """The feedback of a blank, line by line."""
    yield blank.solution
    if isinstance(blank, ChoiceBlank):
        yield from (f"Not {one.text}: {one.feedback}" for one in blank.options if not one.correct)
    elif isinstance(blank, TextBlank):
        yield from (f"Not {word.text}: {word.feedback}" for word in blank.wrong)
    else:
        yield from (f"Not {blank.with_unit(one.value)}: {one.feedback}" for one in blank.slips)


def _variable(name: str) -> str:
    """The name of a blank as Canvas reads it."""
    return re.sub(r"\W", "_", name)


def _fields(parent: Any, fields: Iterable[tuple[str, str]]) -> None:
    found = _child(parent, "qtimetadata")
    for name, value in fields:
        field = _child(found, "qtimetadatafield")
        _child(field, "fieldlabel", name)
        _child(field, "fieldentry", value)


def _equals(response: str, value: str, *, negated: bool = False) -> Any:
    test = _element("varequal", {"respident": response})
    test.text = value
    return _element("not", {}, test) if negated else test


def _compared(tag: str, bound: float) -> Any:
    test = _element(tag, {"respident": _RESPONSE})
    test.text = number(bound)
    return test


def _plain(parent: Any, text: str) -> None:
    _child(_child(parent, "material"), "mattext", text, texttype="text/plain")


def _element(tag: str, attributes: dict[str, str], *children: Any) -> Any:
    element = etree.Element(f"{{{QTI}}}{tag}", attributes, nsmap={None: QTI})
    element.extend(children)
    return element


def _child(parent: Any, tag: str, text: str = "", **attributes: str) -> Any:
    child = etree.SubElement(parent, f"{{{QTI}}}{tag}", attributes)
    if text:
        child.text = text
    return child
