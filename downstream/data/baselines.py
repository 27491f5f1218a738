"""Measure how hard a data set is: ``python -m downstream.data.baselines emails``.

Prints the table that stands on the set's card. Settings of classification sets are chosen on the
validation split, those of the others were set beforehand; the test split is scored once with them.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from datasets import Dataset, DatasetDict
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline

from downstream.data import load_task_data
from downstream.metrics import entities

STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Values of C, the inverse regularisation of logistic regression, that are tried."""

LEARNING_RATES = {"frozen": (1e-3, 3e-3, 1e-2), "full": (1e-4, 2e-4)}
"""Rates that are tried on the validation split, for the sets without a rate of their own."""

SET_BEFOREHAND = {
    "entailment": (2e-4, 6),
    "similarity": (2e-4, 6),
    "slots": (3e-4, 8),
    "spans": (3e-4, 6),
    "choices": (2e-4, 5),
}
"""Rate and epochs of full fine-tuning where trying several would take long."""

EPOCHS = {"frozen": 30, "full": 6}


@dataclass(frozen=True)
class Baseline:
    """What a simple way of solving the task scores on the test split, once per seed."""

    name: str
    scores: tuple[float, ...]
    chosen: str = "–"

    @property
    def row(self) -> str:
        """The row of the card's table."""
        score = f"{np.mean(self.scores):.3f}"
        if len(self.scores) > 1:
            score += f" ({', '.join(f'{one:.3f}' for one in self.scores)})"
        return f"| {self.name} | {score} | {self.chosen} |"


def majority(data: DatasetDict) -> float:
    """Test accuracy of always answering the most frequent label of the training split."""
    label = Counter(data["train"]["label"]).most_common(1)[0][0]
    return float(np.mean([other == label for other in data["test"]["label"]]))


def _word_counting(strength: float) -> Pipeline:
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        LogisticRegression(C=strength, max_iter=2000),
    )


def tfidf(data: DatasetDict, columns: Sequence[str] = ("text",)) -> tuple[float, float]:
    """Fit logistic regression on TF-IDF weights of words and word pairs.

    Parameters
    ----------
    columns
        The texts of these columns are put one after the other.

    Returns
    -------
    tuple of float
        Test accuracy, and the C that did best on the validation split.
    """
    texts = {
        name: [" ".join(row[column] for column in columns) for row in part]
        for name, part in data.items()
    }
    labels = {name: list(part["label"]) for name, part in data.items()}
    models = {
        strength: _word_counting(strength).fit(texts["train"], labels["train"])
        for strength in STRENGTHS
    }

    def score(strength: float, part: str) -> float:
        return float(models[strength].score(texts[part], labels[part]))

    best = max(STRENGTHS, key=lambda strength: score(strength, "validation"))
    return score(best, "test"), best


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


def word_overlap(first: str, second: str) -> float:
    """Jaccard overlap of two texts: shared words, of all the words of both."""
    one, other = (set(_words(text)) for text in (first, second))
    return len(one & other) / max(1, len(one | other))


def _words(text: str) -> list[str]:
    return TfidfVectorizer(token_pattern=r"\w+").build_analyzer()(text)


def _classification(data: DatasetDict, columns: Sequence[str] = ("text",)) -> Iterator[Baseline]:
    yield Baseline("majority", (majority(data),))
    for names in [columns[-1:], columns] if len(columns) > 1 else [columns]:
        score, strength = tfidf(data, names)
        title = "TF-IDF and logistic regression"
        if len(columns) > 1:
            title += f" on {' and '.join(names)}"
        yield Baseline(title, (score,), f"C = {strength:g}")


def _pairs(data: DatasetDict) -> Iterator[Baseline]:
    return _classification(data, ("premise", "hypothesis"))


def _similarity(data: DatasetDict) -> Iterator[Baseline]:
    from downstream.metrics import spearman

    overlaps = [torch.tensor(word_overlap(row["first"], row["second"])) for row in data["test"]]
    yield Baseline("word overlap", (spearman(overlaps, list(data["test"]["score"])),))


def _slots(data: DatasetDict) -> Iterator[Baseline]:
    yield Baseline("O for every word", (0.0,))
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for row in data["train"]:
        for word, tag in zip(row["tokens"], row["tags"], strict=True):
            seen[word.lower()][tag] += 1
    right = predicted = gold = 0
    for row in data["test"]:
        tags = [
            seen[word.lower()].most_common(1)[0][0] if word.lower() in seen else "O"
            for word in row["tokens"]
        ]
        found, wanted = entities(tags), entities(row["tags"])
        right += len(found & wanted)
        predicted += len(found)
        gold += len(wanted)
    yield Baseline("most frequent tag of each known word", (2 * right / (predicted + gold),))


def _spans(data: DatasetDict) -> Iterator[Baseline]:
    test = data["test"]
    yield Baseline("no answer", (float(np.mean([not row["answers"]["text"] for row in test])),))
    yield Baseline("sentence with most words of the question", (_best_sentence_f1(test),))


