"""Pairs of learners who gave the same wrong answers more often than chance explains.

The rule. Take learners who work alone, and the wrong answers of one of them, *s*. Another one, *a*,
gives the same wrong answer to question *i* with the chance

.. math:: (1 - p_{ai}) q_i,

where :math:`q_i` is the share that *s*'s answer has among the wrong answers of the class to the
same variant, and :math:`p_{ai}` the chance that *a* is right, which depends on how hard the
question was and on how many questions *a* got right, by the curves of Wesolowsky (2000, Journal of
Applied Statistics 27, 909-921): with :math:`r_i` the share of the class that is right,

.. math:: p_{ai} = (1 - (1 - r_i)^{c_a})^{1 / c_a},

where :math:`c_a` is such that the :math:`p_{ai}` add up to what *a* got right. The chance of so
many identical wrong answers or more follows exactly (Poisson binomial). Counting what *a* has in
common with given answers of *s* is the way of the indices g2 (Frary, Tideman and Watts 1977,
Journal of Educational Statistics 2, 235-256) and omega (Wollack 1997, Applied Psychological
Measurement 21, 307-320); counting wrong answers alone is that of Holland's K-index, since right
answers are alike by themselves. Pairs are listed where the chance in either direction, times the
number of ordered pairs (Bonferroni), is at most the level.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.optimize import brentq

#: Fewer identical wrong answers are never listed.
FEWEST = 3
_SPAN = (-6.0, 6.0)
_EDGE = 1e-3


@dataclass(frozen=True)
class Given:
    """An answer to a question that a machine judges.

    ``variant`` names the variant of the question; ``wrong`` is what was wrong in the answer, in a
    form that can be compared, and None where nothing was.
    """

    variant: str
    wrong: str | None


@dataclass(frozen=True)
class Agreement:
    """Two learners with improbably many identical wrong answers; in which order, nobody can tell.

    ``items`` are the questions where they are identical, ``wrong`` how many wrong answers each one
    gave where both answered the same variant, ``expected`` how many would be identical on average.
    ``chance`` is how often, at most, a class in which all work alone has any such pair.
    """

    learners: tuple[str, str]
    items: tuple[str, ...]
    wrong: tuple[int, int]
    expected: float
    chance: float


def agreements(answers: Mapping[str, Mapping[str, Given]], level: float) -> list[Agreement]:
    """The pairs of a class whose wrong answers agree improbably often, the least probable first.

    Parameters
    ----------
    answers
        For each learner, what was given to each question that was answered. A question that one of
        two left open, or had in another variant, says nothing about the pair.
    level
        How often, at most, a class in which all work alone gets a pair listed.
    """
    missed = _chances_to_miss(answers)
    shares = _shares(answers)
    ordered_pairs = len(answers) * (len(answers) - 1)
    found = []
    for pair in combinations(sorted(answers), 2):
        one, other = answers[pair[0]], answers[pair[1]]
        both = [
            item
            for item in sorted(one.keys() & other.keys())
            if one[item].variant == other[item].variant
        ]
        same = [item for item in both if one[item].wrong is not None and one[item] == other[item]]
        if len(same) < FEWEST:
            continue
        directions = [
            [
                missed[copier][item] * shares[item, given[item]]
                for item in both
                if given[item].wrong is not None
            ]
            for given, copier in ((one, pair[1]), (other, pair[0]))
        ]
        chance, expected = min((_at_least(len(same), way), sum(way)) for way in directions)
        if chance * ordered_pairs <= level:
            wrong = (len(directions[0]), len(directions[1]))
            found.append(Agreement(pair, tuple(same), wrong, expected, chance * ordered_pairs))
    return sorted(found, key=lambda one: (one.chance, one.learners))


def _chances_to_miss(answers: Mapping[str, Mapping[str, Given]]) -> dict[str, dict[str, float]]:
    """For each learner and question, the chance that somebody with so many right ones misses it."""
    right: dict[str, list[bool]] = defaultdict(list)
    for given in answers.values():
        for item, one in given.items():
            right[item].append(one.wrong is None)
    easy = {item: min(max(float(np.mean(own)), _EDGE), 1 - _EDGE) for item, own in right.items()}
    missed = {}
    for learner, given in answers.items():
        items = list(given)
        curve = _curve(
            np.array([easy[item] for item in items]),
            sum(one.wrong is None for one in given.values()),
        )
        missed[learner] = dict(zip(items, (1 - curve).tolist(), strict=True))
    return missed


def _curve(easy: np.ndarray, right: int) -> np.ndarray:
    """Wesolowsky's chances to be right, which add up to ``right``."""

    def chances(log_c: float) -> np.ndarray:
        c = np.exp(log_c)
        return np.asarray((1 - (1 - easy) ** c) ** (1 / c))

    def excess(log_c: float) -> float:
        return float(chances(log_c).sum() - right)

    low, high = _SPAN
    if excess(low) >= 0:
        return chances(low)
    if excess(high) <= 0:
        return chances(high)
    return chances(brentq(excess, low, high))


def _shares(answers: Mapping[str, Mapping[str, Given]]) -> dict[tuple[str, Given], float]:
    """The share of each wrong answer among all wrong answers to the same variant of a question."""
    times = Counter(
        (item, one)
        for given in answers.values()
        for item, one in given.items()
        if one.wrong is not None
    )
    missed: Counter[tuple[str, str]] = Counter()
    for (item, one), count in times.items():
        missed[item, one.variant] += count
    return {(item, one): count / missed[item, one.variant] for (item, one), count in times.items()}


def _at_least(count: int, chances: Sequence[float]) -> float:
    """The chance that at least ``count`` of independent events happen."""
    happened = np.zeros(len(chances) + 1)
    happened[0] = 1
    for chance in chances:
        happened[1:] = happened[1:] * (1 - chance) + happened[:-1] * chance
        happened[0] *= 1 - chance
    return float(happened[count:].sum())
