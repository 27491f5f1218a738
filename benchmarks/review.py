"""Whether the review queue pays: simulated learners, the same effort, fixed intervals.

    python benchmarks/review.py [--learners 40]

Each learner begins two questions a day, 40 or 120 in all, and reviews what is due, ten tries a day
at most, for 60 days. The course's queue decides by itself when a question is due. The schedules
beside it are tried with longer and shorter intervals, so that each of them has a curve: what a
learner keeps at best with so many tries. What it keeps for as many tries as the queue took this
learner is read off that curve, between its two nearest points.

- every so many days: fixed intervals, whatever was answered;
- growing intervals: 1, 3, 7, 14 and 30 days, or these in proportion, whatever was answered;
- Leitner's boxes: the same intervals, and a wrong answer sends a question back to the first.

Every learner has a memory of their own, and every question a difficulty of its own. The queue knows
neither. Memories follow three models. How well each describes the reviews of real learners is known
from the public comparison open-spaced-repetition/srs-benchmark (10,000 users of Anki, 350 million
reviews; README at commit 00c9de5): the mean log loss of a learner's reviews, where guessing the
learner's average each time has 0.395.

- FSRS-6 (0.346): the learner's own parameters differ from the published ones, which the queue
  assumes, as much as the fitted parameters of that comparison's first 40 users do;
- DASH[ACT-R] (0.373): recall depends on the successes and failures so far, each of which fades as a
  power of time; parameters and their differences between learners from the same comparison;
- ACT-R with the spacing effect (0.403): Pavlik and Anderson (2005, doi
  10.1207/s15516709cog0000_14), their mean parameters and spreads of no source: the trace of every
  try decays as a power of time, and faster where the try came while the question was still fresh.

A question that is new is known 76 times in 100, as a card is to those users on its first review.
One time in five a learner who does not know the answer guesses right, and the schedule sees only
that. Printed is the share of the begun questions that would be recalled, while studying (the mean
of days 10, 20, ..., 60) and on day 90, a month after the last review, with 95 % intervals over
learners (normal approximation) of the queue's lead, learner by learner.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

import numpy as np
from fsrs import Card, Rating, Scheduler
from fsrs.scheduler import DEFAULT_PARAMETERS, LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS

from autograder.study.memory import Memory, after, rating
from autograder.study.queue import NEW_A_DAY, todays_queue
from autograder.study.record import Question

COUNTS = (40, 120)
QUESTIONS = [Question("course", f"q{number:03}") for number in range(max(COUNTS))]
SECONDS = dict.fromkeys(QUESTIONS, 60.0)
STUDY_DAYS, A_DAY = 60, 10
LOOKS = (10, 20, 30, 40, 50, 60)
LAST_LOOK = 90
GUESSED = 0.2
FIRST_KNOWN = 0.76
START = date(2026, 1, 1)
SEED = 11


class Learner(Protocol):
    """A memory of all questions."""

    def recall(self, question: int, day: float) -> float:
        """The chance that a question that was tried before is known."""
        ...

    def tried(self, question: int, day: float, known: bool) -> None: ...


class Fsrs6:
    """The three component model of FSRS-6, with parameters of the learner's own.

    Those that matter for right and wrong answers are drawn; how they vary and vary together was
    computed from the fitted parameters of 40 users.
    """

    def __init__(self, draw: np.random.Generator) -> None:
        first, growth, own = draw.normal(size=3)
        growth = 0.65 * first + np.sqrt(1 - 0.65**2) * growth
        parameters = np.array(DEFAULT_PARAMETERS)
        parameters[:4] *= np.exp(1.4 * first)  # the stability after the first try
        parameters[8] *= np.exp(0.25 * growth)  # and its growth with each success
        parameters[10] *= np.exp(0.35 * growth)
        parameters[20] *= np.exp(0.6 * own)  # how flat the curve of forgetting is
        parameters = np.clip(parameters, LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS)
        self.scheduler = Scheduler(
            parameters=parameters.tolist(), learning_steps=(), relearning_steps=()
        )
        self.ease = np.exp(draw.normal(0, 0.5, len(QUESTIONS)))
        self.cards: dict[int, Card] = {}

    def recall(self, question: int, day: float) -> float:
        return self.scheduler.get_card_retrievability(self.cards[question], _moment(day))

    def tried(self, question: int, day: float, known: bool) -> None:
        first = question not in self.cards
        card = Card(card_id=1) if first else self.cards[question]
        rated = Rating.Good if known else Rating.Again
        card, _ = self.scheduler.review_card(card, rated, _moment(day))
        if first:
            assert card.stability is not None
            card.stability *= self.ease[question]
        self.cards[question] = card


class Dash:
    """DASH[ACT-R]: the log odds of recall grow with the log of all faded tries."""

    def __init__(self, draw: np.random.Generator) -> None:
        mean, spread = (1.42, 0.52, -0.06, 1.92, 1.05), (0.43, 0.24, 1.05, 0.58, 0.55)
        own = draw.normal(mean, spread)
        self.weight, self.fading = np.clip(own[:2], 0.001, None)
        self.failure, self.success, self.base = own[2:]
        self.ease = draw.normal(0, 0.5, len(QUESTIONS))
        self.tries: list[list[tuple[float, bool]]] = [[] for _ in QUESTIONS]

    def recall(self, question: int, day: float) -> float:
        faded = sum(
            (self.success if known else self.failure) * max(day - then, 0.1) ** -self.fading
            for then, known in self.tries[question]
        )
        odds = self.weight * np.log1p(max(faded, 0)) + self.base + self.ease[question]
        return float(1 / (1 + np.exp(-odds)))

    def tried(self, question: int, day: float, known: bool) -> None:
        self.tries[question].append((day, known))


class ActR:
    """Activation ln(sum of age^-decay), decay = c * e^(activation then) + a.

    Time between days counts for a fortieth (Pavlik and Anderson, 2005: 0.025), in seconds.
    """

    def __init__(self, draw: np.random.Generator) -> None:
        self.intercept = draw.normal(0.177, 0.03)
        self.scale = np.clip(draw.normal(0.217, 0.04), 0.05, None)
        self.threshold = draw.normal(-0.704, 0.15)
        self.noise = 0.255
        self.ease = draw.normal(0, 0.25, len(QUESTIONS))
        self.traces: list[list[tuple[float, float]]] = [[] for _ in QUESTIONS]

    def _activation(self, question: int, day: float) -> float:
        traces = self.traces[question]
        if not traces:
            return -np.inf
        days, decays = np.array(traces).T
        ages = np.maximum((day - days) * 86400 * 0.025, 1)
        return float(np.log(np.sum(ages**-decays)))

    def recall(self, question: int, day: float) -> float:
        above = self._activation(question, day) + self.ease[question] - self.threshold
        return float(1 / (1 + np.exp(np.clip(-above / self.noise, -500, 500))))

    def tried(self, question: int, day: float, known: bool) -> None:
        decay = self.scale * np.exp(self._activation(question, day)) + self.intercept
        self.traces[question].append((day, decay))


class Schedule(Protocol):
    """Says what to try on a day, and learns what came of a try."""

    def todays(self, new: list[int], day: int) -> list[int]: ...
    def tried(self, question: int, day: int, right: bool) -> None: ...


class Queue:
    """The queue of the course: ``autograder.study``."""

    def __init__(self) -> None:
        self.memories: dict[Question, Memory] = {}

    def todays(self, new: list[int], day: int) -> list[int]:
        begin = [QUESTIONS[number] for number in new]
        queue = todays_queue(self.memories, begin, SECONDS, START + timedelta(day), A_DAY)
        return [int(question.item[1:]) for question in queue]

    def tried(self, question: int, day: int, right: bool) -> None:
        name = QUESTIONS[question]
        rated = rating(float(right), hints=0)
        self.memories[name] = after(self.memories.get(name), rated, START + timedelta(day))


class Intervals:
    """Intervals in days: the next one after each answer, or, with boxes, after each right one."""

    def __init__(self, intervals: tuple[float, ...], boxes: bool) -> None:
        self.intervals = intervals
        self.boxes = boxes
        self.step: dict[int, int] = {}
        self.due: dict[int, float] = {}

    def todays(self, new: list[int], day: int) -> list[int]:
        due = [one for one in sorted(self.due, key=self.due.__getitem__) if self.due[one] <= day]
        begin = new[:NEW_A_DAY]
        return due[: A_DAY - len(begin)] + begin

    def tried(self, question: int, day: int, right: bool) -> None:
        step = self.step.get(question, -1) + 1
        if self.boxes and not right:
            step = 0
        self.step[question] = min(step, len(self.intervals) - 1)
        self.due[question] = day + max(1.0, self.intervals[self.step[question]])


GROWING = (1, 3, 7, 14, 30)
PROPORTIONS = (0.3, 0.5, 0.7, 1, 1.4, 2, 2.8, 4)


def _in_proportion(boxes: bool) -> list[Callable[[], Schedule]]:
    return [
        lambda p=p: Intervals(tuple(p * days for days in GROWING), boxes)  # type: ignore[misc]
        for p in PROPORTIONS
    ]


#: For each kind of schedule, the one with the shortest intervals first.
OTHERS: dict[str, list[Callable[[], Schedule]]] = {
    "every so many days": [
        lambda days=days: Intervals((days,), boxes=False)  # type: ignore[misc]
        for days in (3, 4, 5, 7, 9, 12, 16, 21, 28, 40, 60)
    ],
    "growing intervals": _in_proportion(boxes=False),
    "Leitner's boxes": _in_proportion(boxes=True),
}


@dataclass(frozen=True)
class Kept:
    """What came of a learner's study: tries, and the shares of the begun questions recalled."""

    tries: int
    studying: float
    later: float


