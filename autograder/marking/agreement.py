"""How far two graders agree: Cohen's kappa for each criterion and for the total."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.stats import binomtest, norm

from autograder.items import CaseStudy
from autograder.marking.marks import Mark

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Kappa:
    """An estimate with its 95 % interval; ``value`` is None where kappa is not defined.

    That is so where both graders gave every answer the same level. The interval is None where the
    estimate has no spread, as where they agree on everything.
    """

    value: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Agreement:
    """How far two graders agree on one scale.

    ``same`` is the share of answers with the same level, with Wilson's 95 % interval; ``weighted``
    is kappa with quadratic weights, for which a miss by two levels counts four times as much as one
    by one level. ``shift`` is the mean of second minus first, in points.
    """

    name: str
    answers: int
    same: float
    same_interval: tuple[float, float]
    kappa: Kappa
    weighted: Kappa
    shift: float


@dataclass(frozen=True)
class Difference:
    """An answer on which two graders differ: for each criterion the points of both."""

    answer: str
    first: Mark
    second: Mark
    criteria: Mapping[str, tuple[float, float]]

    @property
    def size(self) -> tuple[float, float]:
        """What decides which differences come first: in the total, then in all criteria."""
        apart = sum(abs(one - two) for one, two in self.criteria.values())
        return abs(self.first.points - self.second.points), apart


Pair = tuple[Mark, Mark]


def agreements(item: CaseStudy, pairs: Sequence[Pair]) -> list[Agreement]:
    """The agreement on each criterion and, last, on the total; ``pairs`` must not be empty."""
    scales = [[level.points for level in criterion.levels] for criterion in item.rubric]
    found = [
        _agreement(
            criterion.name,
            scale,
            [
                (scale[one.levels[criterion.id]], scale[two.levels[criterion.id]])
                for one, two in pairs
            ],
        )
        for criterion, scale in zip(item.rubric, scales, strict=True)
    ]
    totals = [round(sum(points), 3) for points in product(*scales)]
    return [*found, _agreement("Total", totals, [(one.points, two.points) for one, two in pairs])]


def differences(item: CaseStudy, pairs: Iterable[Pair]) -> list[Difference]:
    """The answers on which the graders differ, those that lie furthest apart first."""
    found = []
    for first, second in pairs:
        apart = {
            criterion.name: (
                criterion.levels[first.levels[criterion.id]].points,
                criterion.levels[second.levels[criterion.id]].points,
            )
            for criterion in item.rubric
            if first.levels[criterion.id] != second.levels[criterion.id]
        }
        if apart:
            found.append(Difference(first.answer, first, second, apart))
    return sorted(found, key=lambda one: (one.size, one.answer), reverse=True)


def _agreement(
    name: str, scale: Iterable[float], points: Sequence[tuple[float, float]]
) -> Agreement:
    """The agreement on a scale; ``points`` are what both gave each answer."""
    steps = {value: rank for rank, value in enumerate(sorted(set(scale)))}
    first, second = ([steps[value] for value in column] for column in zip(*points, strict=True))
    same = sum(one == two for one, two in points)
    interval = binomtest(same, len(points)).proportion_ci(_CONFIDENCE, method="wilson")
    return Agreement(
        name,
        len(points),
        same / len(points),
        (float(interval.low), float(interval.high)),
        kappa(first, second, len(steps)),
        kappa(first, second, len(steps), quadratic=True),
        sum(two - one for one, two in points) / len(points),
    )


def kappa(
    first: Sequence[int],
    second: Sequence[int],
    levels: int,
    *,
    quadratic: bool = False,
) -> Kappa:
    """Cohen's kappa of two graders, and its large-sample interval.

    Parameters
    ----------
    first, second
        For each answer the step on the scale, from 0 to ``levels - 1``.

    The estimate is scikit-learn's. The variance is that of Fleiss, Cohen and Everitt (1969,
    Psychological Bulletin 72, 323-327), which holds for weighted kappa, too; limits outside
    [-1, 1] are cut.
    """
    from sklearn.metrics import cohen_kappa_score, confusion_matrix  # takes a second

    labels = list(range(levels))
    with warnings.catch_warnings():  # of a kappa that is not defined
        warnings.simplefilter("ignore")
        value = float(
            cohen_kappa_score(
                first, second, labels=labels, weights="quadratic" if quadratic else None
            )
        )
    if not math.isfinite(value):
        return Kappa(None, None)
    shares = confusion_matrix(first, second, labels=labels) / len(first)
    apart = np.subtract.outer(labels, labels)
    weights = 1 - (apart / (levels - 1)) ** 2 if quadratic else (apart == 0).astype(float)
    error = _standard_error(shares, weights, value, len(first))
    if error < 1e-9:
        return Kappa(value, None)
    reach = norm.ppf((1 + _CONFIDENCE) / 2) * error
    return Kappa(value, (max(-1.0, value - reach), min(1.0, value + reach)))


def _standard_error(shares: np.ndarray, weights: np.ndarray, value: float, count: int) -> float:
    """The standard error of weighted kappa.

    ``shares`` and ``weights`` are (levels, levels): of the answers, and of agreement from 0 to 1.
    """
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    expected = rows @ weights @ columns
    means = (weights @ columns)[:, None] + (rows @ weights)[None, :]
    spread = (shares * (weights - means * (1 - value)) ** 2).sum()
    variance = (spread - (value - expected * (1 - value)) ** 2) / (count * (1 - expected) ** 2)
    return math.sqrt(max(0.0, variance))
