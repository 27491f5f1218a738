"""The calculator of costs, against sums worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from downstream.costs import Cost, Prices, Way, break_even, cost

PRICES = Prices(label=0.5, hour=1.8, million_tokens=2.0)
HEAD = Way("head", labels=400, training_seconds=200, query_seconds=0.02)
PROMPT = Way("prompt", labels=40, query_tokens=300)


def test_the_parts_add_up() -> None:
    got = cost(HEAD, PRICES, 1_000_000)
    assert got == Cost(pytest.approx(200.0), pytest.approx(0.1), pytest.approx(10.0))
    assert got.total == pytest.approx(210.1)
    assert cost(PROMPT, PRICES, 1_000_000).total == pytest.approx(20 + 600)


def test_a_cheap_start_and_dear_queries_meet_a_dear_start_and_cheap_queries() -> None:
    queries = break_even(PROMPT, HEAD, PRICES)
    assert queries == pytest.approx(180.1 / (0.0006 - 0.00001))
    assert cost(PROMPT, PRICES, queries).total == pytest.approx(cost(HEAD, PRICES, queries).total)
    assert break_even(HEAD, PROMPT, PRICES) == pytest.approx(queries)


@pytest.mark.parametrize("other", [HEAD, Way("worse", 500, 200, 0.03)])
def test_where_one_is_never_dearer_nothing_is_even(other: Way) -> None:
    assert break_even(HEAD, other, PRICES) is None


def test_negative_queries_are_refused() -> None:
    with pytest.raises(ValueError, match="not -1"):
        cost(HEAD, PRICES, -1)


@given(
    st.integers(0, 1000),
    st.floats(0, 1e4),
    st.floats(0, 10),
    st.integers(0, 5000),
    st.integers(0, 10**7),
)
def test_more_queries_never_cost_less(
    labels: int, training: float, seconds: float, tokens: int, queries: int
) -> None:
    way = Way("any", labels, training, seconds, tokens)
    assert cost(way, PRICES, queries + 1).total >= cost(way, PRICES, queries).total >= 0
