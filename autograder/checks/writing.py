"""How questions are written: what gives the key away, misleads, or is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations
from typing import Any

from autograder.checks.findings import Finding, Loc, numbered, texts
from autograder.course import Course
from autograder.items.base import plain
from autograder.quiz import Quiz

#: A bias is reported where chance alone gives so strong a one less often than this.
RARE = 0.02
#: The right option is reported where it is so many times as long as the longest other one.
LONGER = 1.5
#: Options of at least this length are near-duplicates where they agree to this part.
_ALIKE, _LONG_ENOUGH = 0.98, 25

_OF_THE_ABOVE = re.compile(
    r"\b(of|are|is) the above\b|^(all|none|both|neither|any) of (these|those|them|the "
    r"(options|answers|others))\W*$|^(all|none|both|neither)( (apply|applies|options))?\W*$",
    re.I,
)
_ABSOLUTE = re.compile(r"\b(always|never|every time|without exception|under no circumstances)\b")
_NEGATED = re.compile(r"(?<![*_\w])(not|except|least|incorrect|false)(?![*_\w])|n't\b")
_SENTENCE = re.compile(r"(?<=[.!?:])\s+|\n\s*\n")
_SMALL_WORDS = {"a", "an", "the"}


@dataclass(frozen=True)
class _Question:
    """One question with one right option: an item of single choice, or a blank of a cloze."""

    loc: Loc
    item: Any
    options: Sequence[Any]
    shown: Sequence[str]

    @property
    def right(self) -> Any:
        return next(option for option in self.options if option.correct)


def problems(quiz: Quiz, course: Course) -> Iterator[Finding]:
    """What is to be mended or known about the writing of one quiz."""
    questions = list(_questions(quiz))
    yield from _positions(questions)
    yield from _lengths(questions)
    yield from unwritten(quiz)
    for loc, item, variants in numbered(quiz):
        yield from _concepts(loc, item, course)
        for variant in variants:
            yield from _choices(loc, variant)
            yield from _stem(loc, variant)
        if item.type == "matching":
            yield from _missing_feedback(loc, item)


def course_problems(quizzes: Sequence[Quiz], course: Course, whole: bool) -> Iterator[Finding]:
    """Warnings over several quizzes; ``whole`` says that these are all of the course."""
    used = {concept for quiz in quizzes for item in quiz.items for concept in item.concepts}
    unused = [concept for concept in course.concepts if concept not in used]
    if whole and unused:
        message = f"no item has these concepts of the course: {', '.join(unused)}; add items"
        yield Finding((), message, error=False)


def repeated_stems(quizzes: Sequence[Quiz]) -> Iterator[tuple[Quiz, Finding]]:
    """Items that ask what another item asks, in the same words."""
    seen: dict[str, str] = {}
    for quiz in quizzes:
        for loc, item, _ in numbered(quiz):
            name = f"{quiz.id}/{item.id}"
            text = plain(" ".join([item.stem, getattr(item, "text", "")]))
            if text in seen:
                message = f"reads the same as the stem of {seen[text]}; ask something else"
                yield quiz, Finding((*loc, "stem"), message, error=False)
            seen.setdefault(text, name)


def tail(chances: Sequence[float], count: int) -> float:
    """The chance that at least ``count`` of independent events with these chances happen."""
    exactly = [1.0]
    for chance in chances:
        stays = [p * (1 - chance) for p in exactly] + [0.0]
        grows = [0.0] + [p * chance for p in exactly]
        exactly = [a + b for a, b in zip(stays, grows, strict=True)]
    return sum(exactly[count:])


def unwritten(quiz: Quiz) -> Iterator[Finding]:
    """Texts that a new quiz or an import left to a person."""
    fields = {"title": quiz.title, "instructions": quiz.instructions}
    parts = [((), fields), *((loc, item.model_dump()) for loc, item, _ in numbered(quiz))]
    for loc, part in parts:
        for place, text in texts(part, loc, shuffled=False):
            if text.startswith("TODO"):
                yield Finding(place, f"is still to be written: {text!r}")


def _questions(quiz: Quiz) -> Iterator[_Question]:
    """Every question with one right option, of the first variant of each item."""
    for loc, item, _ in numbered(quiz):
        public = item.public()
        if item.type == "single_choice":
            shown = [choice.id for choice in public.options]
            yield _Question((*loc, "options"), item, item.options, shown)
        if item.type == "cloze":
            blanks = {blank.id: blank for blank in public.blanks}
            for number, blank in enumerate(item.blanks):
                if blank.kind == "choice":
                    shown = [choice.id for choice in blanks[blank.id].options]
                    yield _Question((*loc, "blanks", number), item, blank.options, shown)


def _positions(questions: Sequence[_Question]) -> Iterator[Finding]:
    """Where the right option stands among those shown, and among the ids in alphabetical order."""
    chances = [1 / len(question.options) for question in questions]
    for where, order in (
        ("is shown", [list(question.shown) for question in questions]),
        ("has the id that comes", [sorted(question.shown) for question in questions]),
    ):
        for place, name in ((0, "first"), (1, "second"), (2, "third"), (-1, "last")):
            hits = sum(
                len(ids) > place and ids[place] == question.right.id
                for ids, question in zip(order, questions, strict=True)
            )
            # of four places and two orders, one is as biased as this by chance
            if tail(chances, hits) < RARE / 8:
                message = (
                    f"the right option {where} {name} in {hits} of {len(questions)} questions with "
                    "one right option; rename some ids, which changes the order shown"
                )
                yield Finding(("items",), message, error=False)


def _lengths(questions: Sequence[_Question]) -> Iterator[Finding]:
    """Whether the length of an option tells that it is right."""
    chances = [1 / len(question.options) for question in questions]
    for name, rank in (("longest", 1), ("shortest", -1)):
        hits = 0
        for question in questions:
            others = [rank * len(o.text) for o in question.options if not o.correct]
            hits += rank * len(question.right.text) > max(others)
        if tail(chances, hits) < RARE / 2:
            message = (
                f"the right option is the {name} in {hits} of {len(questions)} questions with one "
                "right option, which chance would hardly give; level the lengths"
            )
            yield Finding(("items",), message, error=False)
    for question in questions:
        longest = max(len(option.text) for option in question.options if not option.correct)
        if len(question.right.text) > max(LONGER * longest, longest + 15):
            message = (
                f"the right option is {len(question.right.text)} characters long and no other more "
                f"than {longest}; level the lengths"
            )
            yield Finding(question.loc, message, error=False)


def _concepts(loc: Loc, item: Any, course: Course) -> Iterator[Finding]:
    for number, concept in enumerate(item.concepts):
        if course.concepts and concept not in course.concepts:
            message = (
                f"{concept!r} is no concept of course.yaml; take one of those, or add it there"
            )
            yield Finding((*loc, "concepts", number), message)


def _choices(loc: Loc, item: Any) -> Iterator[Finding]:
    """Options of an item that nearly agree, or whose wording tells whether they are right."""
    for place, choices in _groups(loc, item):
        for number, choice in enumerate(choices):
            if _OF_THE_ABOVE.search(choice.text):
                message = (
                    "an option must not speak of the others: the order shown is not the order "
                    "written, and such options reward guessing; say what it means"
                )
                yield Finding((*place, number, "text"), message)
        for (_, one), (number, other) in combinations(enumerate(choices), 2):
            if _near(one.text, other.text):
                message = f"reads nearly the same as {one.id!r}; make the difference stand out"
                yield Finding((*place, number, "text"), message, error=False)
        yield from _absolute(place, choices)


def _groups(loc: Loc, item: Any) -> Iterator[tuple[Loc, Sequence[Any]]]:
    for field in ("options", "prompts", "steps"):
        if hasattr(item, field):
            yield (*loc, field), getattr(item, field)
    for number, blank in enumerate(getattr(item, "blanks", [])):
        if blank.kind == "choice":
            yield (*loc, "blanks", number, "options"), blank.options


def _absolute(place: Loc, choices: Sequence[Any]) -> Iterator[Finding]:
    if not hasattr(choices[0], "correct"):
        return
    if any(_ABSOLUTE.search(plain(choice.text)) for choice in choices if choice.correct):
        return
    for number, choice in enumerate(choices):
        found = _ABSOLUTE.search(plain(choice.text))
        if found:
            message = (
                f"only wrong options say {found[0]!r}, which tells; weaken it, or use it twice"
            )
            yield Finding((*place, number, "text"), message, error=False)


def _near(one: str, other: str) -> bool:
    """Whether texts differ in small words, plurals and punctuation only, or in a few letters."""
    first, second = _words(one), _words(other)
    if [word.rstrip("s") for word in first] == [word.rstrip("s") for word in second]:
        return bool(first)
    if (
        re.findall(r"\d+", one) != re.findall(r"\d+", other)
        or min(map(len, (one, other))) < _LONG_ENOUGH
    ):
        return False
    return SequenceMatcher(None, plain(one), plain(other), autojunk=False).ratio() >= _ALIKE


def _words(text: str) -> list[str]:
    return [w for w in re.findall(r"[\w+*/=<>^-]+", plain(text)) if w not in _SMALL_WORDS]


def _stem(loc: Loc, item: Any) -> Iterator[Finding]:
    for sentence in _SENTENCE.split(item.stem):
        found = _NEGATED.search(sentence)
        if found and sentence.rstrip().endswith("?"):
            message = (
                f"the question is negated by {found[0]!r}; ask for what is so, or write it bold"
            )
            yield Finding((*loc, "stem"), message, error=False)


def _missing_feedback(loc: Loc, item: Any) -> Iterator[Finding]:
    for number, prompt in enumerate(item.prompts):
        place = (*loc, "prompts", number)
        if not prompt.wrong:
            message = (
                "no wrong option has feedback of its own; add `wrong` for the likeliest mistake"
            )
            yield Finding(place, message, error=False)
        if prompt.match in prompt.wrong:
            message = f"{prompt.match!r} is right, so this is never shown; remove it"
            yield Finding((*place, "wrong", prompt.match), message)
