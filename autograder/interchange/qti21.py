"""QTI 2.1: a quiz as a content package with one assessment item for each question.

After "IMS Question and Test Interoperability: Assessment Test, Section, and Item Information
Model", version 2.1 final (31 August 2012), and its implementation guide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from autograder.interchange.packages import (
    Resource,
    as_elements,
    located,
    manifest,
    math_in_xml,
    to_bytes,
    to_zip,
)
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
from autograder.items.cloze import BLANK, Blank, ChoiceBlank, Cloze
from autograder.items.matching import Matching
from autograder.items.multiple_select import MultipleSelect
from autograder.items.numeric import NumberKey, Numeric
from autograder.items.ordering import Ordering
from autograder.items.single_choice import SingleChoice
from autograder.quiz import Quiz

QTI = "http://www.imsglobal.org/xsd/imsqti_v2p1"
_PACKAGE = "http://www.imsglobal.org/xsd/imscp_v1p1"
_METADATA = "http://www.imsglobal.org/xsd/imsmd_v1p2"
_RESPONSE = "RESPONSE"
_EXPLANATION = "EXPLANATION"


def to_qti21(quiz: Quiz, folder: Path, most: int | None = None) -> Export:
    """A quiz as a QTI 2.1 content package (a zip file).

    Parameters
    ----------
    folder
        Where the quiz's images stand; they become files of the package.
    most
        How many variants of an item to write; all of them, if None. A section that selects one of
        them holds them.

    Raises
    ------
    AutograderError
        Where an image is missing.
    """
    markup = Markup(folder, math_in_xml, "images/")
    files: list[tuple[str, bytes]] = []
    losses: list[Loss] = []
    resources: list[Resource] = []
    pictures: dict[str, Picture] = {}
    found = list(entries(quiz, most))
    for entry in found:
        for item in entry.variants:
            written = _Item(item, name_of(entry, item), markup)
            name = f"{identifier(item)}.xml"
            files.append((name, written.xml()))
            losses += written.losses
            pictures |= {f"images/{one.name}": one for one in written.pictures}
            shows = tuple(f"images/{one.name}" for one in written.pictures)
            kind = "imsqti_item_xmlv2p1"
            resources.append(
                Resource(f"item-{identifier(item)}", kind, name, shows, (), tuple(tags(item)))
            )
        losses += [*common_losses(entry), *_variants_lost(entry)]
    needs = tuple(one.name for one in resources)
    test, on_front = _test(quiz, found, markup)
    pictures |= {f"images/{one.name}": one for one in on_front}
    shows = tuple(f"images/{one.name}" for one in on_front)
    resources.insert(0, Resource("test", "imsqti_test_xmlv2p1", "test.xml", shows, needs))
    about = manifest(quiz.id, ("QTIv2.1 Package", "1.0.0"), (_PACKAGE, _METADATA), resources)
    content = to_zip(
        [
            ("imsmanifest.xml", about),
            ("test.xml", test),
            *files,
            *((name, picture.content) for name, picture in pictures.items()),
        ]
    )
    return Export(content, len(files), tuple(dict.fromkeys(losses)))


def _variants_lost(entry: Entry) -> Iterator[Loss]:
    if entry.varies:
        what = (
            f"one of {len(entry.variants)} variants is drawn at random, not by the learner's name"
        )
        yield Loss(entry.item.id, what)


def _test(quiz: Quiz, found: list[Entry], markup: Markup) -> tuple[bytes, tuple[Picture, ...]]:
    """The test: all items in order, one variant of each, and the sum of their scores."""
    root = _element("assessmentTest", {"identifier": f"test-{quiz.id}", "title": label(quiz.title)})
    located(root, QTI, "http://www.imsglobal.org/xsd/qti/qtiv2p1/imsqti_v2p1.xsd")
    root.append(_outcome("SCORE", "single", "float", "0"))
    part = _element(
        "testPart",
        {"identifier": "part", "navigationMode": "nonlinear", "submissionMode": "simultaneous"},
    )
    root.append(part)
    section = _section("section", quiz.title)
    part.append(section)
    front = _element("rubricBlock", {"view": "candidate"})
    instructions = markup.block(quiz.instructions)
    section.append(as_elements(quiz.items[0], instructions, front, QTI))
    for entry in found:
        place = section
        if entry.varies:
            place = _section(f"one-of-{entry.item.id}", entry.item.title)
            place.append(_element("selection", {"select": "1"}))
            section.append(place)
        for item in entry.variants:
            name = identifier(item)
            place.append(
                _element("assessmentItemRef", {"identifier": f"item-{name}", "href": f"{name}.xml"})
            )
    total = _element("sum", {}, _element("testVariables", {"variableIdentifier": "SCORE"}))
    root.append(_element("outcomeProcessing", {}, _set("SCORE", total)))
    return to_bytes(root), instructions.pictures


def _section(name: str, title: str) -> Any:
    visible = "true" if name == "section" else "false"
    return _element(
        "assessmentSection", {"identifier": name, "title": label(title), "visible": visible}
    )


class _Item:
    """Writes one item: its declarations, its body, its scoring and its feedback."""

    def __init__(self, item: AnyItem, title: str, markup: Markup) -> None:
        self._item = item
        self._title = title
        self._markup = markup
        self._declarations: list[Any] = []
        self._rules: list[Any] = []
        self._feedback: list[Any] = []
        self.losses: list[Loss] = []
        self.pictures: list[Picture] = []

    def xml(self) -> bytes:
        item = self._item
        body = _element("itemBody", {})
        self._put(body, self._markup.block(item.stem))
        self._write(body)
        self._say(_EXPLANATION, f"{explanation(item)}\n\n{reread(item)}".strip(), block=True)
        root = _element(
            "assessmentItem",
            {
                "identifier": identifier(item),
                "title": self._title,
                "adaptive": "false",
                "timeDependent": "false",
            },
        )
        located(root, QTI, "http://www.imsglobal.org/xsd/qti/qtiv2p1/imsqti_v2p1.xsd")
        root.extend(self._declarations)
        judged = isinstance(item, CaseStudy | Code)  # by a person, who gives the score
        score = _outcome("SCORE", "single", "float", "" if judged else "0")
        score.set("normalMaximum", number(item.points))
        score.set("normalMinimum", "0")
        root.append(score)
        root.append(_outcome("FEEDBACK", "multiple", "identifier"))
        root.append(body)
        rules = [*self._rules, _tell(_EXPLANATION)]
        root.append(_element("responseProcessing", {}, *rules))
        root.extend(self._feedback)
        return to_bytes(root)

    def _write(self, body: Any) -> None:
        item = self._item
        if isinstance(item, SingleChoice | MultipleSelect):
            self._choices(body, item)
        elif isinstance(item, Matching):
            self._matching(body, item)
        elif isinstance(item, Ordering):
            self._ordering(body, item)
        elif isinstance(item, Numeric):
            self._numeric(body, item)
        elif isinstance(item, Cloze):
            self._cloze(body, item)
        else:
            self._essay(body, item)

    def _choices(self, body: Any, item: SingleChoice | MultipleSelect) -> None:
        single = isinstance(item, SingleChoice)
        keyed = [option.id for option in item.options if option.correct]
        cardinality = "single" if single else "multiple"
        declared = self._declare(_RESPONSE, cardinality, "identifier", keyed)
        if isinstance(item, MultipleSelect) and item.scoring == "net":
            share = 1 / len(keyed)
            values = {one.id: share if one.correct else -share for one in item.options}
            self._score_by_mapping(declared, values)
        else:
            right = _element("match", {}, _variable(_RESPONSE), _correct(_RESPONSE))
            self._rules.append(_if(right, [_set("SCORE", _value("float", number(item.points)))]))
        said = _element("multiple", {}, _variable(_RESPONSE), _variable("FEEDBACK"))
        self._rules.append(_set("FEEDBACK", said))
        interaction = _element(
            "choiceInteraction",
            {
                "responseIdentifier": _RESPONSE,
                "shuffle": "true",
                "maxChoices": "1" if single else "0",
            },
        )
        for option in item.options:
            choice = _element("simpleChoice", {"identifier": option.id})
            interaction.append(self._put(choice, self._markup.inline(option.text)))
            self._say(option.id, option.feedback)
        body.append(interaction)

    def _matching(self, body: Any, item: Matching) -> None:
        pairs = [f"{prompt.id} {prompt.match}" for prompt in item.prompts]
        declared = self._declare(_RESPONSE, "multiple", "directedPair", pairs)
        self._score_by_mapping(declared, {pair: 1 / len(pairs) for pair in pairs})
        interaction = _element(
            "matchInteraction",
            {
                "responseIdentifier": _RESPONSE,
                "shuffle": "true",
                "maxAssociations": str(len(pairs)),
            },
        )
        prompts, options = _element("simpleMatchSet", {}), _element("simpleMatchSet", {})
        texts = {option.id: option.text for option in item.options}
        for prompt in item.prompts:
            self._put(_associable(prompts, prompt.id, 1), self._markup.inline(prompt.text))
            right, wrong = f"{prompt.id}.right", f"{prompt.id}.wrong"
            self._say(right, f"{prompt.text} — {texts[prompt.match]}: {prompt.feedback}")
            self._say(wrong, f"{prompt.text} — best: {texts[prompt.match]}. {prompt.feedback}")
            self._rules.append(
                _if(_has_pair(prompt.id, prompt.match), [_tell(right)], [_tell(wrong)])
            )
            for name, said in prompt.wrong.items():
                self._say(f"{prompt.id}.{name}", f"{prompt.text} — {texts[name]}: {said}")
                told = [_tell(f"{prompt.id}.{name}")]
                self._rules.append(_if(_has_pair(prompt.id, name), told))
        for option in item.options:
            holder = _associable(options, option.id, 0 if item.reuse else 1)
            self._put(holder, self._markup.inline(option.text))
        interaction.extend([prompts, options])
        body.append(interaction)

    def _ordering(self, body: Any, item: Ordering) -> None:
        orders = Orders(item)
        self._declare(_RESPONSE, "ordered", "identifier", list(orders.listed[0]))
        self._lose("partial credit: a valid order earns all points, any other none")
        if not orders.complete:
            self._lose(f"only {len(orders.listed)} of the valid orders are accepted")
        valid = [
            _element(
                "match",
                {},
                _variable(_RESPONSE),
                _element("ordered", {}, *(_value("identifier", name) for name in order)),
            )
            for order in orders.listed
        ]
        right = _element("or", {}, *valid) if len(valid) > 1 else valid[0]
        self._say(
            "steps", "\n".join(f"- **{one.text}**: {one.feedback}" for one in item.steps), True
        )
        self._rules.append(_if(right, [_set("SCORE", _value("float", number(item.points)))]))
        self._rules.append(_tell("steps"))
        attributes = {"responseIdentifier": _RESPONSE, "shuffle": "true"}
        if item.tray:
            attributes |= {"minChoices": "1", "maxChoices": str(len(item.steps))}
        interaction = _element("orderInteraction", attributes)
        for step in item.steps:
            choice = _element("simpleChoice", {"identifier": step.id})
            interaction.append(self._put(choice, self._markup.inline(step.text)))
        body.append(interaction)

    def _numeric(self, body: Any, item: Numeric) -> None:
        self._declare(_RESPONSE, "single", "float", [number(item.answer)])
        place = _element("p", {}, self._entry(_RESPONSE))
        self._after(place[-1], item.unit)
        body.append(place)
        self._rules.append(self._judge_number(_RESPONSE, item, item.feedback, item.points))

    def _cloze(self, body: Any, item: Cloze) -> None:
        blanks = {blank.id: blank for blank in item.blanks}
        text = self._markup.block(item.text)
        holder = self._put(_element("div", {}), text)
        share = item.points / len(blanks)
        for name in BLANK.findall(item.text):
            self._rules.append(self._judge_blank(blanks[name], share))
        _fill_in(holder, lambda name: self._blank(blanks[name]))
        body.append(holder)

    def _blank(self, blank: Blank) -> Any:
        """A blank as it stands in the text."""
        if isinstance(blank, ChoiceBlank):
            interaction = _element(
                "inlineChoiceInteraction", {"responseIdentifier": blank.id, "shuffle": "true"}
            )
            for option in blank.options:
                choice = _element("inlineChoice", {"identifier": option.id})
                choice.text = label(option.text)
                interaction.append(choice)
            return interaction
        entry = self._entry(blank.id)
        self._after(entry, blank.unit if isinstance(blank, NumberKey) else None)
        return entry

    def _judge_blank(self, blank: Blank, share: float) -> Any:
        """Declare a blank's response, and give the rule that scores it."""
        if isinstance(blank, NumberKey):
            self._declare(blank.id, "single", "float", [number(blank.answer)])
            return self._judge_number(blank.id, blank, blank.feedback, share)
        right, wrong = f"{blank.id}.right", f"{blank.id}.wrong"
        self._say(wrong, blank.solution)
        if isinstance(blank, ChoiceBlank):
            if any(has_markup(option.text) for option in blank.options):
                self._lose("formulas in the options of blanks are shown as TeX")
            keyed = next(option for option in blank.options if option.correct)
            self._declare(blank.id, "single", "identifier", [keyed.id])
            self._say(right, keyed.feedback)
            others = [option for option in blank.options if not option.correct]
            cases = [(self._is(blank.id, one.id), one.id, one.feedback) for one in others]
            test = _element("match", {}, _variable(blank.id), _correct(blank.id))
        else:
            self._lose("spaces in typed words count")
            self._declare(blank.id, "single", "string", [blank.accept[0]])
            self._say(right, blank.feedback)
            cases = [
                (_same_word(blank.id, one.text), f"word-{place}", one.feedback)
                for place, one in enumerate(blank.wrong, start=1)
            ]
            words = [_same_word(blank.id, word) for word in blank.accept]
            test = _element("or", {}, *words) if len(words) > 1 else words[0]
        branches = []
        for condition, name, feedback in cases:
            self._say(f"{blank.id}.{name}", feedback)
            branches.append((condition, [_tell(f"{blank.id}.{name}"), _tell(wrong)]))
        earned = [_add(share), _tell(right)]
        return _cases([(test, earned), *branches], [_tell(wrong)])

    def _judge_number(self, name: str, key: NumberKey, feedback: str, points: float) -> Any:
        right, wrong = f"{name}.right", f"{name}.wrong"
        self._say(right, feedback)
        self._say(wrong, f"Right: {key.with_unit(key.answer)}. {feedback}")
        cases = [(_within(name, key, key.answer), [_add(points), _tell(right)])]
        for place, slip in enumerate(key.slips, start=1):
            told = f"{name}.slip-{place}"
            self._say(told, slip.feedback)
            earned = [_add(points * slip.fraction)] if slip.fraction else []
            cases.append((_within(name, key, slip.value), [*earned, _tell(told), _tell(wrong)]))
        return _cases(cases, [_tell(wrong)])

    def _essay(self, body: Any, item: CaseStudy | Code) -> None:
        self._declare(_RESPONSE, "single", "string", [])
        attributes = {"responseIdentifier": _RESPONSE, "expectedLines": "15"}
        if isinstance(item, Code):
            attributes["format"] = "preFormatted"
            given = [f"It begins with:\n\n{fenced(item.setup)}"] if item.setup else []
            given.append(f"Complete this:\n\n{fenced(item.starter)}")
            self._put(body, self._markup.block("\n\n".join(given)))
        else:
            names = ", ".join(one.name for one in item.rubric)
            hint = f"It is judged by: {names}. {expected_length(item.words)}".strip()
            self._put(body, self._markup.block(hint))
            self._lose("the rubric is a text for graders: the format cannot compute with it")
        notes = _element("rubricBlock", {"view": "scorer"})
        self._put(notes, self._markup.block(for_grader(item)))
        body.append(_element("extendedTextInteraction", attributes))
        body.append(notes)

    def _entry(self, name: str) -> Any:
        return _element(
            "textEntryInteraction", {"responseIdentifier": name, "expectedLength": "15"}
        )

    def _after(self, entry: Any, unit: str | None) -> None:
        if unit:
            entry.tail = f" {label(unit)}"
            self._lose("the unit stands behind the field: an answer that holds it is no number")

    def _declare(self, name: str, cardinality: str, kind: str, correct: list[str]) -> Any:
        declared = _element(
            "responseDeclaration",
            {"identifier": name, "cardinality": cardinality, "baseType": kind},
        )
        if correct:
            values = [_with_text("value", value) for value in correct]
            declared.append(_element("correctResponse", {}, *values))
        self._declarations.append(declared)
        return declared

    def _score_by_mapping(self, declared: Any, values: dict[str, float]) -> None:
        mapping = _element("mapping", {"lowerBound": "0", "upperBound": "1", "defaultValue": "0"})
        for key, value in values.items():
            mapping.append(_element("mapEntry", {"mapKey": key, "mappedValue": number(value)}))
        declared.append(mapping)
        mapped = _element("mapResponse", {"identifier": _RESPONSE})
        points = _value("float", number(self._item.points))
        self._rules.append(_set("SCORE", _element("product", {}, mapped, points)))

    def _is(self, name: str, option: str) -> Any:
        return _element("match", {}, _variable(name), _value("identifier", option))

    def _say(self, name: str, markdown: str, block: bool = False) -> None:
        """Feedback that shows once FEEDBACK holds its name."""
        feedback = _element(
            "modalFeedback",
            {"outcomeIdentifier": "FEEDBACK", "identifier": name, "showHide": "show"},
        )
        html = self._markup.block(markdown) if block else self._markup.inline(markdown)
        self._feedback.append(self._put(feedback, html))

    def _put(self, parent: Any, html: Html) -> Any:
        self.pictures += html.pictures
        return as_elements(self._item, html, parent, QTI)

    def _lose(self, what: str) -> None:
        self.losses.append(Loss(self._item.id, what))


