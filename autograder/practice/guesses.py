"""A machine's guess of which criteria a free-text answer touches: advice, no part of any grade.

Whatever guesses is handed in (``open_practice(..., guesser=...)``), so nothing here needs a model.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from autograder.errors import AutograderError
from autograder.items import CaseStudy

_LONGEST = 160


class Guesser(Protocol):
    """What guesses; ``downstream.coverage.load_guesser()`` gives the course's own."""

    @property
    def measured(self) -> str:
        """How far the guesses can be trusted: a sentence or two that the learner reads."""

    def __call__(self, answer: str, points: Sequence[Sequence[str]], /) -> Sequence[str]:
        """For each point the sentence of the answer that seems to touch it, or an empty text.

        A point is given in one or more wordings: the texts of a criterion's levels.
        """


@dataclass(frozen=True)
class Guesses:
    """What is said to the learner: of all guesses, and under each criterion of the rubric."""

    preface: str
    of_criteria: tuple[str, ...]


def require_measured(guesser: Guesser) -> None:
    """Refuse a guesser that does not say how far it can be trusted.

    Raises
    ------
    AutograderError
        Where it has no text ``measured``.
    """
    measured = getattr(guesser, "measured", None)
    if not isinstance(measured, str) or not measured.strip():
        raise AutograderError(
            f"guesser: {type(guesser).__name__} has no text `measured`. Give it one that says how "
            "often its guesses agree with a person: learners read it with each guess"
        )


def guess(guesser: Guesser, item: CaseStudy, answer: str) -> Guesses:
    """Ask the guesser; where it fails, the guesses say why and the rubric stands alone."""
    points = [[level.text for level in criterion.levels] for criterion in item.rubric]
    try:
        found = list(guesser(answer, points))
        if len(found) != len(points):
            raise ValueError(f"{len(found)} guesses for {len(points)} criteria")
        said = tuple(map(_words, found))
    except Exception as error:
        why = f"{type(error).__name__}: {error}".rstrip(".: ")
        return Guesses(f"There is no machine's guess of your text ({why}).", ("",) * len(points))
    preface = (
        "Under each heading stands a machine's guess of whether your text speaks to it, rightly or "
        f"wrongly. It is no part of any grade. {guesser.measured.strip()}"
    )
    return Guesses(preface, said)


def _words(sentence: str) -> str:
    if not sentence.strip():
        return "A machine's guess: your text does not seem to touch this."
    shown = textwrap.shorten(sentence, _LONGEST, placeholder=" …")
    return f"A machine's guess: your text seems to touch this, in “{shown}”"
