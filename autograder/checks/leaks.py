"""What in a quiz would let a learner infer the key from the public part."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from autograder.checks.findings import Finding, Loc, numbered
from autograder.items.base import plain
from autograder.items.cloze import TextBlank
from autograder.quiz import Quiz

#: Words in the id of an option or step that say whether it is right or belongs.
TELLING = {
    *("correct", "incorrect", "right", "wrong", "true", "false", "valid", "invalid", "good", "bad"),
    *("key", "answer", "solution", "best", "proper", "belongs"),
    *("distractor", "decoy", "spare", "extra", "unused", "fake", "lure", "foil", "trap"),
}
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_FORMULA = re.compile(r"\{\{(.*?)\}\}", re.S)
#: Where the public part of an item comes from, in the file.
_PUBLIC = ("stem", "text", "unit", "starter", "setup", "words")
_PUBLIC_PARTS = {
    "options": ("text",),
    "prompts": ("text",),
    "steps": ("text",),
    "rubric": ("name",),
    "checks": ("name", "call"),
    "blanks": ("unit",),
}


def problems(quiz: Quiz, data: Any) -> Iterator[Finding]:
    """What tells the key in one quiz; ``data`` is what its file holds (``read_yaml``)."""
    for loc, item, variants in numbered(quiz):
        yield from _telling_ids(loc, item)
        if item.type == "ordering":
            yield from _ordered_ids(loc, item)
        if item.type == "matching":
            yield from _paired_ids(loc, item)
        if item.type == "cloze":
            yield from _answering_ids(loc, item)
        if len(variants) > 1:
            yield from _unseen_parameters(loc, data["items"][loc[1]])
    yield from _same_count(quiz)


def course_problems(quizzes: Sequence[Quiz]) -> Iterator[Finding]:
    """Warnings over all quizzes: what a flag of an item tells of its key."""
    items = [item for quiz in quizzes for item in quiz.items]
    orderings = [item for item in items if item.type == "ordering"]
    spare = [any(not step.belongs for step in item.steps) for item in orderings]
    yield from _flag("tray", [item.tray for item in orderings], spare, "a step does not belong")
    matchings = [item for item in items if item.type == "matching"]
    keys = [[prompt.match for prompt in item.prompts] for item in matchings]
    twice = [len(set(key)) < len(key) for key in keys]
    yield from _flag("reuse", [item.reuse for item in matchings], twice, "an option serves twice")


def _flag(
    name: str, set_: Sequence[bool], needed: Sequence[bool], meaning: str
) -> Iterator[Finding]:
    if len(set_) >= 3 and any(set_) and list(set_) == list(needed):
        message = (
            f"`{name}: true` stands in exactly those {sum(set_)} of {len(set_)} items that need "
            f"it, so it tells that {meaning}; set it in one that does not need it, too"
        )
        yield Finding((), message, error=False)


def _parts(loc: Loc, item: Any) -> Iterator[tuple[Loc, Any]]:
    """The options and steps of an item, which may be right or wrong."""
    for field in ("options", "steps"):
        for number, part in enumerate(getattr(item, field, [])):
            yield (*loc, field, number), part
    for number, blank in enumerate(getattr(item, "blanks", [])):
        yield from _parts((*loc, "blanks", number), blank)


def _telling_ids(loc: Loc, item: Any) -> Iterator[Finding]:
    """Ids that call an option or step right, wrong or spare; its own text may say the word."""
    for place, part in _parts(loc, item):
        for word in sorted(_split(part.id) & TELLING - _split(part.text)):
            message = f"the id {part.id!r} says {word!r}, and learners receive ids; rename it"
            yield Finding((*place, "id"), message)


def _ordered_ids(loc: Loc, item: Any) -> Iterator[Finding]:
    """Ids of steps whose numbers, or whose alphabetical order, are a valid order."""
    names = [step.id for step in item.steps if step.belongs]
    numbers = {name: tuple(map(int, re.findall(r"\d+", name))) for name in names}
    orders = {"alphabetical": sorted(names)}
    if any(numbers.values()):
        orders["numerical"] = sorted(names, key=lambda name: numbers[name])
    for kind, order in orders.items():
        for direction, one in (("", order), (" (from the end)", order[::-1])):
            if item.score({"order": one}).fraction == 1:
                message = f"the {kind} order of the ids{direction} is a right answer; rename a step"
                yield Finding((*loc, "steps"), message)


def _paired_ids(loc: Loc, item: Any) -> Iterator[Finding]:
    """Prompts whose id has a word in common with the id of their option and of no other."""
    texts = {option.id: _split(option.text) for option in item.options}
    for number, prompt in enumerate(item.prompts):
        common = _split(prompt.id) & _split(prompt.match)
        for option in item.options:
            if option.id != prompt.match:
                common -= _split(option.id)
        common -= _split(prompt.text) & texts[prompt.match]
        if common:
            message = (
                f"the id {prompt.id!r} shares {min(common)!r} with the id of its option "
                f"{prompt.match!r} and with no other; rename one"
            )
            yield Finding((*loc, "prompts", number, "id"), message)


def _answering_ids(loc: Loc, item: Any) -> Iterator[Finding]:
    """Blanks whose id says what belongs there."""
    for number, blank in enumerate(item.blanks):
        if isinstance(blank, TextBlank):
            right = [_split(text) for text in blank.accept]
            told = [words for words in right if words and words <= _split(blank.id)]
        elif blank.kind == "choice":
            common = _split(blank.id)
            for option in blank.options:
                words = _split(option.id) | _split(option.text)
                common = common & words if option.correct else common - words
            told = [common] if common else []
        else:
            told = [{blank.id}] if f"{blank.answer:g}" in _split(blank.id) else []
        if told:
            message = (
                f"the id {blank.id!r} says what belongs there, and learners receive ids; rename it"
            )
            yield Finding((*loc, "blanks", number, "id"), message)


def _unseen_parameters(loc: Loc, data: Mapping[str, Any]) -> Iterator[Finding]:
    """Parameters that no formula of the public part uses: the key would depend on the unseen."""
    names = {
        name
        for text in _public_texts(data)
        for formula in _FORMULA.findall(text)
        for name in _IDENTIFIER.findall(formula)
    }
    for name in data["parameters"]:
        if name not in names:
            message = "nothing that learners see depends on this parameter; show it in the stem"
            yield Finding((*loc, "parameters", name), message)


def _public_texts(data: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(data[field]) for field in _PUBLIC if field in data)
    for field, shown in _PUBLIC_PARTS.items():
        for part in data.get(field, []):
            if field != "checks" or part.get("visible"):
                yield from (str(part[name]) for name in shown if name in part)
            for option in part.get("options", []) if field == "blanks" else []:
                yield str(option.get("text", ""))


def _same_count(quiz: Quiz) -> Iterator[Finding]:
    counts = [
        sum(option.correct for option in item.options)
        for item in quiz.items
        if item.type == "multiple_select"
    ]
    if len(counts) >= 4 and len(set(counts)) == 1:
        message = (
            f"all {len(counts)} items of multiple_select have {counts[0]} right options; vary it"
        )
        yield Finding(("items",), message, error=False)


def _split(text: str) -> set[str]:
    """The words of an id or a text."""
    return set(re.findall(r"[^\W_]+", plain(text)))
