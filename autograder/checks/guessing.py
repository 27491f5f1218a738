"""What answers given without knowledge would earn.

Every number comes from ``Item.score`` itself, by trying all answers of a kind or a seeded sample,
or for ``code`` from the sandbox (``without_knowledge``).
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice, permutations, product
from statistics import fmean, pstdev
from typing import Any

from autograder.checks.findings import Finding, numbered
from autograder.items import Score
from autograder.items.cloze import ChoiceBlank, TextBlank
from autograder.quiz import Quiz

#: How many answers are tried for one item, over all its variants.
TRIED = 2000
_LEAST = 100
_NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?![\w])")
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class Pay:
    """The fraction of an item's points that each way of guessing earns; None: does not apply.

    ``everything`` is all options picked, the best single option for all prompts, or the best
    constant that code may return, which ``note`` names. ``first`` is the order shown: the first
    option, or prompts, steps and blanks as they stand. ``margin`` is three standard errors of
    ``random`` where it was sampled, else 0.
    """

    blank: float
    everything: float | None
    first: float | None
    random: float
    margin: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class Limit:
    """The most that guessing may earn in items of a type; None: no limit for one item."""

    everything: float | None
    first: float | None
    random: float


#: The reasons stand in docs/authors.md under "What guessing pays".
LIMITS = {
    "single_choice": Limit(None, None, 1 / 3),
    "multiple_select": Limit(0.0, None, 0.25),
    "matching": Limit(0.5, 2 / 3, 1 / 3),
    "ordering": Limit(None, 0.5, 0.5),
    "numeric": Limit(None, 0.0, 0.0),
    "cloze": Limit(None, 2 / 3, 1 / 3),
    "case_study": Limit(None, 0.0, 0.0),
    "code": Limit(0.25, 0.0, 0.0),
}
_ALL = "all options picked, or one for all,"
_EVERYTHING = {"code": "a constant that every function returns"}
_REMEDY = {
    "single_choice": "add options",
    "multiple_select": "add wrong options, at least as many as right ones",
    "matching": "add options, spread the key over them, or rename an id to change the order shown",
    "ordering": "add steps or `after`, or rename an id to change the order shown",
    "numeric": "ask for a number that is not 0 or 1 and does not stand in the stem "
    "(exclude such parameters with `where`), and pay nothing for a slip of that kind",
    "cloze": "add options or blanks; ask for words and numbers that do not stand in the text",
    "case_study": "leave its grading to a person",
    "code": "let these checks return more, or give them less weight",
}


def pay(item: Any, budget: int = TRIED) -> Pay:
    """What guessing earns in one item, of which about ``budget`` random answers are tried."""
    kind = _KINDS[item.type]
    draws, drawn = kind.random(item, budget)
    earned = [_earned(item, answer) for answer in draws]
    everything = [_earned(item, answer) for answer in kind.everything(item)]
    first = [_earned(item, answer) for answer in kind.first(item)]
    return Pay(
        blank=max(_earned(item, answer) for answer in [None, *kind.blank(item)]),
        everything=max(everything, default=None),
        first=max(first, default=None),
        random=fmean(earned),
        margin=3 * pstdev(earned) / math.sqrt(len(earned)) if drawn else 0.0,
    )


def pay_of_variants(variants: Sequence[Any]) -> Pay:
    """What guessing earns in an item on average over its variants."""
    got = [pay(item, max(_LEAST, TRIED // len(variants))) for item in variants]

    def mean(field: str) -> float | None:
        values = [value for one in got if (value := getattr(one, field)) is not None]
        return fmean(values) if values else None

    return Pay(
        blank=mean("blank") or 0.0,
        everything=mean("everything"),
        first=mean("first"),
        random=mean("random") or 0.0,
        margin=math.sqrt(sum(one.margin**2 for one in got)) / len(got),
    )


#: For a ``code`` item, by its id, what each answer that knows nothing earns in the sandbox.
Tried = Mapping[str, Mapping[str, Score]]


def pays(
    quiz: Quiz, tried: Tried | None = None, known: Mapping[str, Pay] | None = None
) -> dict[str, Pay]:
    """What guessing earns in every item, by its id; in ``code`` items as far as it was tried.

    What is ``known`` is not worked out again.
    """
    known = known or {}
    earned = {
        item.id: known.get(item.id) or pay_of_variants(variants)
        for _, item, variants in numbered(quiz)
    }
    for name, scores in (tried or {}).items():
        best = max(scores, key=lambda constant: scores[constant].fraction or 0.0)
        passed = [remark.part for remark in scores[best].remarks if remark.right]
        note = f" (code that returns {best} passes: {'; '.join(passed)})"
        earned[name] = replace(earned[name], everything=scores[best].fraction or 0.0, note=note)
    return earned


def problems(quiz: Quiz, earned: dict[str, Pay]) -> Iterator[Finding]:
    """The items in which guessing earns more than their type may pay."""
    for loc, item, _ in numbered(quiz):
        got, limit, remedy = earned[item.id], LIMITS[item.type], _REMEDY[item.type]
        if got.blank:
            yield Finding((*loc, "type"), f"a blank answer earns {got.blank:.0%}; it must earn 0")
        for name, pays, most, margin in (
            (_EVERYTHING.get(item.type, _ALL), got.everything, limit.everything, 0.0),
            ("the order shown", got.first, limit.first, 0.0),
            ("a random answer", got.random, limit.random, got.margin),
        ):
            if pays is not None and most is not None and pays > most + margin + 1e-9:
                message = f"{name} earns {pays:.0%} of the points, at most {most:.0%} is allowed"
                yield Finding((*loc, "type"), f"{message}{got.note}; {remedy}")


def table(quiz: Quiz, earned: dict[str, Pay]) -> str:
    """What guessing earns, a line for each item, and for the quiz weighted by points."""
    width = max(len("all items"), *(len(item.id) for item in quiz.items))
    lines = [f"{'item':{width}}  {'type':15}  blank    all  first  random"]
    for item in quiz.items:
        got = earned[item.id]
        lines.append(f"{item.id:{width}}  {item.type:15}  {_row(got)}")
    points = sum(item.points for item in quiz.items)

    def total(field: str) -> float:
        each = ((getattr(earned[item.id], field) or 0.0) * item.points for item in quiz.items)
        return sum(each) / points

    whole = Pay(total("blank"), total("everything"), total("first"), total("random"))
    return "\n".join([*lines, f"{'all items':{width}}  {'':15}  {_row(whole)}"])


def _row(got: Pay) -> str:
    cells = (got.blank, got.everything, got.first)
    shown = ["  –  " if value is None else f"{value:5.2f}" for value in cells]
    return f"{'  '.join(shown)}   {got.random:5.2f}"


def _earned(item: Any, answer: object) -> float:
    """What an answer earns at once; 0 where a person or the sandbox still has to judge."""
    score = item.score(answer)
    if score.state == "invalid":
        raise AssertionError(f"{item.id}: {score.reason}")
    return score.fraction or 0.0


Answers = Callable[[Any], list[dict[str, Any]]]


@dataclass(frozen=True)
class _Kind:
    """The answers of each way of guessing; ``random`` also says whether they are a sample."""

    blank: Answers
    everything: Answers
    first: Answers
    random: Callable[[Any, int], tuple[list[dict[str, Any]], bool]]


def _none(item: Any) -> list[dict[str, Any]]:
    return []


def _all_or_some(
    item: Any, budget: int, count: int, every: Iterator[Any], draw: Callable[[random.Random], Any]
) -> tuple[list[Any], bool]:
    """Every answer where there are at most ``budget``, else a sample of that size."""
    if count <= budget:
        return list(every), False
    dice = random.Random(f"{item.id}/{item.variant}")
    return [draw(dice) for _ in range(budget)], True


def _ids(choices: Sequence[Any]) -> list[str]:
    return [choice.id for choice in choices]


def _choose(item: Any, budget: int) -> tuple[list[dict[str, Any]], bool]:
    return [{"choice": name} for name in _ids(item.options)], False


def _toss(item: Any, budget: int) -> tuple[list[dict[str, Any]], bool]:
    names = _ids(item.options)
    every = (picks for size in range(len(names) + 1) for picks in combinations(names, size))
    picked, drawn = _all_or_some(
        item,
        budget,
        2 ** len(names),
        every,
        lambda dice: [name for name in names if dice.random() < 0.5],
    )
    return [{"picks": list(picks)} for picks in picked], drawn


def _pair(item: Any, budget: int) -> tuple[list[dict[str, Any]], bool]:
    prompts, options = _ids(item.prompts), _ids(item.options)
    size = len(prompts)
    # with fewer options than prompts and no reuse, only so many prompts can be answered
    used = size if item.reuse else min(size, len(options))
    every: Iterator[Any] = (
        product(options, repeat=size) if item.reuse else permutations(options, used)
    )
    count = len(options) ** size if item.reuse else math.perm(len(options), used)
    chosen, drawn = _all_or_some(
        item,
        budget,
        count,
        every,
        lambda dice: dice.choices(options, k=size) if item.reuse else dice.sample(options, used),
    )
    return [{"pairs": dict(zip(prompts, one, strict=False))} for one in chosen], drawn


def _pair_as_shown(item: Any) -> list[dict[str, Any]]:
    shown = item.public()
    return [{"pairs": dict(zip(_ids(shown.prompts), _ids(shown.options), strict=False))}]


def _same_for_all(item: Any) -> list[dict[str, Any]]:
    if not item.reuse:
        return []
    return [{"pairs": {p: option for p in _ids(item.prompts)}} for option in _ids(item.options)]


def _arrange(item: Any, budget: int) -> tuple[list[dict[str, Any]], bool]:
    names = _ids(item.steps)
    orders, drawn = _all_or_some(
        item,
        budget,
        math.factorial(len(names)),
        permutations(names),
        lambda dice: dice.sample(names, len(names)),
    )
    return [{"order": list(order)} for order in orders], drawn


def _numbers(*texts: str) -> list[str]:
    """Numbers that a guesser would type: those that stand in the texts, then 0 and 1."""
    found = [number.replace(",", "") for text in texts for number in _NUMBER.findall(text)]
    return list(dict.fromkeys([*found, "0", "1"]))


def _words(*texts: str) -> list[str]:
    words = [word for text in texts for word in _WORD.findall(text)]
    return list(dict.fromkeys(words))[:500] or ["word"]


def _type(item: Any, budget: int) -> tuple[list[dict[str, Any]], bool]:
    return [{"value": number} for number in _numbers(item.stem)], False


def _blank_guesses(item: Any) -> dict[str, list[str]]:
    """For each blank what a guesser may put there, the first of it first."""
    guesses = {}
    for blank, shown in ((b, s) for b in item.blanks for s in item.public().blanks if b.id == s.id):
        if isinstance(blank, ChoiceBlank):
            guesses[blank.id] = _ids(shown.options)
        elif isinstance(blank, TextBlank):
            guesses[blank.id] = _words(item.stem, item.text)
        else:
            guesses[blank.id] = _numbers(item.stem, item.text)
    return guesses


def _fill(item: Any, budget: int) -> tuple[list[dict[str, Any]], bool]:
    guesses = _blank_guesses(item)
    filled, drawn = _all_or_some(
        item,
        budget,
        math.prod(map(len, guesses.values())),
        product(*guesses.values()),
        lambda dice: [dice.choice(options) for options in guesses.values()],
    )
    return [{"blanks": dict(zip(guesses, one, strict=True))} for one in filled], drawn


def _fill_first(item: Any) -> list[dict[str, Any]]:
    return [{"blanks": {name: guesses[0] for name, guesses in _blank_guesses(item).items()}}]


def _sources(item: Any) -> list[dict[str, Any]]:
    return [{"source": text} for text in ("", item.starter, "pass")]


_KINDS = {
    "single_choice": _Kind(_none, _none, lambda i: [{"choice": i.public().options[0].id}], _choose),
    "multiple_select": _Kind(
        lambda i: [{"picks": []}],
        lambda i: [{"picks": _ids(i.options)}],
        lambda i: [{"picks": [i.public().options[0].id]}],
        _toss,
    ),
    "matching": _Kind(lambda i: [{"pairs": {}}], _same_for_all, _pair_as_shown, _pair),
    "ordering": _Kind(
        lambda i: [{"order": []}],
        _none,
        lambda i: [{"order": _ids(i.public().steps)}],
        _arrange,
    ),
    "numeric": _Kind(
        lambda i: [{"value": ""}],
        _none,
        lambda i: [{"value": number} for number in islice(_numbers(i.stem), 1)],
        _type,
    ),
    "cloze": _Kind(lambda i: [{"blanks": {}}], _none, _fill_first, _fill),
    "case_study": _Kind(
        lambda i: [{"text": ""}],
        _none,
        lambda i: [{"text": i.stem}],
        lambda i, budget: ([{"text": i.stem}], False),
    ),
    "code": _Kind(
        _sources, _none, lambda i: [{"source": i.starter}], lambda i, budget: (_sources(i), False)
    ),
}
