"""Classical test theory for small classes: figures with 95 % intervals, or why there is none.

Nothing here knows of quizzes; numbers come in and go out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.95
#: A third of a class says nothing below two learners.
FEWEST_FOR_THIRDS = 6
#: Fisher's interval of a correlation needs more than three pairs.
FEWEST_FOR_CORRELATION = 4
_RESAMPLES = 9_999
_SEED = 20261124


@dataclass(frozen=True)
class Estimate:
    """A figure with the ends of its 95 % interval; ``why`` says what is missing, and why."""

    value: float | None
    low: float | None = None
    high: float | None = None
    why: str = ""


def proportion(total: float, count: int) -> Estimate:
    """The mean of ``count`` numbers from 0 to 1 that add up to ``total``, with Wilson's interval.

    For numbers other than 0 and 1 the interval is wider than needed, never too narrow: with a mean
    p, numbers in [0, 1] have at most the variance p(1 - p) (Bhatia and Davis, 2000).

    Source: Wilson (1927); method 3 of Newcombe (1998).
    """
    if not count:
        return Estimate(None, why="nobody yet")
    share = min(max(total / count, 0.0), 1.0)
    z = float(stats.norm.ppf((1 + LEVEL) / 2))
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * math.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    return Estimate(share, max(0.0, centre - half), min(1.0, centre + half))


def mean(values: Sequence[float]) -> Estimate:
    """The mean, with Student's t interval."""
    if not len(values):
        return Estimate(None, why="nobody yet")
    value = float(np.mean(values))
    if _constant(values):
        return Estimate(value, why=_why_constant(values))
    interval = stats.ttest_1samp(values, 0).confidence_interval(LEVEL)
    return Estimate(value, float(interval.low), float(interval.high))


def deviation(values: Sequence[float]) -> Estimate:
    """The standard deviation (n - 1), with the chi-square interval for a normal distribution.

    Source: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.5.8.
    """
    count = len(values)
    if _constant(values):
        return Estimate(0.0 if count > 1 else None, why=_why_constant(values))
    value = float(np.std(values, ddof=1))
    low, high = (
        value * math.sqrt((count - 1) / stats.chi2.ppf(tail, count - 1))
        for tail in ((1 + LEVEL) / 2, (1 - LEVEL) / 2)
    )
    return Estimate(value, low, high)


def median(values: Sequence[float]) -> Estimate:
    """The median, with the interval between two order statistics.

    Source: Conover, Practical Nonparametric Statistics; it needs six values for 95 %.
    """
    if not len(values):
        return Estimate(None, why="nobody yet")
    value = float(np.median(values))
    interval = stats.quantile_test(values, q=value, p=0.5).confidence_interval(LEVEL)
    low, high = float(interval.low), float(interval.high)
    if not (math.isfinite(low) and math.isfinite(high)):
        return Estimate(value, why="the interval needs six learners")
    return Estimate(value, low, high)


def correlation(x: Sequence[float], y: Sequence[float]) -> Estimate:
    """Pearson's correlation, with Fisher's z interval (1921).

    Of an item's scores with the sum of the others it is the corrected item-total correlation, which
    Moodle calls discrimination index (Quiz statistics calculations). The interval is made for
    normal scores, so that it is approximate here.
    """
    if len(x) < FEWEST_FOR_CORRELATION:
        return Estimate(None, why=f"needs {FEWEST_FOR_CORRELATION} learners")
    if _constant(x) or _constant(y):
        return Estimate(None, why="all scores are the same")
    found = stats.pearsonr(x, y)
    value = float(found.statistic)
    if abs(value) > 1 - 1e-9:
        return Estimate(value, why="no interval where all points lie on a line")
    interval = found.confidence_interval(LEVEL)
    return Estimate(value, float(interval.low), float(interval.high))


def cronbach_alpha(scores: np.ndarray) -> Estimate:
    """Cronbach's alpha of points (learners, items), with Feldt's interval.

    Source: Cronbach (1951); Feldt (1965); Feldt, Woodruff and Salih (1987), formulas 6 and 7.
    """
    learners, items = scores.shape
    if items < 2 or learners < 3:
        return Estimate(None, why="needs two questions and three learners")
    totals = scores.sum(axis=1)
    if _constant(totals.tolist()):
        return Estimate(None, why="all learners have the same total")
    variances = scores.var(axis=0, ddof=1).sum()
    value = float(items / (items - 1) * (1 - variances / totals.var(ddof=1)))
    return feldt(value, learners, items)


def feldt(alpha: float, learners: int, items: int) -> Estimate:
    """A known alpha with its interval."""
    freedom = learners - 1, (learners - 1) * (items - 1)
    low, high = (
        1 - (1 - alpha) * float(stats.f.ppf(tail, *freedom))
        for tail in ((1 + LEVEL) / 2, (1 - LEVEL) / 2)
    )
    return Estimate(alpha, low, high)


def p_rises(x: Sequence[float], y: Sequence[float]) -> float:
    """How often chance alone lets ``y`` rise with ``x`` as much as it does: a permutation test.

    One-sided, exact for small classes and with 9,999 permutations from a fixed seed for others, so
    that ties and small numbers do no harm. 1 where it does not rise.
    """
    values, others = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    others = others - others.mean() if len(others) else others
    if len(values) < 2 or values @ others <= 1e-12:
        return 1.0
    found = stats.permutation_test(
        (values,),
        lambda one, axis=-1: (one * others).sum(axis=axis),
        permutation_type="pairings",
        alternative="greater",
        vectorized=True,
        n_resamples=_RESAMPLES,
        batch=2_000,
        rng=np.random.default_rng(_SEED),
    )
    return float(found.pvalue)


def p_differ(groups: Sequence[Sequence[float]]) -> float:
    """How often chance alone lets the means of groups differ as much as they do.

    A permutation test of the variance between groups, with a fixed seed.
    """

    def between(*samples: np.ndarray, axis: int = -1) -> np.ndarray:
        parts = [one.shape[axis] * one.mean(axis=axis) ** 2 for one in samples]
        return np.asarray(np.sum(parts, axis=0))

    found = stats.permutation_test(
        [np.asarray(one, dtype=float) for one in groups],
        between,
        permutation_type="independent",
        alternative="greater",
        vectorized=True,
        n_resamples=_RESAMPLES,
        batch=2_000,
        rng=np.random.default_rng(_SEED),
    )
    return float(found.pvalue)


def holm(values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values: below 5 %, at most one family in twenty has a false one.

    Source: Holm (1979).
    """
    order = sorted(range(len(values)), key=values.__getitem__)
    adjusted, least = [1.0] * len(values), 0.0
    for place, index in enumerate(order):
        least = max(least, min(1.0, values[index] * (len(values) - place)))
        adjusted[index] = least
    return adjusted


def thirds(scores: Mapping[str, float]) -> tuple[frozenset[str], frozenset[str]]:
    """The lower and the upper third of a class; both empty where it cannot be cut.

    Who has the same score as the last one of a third is in it too, so thirds can be larger.
    """
    ranked = sorted(scores.values())
    size = len(ranked) // 3
    if len(ranked) < FEWEST_FOR_THIRDS or ranked[size - 1] >= ranked[-size]:
        return frozenset(), frozenset()
    lower = frozenset(one for one, score in scores.items() if score <= ranked[size - 1])
    return lower, frozenset(one for one, score in scores.items() if score >= ranked[-size])


def _constant(values: Sequence[float]) -> bool:
    return len(values) < 2 or max(values) - min(values) < 1e-12


def _why_constant(values: Sequence[float]) -> str:
    return "needs two learners" if len(values) < 2 else "all are the same"
