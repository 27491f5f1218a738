"""What learners chose, place by place: the options of a question, the blanks, pairs and steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autograder.items import Cloze, Item, Matching, MultipleSelect, Numeric, Ordering, SingleChoice
from autograder.items.base import plain
from autograder.items.cloze import BLANK, ChoiceBlank, TextBlank, filled
from autograder.items.numeric import NumberKey, read_number
from autograder.items.ordering import Step
from autograder.items.single_choice import Option

#: What can be wrong with a step, as ``Ordering.judge`` says it, and as a table does.
_SLIPS = {"misplaced": "misplaced", "missing": "left out", "spare": "does not belong"}
_SHOWN = {"misplaced": "misplaced", "missing": "left out", "spare": "used, does not belong"}


@dataclass(frozen=True)
class Choice:
    """One thing that a learner can do at one place of a question.

    ``text`` is Markdown, or, where ``typed``, what learners typed. ``shown`` is False for what a
    table leaves to its other rows, such as an option that was not ticked.
    """

    id: str
    text: str
    right: bool
    misconception: str | None = None
    typed: bool = False
    shown: bool = True


@dataclass(frozen=True)
class Place:
    """A place of a question at which each learner makes one choice of those that the key knows.

    ``text`` is Markdown, and empty where the question is one place.
    """

    id: str
    text: str
    choices: tuple[Choice, ...]


def places(item: Item) -> tuple[Place, ...]:
    """Where learners choose; nothing for free text and code."""
    if isinstance(item, SingleChoice):
        return (Place("choice", "", _options(item.options)),)
    if isinstance(item, MultipleSelect):
        return tuple(Place(one.id, "", _ticks(one)) for one in item.options)
    if isinstance(item, Matching):
        texts = {option.id: option.text for option in item.options}
        return tuple(
            Place(
                prompt.id,
                prompt.text,
                tuple(
                    Choice(name, text, name == prompt.match, prompt.misconceptions.get(name))
                    for name, text in texts.items()
                ),
            )
            for prompt in item.prompts
        )
    if isinstance(item, Ordering):
        return tuple(Place(step.id, "", _moves(step)) for step in item.steps)
    if isinstance(item, Numeric):
        return (Place("number", "", _numbers(item, bool(item.variant))),)
    if isinstance(item, Cloze):
        blanks = {blank.id: blank for blank in item.blanks}
        names = BLANK.findall(item.text)
        return tuple(
            Place(name, f"Blank {number}", _fillings(blanks[name], bool(item.variant)))
            for number, name in enumerate(names, start=1)
        )
    return ()


def chosen(item: Item, response: Any) -> dict[str, Choice]:
    """What a readable response chose at each place that it answers."""
    known = {place.id: {one.id: one for one in place.choices} for place in places(item)}
    return {place: choice for place, choice in _chosen(item, response, known)}


def _chosen(
    item: Item, response: Any, known: Mapping[str, Mapping[str, Choice]]
) -> Iterator[tuple[str, Choice]]:
    if isinstance(item, SingleChoice):
        yield "choice", known["choice"][response.choice]
    elif isinstance(item, MultipleSelect):
        for name, choices in known.items():
            yield name, choices["ticked" if name in response.picks else "left"]
    elif isinstance(item, Matching):
        for prompt, option in response.pairs.items():
            yield prompt, known[prompt][option]
    elif isinstance(item, Ordering):
        wrong = {remark.part for remark in item.judge(response).remarks if remark.right is False}
        for step in item.steps:
            slips = [name for name, said in _SLIPS.items() if f"({said}) {step.text}" in wrong]
            yield step.id, known[step.id][slips[0] if slips else "right"]
    elif isinstance(item, Numeric):
        yield "number", _number(item, response.value, known["number"], bool(item.variant))
    elif isinstance(item, Cloze):
        blanks = {blank.id: blank for blank in item.blanks}
        for name, given in filled(response).items():
            blank = blanks[name]
            if isinstance(blank, ChoiceBlank):
                yield name, known[name][str(given)]
            elif isinstance(blank, TextBlank):
                yield name, _word(blank, given, known[name])
            else:
                yield name, _number(blank, given, known[name], bool(item.variant))


def _options(options: list[Option]) -> tuple[Choice, ...]:
    return tuple(Choice(one.id, one.text, one.correct, _wrong(one)) for one in options)


def _ticks(option: Option) -> tuple[Choice, ...]:
    return (
        Choice("ticked", option.text, option.correct, _wrong(option)),
        Choice("left", f"(not ticked) {option.text}", not option.correct, shown=False),
    )


def _wrong(option: Option) -> str | None:
    return None if option.correct else option.misconception


def _moves(step: Step) -> tuple[Choice, ...]:
    names = ("misplaced", "missing") if step.belongs else ("spare",)
    return (
        Choice("right", step.text, True, shown=False),
        *(Choice(one, f"{step.text} ({_SHOWN[one]})", False, step.misconception) for one in names),
    )


def _fillings(blank: Any, varies: bool) -> tuple[Choice, ...]:
    if isinstance(blank, ChoiceBlank):
        return _options(blank.options)
    if isinstance(blank, TextBlank):
        wrong = (
            Choice(f"wrong-{number}", one.text, False, one.misconception)
            for number, one in enumerate(blank.wrong, start=1)
        )
        return Choice("right", blank.accept[0], True), *wrong, _OTHER
    return _numbers(blank, varies)


def _numbers(key: NumberKey, varies: bool) -> tuple[Choice, ...]:
    """The right value and the slips, which are told apart by their places: values may vary."""
    slips = (
        Choice(
            f"slip-{number}",
            slip.feedback if varies else key.with_unit(slip.value),
            False,
            slip.misconception,
        )
        for number, slip in enumerate(key.slips, start=1)
    )
    right = "the right value" if varies else key.with_unit(key.answer)
    return Choice("right", right, True), *slips, _OTHER


_OTHER = Choice("other", "another answer", False, shown=False)


def _number(key: NumberKey, given: Any, known: Mapping[str, Choice], varies: bool) -> Choice:
    value = read_number(given, key.unit)
    if key.tolerance.admits(value, key.answer):
        return known["right"]
    slips = sorted(enumerate(key.slips, start=1), key=lambda one: abs(value - one[1].value))
    for number, slip in slips:
        if key.tolerance.admits(value, slip.value):
            return known[f"slip-{number}"]
    if varies:
        return known["other"]
    return Choice(f"= {value:.10g}", key.with_unit(value), False, typed=True)


def _word(blank: TextBlank, given: Any, known: Mapping[str, Choice]) -> Choice:
    word = plain(given)
    if word in map(plain, blank.accept):
        return known["right"]
    for number, wrong in enumerate(blank.wrong, start=1):
        if word == plain(wrong.text):
            return known[f"wrong-{number}"]
    return Choice(f"= {word}", word, False, typed=True)
