"""Where to start: which chapters a dozen answers show to be known already, and how surely.

A chapter is known or it is not. Who knows it answers its question wrong in one case of ten (a
slip); who does not is right by luck now and then (a guess). From even odds, Bayes' rule gives how
probable it is that the chapter is known: the model of slips and guesses of Junker and Sijtsma,
"Cognitive assessment models with few assumptions", Applied Psychological Measurement 25 (2001), for
one skill.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from autograder.items import AnyItem, SingleChoice

SLIP = 0.1
#: How often luck alone gets a question right that has many answers.
GUESS = 0.05
#: From which share of the points on an answer counts as right.
RIGHT_FROM = 0.8
#: From which probability on a chapter may be skipped: a right answer to a question with four
#: options reaches it, and nothing less does.
SKIP_FROM = 0.75


@dataclass(frozen=True)
class Answered:
    """An answer: whether it is right, how often luck would make it so, the question's sections."""

    right: bool
    guess: float
    sections: tuple[str, ...]

    @classmethod
    def of(cls, item: AnyItem, fraction: float) -> Answered:
        """The answer to an item that earned this fraction of its points."""
        guess = 1 / len(item.options) if isinstance(item, SingleChoice) else GUESS
        return cls(fraction >= RIGHT_FROM, guess, tuple(item.sections))

    @property
    def chapter(self) -> int:
        return int(self.sections[0].split(".")[0])


@dataclass(frozen=True)
class Chapter:
    """What the answers say of a chapter: how probable it is that it is known.

    ``right`` and ``wrong`` are the sections of the questions that were answered so.
    """

    number: int
    known: float
    right: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def may_skip(self) -> bool:
        return self.known >= SKIP_FROM


@dataclass(frozen=True)
class Suggestion:
    """Where to start: the first chapter that is not known, 0 where all that were asked are."""

    chapters: tuple[Chapter, ...]

    @property
    def start(self) -> int:
        return next((one.number for one in self.chapters if not one.may_skip), 0)

    @property
    def sure(self) -> float:
        """How probable it is that all before the start is known, and the start is not."""
        before = [one for one in self.chapters if not self.start or one.number < self.start]
        first = [1 - one.known for one in self.chapters if one.number == self.start]
        return math.prod([one.known for one in before] + first)

    def lines(self) -> list[str]:
        """The suggestion in sentences."""
        said = [self._opening()]
        skipped = [one for one in self.chapters if one.may_skip]
        later = [one for one in skipped if self.start and one.number > self.start]
        if later:
            said.append(f"Further on you may skip {_chapters(later)}.")
        read = [one for one in self.chapters if not one.may_skip]
        for one in read:
            if one.wrong:
                text = f"In chapter {one.number}, begin with {_sections(one.wrong)}"
                known = f"; {_sections(one.right)} you may skip" if one.right else ""
                said.append(f"{text}{known}.")
        said.append(
            "Each chapter has one to three questions here, so take this as advice: who skips a "
            "chapter can try the question at its end."
        )
        return said

    def _opening(self) -> str:
        sure = f"{_words(self.sure)} ({100 * self.sure:.0f} %)"
        if not self.start:
            return (
                f"You were right in every chapter. That you know all of them is {sure}: try the "
                "final quiz."
            )
        before = [one for one in self.chapters if one.number < self.start]
        known = f"You may skip {_chapters(before)}. " if before else ""
        return f"{known}Start with chapter {self.start}. That this is the right place is {sure}."

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th scope='row'>Chapter {one.number}</th><td>{100 * one.known:.0f} %</td>"
            f"<td>{'may be skipped' if one.may_skip else 'read it'}</td></tr>"
            for one in self.chapters
        )
        said = "".join(f"<p>{escape(line)}</p>" for line in self.lines())
        head = "<tr><th scope='col'>Chapter</th><th scope='col'>Known, probably</th>"
        return f"{said}<table><thead>{head}<th scope='col'>Advice</th></tr></thead>{rows}</table>"


def suggest(answers: Sequence[Answered]) -> Suggestion:
    """Where to start after these answers; a question that was left open is a wrong answer."""
    by_chapter: Mapping[int, list[Answered]] = defaultdict(list)
    for one in answers:
        by_chapter[one.chapter].append(one)
    return Suggestion(tuple(_judge(number, found) for number, found in sorted(by_chapter.items())))


def _judge(number: int, answers: Sequence[Answered]) -> Chapter:
    odds = 1.0
    for one in answers:
        odds *= (1 - SLIP) / one.guess if one.right else SLIP / (1 - one.guess)
    right = [section for one in answers if one.right for section in one.sections]
    wrong = [section for one in answers if not one.right for section in one.sections]
    return Chapter(number, odds / (1 + odds), tuple(right), tuple(wrong))


def _words(probability: float) -> str:
    for least, words in ((0.9, "quite sure"), (0.7, "likely"), (0.5, "more likely than not")):
        if probability >= least:
            return words
    return "less likely than not"


def _chapters(found: Sequence[Chapter]) -> str:
    return _listed("chapter", [str(one.number) for one in found])


def _sections(found: Sequence[str]) -> str:
    return _listed("section", found)


def _listed(word: str, names: Sequence[str]) -> str:
    *most, last = names
    return f"{word}s {', '.join(most)} and {last}" if most else f"{word} {last}"
