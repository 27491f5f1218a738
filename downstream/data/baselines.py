"""Measure how hard a classification set is: ``python -m downstream.data.baselines emails``.

Settings are chosen on the validation split; the test split is scored once with them.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence

import numpy as np
from datasets import Dataset, DatasetDict
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline

from downstream.data import load_task_data

STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Values of C, the inverse regularisation of logistic regression, that are tried."""

LEARNING_RATES = {"frozen": (1e-3, 3e-3, 1e-2), "full": (1e-4, 2e-4)}
EPOCHS = {"frozen": 30, "full": 6}


def majority(data: DatasetDict) -> float:
    """Test accuracy of always answering the most frequent label of the training split."""
    label = Counter(data["train"]["label"]).most_common(1)[0][0]
    return float(np.mean([other == label for other in data["test"]["label"]]))


def _word_counting(strength: float) -> Pipeline:
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        LogisticRegression(C=strength, max_iter=2000),
    )


def tfidf(data: DatasetDict) -> tuple[float, float]:
    """Fit logistic regression on TF-IDF weights of words and word pairs.

    Returns
    -------
    tuple of float
        Test accuracy, and the C that did best on the validation split.
    """

    def fit(strength: float) -> object:
        return _word_counting(strength).fit(
            list(data["train"]["text"]), list(data["train"]["label"])
        )

    def score(model: object, part: Dataset) -> float:
        return float(model.score(list(part["text"]), list(part["label"])))  # type: ignore[attr-defined]

    models = {strength: fit(strength) for strength in STRENGTHS}
    best = max(STRENGTHS, key=lambda strength: score(models[strength], data["validation"]))
    return score(models[best], data["test"]), best


def tfidf_with_more_labels(data: DatasetDict, strength: float) -> tuple[float, int]:
    """Score the same word counting over all splits together, in five folds.

    Returns
    -------
    tuple
        Mean accuracy, and the number of examples that each fold learns from.
    """
    texts = [text for part in data.values() for text in part["text"]]
    labels = [label for part in data.values() for label in part["label"]]
    scores = cross_val_score(_word_counting(strength), texts, labels, cv=5)
    return float(scores.mean()), len(texts) * 4 // 5


def encoder_scores(
    data: DatasetDict, strategy: str, seeds: Sequence[int] = (0, 1, 2)
) -> tuple[tuple[float, ...], float]:
    """Adapt the course's encoder with mean pooling.

    Returns
    -------
    tuple
        Test accuracy per seed, and the learning rate that did best on the validation split.
    """
    from downstream.adapt import adapt
    from downstream.examples import encode_texts
    from downstream.heads import SequenceClassificationHead
    from downstream.metrics import accuracy
    from downstream.models import load_encoder

    encoder = load_encoder()
    names = sorted(set(data["train"]["label"]))
    parts = {
        name: encode_texts(encoder, part["text"], [names.index(label) for label in part["label"]])
        for name, part in data.items()
    }

    def run(rate: float, held_out: str, seeds: Sequence[int]) -> tuple[float, ...]:
        return adapt(
            encoder,
            lambda: SequenceClassificationHead(384, len(names), pooling="mean"),
            parts["train"],
            parts[held_out],
            accuracy,
            strategy=strategy,
            seeds=seeds,
            epochs=EPOCHS[strategy],
            learning_rate=rate,
            progress=False,
        ).scores

    rates = LEARNING_RATES[strategy]
    best = max(rates, key=lambda rate: np.mean(run(rate, "validation", seeds[:1])))
    return run(best, "test", seeds), best


def main() -> None:
    """Print the baselines of a set as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="a classification set of downstream/data")
    data = load_task_data(parser.parse_args().name)
    print("| baseline | test accuracy | chosen on validation |\n|---|---|---|")
    print(f"| majority | {majority(data):.3f} | – |")
    score, strength = tfidf(data)
    more, labels = tfidf_with_more_labels(data, strength)
    print(f"| TF-IDF and logistic regression | {score:.3f} | C = {strength:g} |", flush=True)
    for strategy, label in (("frozen", "frozen encoder"), ("full", "fine-tuned encoder")):
        scores, rate = encoder_scores(data, strategy)
        seeds = ", ".join(f"{score:.3f}" for score in scores)
        settings = f"learning rate {rate:g}, {EPOCHS[strategy]} epochs"
        print(f"| {label} | {np.mean(scores):.3f} ({seeds}) | {settings} |", flush=True)
    print(f"\nTF-IDF over all splits together, five folds of {labels} labels: {more:.3f}")


if __name__ == "__main__":
    main()
