"""The statistics against published examples, and where there is nothing to work out."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.reports import statistics
from autograder.reports.statistics import Estimate

#: Binary scores of twelve learners on eleven questions: the example of pingouin's documentation
#: (``cronbach_wide_missing``), with its four gaps filled by the median of the column.
ANSWERS = [
    "11111111111",
    "11111111010",
    "10111111100",
    "11101101100",
    "11111000100",
    "01101111000",
    "11110010000",
    "11111000000",
    "01011000010",
    "10010100000",
    "11100000000",
    "10010000000",
]
SCORES = np.array([[int(one) for one in row] for row in ANSWERS])


def ends(one: Estimate) -> tuple[float, float]:
    assert one.low is not None and one.high is not None
    return one.low, one.high


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_proportion_as_in_newcombe_1998(
    successes: int, count: int, low: float, high: float
) -> None:
    found = statistics.proportion(successes, count)
    assert found.value == successes / count
    assert ends(found) == pytest.approx((low, high), abs=5e-5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_proportion_of_parts_is_never_narrower_than_the_large_sample_interval(
    scores: list[float],
) -> None:
    low, high = ends(statistics.proportion(sum(scores), len(scores)))
    assert 0 <= low <= high <= 1
    half = 1.959963984540054 * float(np.std(scores)) / math.sqrt(len(scores))
    z = 1.959963984540054**2 / len(scores)
    assert (high - low) / 2 >= half / (1 + z) - 1e-9


def test_alpha_as_in_pingouins_documentation() -> None:
    """There: ``(0.7380191693290734, array([0.447, 0.911]))``."""
    found = statistics.cronbach_alpha(SCORES)
    assert found.value == pytest.approx(0.7380191693290734, abs=1e-12)
    assert ends(found) == pytest.approx((0.447, 0.911), abs=5e-4)


def test_feldt_interval_as_in_the_wiki_of_mrc_cbu() -> None:
    """imaging.mrc-cbu.cam.ac.uk/statswiki/FAQ/cafun: alpha 0.913, 873 people, 20 questions."""
    found = statistics.feldt(0.913, learners=873, items=20)
    assert ends(found) == pytest.approx((0.9044024, 0.9211588), abs=5e-8)


def test_corrected_item_total_correlation_by_henryssons_formula() -> None:
    """Henrysson (1963): (r s_t - s_i) / sqrt(s_i^2 + s_t^2 - 2 r s_i s_t), from the total."""
    total = SCORES.sum(axis=1)
    for item in range(1, SCORES.shape[1] - 1):
        column = SCORES[:, item]
        r = np.corrcoef(column, total)[0, 1]
        s_i, s_t = column.std(ddof=1), total.std(ddof=1)
        expected = (r * s_t - s_i) / math.sqrt(s_i**2 + s_t**2 - 2 * r * s_i * s_t)
        found = statistics.correlation(column.tolist(), (total - column).tolist())
        assert found.value == pytest.approx(expected)


def test_correlation_as_in_hollander_and_wolfe() -> None:
    """Tuna quality, the example of R's ``cor.test``."""
    lightness = [44.4, 45.9, 41.9, 53.3, 44.7, 44.1, 50.7, 45.2, 60.1]
    score = [2.6, 3.1, 2.5, 5.0, 3.6, 4.0, 5.2, 2.8, 3.8]
    found = statistics.correlation(lightness, score)
    assert found.value == pytest.approx(0.5711816, abs=5e-8)
    assert ends(found) == pytest.approx((-0.1497426, 0.8955795), abs=5e-8)


@pytest.mark.parametrize(("count", "low", "high"), [(6, 1, 6), (10, 2, 9), (20, 6, 15)])
def test_median_between_the_ranks_of_campbell_and_gardner_1988(
    count: int, low: int, high: int
) -> None:
    found = statistics.median([float(one) for one in range(1, count + 1)])
    assert ends(found) == (low, high)


def test_mean_as_in_students_sleep_data() -> None:
    """Student (1908), R's ``t.test`` of the paired ``sleep`` data: 1.58, 0.7001142 to 2.4598858."""
    found = statistics.mean([1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4])
    assert found.value == pytest.approx(1.58)
    assert ends(found) == pytest.approx((0.7001142, 2.4598858), abs=5e-8)


def test_deviation_covers_the_true_one_as_often_as_it_says() -> None:
    draw = np.random.default_rng(1)
    found = [ends(statistics.deviation(draw.normal(50, 10, 12).tolist())) for _ in range(1000)]
    assert 0.93 <= np.mean([low <= 10 <= high for low, high in found]) <= 0.97


def test_holm_as_in_its_textbook_example() -> None:
    """R's ``p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")``."""
    assert statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert statistics.holm([]) == []


def test_permutation_tests_are_exact_in_small_classes() -> None:
    assert statistics.p_rises([1, 2, 3, 4, 5], [10, 20, 30, 40, 50]) == pytest.approx(1 / 120)
    assert statistics.p_rises([5, 4, 3, 2, 1], [10, 20, 30, 40, 50]) == 1
    assert statistics.p_rises([True, False], [1, 1]) == 1
    assert statistics.p_rises([], []) == 1
    groups = [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]
    assert statistics.p_differ(groups) == pytest.approx(2 / 20)  # either group may be the better


def test_chance_alone_is_seldom_called_significant() -> None:
    draw = random.Random(3)
    found = []
    for _ in range(200):
        picked = [draw.random() < 0.4 for _ in range(12)]
        found.append(statistics.p_rises(picked, [float(draw.randint(0, 8)) for _ in range(12)]))
    assert sum(p < 0.05 for p in found) <= 20


def test_thirds_share_nobody_and_include_ties() -> None:
    scores = dict(zip("abcdefghi", [1.0, 2.0, 3.0, 3.0, 5.0, 6.0, 7.0, 7.0, 9.0], strict=True))
    lower, upper = statistics.thirds(scores)
    assert lower == set("abcd")
    assert upper == set("ghi")
    assert statistics.thirds(dict.fromkeys("abcdefgh", 4.0)) == (frozenset(), frozenset())
    assert statistics.thirds({"a": 1.0, "b": 2.0}) == (frozenset(), frozenset())


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_small_classes_get_a_reason_and_never_a_nan(count: int) -> None:
    values = [0.25, 0.75, 0.5][:count]
    found = [
        statistics.proportion(sum(values), count),
        statistics.mean(values),
        statistics.median(values),
        statistics.deviation(values),
        statistics.correlation(values, values),
        statistics.correlation([1.0] * 9, [float(n) for n in range(9)]),
        statistics.cronbach_alpha(np.ones((count, 4))),
        statistics.cronbach_alpha(np.ones((count, 0))),
    ]
    for one in found:
        numbers = [value for value in (one.value, one.low, one.high) if value is not None]
        assert all(map(math.isfinite, numbers))
        assert len(numbers) == 3 or one.why