def _fill_in(holder: Any, blank: Any) -> None:
    """Put the blanks where the text names them; a name in an attribute is none."""
    for element in list(holder.iter(etree.Element)):
        _fill_one(element, "text", blank)
        if element is not holder:
            _fill_one(element, "tail", blank)


def _fill_one(element: Any, attribute: str, blank: Any) -> None:
    pieces = BLANK.split(getattr(element, attribute) or "")  # text, name, text, ..., text
    if len(pieces) == 1:
        return
    setattr(element, attribute, pieces[0])
    parent, place = (element, 0) if attribute == "text" else _beside(element)
    for name, rest in zip(pieces[1::2], pieces[2::2], strict=True):
        made = blank(name)
        made.tail = (made.tail or "") + rest
        parent.insert(place, made)
        place += 1


def _beside(element: Any) -> tuple[Any, int]:
    parent = element.getparent()
    return parent, parent.index(element) + 1


def _element(tag: str, attributes: dict[str, str], *children: Any) -> Any:
    element = etree.Element(f"{{{QTI}}}{tag}", attributes, nsmap={None: QTI})
    element.extend(children)
    return element


def _with_text(tag: str, text: str) -> Any:
    element = _element(tag, {})
    element.text = text
    return element


def _outcome(name: str, cardinality: str, kind: str, default: str = "") -> Any:
    declared = _element(
        "outcomeDeclaration", {"identifier": name, "cardinality": cardinality, "baseType": kind}
    )
    if default:
        declared.append(_element("defaultValue", {}, _with_text("value", default)))
    return declared


