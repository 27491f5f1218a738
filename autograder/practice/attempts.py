"""An attempt at a question: the answer, the hints that were taken, and what it is worth."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from autograder.grading import Graded, score
from autograder.items import AnyItem, CaseStudy, Remark
from autograder.items.case_study import CaseStudyResponse
from autograder.practice.guesses import Guesser, Guesses, guess
from autograder.sandbox import judge_or_wait


class Attempt:
    """One attempt after another at one question, each with a variant drawn anew.

    Parameters
    ----------
    variants
        All variants of the item; a single one where it has no parameters.
    draw
        Where the choice of variants comes from.
    record
        Is called with the attempt after every try, and returns what the learner should know of it
        beside the verdict: why it is not recorded, for example.
    guesser
        Guesses, when a case study is checked, which criteria the answer touches.
    """

    def __init__(
        self,
        variants: Sequence[AnyItem],
        draw: random.Random,
        record: Callable[[Attempt], str] | None = None,
        guesser: Guesser | None = None,
    ) -> None:
        self._variants = variants
        self._draw = draw
        self._record = record
        self._guesser = guesser
        self.item = draw.choice(variants)
        self._begin()

    @property
    def has_variants(self) -> bool:
        return len(self._variants) > 1

    def again(self) -> None:
        """Begin again, with another variant than before where there is one."""
        others = [one for one in self._variants if one is not self.item]
        self.item = self._draw.choice(others or list(self._variants))
        self._begin()

    def _begin(self) -> None:
        self.response: object = None
        self.graded: Graded | None = None
        self.guesses: Guesses | None = None
        self.checks = 0
        #: Answers that were judged, and the wish to see the answer.
        self.tries = 0
        self.note = ""
        self.begun = time.monotonic()
        self.hints: list[str] = []
        self.given_up = False
        read_again = ", ".join(self.item.sections)
        first = [f"To read again: section {read_again}."] if read_again else []
        self._further = first + self.item.hints()

    def respond(self, response: object) -> None:
        """Take an answer; what was said of another one no longer holds."""
        if response != self.response:
            self.response, self.graded, self.guesses = response, None, None

    def check(self) -> Graded:
        """Judge the answer as grading would; code runs in the sandbox."""
        graded = self._judge()
        if graded.score.state in ("graded", "waiting"):
            self._tried()
        if self._guesser and isinstance(self.item, CaseStudy) and graded.score.state == "waiting":
            answer = CaseStudyResponse.model_validate(self.response)
            self.guesses = guess(self._guesser, self.item, answer.text)
        return graded

    def give_up(self) -> None:
        """Let the key be shown."""
        told = self.tells_key
        self.given_up = True
        if self.graded is None:
            self._judge()
        if not told:
            self._tried()

    def _judge(self) -> Graded:
        found = score(self.item, self.response, judge_or_wait)
        self.graded = Graded(self.item, self.response, found, None)
        self.checks += 1
        return self.graded

    def _tried(self) -> None:
        self.tries += 1
        self.note = self._record(self) if self._record else ""

    @property
    def tells_key(self) -> bool:
        """Whether the key may be shown: the learner solved it, gave up, or is to judge it."""
        if self.given_up or self.graded is None:
            return self.given_up
        return self.graded.score.fraction == 1 or isinstance(self.item, CaseStudy)

    @property
    def remarks(self) -> list[Remark]:
        """What is said of the parts of the answer; nothing of the key while it is withheld."""
        if self.graded is None:
            return []
        found = self.graded.score.remarks
        if self.tells_key:
            return list(found)
        wrong = (replace(one, text=one.early or "") for one in found if one.early is not None)
        return [one for one in found if one.right] + [one for one in wrong if one.right is False]

    @property
    def has_hints(self) -> bool:
        return bool(self._further)

    def hint(self) -> str:
        """One more hint (Markdown), from the vague to the plain; empty where there is none left."""
        if not self._further:
            return ""
        self.hints.append(self._further.pop(0))
        return self.hints[-1]
