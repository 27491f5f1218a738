"""What a small encoder guesses of a free-text answer: which points of a rubric it touches.

``python -m downstream.coverage`` chooses the threshold on the validation part of the data set
``coverage``, scores the test part once, and prints the table of its card. A guess says that a
sentence is near to a rubric's words, not that it is right: it is advice to whoever wrote the
answer, and no part of any grade.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import precision_score, recall_score
from torch import Tensor

from downstream.adapt import mean_vectors
from downstream.data import FOLDER, load_task_data
from downstream.models import Pretrained, load_encoder

THRESHOLD = 0.41
"""Cosine from which a point counts as touched: the best kappa on the validation part."""

MEASURED = (
    "On 72 made-up answers that took no part in setting it up, it agreed with their author in 79 "
    "of 100 judgements. Counting words does as well, and always saying “no” agrees in 60."
)
"""How far a guess can be trusted, for whoever reads one; the figures are those of the card."""

_DATA = "coverage"
_TRIED = np.arange(0.02, 0.9, 0.01).round(2)
_RESAMPLES = 2000
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+|\n\s*\n|\n(?=\s*(?:[-*|]|\d+[.)]))")

Point = Sequence[str]
"""One point of a rubric in one or more wordings, such as the texts of a criterion's levels."""

Vectors = Callable[[Sequence[str]], Tensor]
"""From texts to vectors of length 1, ``(texts, size)``."""


@dataclass(frozen=True)
class Guess:
    """What is guessed of one point: the nearest sentence of the answer, and how near it is.

    Attributes
    ----------
    sentence
        Empty where the answer has no sentence.
    cosine
        Cosine of the two mean-pooled vectors, at most 1.
    """

    sentence: str
    cosine: float

    @property
    def touched(self) -> bool:
        return self.cosine >= THRESHOLD


def touched(encoder: Pretrained, answer: str, points: Sequence[Point]) -> list[Guess]:
    """Guess for each point whether an answer speaks to it, rightly or wrongly.

    Each sentence is compared with each wording of a point; the nearest pair decides.

    Raises
    ------
    ValueError
        If a point has no wording.
    """
    return _nearest(partial(mean_vectors, encoder), answer, points)


def _nearest(vectors: Vectors, answer: str, points: Sequence[Point]) -> list[Guess]:
    if empty := [number for number, point in enumerate(points, start=1) if not point]:
        raise ValueError(f"point {empty[0]} has no wording to compare sentences with")
    found = sentences(answer)
    if not found or not points:
        return [Guess("", -1.0) for _ in points]
    of_all = vectors([*found, *(wording for point in points for wording in point)])
    cosines = of_all[: len(found)] @ of_all[len(found) :].T
    guesses = []
    for near in cosines.split([len(point) for point in points], dim=1):
        nearest = near.amax(dim=1)
        guesses.append(Guess(found[int(nearest.argmax())], float(nearest.max())))
    return guesses


@dataclass(frozen=True)
class Guesser:
    """What ``open_practice("heads", guesser=load_guesser())`` asks about case studies.

    Attributes
    ----------
    measured
        How far its guesses can be trusted: a sentence for the learner.
    """

    encoder: Pretrained
    measured: str = MEASURED

    def __call__(self, answer: str, points: Sequence[Point]) -> list[str]:
        """Return for each point the sentence that seems to touch it, or an empty text."""
        guesses = touched(self.encoder, answer, points)
        return [guess.sentence if guess.touched else "" for guess in guesses]


def load_guesser() -> Guesser:
    """Load the course's encoder for guesses.

    Raises
    ------
    ModelFetchError
        If the encoder is neither in the cache nor can be fetched.
    """
    return Guesser(load_encoder())


def sentences(text: str) -> list[str]:
    """Divide a text at full stops, question and exclamation marks, paragraphs and list entries."""
    parts = (" ".join(part.split()) for part in _SENTENCE_ENDS.split(text))
    return [part for part in parts if re.search(r"\w", part)]


# The measurement


@dataclass(frozen=True)
class Judgements:
    """What was marked by hand, answer after answer: one value for each point of each answer.

    Attributes
    ----------
    marked
        Whether the answer touches the point, ``(judgements,)``.
    answers
        Which answer each judgement is on, ``(judgements,)``: they stay together in resampling.
    """

    marked: np.ndarray
    answers: np.ndarray


@dataclass(frozen=True)
class Agreement:
    """How far guesses agree with the marks; kappa with its 95 % interval."""

    accuracy: float
    kappa: float
    interval: tuple[float, float]
    precision: float
    recall: float

    def row(self, name: str, chosen: str = "–") -> str:
        """The row of the card's table."""
        low, high = self.interval
        return (
            f"| {name} | {self.accuracy:.2f} | {self.kappa:.2f} ({low:.2f} to {high:.2f}) "
            f"| {self.precision:.2f} | {self.recall:.2f} | {chosen} |"
        )