def _associable(parent: Any, name: str, most: int) -> Any:
    choice = _element("simpleAssociableChoice", {"identifier": name, "matchMax": str(most)})
    parent.append(choice)
    return choice


def _variable(name: str) -> Any:
    return _element("variable", {"identifier": name})


def _correct(name: str) -> Any:
    return _element("correct", {"identifier": name})


def _value(kind: str, text: str) -> Any:
    value = _with_text("baseValue", text)
    value.set("baseType", kind)
    return value


def _set(name: str, expression: Any) -> Any:
    return _element("setOutcomeValue", {"identifier": name}, expression)


def _add(points: float) -> Any:
    """Add points to the score."""
    return _set("SCORE", _element("sum", {}, _variable("SCORE"), _value("float", number(points))))


def _tell(name: str) -> Any:
    """Add a feedback to those that show."""
    shown = _element("multiple", {}, _variable("FEEDBACK"), _value("identifier", name))
    return _set("FEEDBACK", shown)


def _if(condition: Any, then: list[Any], otherwise: Iterable[Any] = ()) -> Any:
    return _cases([(condition, then)], otherwise)


def _cases(cases: list[tuple[Any, list[Any]]], otherwise: Iterable[Any] = ()) -> Any:
    """The first condition that holds decides."""
    rule = _element("responseCondition", {})
    for place, (condition, then) in enumerate(cases):
        rule.append(_element("responseElseIf" if place else "responseIf", {}, condition, *then))
    if otherwise:
        rule.append(_element("responseElse", {}, *otherwise))
    return rule


def _has_pair(prompt: str, option: str) -> Any:
    pair = _value("directedPair", f"{prompt} {option}")
    return _element("member", {}, pair, _variable(_RESPONSE))


def _same_word(name: str, word: str) -> Any:
    attributes = {"caseSensitive": "false", "substring": "false"}
    return _element("stringMatch", attributes, _variable(name), _value("string", word))


def _within(name: str, key: NumberKey, value: float) -> Any:
    """Whether a response is within the tolerance of a value."""
    allowed = max(key.tolerance.absolute, key.tolerance.relative * abs(value))
    slack = number(allowed * (1 + 1e-9) + 1e-12 * abs(value))
    attributes = {"toleranceMode": "absolute", "tolerance": f"{slack} {slack}"}
    return _element("equal", attributes, _variable(name), _value("float", number(value)))
