"""Agreement of two graders, against published worked examples, and as the command prints it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.errors import AutograderError
from autograder.marking import Desk
from autograder.marking.agreement import _standard_error, kappa


def spread(table: list[list[int]]) -> tuple[list[int], list[int]]:
    """The two graders' levels, answer by answer, that a table counts."""
    pairs = [
        (row, column)
        for row, counts in enumerate(table)
        for column, count in enumerate(counts)
        for _ in range(count)
    ]
    first, second = zip(*pairs, strict=True)
    return list(first), list(second)


def test_the_example_of_fleiss_levin_and_paik() -> None:
    # Statistical Methods for Rates and Proportions, chapter 18: 100 diagnoses by two raters,
    # kappa = 0.68 with the standard error 0.087.
    found = kappa(*spread([[75, 1, 4], [5, 4, 1], [0, 0, 10]]), 3)
    assert found.value == pytest.approx(0.676, abs=5e-4)
    assert found.interval is not None
    assert (found.interval[1] - found.interval[0]) / 2 / 1.96 == pytest.approx(0.087, abs=1e-3)


def test_the_example_of_sas() -> None:
    # PROC FREQ's printout for the table that statsmodels tests against: simple kappa 0.4842
    # (0.2137 to 0.7547); with linear weights, standard error 0.1457 at 0.4701.
    table = [[0, 4, 1], [0, 8, 0], [0, 1, 5]]
    found = kappa(*spread(table), 3)
    assert found.value == pytest.approx(0.4842, abs=5e-5)
    assert found.interval == pytest.approx((0.2137, 0.7547), abs=5e-5)
    linear = 1 - abs(np.subtract.outer(range(3), range(3))) / 2
    shares = np.array(table) / 19
    assert _standard_error(shares, linear, 0.470125, 19) == pytest.approx(0.1457, abs=5e-5)


def test_the_example_of_r_irr_with_quadratic_weights() -> None:
    # irr::kappa2(anxiety[, 2:3], "squared") = 0.2520325; irr drops the level that nobody gave.
    first = [3, 6, 4, 6, 2, 4, 2, 4, 3, 3, 2, 3, 3, 3, 2, 2, 1, 3, 3, 4]
    second = [2, 1, 4, 4, 3, 2, 1, 6, 1, 1, 1, 2, 3, 3, 1, 1, 3, 3, 2, 2]
    levels = sorted({*first, *second})
    steps = {level: place for place, level in enumerate(levels)}
    found = kappa(
        [steps[one] for one in first], [steps[one] for one in second], len(levels), quadratic=True
    )
    assert found.value == pytest.approx(0.2520325, abs=5e-7)


def test_where_kappa_says_nothing_it_says_so() -> None:
    assert kappa([1] * 9, [1] * 9, 3).value is None
    whole = kappa([0, 1, 2, 1], [0, 1, 2, 1], 3)
    assert (whole.value, whole.interval) == (1, None)
    weighted = kappa([0, 1, 2, 1], [0, 1, 2, 0], 3, quadratic=True)
    assert weighted.interval is not None and weighted.interval[1] <= 1


def test_the_command_compares_what_two_graders_chose(course: Path) -> None:
    result = CliRunner().invoke(app, ["agreement", "small"])
    assert isinstance(result.exception, AutograderError)
    assert "no answer has the marks of two graders" in str(result.exception)

    first = Desk("small", None, "ann")
    for place, answer in enumerate(sorted(first.answers(), key=lambda one: one.text)):
        levels = {"choice": place % 3, "reasons": place % 2}
        first.mark(answer.id, levels, "", answer.held)
    second = Desk("small", None, "ben", "second", sample=10)
    for place, answer in enumerate(second.answers()):
        chosen = next(one for one in first.answers() if one.id == answer.id).mark
        assert chosen is not None
        levels = dict(chosen.levels) if place else {**chosen.levels, "reasons": 2}
        second.mark(answer.id, levels, "", None)
    result = CliRunner().invoke(app, ["agreement", "small", "case"], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    rows = {
        cells[0].strip(): [cell.strip() for cell in cells[1:]]
        for line in result.output.splitlines()
        if (cells := line.strip("│┃ ").split("│"))[1:]
    }
    whole = "1.00 [no interval]"
    assert rows["The choice"][:4] == ["10", "100% [72%, 100%]", whole, whole]
    assert rows["The reasons"][1].startswith("90% [")
    assert rows["Total"][0] == "10"
    assert "They differ on 1 of 10 answers" in result.output
    assert "10 answers are few" in result.output
    assert f"{second.answers()[0].code}: " in result.output