def agreement(guessed: np.ndarray, by_hand: Judgements) -> Agreement:
    """Compare guesses with marks.

    The interval holds the middle 95 % of kappa (Cohen 1960) over 2,000 resamples of whole answers,
    as judgements on one answer are not independent.
    """
    marked = by_hand.marked
    cells = _cells(guessed, marked)
    answers = np.unique(by_hand.answers)
    tables = np.stack([cells[by_hand.answers == one].sum(axis=0) for one in answers])
    draws = np.random.default_rng(0).integers(len(tables), size=(_RESAMPLES, len(tables)))
    low, high = np.quantile(_kappa(tables[draws].sum(axis=1)), [0.025, 0.975])
    return Agreement(
        accuracy=float(np.mean(guessed == marked)),
        kappa=float(_kappa(tables.sum(axis=0))),
        interval=(float(low), float(high)),
        precision=float(precision_score(marked, guessed, zero_division=0)),
        recall=float(recall_score(marked, guessed)),
    )


def _cells(guessed: np.ndarray, marked: np.ndarray) -> np.ndarray:
    """Which cell of the table of agreement each judgement falls into, ``(..., judgements, 4)``."""
    cells = (~guessed & ~marked, ~guessed & marked, guessed & ~marked, guessed & marked)
    return np.stack(cells, axis=-1)


def _kappa(table: np.ndarray) -> np.ndarray:
    """Cohen's kappa of tables ``(..., 4)``: neither, hand alone, guess alone, both."""
    neither, hand, guess, both = np.moveaxis(table / table.sum(axis=-1, keepdims=True), -1, 0)
    by_chance = (guess + both) * (hand + both) + (neither + hand) * (neither + guess)
    return (neither + both - by_chance) / (1 - by_chance)


@cache
def criteria() -> dict[str, list[tuple[str, Point]]]:
    """For each case study the id of each criterion, and the texts of its levels."""
    found: dict[str, list[tuple[str, Point]]] = {}
    for line in (FOLDER / _DATA / "criteria.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found.setdefault(row["case"], []).append((row["id"], row["levels"]))
    return found


def judgements(part: str) -> Judgements:
    """The marks of the validation or the test part."""
    rows = load_task_data(_DATA)[part]
    pairs = [
        (number, name in row["touched"])
        for number, row in enumerate(rows)
        for name, _ in criteria()[row["case"]]
    ]
    answers, marked = zip(*pairs, strict=True)
    return Judgements(np.array(marked), np.array(answers))


def cosines(vectors: Vectors, part: str) -> np.ndarray:
    """How near the answers of a part come to their points, in the order of its ``judgements``."""
    found = []
    for row in load_task_data(_DATA)[part]:
        points = [point for _, point in criteria()[row["case"]]]
        found += [guess.cosine for guess in _nearest(vectors, row["text"], points)]
    return np.array(found)


def by_encoder(encoder: Pretrained) -> Vectors:
    """The vectors of ``touched``, made at once for all texts of the data set."""
    answers = [row["text"] for rows in load_task_data(_DATA).values() for row in rows]
    own = [sentence for answer in answers for sentence in sentences(answer)]
    texts = list(dict.fromkeys([*own, *_wordings()]))
    places = {text: place for place, text in enumerate(texts)}
    vectors = mean_vectors(encoder, texts)
    return lambda wanted: vectors[[places[text] for text in wanted]]


def by_words() -> Vectors:
    """TF-IDF weights of words, fitted on the texts of all rubrics: the rival without a model."""
    weights = TfidfVectorizer(sublinear_tf=True, stop_words="english").fit(_wordings())
    return lambda texts: torch.from_numpy(weights.transform(texts).toarray())


def _wordings() -> list[str]:
    return [text for case in criteria().values() for _, point in case for text in point]


def best_threshold(vectors: Vectors) -> float:
    """The threshold with the highest kappa on the validation part, in steps of 0.01."""
    near, marked = cosines(vectors, "validation"), judgements("validation").marked
    tables = _cells(near >= _TRIED[:, None], marked).sum(axis=1)
    return float(_TRIED[_kappa(tables).argmax()])


def measure(encoder: Pretrained) -> Iterator[tuple[str, np.ndarray, str]]:
    """Name, guesses on the test part and threshold: the guess, and three simple rivals."""
    for name, vectors in (("the guess", by_encoder(encoder)), ("TF-IDF, same rule", by_words())):
        threshold = best_threshold(vectors)
        yield name, cosines(vectors, "test") >= threshold, f"{threshold:.2f}"
    judged = len(judgements("test").marked)
    yield "always “touched”", np.full(judged, True), "–"
    yield "always “not touched”", np.full(judged, False), "–"


def report(encoder: Pretrained) -> Iterator[str]:
    """The lines of the card that are measured."""
    by_hand = judgements("test")
    off_topic = [not row["touched"] for row in load_task_data(_DATA)["test"]]
    off_judgements = np.array(off_topic)[by_hand.answers]
    yield "| | accuracy | kappa (95 % interval) | precision | recall | threshold |"
    yield "|---|---|---|---|---|---|"
    wrong = []
    for name, guessed, chosen in measure(encoder):
        yield agreement(guessed, by_hand).row(name, chosen)
        wrong.append(int(guessed[off_judgements].sum()))
    yield (
        f"\n{sum(off_topic)} answers of the test part touch nothing. Of the {off_judgements.sum()} "
        f"judgements on them the guess calls {wrong[0]} touched, TF-IDF {wrong[1]}."
    )


def main() -> None:
    """Print what the card says of the guess."""
    for line in report(load_encoder()):
        print(line, flush=True)


if __name__ == "__main__":
    main()