def study(learner: Learner, schedule: Schedule, count: int, draw: np.random.Generator) -> Kept:
    """Let a learner study ``count`` questions."""
    begun = tries = 0
    looks = []
    for day in range(STUDY_DAYS + 1):
        if day in LOOKS:
            looks.append(np.mean([learner.recall(question, day) for question in range(begun)]))
        if day == STUDY_DAYS:
            break
        for question in schedule.todays(list(range(begun, count)), day):
            first = question >= begun
            begun = max(begun, question + 1)
            known = draw.random() < (FIRST_KNOWN if first else learner.recall(question, day))
            learner.tried(question, day, known)
            schedule.tried(question, day, known or draw.random() < GUESSED)
            tries += 1
    later = np.mean([learner.recall(question, LAST_LOOK) for question in range(begun)])
    return Kept(tries, float(np.mean(looks)), float(later))


def compare(memory: Callable[[np.random.Generator], Learner], count: int, learners: int) -> None:
    """Let the same learners study under every schedule, and print what they keep."""

    def run(schedule: Callable[[], Schedule], number: int) -> Kept:
        own, luck = (np.random.default_rng([kind, number]) for kind in (SEED, SEED + 1))
        return study(memory(own), schedule(), count, luck)

    queue = [run(Queue, number) for number in range(learners)]
    tries = np.mean([kept.tries for kept in queue])
    print(f"  {count} questions, {tries:.0f} tries under the queue")
    _line("the queue keeps", [[kept.studying, kept.later] for kept in queue])
    for name, schedules in OTHERS.items():
        leads = []
        for number, kept in enumerate(queue):
            others = [run(schedule, number) for schedule in schedules]
            studying = kept.studying - _for_as_many(kept.tries, others, lambda one: one.studying)
            later = kept.later - _for_as_many(kept.tries, others, lambda one: one.later)
            leads.append([studying, later])
        _line(f"more than {name}", leads)


