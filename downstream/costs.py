"""What it costs to adapt a model to a task and to use it: labels, training, queries.

A rough calculator for choosing among strategies. Every assumption is a field with a unit; nothing
is hidden, and nothing here is a price list.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Prices:
    """What the parts cost, in one currency.

    Attributes
    ----------
    label
        One labelled example.
    hour
        One hour of the machine that trains and serves one's own models.
    million_tokens
        A million tokens sent to a model that somebody else runs.
    """

    label: float
    hour: float
    million_tokens: float


@dataclass(frozen=True)
class Way:
    """One way of solving a task.

    Attributes
    ----------
    name
        For tables.
    labels
        Labelled examples that it needs, those for choosing settings or prompts among them.
    training_seconds
        Time on one's own machine to adapt the model, all tries included.
    query_seconds
        Time on one's own machine for one query; 0 where somebody else runs the model.
    query_tokens
        Tokens sent to somebody else's model for one query; 0 where one runs it oneself.
    """

    name: str
    labels: int
    training_seconds: float = 0.0
    query_seconds: float = 0.0
    query_tokens: int = 0


@dataclass(frozen=True)
class Cost:
    """The parts of a sum, in the currency of the prices."""

    labelling: float
    training: float
    serving: float

    @property
    def total(self) -> float:
        """All parts together."""
        return self.labelling + self.training + self.serving


def cost(way: Way, prices: Prices, queries: float) -> Cost:
    """Return what a way costs for a number of queries.

    Raises
    ------
    ValueError
        If the number of queries is negative.
    """
    if queries < 0:
        raise ValueError(f"the number of queries is 0 or more, not {queries}")
    return Cost(
        way.labels * prices.label,
        way.training_seconds / 3600 * prices.hour,
        queries * _query(way, prices),
    )


def break_even(first: Way, second: Way, prices: Prices) -> float | None:
    """Return the number of queries at which two ways cost the same.

    None where one of them is the cheaper one for every number of queries, or both always cost the
    same.
    """
    gap = cost(second, prices, 0).total - cost(first, prices, 0).total
    slope = _query(first, prices) - _query(second, prices)
    if slope == 0 or gap / slope < 0:
        return None
    return gap / slope


def _query(way: Way, prices: Prices) -> float:
    """The cost of one query."""
    own = way.query_seconds / 3600 * prices.hour
    return own + way.query_tokens / 1_000_000 * prices.million_tokens