def _best_sentence_f1(part: Dataset) -> float:
    """Word F1 of answering with the sentence that shares most words with the question."""
    scores = []
    for row in part:
        sentences = row["context"].replace("? ", ". ").replace("! ", ". ").split(". ")
        best = max(sentences, key=lambda one: len(set(_words(one)) & set(_words(row["question"]))))
        guess = Counter(_words(best))
        right = Counter(_words(" ".join(row["answers"]["text"][:1])))
        scores.append(2 * (guess & right).total() / (guess.total() + right.total()))
    return float(np.mean(scores))


def _choices(data: DatasetDict) -> Iterator[Baseline]:
    test = data["test"]
    rules: dict[str, Callable[[str, str], float]] = {
        "longest choice": lambda question, choice: len(choice),
        "most word overlap with the question": word_overlap,
    }
    yield Baseline("chance", (1 / len(test[0]["choices"]),))
    for name, rule in rules.items():
        guesses = [int(np.argmax([rule(r["question"], c) for c in r["choices"]])) for r in test]
        yield Baseline(name, (float(np.mean(np.equal(guesses, test["answer"]))),))


WITHOUT_MODEL: dict[str, Callable[[DatasetDict], Iterator[Baseline]]] = {
    "emails": _classification,
    "reviews": _classification,
    "entailment": _pairs,
    "similarity": _similarity,
    "slots": _slots,
    "spans": _spans,
    "choices": _choices,
}
"""Baselines that need no pre-trained model, by data set; measured in seconds."""

MEASURES = {
    "emails": "accuracy",
    "reviews": "accuracy",
    "entailment": "accuracy",
    "similarity": "Spearman",
    "slots": "entity F1",
    "spans": "span F1",
    "choices": "accuracy",
}


def _cosine(name: str, data: DatasetDict) -> Iterator[Baseline]:
    """The encoder's own vectors, with nothing trained."""
    from downstream.metrics import spearman

    test = data["test"]
    if name == "similarity":
        first, second = _vectors(test["first"]), _vectors(test["second"])
        score = spearman(list((first * second).sum(dim=1)), list(test["score"]))
    elif name == "choices":
        options = _vectors([choice for row in test for choice in row["choices"]])
        questions = _vectors(test["question"])
        cosines = (options.view(len(test), -1, questions.shape[1]) @ questions.unsqueeze(2))[..., 0]
        score = float((cosines.argmax(dim=1) == torch.tensor(list(test["answer"]))).float().mean())
    else:
        return
    yield Baseline("cosine of the encoder's vectors, untrained", (score,))


def _vectors(texts: Sequence[str]) -> torch.Tensor:
    """Encode texts as the normalised mean of their tokens' vectors, ``(texts, hidden)``."""
    from downstream.adapt import mean_vectors
    from downstream.models import load_encoder

    return mean_vectors(load_encoder(), texts)


def _adapted(name: str, data: DatasetDict, seeds: Sequence[int] = (0, 1, 2)) -> Iterator[Baseline]:
    """The encoder, frozen and fine-tuned, with the learning rate that validation prefers."""
    from downstream.models import load_encoder
    from downstream.setups import setup

    encoder = load_encoder()
    ready = setup(name, encoder, data)
    for strategy, title in (("frozen", "frozen encoder"), ("full", "fine-tuned encoder")):
        rates, epochs = LEARNING_RATES[strategy], EPOCHS[strategy]
        if name in SET_BEFOREHAND:
            rate, epochs = SET_BEFOREHAND[name] if strategy == "full" else (3e-3, epochs)
            rates = (rate,)
        settings: Any = {"strategy": strategy, "epochs": epochs, "progress": False}

        def tried(rate: float, settings: Any = settings) -> float:
            part = "validation"
            return ready.adapt(encoder, part, seeds=seeds[:1], learning_rate=rate, **settings).mean

        best = max(rates, key=tried) if len(rates) > 1 else rates[0]
        record = ready.adapt(encoder, seeds=seeds, learning_rate=best, **settings)
        yield Baseline(title, record.scores, f"learning rate {best:g}, {epochs} epochs")


def main() -> None:
    """Print the baselines of a set as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=list(WITHOUT_MODEL))
    name = parser.parse_args().name
    data = load_task_data(name)
    print(f"| baseline | test {MEASURES[name]} | settings |\n|---|---|---|")
    for part in (WITHOUT_MODEL[name](data), _cosine(name, data), _adapted(name, data)):
        for baseline in part:
            print(baseline.row, flush=True)
    if "text" in data["train"].column_names:
        _, strength = tfidf(data)
        more, labels = tfidf_with_more_labels(data, strength)
        print(f"\nTF-IDF over all splits together, five folds of {labels} labels: {more:.3f}")


if __name__ == "__main__":
    main()