def _for_as_many(tries: int, others: list[Kept], share: Callable[[Kept], float]) -> float:
    """What schedules of one kind keep for so many tries, between the nearest points of their curve.

    A schedule that keeps less than another one that takes fewer tries is no point of the curve.
    """
    curve = sorted(others, key=lambda one: (one.tries, share(one)))
    best = np.maximum.accumulate([share(one) for one in curve])
    return float(np.interp(tries, [one.tries for one in curve], best))


def _line(name: str, shares: list[list[float]]) -> None:
    values = 100 * np.array(shares)
    halves = 1.96 * values.std(axis=0, ddof=1) / np.sqrt(len(values))
    looks = zip(("while studying", f"day {LAST_LOOK}"), values.mean(axis=0), halves, strict=True)
    text = "   ".join(f"{when}: {mean:+5.1f} ± {half:.1f} %" for when, mean, half in looks)
    print(f"    {name:30} {text}", flush=True)


def _moment(day: float) -> datetime:
    return datetime.combine(START, datetime.min.time(), UTC) + timedelta(hours=24 * day + 12)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learners", type=int, default=40)
    learners = parser.parse_args().learners
    for memory in (Fsrs6, Dash, ActR):
        print(f"{memory.__name__}, {learners} learners")
        for count in COUNTS:
            compare(memory, count, learners)


if __name__ == "__main__":
    main()
