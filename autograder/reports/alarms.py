"""Items whose key looks wrong, by a rule that seldom cries out in vain, however small the class.

Two kinds of suspicion are tested, and all tests of a quiz together make one family:

- an item on which the class earned at most half of the points, where those who do better on the
  rest of the quiz do worse here;
- a wrong answer that more learners gave than the key, whose givers do better on the rest of the
  quiz than the other learners who answered there, and on average no worse than those who gave the
  key.

Which of these are tested depends on how many learners earned or chose what, never on how these do
on the rest, so that each is a permutation test with the level that it says. Holm's correction over
the family keeps the risk of any false alarm in a quiz without a fault at 5 % or less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import fmean

from autograder.reports import statistics
from autograder.reports.choices import Choice
from autograder.reports.responses import Answer

LEVEL = 0.05
_HALF = 0.5

Answers = Mapping[str, Answer]


@dataclass(frozen=True)
class Suspicion:
    """Something that a test found about an item's key.

    ``choice`` is the wrong answer that the able prefer, or None where it is the item as a whole;
    ``takers`` and ``keyed`` are how many gave it and the key. ``p`` is Holm's.
    """

    item: str
    p: float
    choice: Choice | None = None
    takers: int = 0
    keyed: int = 0


def find(
    answers: Mapping[str, Answers], rest: Mapping[str, Mapping[str, float]]
) -> tuple[list[Suspicion], int]:
    """What stands out, most certain first, and how many tests there were.

    Parameters
    ----------
    answers
        By item and learner.
    rest
        By item and learner: what the learner earned on the rest of the quiz.
    """
    family = [one for item, given in answers.items() for one in _tests(item, given, rest[item])]
    adjusted = statistics.holm([one.p for one, _ in family])
    found = [
        replace(suspicion, p=p)
        for (suspicion, plausible), p in zip(family, adjusted, strict=True)
        if plausible and p < LEVEL
    ]
    return sorted(found, key=lambda one: one.p), len(family)


def _tests(
    item: str, answers: Answers, rest: Mapping[str, float]
) -> Iterator[tuple[Suspicion, bool]]:
    """Each test with its own p-value, and whether the groups' means allow an alarm at all."""
    scored = {
        name: one.fraction
        for name, one in answers.items()
        if name in rest and one.fraction is not None
    }
    if scored and fmean(scored.values()) <= _HALF:
        lost = [-score for score in scored.values()]
        yield Suspicion(item, statistics.p_rises(lost, [rest[name] for name in scored])), True
    by_place: dict[str, dict[str, Choice]] = {}
    for name, one in answers.items():
        for place, choice in one.choices.items() if name in rest else ():
            by_place.setdefault(place, {})[name] = choice
    for made in by_place.values():
        yield from _tests_of_place(item, made, rest)


def _tests_of_place(
    item: str, made: Mapping[str, Choice], rest: Mapping[str, float]
) -> Iterator[tuple[Suspicion, bool]]:
    keyed = [rest[name] for name, one in made.items() if one.right]
    wrong = {one.id: one for one in made.values() if not one.right and one.id != "other"}
    counts = Counter(one.id for one in made.values() if not one.right)
    for identifier, choice in wrong.items():
        if counts[identifier] <= len(keyed):
            continue
        takes = [one.id == identifier and not one.right for one in made.values()]
        p = statistics.p_rises(takes, [rest[name] for name in made])
        takers = [rest[name] for name, took in zip(made, takes, strict=True) if took]
        plausible = not keyed or fmean(takers) >= fmean(keyed)
        yield Suspicion(item, p, choice, len(takers), len(keyed)), plausible
