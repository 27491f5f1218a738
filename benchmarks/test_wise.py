"""What a reader earns who knows how tests are written and nothing else.

    python benchmarks/test_wise.py [quiz ...]

Each rule picks an option without understanding the question: the longest one, the one with most
hedging words, the odd one out, the one that shares most words with the stem. It is tried on every
choice question, on every blank with options and on every prompt of a matching question, in each
variant that learners get, and compared with picking at random. A bank in which no rule is far from
chance cannot be solved without reading.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from autograder.items import AnyItem
from autograder.items.cloze import ChoiceBlank, Cloze
from autograder.items.matching import Matching
from autograder.items.multiple_select import MultipleSelect
from autograder.items.single_choice import SingleChoice
from autograder.quiz import QUIZ_FILE, load_quiz

SOURCE = Path(__file__).parent.parent / "source"
HEDGES = re.compile(
    r"\b(?:may|might|can|could|often|usually|mostly|typically|generally|probably|likely|"
    r"sometimes|some|many|most|tends?|depends?|unless|roughly|about|almost)\b"
)


@dataclass(frozen=True)
class Question:
    """A question with options, and the places of those that are right."""

    stem: str
    options: tuple[str, ...]
    right: frozenset[int]


Rule = Callable[[Question], Sequence[float]]


def longest(question: Question) -> Sequence[float]:
    return [len(option) for option in question.options]


def hedged(question: Question) -> Sequence[float]:
    return [len(HEDGES.findall(option.lower())) for option in question.options]


def odd_one_out(question: Question) -> Sequence[float]:
    """The option whose words resemble those of the others least."""
    vectors = TfidfVectorizer(token_pattern=r"\w+").fit_transform(question.options).toarray()
    return list(-(vectors @ vectors.T).sum(axis=1))


def overlap(question: Question) -> Sequence[float]:
    """The option that shares the largest part of its words with the stem."""
    stem = set(re.findall(r"\w+", question.stem.lower()))
    words = [set(re.findall(r"\w+", option.lower())) for option in question.options]
    return [len(one & stem) / max(1, len(one)) for one in words]


RULES: dict[str, Rule] = {
    "longest option": longest,
    "most hedged": hedged,
    "odd one out": odd_one_out,
    "most overlap with the stem": overlap,
}


def questions(item: AnyItem) -> Iterator[Question]:
    """The choices that an item asks for."""
    if isinstance(item, SingleChoice | MultipleSelect):
        yield _question(item.stem, item.options)
    elif isinstance(item, Matching):
        names = [option.id for option in item.options]
        texts = tuple(option.text for option in item.options)
        for prompt in item.prompts:
            yield Question(prompt.text, texts, frozenset([names.index(prompt.match)]))
    elif isinstance(item, Cloze):
        for blank in item.blanks:
            if isinstance(blank, ChoiceBlank):
                yield _question(item.stem, blank.options)


def _question(stem: str, options: Sequence[Any]) -> Question:
    right = frozenset(place for place, option in enumerate(options) if option.correct)
    return Question(stem, tuple(option.text for option in options), right)


def earned(question: Question, rule: Rule) -> float:
    """The share of right options among those that the rule likes best."""
    likes = np.asarray(rule(question), dtype=float)
    best = np.flatnonzero(likes >= likes.max() - 1e-12)
    return float(np.mean([place in question.right for place in best]))


def score(bank: Sequence[Sequence[Question]], rule: Rule | None) -> float:
    """Mean over items; an item's questions (its pairs, its variants) count as one together."""
    items = [
        np.mean([earned(q, rule) if rule else len(q.right) / len(q.options) for q in item])
        for item in bank
    ]
    return float(np.mean(items))


def read_bank(names: Sequence[str]) -> list[list[Question]]:
    """The questions of each item of some quizzes, or of all."""
    bank = []
    for name in names or sorted(path.parent.name for path in SOURCE.glob(f"*/{QUIZ_FILE}")):
        quiz = load_quiz(SOURCE / name / QUIZ_FILE)
        for item in quiz.items:
            variants = quiz.variants.get(item.id, [item])
            found = [question for one in variants for question in questions(one)]
            if found:
                bank.append(found)
    return bank


def main() -> None:
    bank = read_bank(sys.argv[1:])
    chance = score(bank, None)
    print(f"{len(bank)} items with options; at random {chance:.3f}")
    for name, rule in RULES.items():
        got = score(bank, rule)
        print(f"{name:28} {got:.3f}   {100 * (got - chance):+.1f} points from chance")


if __name__ == "__main__":
    main()
