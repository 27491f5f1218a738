"""Formulas: what stands between dollars has to be TeX that can be typeset."""

from __future__ import annotations

from collections.abc import Iterator

from autograder.checks.findings import Finding, numbered, texts
from autograder.markdown import FormulaError, formulas, mathml
from autograder.quiz import Quiz

#: Fields that are shown as they stand, or to nobody.
_NO_MARKDOWN = {"id", "type", "variant", "starter", "setup", "solution", "call", "expect"}


def problems(quiz: Quiz) -> Iterator[Finding]:
    """Formulas that learners would see as source text."""
    for loc, _, variants in numbered(quiz):
        for variant in variants:
            for place, text in texts(variant.model_dump(), loc):
                if "$" in text and place[-1] not in _NO_MARKDOWN:
                    for formula in formulas(text):
                        try:
                            mathml(formula, block=False)
                        except FormulaError as error:
                            message = (
                                f"the formula ${formula}$ cannot be typeset: {error}; mend it, "
                                "or write \\$ where a dollar is meant"
                            )
                            yield Finding(place, message)
